//! One account's registration, RFC 3261 §10 with RFC 5626 (outbound), RFC 3327 (Path) and RFC 3608 (Service-Route).

use bellbird_base::{Duration, FlowId, Instant, Rng};

use crate::agent::account::{Account, Gruu};
use crate::agent::context::{Cx, Effect, Owner};
use crate::agent::{Event, Registered, RegistrationFailure, RegistrationState};
use crate::endpoint::{ContactTemplate, Failure, RequestId};
use crate::message::{Address, Fields, HeaderName, Message, Method, NameAddr, Request};
use crate::status::{StatusClass, StatusCode};
use crate::uri::Uri;

/// Base and limit of the wait after failures (RFC 5626 §4.5, with a shorter base: one phone is no herd).
const RETRY_BASE: Duration = Duration::from_secs(8);
const RETRY_LIMIT: Duration = Duration::from_secs(1800);
/// Wait before the first attempt after a working flow was lost, at most.
const RECONNECT: Duration = Duration::from_millis(500);
/// A registrar that grants less is asked again no sooner than this.
const SHORTEST_REFRESH: Duration = Duration::from_secs(5);

/// One account's registration. The states are those of [`RegistrationState`].
#[derive(Debug)]
pub(crate) struct Registration {
    state: RegistrationState,
    call_id: String,
    cseq: u32,
    request: Option<RequestId>,
    /// Refresh or retry.
    deadline: Option<Instant>,
    /// Failures in a row.
    failures: u32,
    /// What 423 asked for.
    at_least: Option<Duration>,
    /// The URI that the registrar has of us.
    bound: Option<Uri>,
    /// Ask again as soon as the answer is in.
    again: bool,
    /// Whether somebody waits to hear how it goes, though nothing may change.
    asked: bool,
    outbound: Outbound,
}

/// Whether the registrar is asked for RFC 5626.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outbound {
    Asked,
    /// A proxy on the way does not know it (439).
    Unknown,
}

impl Registration {
    pub(crate) fn new(call_id: String) -> Self {
        Self {
            state: RegistrationState::Unregistered,
            call_id,
            cseq: 0,
            request: None,
            deadline: None,
            failures: 0,
            at_least: None,
            bound: None,
            again: false,
            asked: false,
            outbound: Outbound::Asked,
        }
    }

