//! Certificates by ACME, from an authority that nobody here wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::pebble::Pebble;
use crate::program::{PATIENCE, Program, outcome};
use crate::secure::{ask, connect};
use crate::text;

const HOST: &str = "sip.example.org";
/// A SIP domain that somebody brings along later.
const DOMAIN: &str = "fiets.example.org";
/// A name of ours that leads to another machine.
const ASTRAY: &str = "astray.example.org";

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_comes_by_acme_and_another_with_a_new_sip_domain_and_no_connection_ends() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut pebble) = Pebble::start(folder.path()) else { return };
    pebble.lead_astray(ASTRAY).await;
    let root = pebble.root().await;
    let file = configuration(folder.path(), &pebble, "");
    let mut server = Program::start(&["--config", &file]);
    server.logs(&format!("the certificate will not bear some names: the authority refuses {ASTRAY}"));
    server.logs(&format!("the authority has given a certificate for {HOST}\n"));
    let everywhere = [server.http, server.sip[0].1, server.sip[1].1];
    for address in everywhere {
        assert!(connect(address, &root, HOST).await.is_ok());
        assert!(connect(address, &root, DOMAIN).await.is_err());
    }
    let mut https = connect(server.http, &root, HOST).await.unwrap();
    let mut phone = connect(server.sip[0].1, &root, HOST).await.unwrap();
    set_up(&server, &mut https).await;
    server.logs(&format!("the authority has given a certificate for {DOMAIN}, {HOST}\n"));
    for address in everywhere {
        assert!(connect(address, &root, DOMAIN).await.is_ok(), "phones look for the SIP domain");
    }
    let metrics = ask(&mut https, "GET", "/metrics", "", "").await.1;
    assert!(metrics.contains("bellbird_certificate_failures_total 0"), "the open connection stays: {metrics}");
    phone.write_all(b"\r\n\r\n").await.unwrap();
    let mut pong = [0; 2];
    timeout(PATIENCE, phone.read_exact(&mut pong)).await.expect("the flow stays").unwrap();
    assert_eq!(&pong, b"\r\n");
    server.ask_to_end();
    assert!(server.ended().0.success());
    for kept in ["account.json", "certificate.pem"] {
        let mode = fs::metadata(folder.path().join("data/acme").join(kept)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{kept}");
    }
    // With the authority away, what is kept is shown, also where another one would be due.
    pebble.stop();
    let file = configuration(folder.path(), &pebble, "names = [\"sip.example.org\", \"new.example.org\"]");
    let mut again = Program::start(&["--config", &file]);
    again
        .logs("the old certificate goes on being shown: the authority gave no new one; it is asked again in 5 minutes");
    let mut https = connect(again.http, &root, DOMAIN).await.unwrap();
    let metrics = ask(&mut https, "GET", "/metrics", "", "").await.1;
    assert!(metrics.contains("bellbird_certificate_failures_total 1"), "{metrics}");
    assert!(metrics.contains("bellbird_certificate_expires"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_forgot_the_account_is_told_of_us_anew() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut pebble) = Pebble::start(folder.path()) else { return };
    let start = |pebble: &Pebble, names: &str| {
        Program::start(&["--config", &configuration(folder.path(), pebble, &format!("names = [{names}]"))])
    };
    let mut server = start(&pebble, "\"sip.example.org\"");
    server.logs(&format!("the authority has given a certificate for {HOST}\n"));
    server.ask_to_end();
    server.ended();
    let account = || fs::read_to_string(folder.path().join("data/acme/account.json")).unwrap();
    let before = account();
    pebble.restart();
    let mut server = start(&pebble, "\"sip.example.org\", \"new.example.org\"");
    server.logs("the authority has given a certificate for new.example.org, sip.example.org");
    assert!(connect(server.http, &pebble.root().await, "new.example.org").await.is_ok());
    assert_ne!(account(), before);
}

#[test]
fn check_config_looks_at_what_acme_needs_and_has() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path(), "data");
    let said = |more: &str| {
        let file = text(folder.path(), "server.toml");
        fs::write(&file, format!("data = \"{data}\"\ntls = \"acme\"\n{more}")).unwrap();
        outcome(&["--check-config", "--config", &file], "")
    };
    let (good, words) = said("");
    assert!(!good && words.contains("write public_url = \"https://sip.fiets.example\" with yours"), "{words}");
    let (good, words) = said("public_url = \"https://sip.example.org\"\n[acme]\nauthority = \"/nowhere.pem\"");
    assert!(!good && words.contains("acme.authority = \"/nowhere.pem\" can't be used"), "{words}");
    assert!(said("public_url = \"https://sip.example.org\"").0);
    fs::create_dir_all(folder.path().join("data/acme")).unwrap();
    fs::write(folder.path().join("data/acme/certificate.pem"), "half").unwrap();
    let (good, words) = said("public_url = \"https://sip.example.org\"");
    assert!(!good && words.contains("acme/certificate.pem") && words.contains("move it away"), "{words}");
}

fn configuration(folder: &Path, pebble: &Pebble, more: &str) -> String {
    let (file, data) = (text(folder, "server.toml"), text(folder, "data"));
    let (directory, authority, http01) = (&pebble.directory, pebble.authority.display(), pebble.http01);
    let words = format!(
        "tls = \"acme\"\ndata = \"{data}\"\nhttp = \"127.0.0.1:0\"\npublic_url = \"https://{HOST}\"\n\
         [sip]\nlisten = [\"tls://127.0.0.1:0\", \"wss://127.0.0.1:0\"]\nservers = [\"tls://{HOST}\", \"tls://{ASTRAY}\"]\n\
         [acme]\ncontact = \"mailto:admin@example.org\"\ndirectory = \"{directory}\"\nauthority = \"{authority}\"\n\
         http01 = \"{http01}\"\n{more}\n"
    );
    fs::write(&file, words).unwrap();
    file
}

/// Makes the first organisation, whose SIP domain is new to the certificate.
async fn set_up(server: &Program, https: &mut tokio_rustls::client::TlsStream<tokio::net::TcpStream>) {
    let link = server.printed.iter().find(|line| line.contains("/set-up#")).unwrap();
    let path = format!("/api/v1/set-up/{}", link.split('#').nth(1).unwrap());
    let admin = json!({"firstName": "Ada", "lastName": "Min", "email": "ada@fiets.example", "extension": "600",
        "role": "member", "password": "a long enough one"});
    let body = json!({"organisation": "Fiets", "domain": DOMAIN, "country": "NL", "timeZone": "Europe/Amsterdam",
        "admin": admin});
    let answer = ask(https, "POST", &path, "", &body.to_string()).await;
    assert_eq!(answer.0, 204, "{}", answer.1);
}
