//! Where are a domain's servers? RFC 3263, over DNS.
//!
//! ```text
//! question ─► Plan ─┬─ Addresses: A and AAAA
//!                   └─ Services:  NAPTR ─► SRV ─► A and AAAA of each target      at most 1.5 s for NAPTR and SRV,
//!                                 SRV of each transport ─┘                        all asked at once;
//!                                 A and AAAA of the domain itself                 what is left when they say nothing
//! ```

mod names;
mod order;
mod plan;

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;

use bellbird_base::{Duration, Protocol, Remote};
use futures_util::future::join_all;
use tokio::time;

use crate::address::in_turns;
use crate::config::Dns;
use crate::race::Siblings;
use bellbird_sip::agent::{Question, ResolveFailure};
use names::{Names, Silence};
use order::Service;
use plan::{Door, Plan};

/// How long NAPTR and SRV are waited for. RFC 3263 names no time; a person waits for a dial tone.
const SERVICES_PATIENCE: Duration = Duration::from_millis(1_500);
/// How long NAPTR alone is waited for before the SRV records of the usual names are taken.
const NAPTR_PATIENCE: Duration = Duration::from_millis(1_000);

/// Answers questions, and remembers which addresses belong to one host.
pub(crate) struct Resolver {
    names: Names,
    siblings: Siblings,
}

type Answer = Result<Vec<Remote>, ResolveFailure>;

impl Resolver {
    pub(crate) fn new(dns: Dns) -> Self {
        Self { names: Names::new(dns), siblings: Siblings::default() }
    }

    /// Which addresses may race each other.
    pub(crate) const fn siblings(&self) -> &Siblings {
        &self.siblings
    }

    /// Forgets what was learnt and reads the system's settings again before the next question.
    pub(crate) fn start_afresh(&self) {
        self.names.start_afresh();
    }

    /// The servers, best first; never an empty list.
    pub(crate) async fn resolve(&self, question: Question) -> Answer {
        let answer = match Plan::of(&question) {
            Plan::Literal(address, doors) => Ok(self.remotes(&question, &[address], &doors)),
            Plan::Addresses(doors) => self.by_addresses(&question, &doors).await,
            Plan::Services { protocols, doors } => self.by_services(&question, &protocols, &doors).await,
        };
        tracing::debug!(found = answer.as_ref().map_or(0, Vec::len), "a server was looked for");
        answer.and_then(|remotes| if remotes.is_empty() { Err(ResolveFailure::NotFound) } else { Ok(remotes) })
    }

    async fn by_addresses(&self, question: &Question, doors: &[Door]) -> Answer {
        let addresses = self.names.addresses(&question.host).await.map_err(failure)?;
        Ok(self.remotes(question, &addresses, doors))
    }

    /// Asks for services and for the domain's own addresses at the same time; services win, if there are any in time.
    async fn by_services(&self, question: &Question, protocols: &[Protocol], doors: &[Door]) -> Answer {
        let mut services = pin!(self.services(&question.host, protocols));
        let mut addresses = pin!(self.by_addresses(question, doors));
        let mut early = None;
        let services = loop {
            tokio::select! {
                services = &mut services => break services,
                answer = &mut addresses, if early.is_none() => early = Some(answer),
            }
        };
        let found = self.behind(question, services).await;
        match (found.is_empty(), early) {
            (false, _) => Ok(found),
            (true, Some(answer)) => answer,
            (true, None) => addresses.await,
        }
    }

    /// The SRV records to use, in order: those that NAPTR names, else those under the usual names.
    async fn services(&self, domain: &str, protocols: &[Protocol]) -> Vec<Service> {
        let named = async {
            let pointers = time::timeout(NAPTR_PATIENCE, self.names.pointers(domain, protocols)).await;
            let pointers = pointers.unwrap_or_default();
            join_all(pointers.into_iter().map(|pointer| self.names.pointed_at(pointer))).await.concat()
        };
        let usual = join_all(protocols.iter().map(|&protocol| {
            let name = plan::service_name(protocol, domain);
            time::timeout(SERVICES_PATIENCE, async move { self.names.services(&name, protocol).await })
        }));
        let named = time::timeout(SERVICES_PATIENCE, named);
        let (named, usual) = tokio::join!(named, usual);
        match named {
            Ok(named) if !named.is_empty() => named,
            Ok(_) | Err(_) => usual.into_iter().filter_map(Result::ok).flatten().collect(),
        }
    }

    /// The addresses of the services' hosts, in the services' order.
    async fn behind(&self, question: &Question, services: Vec<Service>) -> Vec<Remote> {
        let hosts = join_all(services.iter().map(|service| self.names.addresses(&service.host))).await;
        let hosts = services.iter().zip(hosts);
        hosts
            .flat_map(|(service, addresses)| self.remotes(question, &addresses.unwrap_or_default(), &[service.door()]))
            .collect()
    }

    /// Every address by every door, and the addresses of one door remembered as those of one host.
    fn remotes(&self, question: &Question, addresses: &[IpAddr], doors: &[Door]) -> Vec<Remote> {
        let through = |door: &Door| {
            let addresses = addresses.iter().map(|&ip| SocketAddr::new(ip, door.port)).collect();
            let remotes: Vec<_> =
                in_turns(addresses).into_iter().map(|address| remote(question, door.protocol, address)).collect();
            if door.protocol.is_reliable() {
                self.siblings.remember(remotes.clone());
            }
            remotes
        };
        doors.iter().flat_map(through).collect()
    }
}

fn remote(question: &Question, protocol: Protocol, address: SocketAddr) -> Remote {
    let path = match protocol {
        Protocol::Ws | Protocol::Wss if question.path.is_empty() => "/".to_owned(),
        Protocol::Ws | Protocol::Wss => question.path.clone(),
        Protocol::Udp | Protocol::Tcp | Protocol::Tls => String::new(),
    };
    Remote { protocol, address, server_name: question.host.trim_end_matches('.').to_owned(), path }
}

const fn failure(silence: Silence) -> ResolveFailure {
    match silence {
        Silence::NoSuchName => ResolveFailure::NotFound,
        Silence::NoAnswer => ResolveFailure::Unreachable,
    }
}
