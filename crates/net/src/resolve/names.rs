//! Questions to name servers, the hosts file and, as the last resort, the operating system's own resolver.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bellbird_base::{Duration, Protocol, Rng, Seed};
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::{Hosts, TokioResolver};
use rustls::crypto::ring;
use tokio::time;

use super::order::{Pointer, Replacement, Service, by_lot, by_order, protocol_of};
use crate::config::Dns;

/// How long addresses are waited for.
const ADDRESSES_PATIENCE: Duration = Duration::from_secs(4);
/// How long the second family is waited for once the first one answered. RFC 8305 §3 says 50 ms, but here a list is made and
/// nothing can be added later.
const SECOND_FAMILY_PATIENCE: Duration = Duration::from_millis(300);
/// A query that is not answered by then is asked again: datagrams get lost.
const RETRY_AFTER: Duration = Duration::from_millis(700);
/// How often it is asked again.
const RETRIES: usize = 4;
/// Where Unix systems keep their name servers.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Why there is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// There is no such name, or it has no address.
    NoSuchName,
    /// Nobody answered.
    NoAnswer,
}

/// The name service.
pub(super) struct Names {
    dns: Dns,
    client: Mutex<Option<Arc<Client>>>,
    rng: Mutex<Rng>,
}

/// A client of name servers, good until the system's settings change.
struct Client {
    resolver: Option<TokioResolver>,
    hosts: Hosts,
    settings: Option<SystemTime>,
}

impl Names {
    pub(super) fn new(dns: Dns) -> Self {
        let mut seed = [0; 32];
        if ring::default_provider().secure_random.fill(&mut seed).is_err() {
            tracing::warn!("the system gives no randomness: load is not spread over servers");
        }
        Self { dns, client: Mutex::default(), rng: Mutex::new(Rng::new(&Seed::new(seed))) }
    }

    pub(super) fn start_afresh(&self) {
        *self.slot() = None;
    }

    /// What NAPTR records point a phone that speaks these transports at, best first.
    pub(super) async fn pointers(&self, domain: &str, protocols: &[Protocol]) -> Vec<Pointer> {
        let records = self.lookup(domain, RecordType::NAPTR).await.unwrap_or_default();
        let pointers = records.iter().filter_map(pointer);
        by_order(pointers.filter(|pointer| protocols.contains(&pointer.protocol)).collect())
    }

    pub(super) async fn pointed_at(&self, pointer: Pointer) -> Vec<Service> {
        let protocol = pointer.protocol;
        match pointer.to {
            Replacement::Service(name) => self.services(&name, protocol).await,
            Replacement::Host(host) => {
                vec![Service { protocol, priority: 0, weight: 0, port: protocol.default_port(), host }]
            }
        }
    }

