//! What Prometheus is told of the certificate.

use bellbird_net::ServerIdentity;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// Clones share the figures.
#[derive(Clone, Debug, Default)]
pub struct CertificateFigures {
    /// When the certificate runs out, in seconds since 1970.
    pub(crate) expires: Gauge,
    /// New certificates that were taken.
    pub(crate) renewals: Counter,
    /// New certificates that could not be had, or not be used.
    pub(crate) failures: Counter,
}

impl CertificateFigures {
    pub(super) fn shown(&self, identity: &ServerIdentity) {
        self.expires.set(identity.expires().unwrap_or_default());
    }

    pub(super) fn renewed(&self, identity: &ServerIdentity) {
        self.renewals.inc();
        self.shown(identity);
    }
}
