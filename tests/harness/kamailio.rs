//! A registrar and proxy that nobody here wrote: Kamailio, on loopback ports of its own.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::process::Command;

use crate::certificates::Certificates;
use crate::environment::{cache_folder, peer_program};
use crate::namespace::Place;
use crate::ports::free_port;
use crate::process::{Log, Process};
use crate::stage::Stage;

/// The SIP domain of all tests.
pub const DOMAIN: &str = "bellbird.test";

const CONFIGURATION: &str = include_str!("kamailio.cfg");
const TLS_CONFIGURATION: &str = include_str!("kamailio-tls.cfg");

/// The password of a user. Everybody has an account; the registrar refuses the user `banned`.
pub fn secret_of(user: &str) -> String {
    format!("secret-{user}")
}

/// How to reach the registrar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// An encrypted stream.
    Tls,
    /// WebSocket (RFC 7118).
    WebSocket,
}

/// A running registrar.
#[derive(Debug)]
pub struct Kamailio {
    folder: PathBuf,
    process: Process,
    host: String,
    /// UDP, TCP and WebSocket.
    pub port: u16,
    /// TLS.
    pub tls_port: u16,
    /// The authority that signed its certificate.
    pub certificates: Certificates,
}

impl Kamailio {
    /// Starts it with MD5 challenges, as most registrars have them.
    pub async fn start(stage: &Stage) -> Self {
        Self::start_at(stage, Place::LOOPBACK, "MD5").await
    }

    /// Starts it with challenges of the given algorithm (`MD5`, `SHA-256`).
    pub async fn start_with_digest(stage: &Stage, algorithm: &str) -> Self {
        Self::start_at(stage, Place::LOOPBACK, algorithm).await
    }

    /// Starts it somewhere else.
    pub async fn start_at(stage: &Stage, place: Place<'_>, algorithm: &str) -> Self {
        let (port, tls_port) = (free_port(), free_port());
        let folder = stage.subfolder(&format!("kamailio-{port}"));
        let certificates = Certificates::write(&folder, DOMAIN);
        let fill = |text: &str| {
            text.replace("@PORT@", &port.to_string())
                .replace("@HOST@", place.host)
                .replace("@TLS_PORT@", &tls_port.to_string())
                .replace("@FOLDER@", &folder.to_string_lossy())
                .replace("@MODULES@", &modules().to_string_lossy())
                .replace("@DOMAIN@", DOMAIN)
                .replace("@ALGORITHM@", algorithm)
        };
        std::fs::write(folder.join("kamailio.cfg"), fill(CONFIGURATION)).expect("the test's folder can be written");
        std::fs::write(folder.join("tls.cfg"), fill(TLS_CONFIGURATION)).expect("the test's folder can be written");
        let process = stage.start("kamailio", command(place, &folder));
        let host = place.host.to_owned();
        let kamailio = Self { folder, process, host, port, tls_port, certificates };
        if place.is_reachable_from_here() {
            kamailio.answers().await;
        } else {
            kamailio.log().wait_for(0, "workers are ready", Duration::from_secs(30)).await;
        }
        kamailio
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.process.log
    }

    /// Its address as a SIP URI, or a `ws:` one.
    pub fn uri(&self, transport: Transport) -> String {
        let host = &self.host;
        match transport {
            Transport::Udp => format!("sip:{host}:{};transport=udp", self.port),
            Transport::Tcp => format!("sip:{host}:{};transport=tcp", self.port),
            Transport::Tls => format!("sip:{host}:{};transport=tls", self.tls_port),
            Transport::WebSocket => format!("ws://{host}:{}/", self.port),
        }
    }

    /// Stops it; who is registered is forgotten.
    pub async fn stop(&mut self) {
        self.process.stop().await;
    }

    /// Kills it: connections break, and nobody is told goodbye.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Starts it again on the same ports.
    pub async fn start_again(&mut self, stage: &Stage) {
        self.process = stage.start("kamailio, started again", command(Place::LOOPBACK, &self.folder));
        self.answers().await;
    }

    /// Waits until it has said so that a user is registered.
    pub async fn registered(&self, user: &str) {
        self.log().wait_for(0, &format!("registered {user} "), Duration::from_secs(30)).await;
    }

    /// Asks it by OPTIONS until it answers.
    async fn answers(&self) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
        let here = socket.local_addr().expect("a bound socket has an address");
        let port = self.port;
        let request = format!(
            "OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch=z9hG4bKready\r\n\
             From: <sip:ready@{here}>;tag=1\r\nTo: <sip:127.0.0.1:{port}>\r\nCall-ID: ready\r\nCSeq: 1 OPTIONS\r\n\
             Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        let mut answer = [0; 2_048];
        for _ in 0..600 {
            // Refused while nobody listens there yet; then the answer is waited for as long.
            let _ = socket.send_to(request.as_bytes(), (Ipv4Addr::LOCALHOST, port)).await;
            let wait = async {
                while socket.recv(&mut answer).await.is_err() {
                    tokio::task::yield_now().await;
                }
            };
            if tokio::time::timeout(Duration::from_millis(50), wait).await.is_ok() {
                return;
            }
        }
        panic!("kamailio does not answer on port {port}");
    }
}

fn command(place: Place<'_>, folder: &Path) -> Command {
    let mut command = place.command(peer_program("kamailio"));
    command.arg("-f").arg(folder.join("kamailio.cfg"));
    command.args(["-DD", "-E", "-m", "64", "-M", "8", "-Y"]).arg(folder).current_dir(folder);
    command
}

fn modules() -> PathBuf {
    let unpacked = cache_folder().join("peers/kamailio-modules");
    if unpacked.exists() { unpacked } else { "/usr/lib/x86_64-linux-gnu/kamailio/modules".into() }
}
