//! Networks as they are: lossy, behind a NAT that forgets, and pulled in mid-call.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bellbird_tests::{
    Account, Baresip, BaresipAccount, Bellbird, DOMAIN, Impairment, Kamailio, Namespace, Relay, Stage, Transport, Wav,
    bellbird_program, can_do_without,
};

use crate::talk::{Scene, Words, listen};

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
    alice.event_within("answered", Duration::from_secs(60)).await;
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

/// The first of two interfaces goes down in the middle of a call: the phone registers from the other, and the sound
/// comes back by a re-INVITE.
#[tokio::test]
async fn an_interface_that_goes_down_takes_no_call_with_it() {
    let stage = Stage::new().await;
    let words = Words::prepared().await;
    if !Namespace::is_possible().await && can_do_without("a network namespace") {
        return;
    }
    let peers = Namespace::make(&stage).await;
    let phone = peers.beside(&stage).await;
    connect(&peers, &phone).await;
    let there = peers.at("10.79.0.1");
    let kamailio = Kamailio::start_at(&stage, there, "MD5").await;
    let account = BaresipAccount::at(&kamailio, Transport::Udp, "bob");
    let speech = words.far.repeated(3, &stage.folder().join("far.wav")).await;
    let mut bob = Baresip::start_at(&stage, there, &account, &speech).await;
    let speech = words.near.repeated(3, &stage.folder().join("near.wav")).await;
    let target = format!("sip:bob@{DOMAIN}");
    let play = speech.path.to_string_lossy();
    let mut alice = Bellbird::start_by(
        &stage,
        &Account::at(&kamailio, Transport::Udp, "alice").without("local"),
        &["call", &target, "--play", &play, "--no-audio-processing", "--for", "14"],
        phone.command(bellbird_program()),
    );
    alice.event("answered").await;
    listen(Duration::from_secs(4)).await;
    phone.ip("link set first down").await;
    let pulled = alice.event("reconnecting").await;
    let moved = alice.event("reconnected").await;
    let gap = moved["at_ms"].as_f64().zip(pulled["at_ms"].as_f64()).map(|(moved, pulled)| moved - pulled);
    assert!(gap.is_some_and(|gap| gap < 3_000.0), "the sound was away for {gap:?} ms");
    alice.succeeded().await;
    bob.stop().await;
    let heard = Wav::read(alice.heard());
    let end = heard.seconds();
    assert!(heard.level_db(end - 4.0, end - 0.5) > -45.0, "alice hears bob over the other interface");
    let silence = longest_silence(&heard);
    assert!(silence < 3.0, "alice heard nothing for {silence:.1} s");
    let heard = Wav::read(&bob.heard());
    assert!(heard.seconds() > 10.5, "bob heard alice for {:.1} s of 14", heard.seconds());
}

/// Sound goes on without signalling, and when the registrar is back the phone registers: the call is still there.
/// (The restarted registrar does not know the way to baresip's old connection, so baresip hears of no end.)
#[tokio::test]
async fn a_registrar_that_is_killed_takes_no_call_with_it() {
    let stage = Stage::new().await;
    let words = Words::prepared().await;
    let mut kamailio = Kamailio::start(&stage).await;
    let speech = words.far.repeated(12, &stage.folder().join("far.wav")).await;
    let mut bob = Baresip::start(&stage, &BaresipAccount::at(&kamailio, Transport::Tcp, "bob"), &speech).await;
    let target = format!("sip:bob@{DOMAIN}");
    let account = Account::at(&kamailio, Transport::Tcp, "alice");
    let arguments = ["call", &target, "--play", words.near_path(), "--play-loop", "--no-audio-processing"];
    let mut alice = Bellbird::start(&stage, &account, &arguments);
    alice.event("answered").await;
    bob.established().await;
    kamailio.kill().await;
    listen(Duration::from_secs(4)).await;
    kamailio.start_again(&stage).await;
    kamailio.log().wait_for(0, "registered alice ", Duration::from_secs(90)).await;
    assert!(alice.events("ended").is_empty(), "the call is still there");
    listen(Duration::from_secs(2)).await;
    alice.type_line("hangup").await;
    alice.succeeded().await;
    let silence = longest_silence(&Wav::read(alice.heard()));
    assert!(silence < 3.0, "alice heard nothing for {silence:.1} s");
}

/// Two links between the phone and its peers; the address of the peers is reached over the first as long as it is up.
async fn connect(peers: &Namespace, phone: &Namespace) {
    peers.ip("addr add 10.79.0.1/32 dev lo").await;
    for (name, net, metric) in [("first", "10.79.1", 100), ("second", "10.79.2", 200)] {
        let other = phone.id();
        peers.ip(&format!("link add {name} type veth peer name {name} netns {other}")).await;
        peers.ip(&format!("addr add {net}.1/24 dev {name}")).await;
        peers.ip(&format!("link set {name} up")).await;
        phone.ip(&format!("addr add {net}.2/24 dev {name}")).await;
        phone.ip(&format!("link set {name} up")).await;
        phone.ip(&format!("route add default via {net}.1 dev {name} metric {metric}")).await;
    }
}

/// In seconds; pauses between words are shorter than what is looked for.
fn longest_silence(heard: &Wav) -> f64 {
    let step = 0.1;
    let steps = (heard.seconds() / step) as u32;
    let (mut longest, mut current) = (0.0_f64, 0.0);
    for at in 0..steps {
        let from = f64::from(at) * step;
        current = if heard.level_db(from, from + step) < -60.0 { current + step } else { 0.0 };
        longest = longest.max(current);
    }
    longest
}

pub(crate) fn through(kamailio: &Kamailio, relay: &Relay) -> Account {
    let registrar = format!("sip:127.0.0.1:{};transport=udp", relay.address.port());
    Account::at(kamailio, Transport::Udp, "alice").without("registrar").with("registrar", &registrar)
}