    pub(crate) fn state(&self) -> &RegistrationState {
        &self.state
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether somebody wants this account to be registered.
    pub(crate) fn is_wanted(&self) -> bool {
        match self.state {
            RegistrationState::Registering | RegistrationState::Registered(_) | RegistrationState::Retrying { .. } => {
                true
            }
            RegistrationState::Unregistered | RegistrationState::Unregistering | RegistrationState::Failed(_) => false,
        }
    }

    /// Whether this is the request that is under way, not one from before a change.
    pub(crate) fn awaits(&self, request: RequestId) -> bool {
        self.request == Some(request)
    }

    /// Whether a change of the account should lead to another attempt.
    pub(crate) fn wants_update(&self) -> bool {
        self.is_wanted() || matches!(self.state, RegistrationState::Failed(_))
    }

    pub(crate) fn next_cseq(&mut self) -> u32 {
        self.cseq += 1;
        self.cseq
    }
}

/// Registers now, whatever the state.
pub(crate) fn register(cx: &mut Cx<'_>) {
    if cx.account.config.registrar.is_none() {
        return;
    }
    let registration = &mut cx.account.registration;
    registration.failures = 0;
    registration.asked = true;
    if registration.request.is_some() && registration.is_wanted() {
        registration.again = true;
        return;
    }
    if !matches!(registration.state, RegistrationState::Registered(_)) {
        set_state(cx, RegistrationState::Registering);
    }
    send(cx, cx.account.config.expires);
}

/// The network is another one, or the flow was lost: a new flow and a registration over it, at once.
pub(crate) fn renew(cx: &mut Cx<'_>) {
    if !cx.account.registration.is_wanted() {
        return;
    }
    abandon(cx);
    cx.account.registration.failures = 0;
    set_state(cx, RegistrationState::Registering);
    send(cx, cx.account.config.expires);
}

/// Removes the binding.
pub(crate) fn unregister(cx: &mut Cx<'_>) {
    let bound = matches!(cx.account.registration.state, RegistrationState::Registered(_))
        || cx.account.registration.bound.is_some();
    abandon(cx);
    cx.account.registration.deadline = None;
    if bound {
        set_state(cx, RegistrationState::Unregistering);
        send(cx, Duration::ZERO);
    } else {
        finish_unregister(cx);
    }
}

/// Forgets the request that is under way.
fn abandon(cx: &mut Cx<'_>) {
    if let Some(request) = cx.account.registration.request.take() {
        cx.endpoint.abandon(request);
        cx.inflight.remove(&request);
    }
}

/// The registration's timer rang: refresh or retry.
pub(crate) fn fire(cx: &mut Cx<'_>) {
    let registration = &mut cx.account.registration;
    if registration.deadline.is_none_or(|at| at > cx.now) {
        return;
    }
    registration.deadline = None;
    if registration.is_wanted() && registration.request.is_none() {
        send(cx, cx.account.config.expires);
    }
}

fn send(cx: &mut Cx<'_>, expires: Duration) {
    let Some(registrar) = cx.account.config.registrar.clone() else { return };
    let expires = match cx.account.registration.at_least {
        Some(least) if !expires.is_zero() => expires.max(least),
        _ => expires,
    };
    let request = build(cx.account, registrar.clone(), expires);
    let route = cx.account.route(&registrar);
    let contact = contact(cx.account, expires);
    let owner = Owner::Registration(cx.account.id);
    let id = cx.send(owner, request, route, Some(contact));
    cx.account.registration.request = Some(id);
    cx.account.registration.deadline = None;
}

fn build(account: &mut Account, registrar: Uri, expires: Duration) -> Request {
    let cseq = account.registration.next_cseq();
    let mut request = Request::new(Method::Register, registrar);
    account.route_by_proxy(&mut request);
    let supported = match account.registration.outbound {
        Outbound::Asked => "path, outbound",
        Outbound::Unknown => "path",
    };
    let supported = if account.asks_for_gruu() { format!("{supported}, gruu") } else { supported.to_owned() };
    let identity = Address::new(account.config.address.bare());
    let identity = identity.with_display(account.config.display_name.as_deref());
    request
        .headers
        .push(HeaderName::MaxForwards, 70)
        .push(HeaderName::From, identity.clone().with_tag(&format!("r{}", account.registration.call_id)))
        .push(HeaderName::To, identity)
        .push(HeaderName::CallId, &account.registration.call_id)
        .push(HeaderName::CSeq, format!("{cseq} REGISTER"))
        .push(HeaderName::Contact, "")
        .push(HeaderName::Expires, expires.as_secs())
        .push(HeaderName::Supported, supported)
        .push(HeaderName::Allow, crate::agent::ALLOW);
    request
}

fn contact(account: &Account, expires: Duration) -> ContactTemplate {
    let mut contact = account.direct_contact(false);
    if let Some(instance) = &account.config.instance_id {
        contact.params.push(("+sip.instance".to_owned(), Some(format!("<{instance}>"))));
        if account.registration.outbound == Outbound::Asked {
            contact.params.push(("reg-id".to_owned(), Some("1".to_owned())));
        }
    }
    contact.params.push(("expires".to_owned(), Some(expires.as_secs().to_string())));
    contact
}

/// A REGISTER was put on a flow: where it goes is one of the account's servers.
pub(crate) fn sent(cx: &mut Cx<'_>, flow: FlowId) {
    if let Some(info) = cx.endpoint.flow(flow) {
        cx.account.servers.insert(info.remote);
    }
}

/// A response to REGISTER that no challenge was answered for.
pub(crate) fn receive(cx: &mut Cx<'_>, flow: FlowId, message: &Message<'_>, status: StatusCode) {
    if status.is_provisional() {
        return;
    }
    cx.account.registration.request = None;
    if matches!(cx.account.registration.state, RegistrationState::Unregistering) {
        return finish_unregister(cx);
    }
    if status.is_success() {
        return registered(cx, flow, message);
    }
    match (status, message.number(HeaderName::MinExpires)) {
        (StatusCode::INTERVAL_TOO_BRIEF, Some(least)) if cx.account.registration.at_least.is_none() => {
            cx.account.registration.at_least = Some(Duration::from_secs(least.min(86_400).into()));
            send(cx, cx.account.config.expires);
        }
        (StatusCode::FIRST_HOP_LACKS_OUTBOUND_SUPPORT, _) if cx.account.registration.outbound == Outbound::Asked => {
            cx.account.registration.outbound = Outbound::Unknown;
            send(cx, cx.account.config.expires);
        }
        _ => refused(cx, message, status),
    }
}

/// No challenge may be answered, or ours was not accepted.
pub(crate) fn unauthorized(cx: &mut Cx<'_>, failure: RegistrationFailure) {
    cx.account.registration.request = None;
    if matches!(cx.account.registration.state, RegistrationState::Unregistering) {
        return finish_unregister(cx);
    }
    fail(cx, failure);
}

/// No response came.
pub(crate) fn failed(cx: &mut Cx<'_>, failure: Failure) {
    cx.account.registration.request = None;
    if matches!(cx.account.registration.state, RegistrationState::Unregistering) {
        return finish_unregister(cx);
    }
    let failure = match failure {
        Failure::Timeout => RegistrationFailure::NoAnswer,
        Failure::Flow(end) => RegistrationFailure::Connection(end),
        Failure::Resolve(failure) => RegistrationFailure::Resolve(failure),
        Failure::NoRoute => RegistrationFailure::Resolve(crate::agent::ResolveFailure::NotFound),
    };
    // A flow that does not answer is no flow any more (RFC 5626 §4.4).
    if let Some(flow) = cx.account.flow.take() {
        cx.endpoint.keep_alive(cx.now, flow, None);
        cx.endpoint.close(cx.now, flow);
    }
    retry(cx, failure, None);
}

/// The account's flow is gone.
pub(crate) fn flow_lost(cx: &mut Cx<'_>) {
    cx.account.flow = None;
    if !cx.account.registration.is_wanted() || cx.account.registration.request.is_some() {
        return;
    }
    set_state(cx, RegistrationState::Registering);
    cx.account.registration.deadline = Some(cx.now + jitter(cx.rng, RECONNECT));
}

/// The registrar sees us at another address than the one it has.
pub(crate) fn seen_elsewhere(cx: &mut Cx<'_>, flow: FlowId) {
    if cx.account.flow != Some(flow) || !matches!(cx.account.registration.state, RegistrationState::Registered(_)) {
        return;
    }
    if cx.account.registration.request.is_some() {
        cx.account.registration.again = true;
    } else {
        send(cx, cx.account.config.expires);
    }
}

fn registered(cx: &mut Cx<'_>, flow: FlowId, message: &Message<'_>) {
    let Some(info) = cx.endpoint.flow(flow) else {
        return retry(cx, RegistrationFailure::Connection(crate::agent::FlowEnd::Closed), None);
    };
    let address = cx.endpoint.contact_address(flow).unwrap_or(info.local);
    let ours = contact(cx.account, cx.account.config.expires).on(info, address).map(|contact| contact.uri);
    let binding = message
        .contacts()
        .flatten()
        .find(|found| found.address().is_some_and(|address| is_ours(&address, cx.account, ours.as_ref())));
    let asked = cx.account.config.expires.as_secs();
    let seconds = binding
        .and_then(|binding| binding.expires())
        .or(message.expires())
        .map_or(asked, |seconds| u64::from(seconds).min(asked.max(60) * 4));
    let given = binding.and_then(|binding| binding.address());
    let uri = |name| given.and_then(|address| address.params.text(name)).and_then(|gruu| Uri::parse(&gruu).ok());
    let gruu = uri("pub-gruu");
    let asked_for_gruu = cx.account.asks_for_gruu();
    cx.account.gruu =
        gruu.clone().filter(|_| asked_for_gruu).map(|public| Gruu { public, temporary: uri("temp-gruu") });
    cx.account.service_route =
        message.addresses(HeaderName::ServiceRoute).flatten().map(|route| route.uri.to_owned()).collect();
    keep_flow(cx, flow, message);
    let expires = Duration::from_secs(seconds.max(1));
    let registration = &mut cx.account.registration;
    registration.failures = 0;
    registration.bound = ours;
    registration.deadline = Some(cx.now + refresh_after(cx.rng, expires));
    let state = Registered { expires, flow, protocol: info.protocol, gruu };
    set_state(cx, RegistrationState::Registered(state));
    if core::mem::take(&mut cx.account.registration.again) {
        send(cx, cx.account.config.expires);
    }
}

/// From now on this is the account's flow, and it is kept open.
fn keep_flow(cx: &mut Cx<'_>, flow: FlowId, message: &Message<'_>) {
    let old = cx.account.flow.replace(flow);
    if old != Some(flow) {
        cx.effects.push(Effect::FlowReplaced(cx.account.id));
    }
    if let Some(old) = old.filter(|old| *old != flow) {
        cx.endpoint.keep_alive(cx.now, old, None);
    }
    // RFC 5626 §4.4.1: the server's Flow-Timer, less a margin.
    let asked = message.number(HeaderName::FlowTimer).map(|seconds| Duration::from_secs(seconds.into()) * 4 / 5);
    let interval = asked.map_or(cx.config.keep_alive, |asked| asked.min(cx.config.keep_alive));
    cx.endpoint.keep_alive(cx.now, flow, Some(interval.max(Duration::from_secs(5))));
}

fn is_ours(address: &NameAddr<'_>, account: &Account, ours: Option<&Uri>) -> bool {
    let instance = address.params.text("+sip.instance");
    let same_instance = match (&account.config.instance_id, instance) {
        (Some(ours), Some(theirs)) => theirs.trim_matches(['<', '>']).eq_ignore_ascii_case(ours),
        _ => false,
    };
    same_instance || ours.is_some_and(|ours| ours.as_ref().same(&address.uri))
}

fn refused(cx: &mut Cx<'_>, message: &Message<'_>, status: StatusCode) {
    let reason = message.reason().to_owned();
    let after = message.retry_after().map(|after| Duration::from_secs(after.seconds.min(3600).into()));
    let temporary = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TEMPORARILY_UNAVAILABLE);
    if status.class() == StatusClass::ServerError || temporary || after.is_some() {
        retry(cx, RegistrationFailure::Unavailable(status, reason), after);
    } else {
        fail(cx, RegistrationFailure::Refused(status, reason));
    }
}

