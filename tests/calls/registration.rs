//! Registering at a registrar that nobody here wrote.

use std::time::Duration;

use bellbird_tests::{Account, Baresip, BaresipAccount, Bellbird, DOMAIN, Kamailio, Stage, Transport};

use crate::talk::{Words, listen};

#[tokio::test]
async fn registers_over_every_transport() {
    let stage = Stage::new().await;
    let kamailio = Kamailio::start(&stage).await;
    for (transport, name) in
        [(Transport::Udp, "udp"), (Transport::Tcp, "tcp"), (Transport::Tls, "tls"), (Transport::WebSocket, "ws")]
    {
        let user = format!("alice-{name}");
        let mut alice =
            Bellbird::start(&stage, &Account::at(&kamailio, transport, &user), &["register", "--for", "0.5"]);
        let registered = alice.event("registered").await;
        assert_eq!(registered["transport"], name);
        kamailio.registered(&user).await;
        alice.event("unregistered").await;
        alice.succeeded().await;
    }
}

#[tokio::test]
async fn answers_a_sha_256_challenge() {
    let stage = Stage::new().await;
    let kamailio = Kamailio::start_with_digest(&stage, "SHA-256").await;
    let mut alice =
        Bellbird::start(&stage, &Account::at(&kamailio, Transport::Udp, "alice"), &["register", "--for", "0.5"]);
    alice.event("registered").await;
    alice.succeeded().await;
}

#[tokio::test]
async fn a_wrong_password_is_named_and_not_tried_again() {
    let stage = Stage::new().await;
    let kamailio = Kamailio::start(&stage).await;
    let account = Account::at(&kamailio, Transport::Udp, "alice").with_wrong_secret();
    let mut alice = Bellbird::start(&stage, &account, &["register", "--for", "2"]);
    let failed = alice.event("registration_failed").await;
    assert_eq!(failed["code"], "wrong_password");
    assert_eq!(alice.exit_code().await, 3);
    assert!(!kamailio.log().holds(0, "registered alice"));
}

#[tokio::test]
async fn a_registrar_that_refuses_is_believed() {
    let stage = Stage::new().await;
    let kamailio = Kamailio::start(&stage).await;
    let mut banned =
        Bellbird::start(&stage, &Account::at(&kamailio, Transport::Tcp, "banned"), &["register", "--for", "2"]);
    let failed = banned.event("registration_failed").await;
    assert_eq!(failed["code"], "forbidden");
    assert_ne!(banned.exit_code().await, 0);
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let stage = Stage::new().await;
    let kamailio = Kamailio::start(&stage).await;
    let other = Kamailio::start(&stage).await;
    let account = Account::at(&kamailio, Transport::Tls, "alice");
    let account = account.without("ca").with("ca", &other.certificates.authority.to_string_lossy());
    let mut alice = Bellbird::start(&stage, &account, &["register", "--for", "2"]);
    assert_eq!(alice.event("registration_failed").await["code"], "certificate_invalid");
    assert_eq!(alice.exit_code().await, 3);
    assert!(!kamailio.log().holds(0, "registered alice"));
}

/// The flow closes, so nobody waits for the next refresh; then calls arrive again.
#[tokio::test]
async fn a_registrar_that_was_restarted_is_registered_at_again() {
    let stage = Stage::new().await;
    let words = Words::prepared().await;
    let mut kamailio = Kamailio::start(&stage).await;
    let account = Account::at(&kamailio, Transport::Tcp, "alice");
    let arguments = ["answer", "--play", words.near_path(), "--no-audio-processing", "--for", "1"];
    let mut alice = Bellbird::start(&stage, &account, &arguments);
    alice.event("registered").await;
    kamailio.stop().await;
    kamailio.start_again(&stage).await;
    alice.event_within("registered", Duration::from_secs(90)).await;
    kamailio.registered("alice").await;
    let mut bob = Baresip::start(&stage, &BaresipAccount::at(&kamailio, Transport::Udp, "bob"), &words.far).await;
    bob.dial(&format!("sip:alice@{DOMAIN}")).await;
    alice.event("answered").await;
    alice.succeeded().await;
}

#[tokio::test]
async fn a_registrar_that_is_not_there_is_named() {
    let stage = Stage::new().await;
    let mut kamailio = Kamailio::start(&stage).await;
    kamailio.stop().await;
    let mut alice =
        Bellbird::start(&stage, &Account::at(&kamailio, Transport::Tcp, "alice"), &["register", "--for", "1"]);
    alice.event("registration_failed").await;
    assert_eq!(alice.exit_code().await, 7);
}

/// Sleep, as a server sees it: the phone says nothing for a while, and what was open is gone when it wakes up.
#[tokio::test]
async fn a_phone_that_wakes_up_is_reachable_at_once() {
    let stage = Stage::new().await;
    let words = Words::prepared().await;
    let mut kamailio = Kamailio::start(&stage).await;
    let account = Account::at(&kamailio, Transport::Udp, "alice");
    let arguments = ["answer", "--play", words.near_path(), "--no-audio-processing", "--for", "1"];
    let mut alice = Bellbird::start(&stage, &account, &arguments);
    alice.event("registered").await;
    alice.freeze();
    // It has to sleep for more than five seconds to count as sleep; the registrar forgets it meanwhile.
    kamailio.stop().await;
    kamailio.start_again(&stage).await;
    listen(Duration::from_secs(7)).await;
    alice.thaw();
    // Far less than the minute after which it would have refreshed its registration.
    kamailio.log().wait_for(0, "registered alice ", Duration::from_secs(15)).await;
    let mut bob = Baresip::start(&stage, &BaresipAccount::at(&kamailio, Transport::Udp, "bob"), &words.far).await;
    bob.dial(&format!("sip:alice@{DOMAIN}")).await;
    alice.event("answered").await;
    alice.succeeded().await;
}
