//! What Prometheus is told.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::App;
use super::authorise::From;
use super::problem::{Problem, not_found};
use crate::config::Config;
use crate::edge::Figures;
use crate::store::Store;
use crate::tls::CertificateFigures;

/// Counted where it happens, or asked for when somebody looks.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) failed_log_ins: Counter,
    pub(crate) log_ins: Counter,
    pub(crate) refused_requests: Counter,
    pub(crate) event_clients: Gauge,
    pub(crate) snapshots: Counter,
    edge: EdgeMetrics,
    trunks: Family<Trunk, Gauge>,
}

#[derive(Default)]
struct EdgeMetrics {
    calls: Gauge,
    registrations: Gauge,
    alarms: Counter,
    relay_packets: Counter,
    relay_strays: Counter,
    relay_ports: Gauge,
}

/// Names are not told: whoever watches need not know them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Trunk {
    organisation: u64,
    trunk: u64,
}

impl Metrics {
    pub(crate) fn new(store: &Store, certificate: Option<CertificateFigures>) -> Self {
        let mut registry = Registry::with_prefix("bellbird");
        let of = &mut registry;
        let commits = store.commits();
        of.register("commit_writes", "Writes in one commit", commits.sizes.clone());
        of.register("commit_seconds", "Seconds that a commit took", commits.seconds.clone());
        if let Some(certificate) = certificate {
            let end = "When the certificate runs out, in seconds since 1970";
            of.register("certificate_expires", end, certificate.expires);
            of.register("certificate_renewals", "New certificates that were taken", certificate.renewals);
            of.register("certificate_failures", "New certificates that could not be had", certificate.failures);
        }
        let edge = EdgeMetrics::default();
        of.register("calls", "Calls that are up or on their way", edge.calls.clone());
        of.register("registrations", "Devices that are registered", edge.registrations.clone());
        of.register("sip_alarms", "Addresses and accounts that guess SIP secrets", edge.alarms.clone());
        of.register("relay_packets", "Packets of sound that were led on", edge.relay_packets.clone());
        of.register("relay_strays", "Packets that nobody was to get", edge.relay_strays.clone());
        of.register("relay_ports", "Ports that are open for sound", edge.relay_ports.clone());
        let trunks = Family::default();
        of.register("trunk_up", "Whether a trunk answers", trunks.clone());
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            of.register(name, help, counter.clone());
            counter
        };
        let failed_log_ins = counter("failed_log_ins", "Log-ins with a wrong name or password");
        let log_ins = counter("log_ins", "Log-ins of people and apps");
        let refused_requests = counter("refused_requests", "Requests that came too fast");
        let snapshots = counter("event_snapshots", "Snapshots sent, at first or to catch up");
        let event_clients = Gauge::default();
        registry.register("event_clients", "Clients that are connected for events", event_clients.clone());
        Self { registry, failed_log_ins, log_ins, refused_requests, event_clients, snapshots, edge, trunks }
    }

    fn look(&self, figures: &Figures) {
        let gauge = |gauge: &Gauge, value: u64| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        let counter = |counter: &Counter, value: u64| counter.inner().store(value, Ordering::Relaxed);
        gauge(&self.edge.calls, figures.calls);
        gauge(&self.edge.registrations, figures.registrations);
        gauge(&self.edge.relay_ports, figures.relay_ports);
        counter(&self.edge.alarms, figures.alarms);
        counter(&self.edge.relay_packets, figures.relay_packets);
        counter(&self.edge.relay_strays, figures.relay_strays);
        // Trunks that are gone are told no more.
        self.trunks.clear();
        for (organisation, trunk, up) in &figures.trunks {
            let label = Trunk { organisation: organisation.0, trunk: trunk.0 };
            self.trunks.get_or_create(&label).set(i64::from(*up));
        }
    }
}

/// For this machine and those that the configuration names.
pub(crate) async fn metrics(
    State(app): State<Arc<App>>,
    From(address): From,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    if !may_read(&app.config, address, &headers) {
        return Err(not_found("page"));
    }
    app.metrics.look(&app.edge.figures());
    let mut text = String::new();
    if encode(&mut text, &app.metrics.registry).is_err() {
        tracing::error!("the metrics could not be written");
    }
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

fn may_read(config: &Config, address: IpAddr, headers: &HeaderMap) -> bool {
    // What an unknown proxy on this machine sends on comes from who knows where.
    let sent_on = headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
    let is_here = address.is_loopback() && (!sent_on || !config.trusted_proxies.is_empty());
    is_here || config.metrics_from.contains(&address)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::config::Flags;

    #[test]
    fn figures_are_for_this_machine_and_those_that_are_named() {
        let mut config = Config::load(&Flags::default()).unwrap();
        config.metrics_from = vec!["10.0.0.9".parse().unwrap()];
        let may = |config: &Config, address: &str, sent_on: bool| {
            let mut headers = HeaderMap::new();
            if sent_on {
                headers.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.7"));
            }
            may_read(config, address.parse().unwrap(), &headers)
        };
        assert!(may(&config, "127.0.0.1", false) && may(&config, "::1", false) && may(&config, "10.0.0.9", false));
        assert!(!may(&config, "203.0.113.7", false) && !may(&config, "10.0.0.8", false));
        assert!(!may(&config, "127.0.0.1", true), "a proxy that nobody told us of");
        config.trusted_proxies = vec!["10.0.0.1".parse().unwrap()];
        assert!(may(&config, "127.0.0.1", true), "whose address is known");
    }
}
