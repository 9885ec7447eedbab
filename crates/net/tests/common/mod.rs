//! What the tests of this crate share: an authority of their own, a network under test, waits without sleeping.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]
#![allow(clippy::wildcard_enum_match_arm, reason = "whatever else happens is wrong")]

use std::net::SocketAddr;
use std::time::Duration;

use bellbird_base::{FlowId, FlowInfo, Protocol, Remote, Transmit};
use bellbird_net::{CloseReason, Dns, NetConfig, NetEvent, NetHandle, ServerIdentity, Trust};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use tokio::sync::mpsc::Receiver;
use tokio::time;

/// Longer than anything takes that works.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A network and what it says.
pub struct Net {
    pub handle: NetHandle,
    events: Receiver<NetEvent>,
}

impl Net {
    pub fn start(config: NetConfig) -> Self {
        let (handle, events) = NetHandle::start(config);
        Self { handle, events }
    }

    pub async fn next(&mut self) -> NetEvent {
        let event = time::timeout(PATIENCE, self.events.recv()).await;
        event.expect("something happens in time").expect("the network runs")
    }

    pub async fn opened(&mut self) -> (FlowId, FlowInfo) {
        match self.next().await {
            NetEvent::Opened(flow, info) => (flow, info),
            other => panic!("{other:?} instead of an open flow"),
        }
    }

    pub async fn closed(&mut self) -> (FlowId, CloseReason) {
        match self.next().await {
            NetEvent::Closed(flow, reason) => (flow, reason),
            other => panic!("{other:?} instead of a closed flow"),
        }
    }

    /// Pieces of a stream until there are as many bytes as expected, or one message.
    pub async fn received(&mut self, expected: &[u8]) -> FlowId {
        let mut all = Vec::new();
        loop {
            match self.next().await {
                NetEvent::Received(flow, bytes) => {
                    all.extend(bytes);
                    if all.len() >= expected.len() {
                        assert_eq!(all, expected);
                        return flow;
                    }
                }
                other => panic!("{other:?} instead of bytes"),
            }
        }
    }

    pub fn send(&self, flow: FlowId, payload: &[u8]) {
        self.handle.send(Transmit { flow, payload: payload.to_vec() });
    }

    pub async fn listen(&self, protocol: Protocol) -> SocketAddr {
        self.handle.listen(protocol, "127.0.0.1:0".parse().unwrap()).await.unwrap()
    }
}

/// No name servers, no system authorities, no watch.
pub fn bare() -> NetConfig {
    NetConfig {
        trust: Trust { system: false, authorities: Vec::new() },
        dns: Dns::Servers(Vec::new()),
        watch: false,
        ..NetConfig::default()
    }
}

pub fn remote(protocol: Protocol, address: SocketAddr, server_name: &str) -> Remote {
    Remote { protocol, address, server_name: server_name.to_owned(), path: "/".to_owned() }
}

/// A certificate authority.
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// A configuration that believes this authority alone.
    pub fn trusted(&self) -> NetConfig {
        NetConfig { trust: Trust { system: false, authorities: vec![self.certificate.der().clone()] }, ..bare() }
    }

    /// A configuration that shows a certificate for this DNS name.
    pub fn serving(&self, name: &str) -> NetConfig {
        self.serving_as(CertificateParams::new(vec![name.to_owned()]).unwrap())
    }

    /// A configuration that shows a certificate with this URI.
    pub fn serving_uri(&self, uri: &str) -> NetConfig {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(Ia5String::try_from(uri).unwrap())];
        self.serving_as(params)
    }

    pub fn serving_as(&self, mut params: CertificateParams) -> NetConfig {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let identity = ServerIdentity::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
        NetConfig { identity: Some(identity), ..bare() }
    }

    /// A configuration that shows a certificate for this DNS name and the authority's own beside it.
    pub fn serving_with_itself(&self, name: &str) -> NetConfig {
        let (certificate, key) = self.pair(name);
        let chain = certificate + &self.certificate.pem();
        let identity = ServerIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        NetConfig { identity: Some(identity), ..bare() }
    }

    /// A certificate for this DNS name and its key, as PEM.
    pub fn pair(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// SHA-256 of its certificate.
    pub fn fingerprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.certificate.der());
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