fn fail(cx: &mut Cx<'_>, failure: RegistrationFailure) {
    cx.account.registration.deadline = None;
    cx.account.registration.bound = None;
    cx.account.gruu = None;
    set_state(cx, RegistrationState::Failed(failure));
}

fn retry(cx: &mut Cx<'_>, failure: RegistrationFailure, after: Option<Duration>) {
    let registration = &mut cx.account.registration;
    let wait = after.unwrap_or_else(|| backoff(cx.rng, registration.failures));
    registration.failures = registration.failures.saturating_add(1);
    let at = cx.now + wait;
    registration.deadline = Some(at);
    set_state(cx, RegistrationState::Retrying { failure, at });
}

fn finish_unregister(cx: &mut Cx<'_>) {
    cx.account.registration.bound = None;
    cx.account.gruu = None;
    cx.account.registration.request = None;
    if let Some(flow) = cx.account.flow.take() {
        cx.endpoint.keep_alive(cx.now, flow, None);
    }
    set_state(cx, RegistrationState::Unregistered);
}

fn set_state(cx: &mut Cx<'_>, state: RegistrationState) {
    let news = cx.account.registration.state != state;
    let answer = match state {
        RegistrationState::Registered(_) | RegistrationState::Retrying { .. } | RegistrationState::Failed(_) => {
            core::mem::take(&mut cx.account.registration.asked)
        }
        RegistrationState::Unregistered | RegistrationState::Registering | RegistrationState::Unregistering => false,
    };
    if news || answer {
        cx.account.registration.state = state.clone();
        cx.events.push_back(Event::Registration(cx.account.id, state));
    }
}

