//! A server with an authority of its own, in a network that has no other.

use bellbird_tests::{App, Place, Server, Stage, free_port};
use serde_json::json;

/// The link alone says whom to believe: calls go over TLS that nobody else vouches for.
#[tokio::test]
async fn an_app_that_came_by_the_link_registers_over_tls_and_one_with_another_authority_does_not() {
    let stage = Stage::new().await;
    let (file, port) = (stage.folder().join("server.toml"), free_port());
    // The API in the clear, for the test's own requests.
    std::fs::write(&file, "tls = \"lan\"\nhttp_tls = false\n").expect("the test's folder can be written");
    let sip = format!("tls://127.0.0.1:{port}");
    let server = Server::start_at(&stage, Place::LOOPBACK, &["--config", &file.to_string_lossy(), "--sip", &sip]).await;
    let admin = server.log_in("marieke").await;
    let me = admin.me["id"].clone();
    let link = async || {
        let made = admin.post(&format!("/users/{me}/links"), json!({ "purpose": "provisioning" })).await;
        made["url"].as_str().expect("a link").to_owned()
    };
    let app = App::log_in_by_link(&stage, &link().await, "by the link").await;
    let mut phone = app.start(&stage, &["register", "--for", "0.5"]);
    assert_eq!(phone.event("registered").await["transport"], "tls");
    phone.succeeded().await;
    let told = link().await;
    let (address, fingerprint) = told.split_once("&authority=").expect("the link names the authority");
    let other: String = fingerprint.chars().map(|digit| if digit == 'a' { 'b' } else { 'a' }).collect();
    let astray = App::log_in_by_link(&stage, &format!("{address}&authority={other}"), "astray").await;
    let mut phone = astray.start(&stage, &["register", "--for", "2"]);
    assert_eq!(phone.event("registration_failed").await["code"], "certificate_invalid");
    let unpinned = App::log_in_by_link(&stage, link().await.split('&').next().expect("an address"), "unpinned").await;
    let mut phone = unpinned.start(&stage, &["register", "--for", "2"]);
    assert_eq!(phone.event("registration_failed").await["code"], "certificate_invalid");
}