    /// The SRV records under this name, in the order to try them in. A target of `.` means: not offered (RFC 2782).
    pub(super) async fn services(&self, name: &str, protocol: Protocol) -> Vec<Service> {
        let records = self.lookup(name, RecordType::SRV).await.unwrap_or_default();
        let services = records.iter().filter_map(|record| service(record, protocol)).collect();
        by_lot(services, &mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A host's addresses: from the hosts file, from name servers, else from the operating system's resolver, which knows more
    /// ways (mDNS, directories).
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Silence> {
        let found = time::timeout(ADDRESSES_PATIENCE, self.asked(host)).await.unwrap_or(Err(Silence::NoAnswer));
        match (found, &self.dns) {
            (Ok(addresses), _) => Ok(addresses),
            (Err(silence), Dns::Servers(_)) => Err(silence),
            (Err(silence), Dns::System) => from_system(host).await.ok_or(silence),
        }
    }

    async fn asked(&self, host: &str) -> Result<Vec<IpAddr>, Silence> {
        let client = self.client().await;
        let name = Name::from_utf8(host).map_err(|_| Silence::NoSuchName)?;
        let known = client.in_hosts_file(&name);
        if !known.is_empty() {
            return Ok(known);
        }
        let six = self.lookup(host, RecordType::AAAA);
        let four = self.lookup(host, RecordType::A);
        let (six, four) = both(six, four).await;
        merge(six, four)
    }

    async fn lookup(&self, name: &str, kind: RecordType) -> Result<Vec<Record>, Silence> {
        let client = self.client().await;
        let resolver = client.resolver.as_ref().ok_or(Silence::NoAnswer)?;
        let mut name = Name::from_utf8(name).map_err(|_| Silence::NoSuchName)?;
        // Search lists are for names of one word; a domain means what it says.
        if name.num_labels() > 1 {
            name.set_fqdn(true);
        }
        match resolver.lookup(name, kind).await {
            Ok(lookup) => Ok(lookup.answers().to_vec()),
            Err(error) if is_negative(&error) => Err(Silence::NoSuchName),
            Err(_) => Err(Silence::NoAnswer),
        }
    }

    async fn client(&self) -> Arc<Client> {
        let settings = match self.dns {
            Dns::System => modified(RESOLV_CONF).await,
            Dns::Servers(_) => None,
        };
        let mut slot = self.slot();
        match &*slot {
            Some(client) if client.settings == settings => Arc::clone(client),
            Some(_) | None => Arc::clone(slot.insert(Arc::new(Client::new(&self.dns, settings)))),
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<Client>>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    fn new(dns: &Dns, settings: Option<SystemTime>) -> Self {
        let resolver = match dns {
            Dns::System => TokioResolver::builder_tokio(),
            Dns::Servers(servers) => {
                let servers = servers.iter().map(|&server| name_server(server)).collect();
                let config = ResolverConfig::from_name_servers(servers);
                Ok(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
            }
        };
        let resolver = resolver.and_then(|mut builder| {
            be_quick(builder.options_mut());
            builder.build()
        });
        if let Err(error) = &resolver {
            tracing::warn!("the system's name servers can't be read: {error}");
        }
        let hosts = if *dns == Dns::System { Hosts::from_system().unwrap_or_default() } else { Hosts::default() };
        Self { resolver: resolver.ok(), hosts, settings }
    }

    fn in_hosts_file(&self, name: &Name) -> Vec<IpAddr> {
        let mut name = name.clone();
        name.set_fqdn(true);
        let kinds = [RecordType::AAAA, RecordType::A].into_iter();
        let found = kinds.filter_map(|kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind)));
        found
            .flat_map(|lookup| lookup.answers().iter().filter_map(|record| record.data.ip_addr()).collect::<Vec<_>>())
            .collect()
    }
}

fn name_server(server: SocketAddr) -> NameServerConfig {
    let with_port = |mut connection: ConnectionConfig| {
        connection.port = server.port();
        connection
    };
    let connections = vec![with_port(ConnectionConfig::udp()), with_port(ConnectionConfig::tcp())];
    NameServerConfig::new(server.ip(), true, connections)
}

fn be_quick(options: &mut ResolverOpts) {
    options.timeout = RETRY_AFTER;
    options.attempts = RETRIES;
}

async fn modified(path: &str) -> Option<SystemTime> {
    tokio::fs::metadata(path).await.ok()?.modified().ok()
}

/// The operating system's own resolver.
async fn from_system(host: &str) -> Option<Vec<IpAddr>> {
    let lookup = time::timeout(Duration::from_secs(2), tokio::net::lookup_host((host, 0)));
    let addresses: Vec<_> = lookup.await.ok()?.ok()?.map(|address| address.ip()).collect();
    (!addresses.is_empty()).then_some(addresses)
}

/// Waits for both, but for the second not long after the first brought something.
async fn both<T>(
    first: impl Future<Output = Result<T, Silence>>,
    second: impl Future<Output = Result<T, Silence>>,
) -> (Result<T, Silence>, Result<T, Silence>) {
    let (mut first, mut second) = (std::pin::pin!(first), std::pin::pin!(second));
    tokio::select! {
        one = &mut first => {
            let two = wait(one.is_ok(), second).await;
            (one, two)
        }
        two = &mut second => {
            let one = wait(two.is_ok(), first).await;
            (one, two)
        }
    }
}

async fn wait<T>(briefly: bool, answer: impl Future<Output = Result<T, Silence>>) -> Result<T, Silence> {
    let patience = if briefly { SECOND_FAMILY_PATIENCE } else { ADDRESSES_PATIENCE };
    time::timeout(patience, answer).await.unwrap_or(Err(Silence::NoAnswer))
}

fn merge(six: Result<Vec<Record>, Silence>, four: Result<Vec<Record>, Silence>) -> Result<Vec<IpAddr>, Silence> {
    let silence = match (&six, &four) {
        (Err(Silence::NoAnswer), _) | (_, Err(Silence::NoAnswer)) => Silence::NoAnswer,
        _ => Silence::NoSuchName,
    };
    let records = six.unwrap_or_default().into_iter().chain(four.unwrap_or_default());
    let addresses: Vec<_> = records.filter_map(|record| record.data.ip_addr()).collect();
    if addresses.is_empty() { Err(silence) } else { Ok(addresses) }
}

fn is_negative(error: &NetError) -> bool {
    error.is_no_records_found() || error.is_nx_domain()
}

#[allow(clippy::wildcard_enum_match_arm, reason = "DNS has hundreds of record types")]
fn pointer(record: &Record) -> Option<Pointer> {
    let RData::NAPTR(naptr) = &record.data else { return None };
    let name = naptr.replacement.to_utf8();
    let to = match &*naptr.flags {
        b"s" | b"S" => Replacement::Service(name),
        b"a" | b"A" => Replacement::Host(name),
        _ => return None,
    };
    let protocol = protocol_of(&naptr.services)?;
    Some(Pointer { order: naptr.order, preference: naptr.preference, protocol, to })
}

fn service(record: &Record, protocol: Protocol) -> Option<Service> {
    let RData::SRV(srv) = &record.data else { return None };
    let host = srv.target.to_utf8();
    let offered = host != "." && srv.port != 0;
    offered.then_some(Service { protocol, priority: srv.priority, weight: srv.weight, port: srv.port, host })
}
