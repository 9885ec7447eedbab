//! Networks as they are: lossy, behind a NAT that forgets, and pulled in mid-call.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bellbird_tests::{Account, Bellbird, DOMAIN, Impairment, Kamailio, Relay, Stage, Transport};

use crate::talk::Scene;

/// One datagram in five is lost, some come twice or in the wrong order: the call comes to be all the same.
#[tokio::test]
async fn a_call_is_set_up_over_a_lossy_network() {
    let mut scene = Scene::plain().await;
    let spoilt =
        Impairment { loss: 0.2, delay: Duration::from_millis(20), jitter: Duration::from_millis(40), duplication: 0.1 };
    let registrar = SocketAddr::from((Ipv4Addr::LOCALHOST, scene.kamailio.port));
    let relay = Relay::start(registrar, spoilt, 7).await;
    let account = through(&scene.kamailio, &relay);
    let target = format!("sip:bob@{DOMAIN}");
    let mut alice = scene.start(&account, &["call", &target], &["--for", "3"]);
    alice.event_within("answered", Duration::from_secs(40)).await;
    scene.bob.established().await;
    alice.event_within("ended", Duration::from_secs(20)).await;
    alice.succeeded().await;
}

/// The registrar sees another port; the keep-alive or the next refresh tells it, and calls arrive again.
#[tokio::test]
async fn a_nat_that_forgets_is_noticed() {
    let stage = Stage::new().await;
    let kamailio = Kamailio::start(&stage).await;
    let registrar = SocketAddr::from((Ipv4Addr::LOCALHOST, kamailio.port));
    let relay = Relay::start(registrar, Impairment::default(), 1).await;
    let mut alice = Bellbird::start(&stage, &through(&kamailio, &relay), &["answer", "--null-audio"]);
    alice.event("registered").await;
    kamailio.registered("alice").await;
    relay.rebind();
    let seen = kamailio.log().len();
    kamailio.log().wait_for(seen, "registered alice", Duration::from_secs(70)).await;
}

fn through(kamailio: &Kamailio, relay: &Relay) -> Account {
    let registrar = format!("sip:127.0.0.1:{};transport=udp", relay.address.port());
    Account::at(kamailio, Transport::Udp, "alice").without("registrar").with("registrar", &registrar)
}