/// Between 80 and 90 % of the lifetime, so that phones which registered together don't refresh together.
fn refresh_after(rng: &mut Rng, expires: Duration) -> Duration {
    expires.mul_f64(0.8 + 0.1 * rng.unit()).max(SHORTEST_REFRESH)
}

/// RFC 5626 §4.5: doubling, and between half and all of it.
fn backoff(rng: &mut Rng, failures: u32) -> Duration {
    let doubled = RETRY_BASE.saturating_mul(2_u32.saturating_pow(failures.min(16)));
    doubled.min(RETRY_LIMIT).mul_f64(0.5 + 0.5 * rng.unit())
}

fn jitter(rng: &mut Rng, most: Duration) -> Duration {
    most.mul_f64(rng.unit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bellbird_base::Seed;

    #[test]
    fn backoff_doubles_up_to_half_an_hour() {
        let mut rng = Rng::new(&Seed::from_number(1));
        for failures in 0..40 {
            let full = RETRY_BASE.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(RETRY_LIMIT);
            let wait = backoff(&mut rng, failures);
            assert!(wait >= full / 2 && wait <= full);
        }
    }

    #[test]
    fn refresh_comes_before_the_binding_ends() {
        let mut rng = Rng::new(&Seed::from_number(2));
        let wait = refresh_after(&mut rng, Duration::from_secs(60));
        assert!(wait >= Duration::from_secs(48) && wait < Duration::from_secs(54));
    }
}
