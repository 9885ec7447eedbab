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

/// In one piece: the link leads to an HTTPS server that nobody vouches for. The app logs in, fetches its phone, registers
/// and is called, all of it over TLS; with another authority in the link it does not even log in.
#[tokio::test]
async fn an_app_logs_in_over_https_and_registers_over_tls_by_the_link_alone() {
    let stage = Stage::new().await;
    let [in_the_clear, secured] = ["tls = \"lan\"\nhttp_tls = false\n", "tls = \"lan\"\n"].map(|text| {
        let file = stage.folder().join(format!("server-{}.toml", text.len()));
        std::fs::write(&file, text).expect("the test's folder can be written");
        file.to_string_lossy().into_owned()
    });
    let sip = format!("tls://127.0.0.1:{}", free_port());
    let server = Server::start_at(&stage, Place::LOOPBACK, &["--config", &in_the_clear, "--sip", &sip]).await;
    let admin = server.log_in("marieke").await;
    let users = admin.get("/users").await;
    let id = |extension: &str| {
        let user = users["items"].as_array().expect("users").iter().find(|user| user["extension"] == extension);
        user.expect("somebody of the demo")["id"].clone()
    };
    let link = async |extension| {
        let path = format!("/users/{}/links", id(extension));
        let made = admin.post(&path, json!({ "purpose": "provisioning" })).await;
        // What the server says once it does HTTPS itself.
        made["url"].as_str().expect("a link").replace("http://", "https://")
    };
    let (priya, daan, astray) = (link("606").await, link("607").await, link("605").await);
    let server = server.over_https(&stage, &["--config", &secured, "--sip", &sip]).await;
    let daan = App::log_in_by_link(&stage, &daan, "daan").await;
    let mut daan = daan.start(&stage, &["answer"]);
    assert_eq!(daan.event("registered").await["transport"], "tls");
    let priya = App::log_in_by_link(&stage, &priya, "priya").await;
    let mut priya = priya.start(&stage, &["call", "607", "--for", "1"]);
    assert_eq!(priya.event("registered").await["transport"], "tls");
    priya.event("answered").await;
    priya.succeeded().await;
    daan.succeeded().await;
    let (address, fingerprint) = astray.split_once("&authority=").expect("the link names the authority");
    let other: String = fingerprint.chars().map(|digit| if digit == 'a' { 'b' } else { 'a' }).collect();
    for link in [format!("{address}&authority={other}"), address.to_owned()] {
        let mut refused = App::try_link(&stage, &link, "astray");
        refused.error("certificate_invalid").await;
        assert_ne!(refused.exit_code().await, 0);
    }
    assert!(!server.log().text().contains("panicked"));
}
