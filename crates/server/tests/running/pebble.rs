//! Pebble, an authority that speaks ACME, with a DNS of its own in which every name is this machine.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::json;
use tokio::time::timeout;

use crate::program::PATIENCE;
use crate::secure::{Authority, ask, connect};

/// Both programs end with it.
pub(crate) struct Pebble {
    /// Where it is asked for certificates.
    pub(crate) directory: String,
    /// The PEM file of the authority behind its HTTPS, which is another one than that of its certificates.
    pub(crate) authority: PathBuf,
    /// Where it expects port 80 of every name.
    pub(crate) http01: SocketAddr,
    https: Authority,
    management: SocketAddr,
    names: SocketAddr,
    dns: SocketAddr,
    config: PathBuf,
    children: Vec<Child>,
}

impl Pebble {
    /// Starts it in this folder; nothing where its programs are missing and that is allowed.
    pub(crate) fn start(folder: &Path) -> Option<Self> {
        if Command::new("pebble").arg("-h").stderr(Stdio::null()).status().is_err() {
            assert!(std::env::var_os("BELLBIRD_ALLOW_MISSING").is_some(), "pebble is missing");
            return None;
        }
        let [listen, management, http01, dns, names] = free_sockets();
        let https = Authority::new();
        let (chain, key) = https.sign();
        let file = |name: &str, content: &str| {
            fs::write(folder.join(name), content).unwrap();
            folder.join(name)
        };
        let (certificate, key) = (file("pebble.pem", &chain), file("pebble.key", &key));
        let authority = file("pebble-authority.pem", &https.pem());
        let config = json!({ "pebble": {
            "listenAddress": listen, "managementListenAddress": management, "certificate": certificate,
            "privateKey": key, "httpPort": http01.port(), "tlsPort": 1,
        }});
        let config = file("pebble.json", &config.to_string());
        let directory = format!("https://{listen}/dir");
        let children = Vec::new();
        let mut pebble = Self { directory, authority, http01, https, management, names, dns, config, children };
        pebble.launch();
        Some(pebble)
    }

    fn launch(&mut self) {
        let (dns, address) = (self.dns.to_string(), self.names.to_string());
        let resolver = ["-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-dns01", &dns];
        let mut resolver = command("pebble-challtestsrv", &[&resolver[..], &["-management", &address]].concat());
        let mut pebble = command("pebble", &["-config", &self.config.to_string_lossy(), "-dnsserver", &dns]);
        self.children.push(started(&mut resolver, "Starting management server"));
        self.children.push(started(pebble.env("PEBBLE_VA_NOSLEEP", "1"), "ACME directory available"));
    }

    /// Starts it anew. It then knows nobody, and its certificates have another authority.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.launch();
    }

    /// The authority of its certificates, as PEM.
    pub(crate) async fn root(&self) -> String {
        let asked = async {
            loop {
                // It says that it listens shortly before it does.
                if let Ok(mut stream) = connect(self.management, &self.https.pem(), "127.0.0.1").await {
                    break ask(&mut stream, "GET", "/roots/0", "", "").await.1;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, asked).await.expect("it tells its root")
    }

    /// Makes a name lead elsewhere.
    pub(crate) async fn lead_astray(&self, name: &str) {
        let change = json!({ "host": format!("{name}."), "addresses": ["127.0.0.2"] }).to_string();
        let client = reqwest::Client::new();
        let told = async {
            loop {
                let request = client.post(format!("http://{}/add-a", self.names)).body(change.clone());
                if let Ok(answer) = request.send().await {
                    break answer.status().is_success();
                }
                tokio::task::yield_now().await;
            }
        };
        assert!(timeout(PATIENCE, told).await.expect("the resolver listens"));
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        for mut child in self.children.drain(..) {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.stop();
    }
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Starts it, and waits until it says this.
fn started(command: &mut Command, words: &str) -> Child {
    let mut child = command.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains(words) {
        assert!(output.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    // What it says later must not block it.
    thread::spawn(move || output.read_to_end(&mut Vec::new()));
    child
}

/// Sockets that are free now, all different.
fn free_sockets<const N: usize>() -> [SocketAddr; N] {
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|socket| socket.local_addr().unwrap())
}
