//! A password that lies in the system's key store.

use bellbird_tests::{Account, Bellbird, KeyStore, Transport, bellbird_program, secret_of};
use tokio::process::Command;

use crate::talk::Scene;

#[tokio::test]
async fn a_password_that_was_filed_by_hand_is_found() {
    let scene = Scene::plain().await;
    let keys = KeyStore::start(&scene.stage).await;
    keys.keep("sip:alice@bellbird.test", &secret_of("alice")).await;
    let mut alice = registering(&scene, &keys);
    alice.event("registered").await;
    alice.succeeded().await;
}

#[tokio::test]
async fn a_locked_key_store_holds_nobody_up() {
    let scene = Scene::plain().await;
    let mut keys = KeyStore::start(&scene.stage).await;
    keys.keep("sip:alice@bellbird.test", &secret_of("alice")).await;
    keys.lock(&scene.stage).await;
    let mut alice = registering(&scene, &keys);
    alice.event("registration_failed").await;
    assert_ne!(alice.exit_code().await, 0);
    assert!(!scene.kamailio.log().holds(0, "registered alice"));
}

fn registering(scene: &Scene, keys: &KeyStore) -> Bellbird {
    let mut command = Command::new(bellbird_program());
    keys.lend(&mut command);
    let account = Account::at(&scene.kamailio, Transport::Udp, "alice").without_secret();
    Bellbird::start_by(&scene.stage, &account, &["register", "--for", "0.5"], command)
}
