use std::collections::BTreeSet;
use std::net::SocketAddr;

use bellbird_base::{FlowId, Protocol};

use super::config::{AccountConfig, AccountId, Callers};
use crate::agent::auth::Authenticator;
use crate::endpoint::{ContactTemplate, Endpoint, Route};
use crate::message::{Address, HeaderName, Request};
use crate::registration::Registration;
use crate::uri::{Scheme, Uri};

/// An account with what was learnt from its servers.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) config: AccountConfig,
    pub(crate) registration: Registration,
    pub(crate) auth: Authenticator,
    /// The flow that the registrar knows us by.
    pub(crate) flow: Option<FlowId>,
    /// The way that requests outside a dialog take (RFC 3608).
    pub(crate) service_route: Vec<Uri>,
    /// What the registrar gave to reach us by (RFC 5627), where it was asked.
    pub(crate) gruu: Option<Gruu>,
    /// Where the account's servers answered from: only there challenges are answered.
    pub(crate) servers: BTreeSet<SocketAddr>,
}

impl Account {
    pub(crate) fn new(id: AccountId, config: AccountConfig, call_id: String) -> Self {
        let auth = Authenticator::new(config.credentials.clone());
        let registration = Registration::new(call_id);
        Self {
            id,
            config,
            registration,
            auth,
            flow: None,
            service_route: Vec::new(),
            gruu: None,
            servers: BTreeSet::new(),
        }
    }

    /// Who we are, for From.
    pub(crate) fn identity(&self) -> Address {
        Address::new(self.config.address.bare()).with_display(self.config.display_name.as_deref())
    }

    /// Whether GRUUs are wanted; without an instance there are none.
    pub(crate) fn asks_for_gruu(&self) -> bool {
        self.config.gruu && self.config.instance_id.is_some()
    }

    /// Where requests outside a dialog go first, for an account that has a server.
    pub(crate) fn server(&self) -> Option<&Uri> {
        self.config.outbound_proxy.as_ref().or(self.config.registrar.as_ref())
    }

    /// The way of a request outside a dialog to this target.
    pub(crate) fn route(&self, target: &Uri) -> Route {
        let uri = self.server().unwrap_or(target).clone();
        let path = self.config.websocket_path.clone();
        Route { flow: self.flow, uri, protocol: self.config.protocol, path }
    }

    /// Adds the Route fields that requests outside a dialog start with.
    pub(crate) fn preload_route(&self, request: &mut Request) {
        if self.service_route.is_empty() {
            return self.route_by_proxy(request);
        }
        for route in &self.service_route {
            request.headers.push(HeaderName::Route, format!("<{route}>"));
        }
    }

    /// Names the outbound proxy in Route. A WebSocket's address is not one that a proxy knows itself by.
    pub(crate) fn route_by_proxy(&self, request: &mut Request) {
        let socket = matches!(self.config.protocol, Some(Protocol::Ws | Protocol::Wss));
        if let Some(proxy) = self.config.outbound_proxy.as_ref().filter(|_| !socket) {
            request.headers.push(HeaderName::Route, format!("<{}>", proxy.with_param("lr", None)));
        }
    }

    /// The Contact of a dialog: the registrar's GRUU where there is one, for it outlives flows and addresses. `hidden`:
    /// without the name of the user. A `sips:` dialog needs a `sips:` Contact.
    pub(crate) fn contact(&self, secure: bool, hidden: bool) -> ContactTemplate {
        let gruu = self.gruu.as_ref();
        let fixed = if hidden { gruu.and_then(|gruu| gruu.temporary.as_ref()) } else { gruu.map(|gruu| &gruu.public) };
        let fixed = fixed.filter(|uri| !secure || uri.scheme() == Scheme::Sips).cloned();
        ContactTemplate { fixed, ..self.direct_contact(secure) }
    }

    /// The Contact that leads straight here, which is what a registrar binds.
    pub(crate) fn direct_contact(&self, secure: bool) -> ContactTemplate {
        ContactTemplate {
            user: self.config.address.user().map(str::to_owned),
            secure: secure || self.config.address.scheme() == Scheme::Sips,
            uri_params: Vec::new(),
            params: Vec::new(),
            fixed: None,
        }
    }

    /// A `tel:` URI becomes one at the account's domain (RFC 3261 §19.1.6).
    pub(crate) fn callable(&self, target: &Uri) -> Option<Uri> {
        match target.scheme() {
            Scheme::Sip | Scheme::Sips => Some(target.clone()),
            Scheme::Tel => {
                let host = self.config.address.host()?.as_str();
                let uri = Uri::sip(target.user(), host, self.config.address.port()).ok()?;
                Some(uri.with_param("user", Some("phone")))
            }
            Scheme::Urn if self.server().is_some() => Some(target.clone()),
            Scheme::Urn | Scheme::Other => None,
        }
    }

    /// Whether this way leads to the account's own servers.
    pub(crate) fn trusts_route(&self, route: &Route, endpoint: &Endpoint) -> bool {
        match route.flow.and_then(|flow| endpoint.flow(flow)) {
            Some(info) => self.servers.contains(&info.remote),
            None => Some(&route.uri) == self.server(),
        }
    }

    /// Whether this flow ends at one of the account's servers.
    pub(crate) fn trusts_flow(&self, flow: FlowId, endpoint: &Endpoint) -> bool {
        endpoint.flow(flow).is_some_and(|info| self.servers.contains(&info.remote))
    }

    /// Whether a request outside a dialog that came over this flow is for this account.
    pub(crate) fn takes(&self, flow: FlowId, user: Option<&str>, endpoint: &Endpoint) -> Claim {
        let own_user = self.config.address.user().is_some() && self.config.address.user() == user;
        let from_server = self.flow == Some(flow)
            || endpoint.flow(flow).is_some_and(|info| self.servers.iter().any(|known| known.ip() == info.remote.ip()));
        match (own_user, from_server, self.config.callers) {
            (_, _, Callers::Nobody) => Claim::None,
            (true, true, _) => Claim::Certain,
            (true, false, Callers::Anyone) => Claim::Likely,
            (false, true, _) => Claim::Possible,
            (false, false, Callers::Anyone) if self.config.registrar.is_none() => Claim::Fallback,
            _ => Claim::None,
        }
    }
}

/// Globally routable URIs of this one phone (RFC 5627).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gruu {
    pub(crate) public: Uri,
    /// One that does not tell whose it is.
    pub(crate) temporary: Option<Uri>,
}

/// How surely a request is for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// It is not.
    None,
    /// The account takes what nobody else does.
    Fallback,
    /// It came from the account's server, for another user.
    Possible,
    /// It names the account's user, but came from elsewhere.
    Likely,
    /// It came from the account's server and names its user.
    Certain,
}
