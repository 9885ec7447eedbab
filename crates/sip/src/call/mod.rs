//! One call: the INVITE usage of a dialog with everything that happens inside.
//!
//! ```text
//!                2xx, ACK                    BYE sent or received
//! Calling ──────────────────► Confirmed ─────────────────────────────┐
//!    │  refusal, no answer        ▲     ── hung up before the ACK ─► Leaving
//!    │                            │ answered                         │
//! Alerting ───────────────────────┘                                  ▼
//!    └── rejected, cancelled ─────────────────────────────────────► Over
//! ```

mod alerting;
mod calling;
mod confirmed;
mod early;
mod identity;
mod invite;
mod offer;
mod offered;
mod probe;
mod reliable;
mod saved;
mod served;
mod session_timer;
mod transfer;

use std::net::SocketAddr;

use bellbird_base::{FlowId, Instant, Protocol};

use crate::agent::context::{Cx, Effect, Owner};
use crate::agent::{AccountId, Body, CallEnd, CallEvent, CallId, EndReason, EndedBy, Misuse};
use crate::dialog::Dialog;
use crate::endpoint::{ContactTemplate, Failure, RequestId, Route, ServerId, WayBack};
use crate::message::{Fields, HeaderName, Message, Method, Request, Response};
use crate::status::StatusCode;
use crate::uri::{Scheme, Uri};

use alerting::Alerting;
use calling::Calling;
use confirmed::{Confirmed, Leaving};
use session_timer::SessionTimer;

pub(crate) use alerting::Arrived;
pub(crate) use confirmed::{digit_body, hang_up_surplus};
pub(crate) use identity::party_of;
pub(crate) use invite::Origin;
pub use saved::{SavedCall, SavedSession};
use served::RemoteDescription;

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) account: AccountId,
    /// The Call-ID of its INVITE.
    pub(crate) call_id: String,
    pub(crate) state: State,
    /// The flow that the peer's, or its proxy's, last message came over.
    flow: Option<FlowId>,
    /// Whether the INVITE went to or came from the account's server, so that its next flow serves this call too.
    via_server: bool,
    /// Whether the peer must not learn from our Contact who we are.
    anonymous: bool,
    /// What the peer can do.
    peer: Peer,
    /// The description that we sent last; a refresh repeats it.
    local_description: Option<Body>,
    timer: SessionTimer,
    /// The call whose transfer made this one: its peer hears how it goes.
    reports_to: Option<CallId>,
    /// The peer, or its proxy, as the flow showed it.
    peer_address: Option<(Protocol, SocketAddr)>,
    /// The flow is gone; the call is lost then unless the peer comes over another one. Servers only.
    orphaned: Option<Instant>,
    /// The Reason that the CANCEL or BYE shall bear.
    goodbye: Option<String>,
    remote: RemoteDescription,
}

/// The states; see the module's page.
#[derive(Debug)]
pub(crate) enum State {
    /// We called; no final response yet.
    Calling(Box<Calling>),
    /// We are called and did not answer yet.
    Alerting(Box<Alerting>),
    /// Answered.
    Confirmed(Box<Confirmed>),
    /// Over for the user; the peer has to be told.
    Leaving(Box<Leaving>),
    /// Over.
    Over,
}

/// What the peer said that it can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Peer {
    update: bool,
    reliable: bool,
    timer: bool,
}

impl Peer {
    fn learn(&mut self, message: &Message<'_>) {
        if message.contains(HeaderName::Allow) {
            self.update = message.has_token(HeaderName::Allow, "UPDATE");
        }
        let supports =
            |tag| message.has_token(HeaderName::Supported, tag) || message.has_token(HeaderName::Require, tag);
        self.reliable |= supports("100rel");
        self.timer |= supports("timer");
    }
}

impl Call {
    fn new(id: CallId, account: AccountId, call_id: String, state: State) -> Self {
        Self {
            id,
            account,
            call_id,
            state,
            flow: None,
            via_server: false,
            anonymous: false,
            peer: Peer::default(),
            local_description: None,
            timer: SessionTimer::Off,
            reports_to: None,
            peer_address: None,
            orphaned: None,
            goodbye: None,
            remote: RemoteDescription::default(),
        }
    }

    /// Whether the call can be forgotten.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether the user heard that it ended.
    pub(crate) fn has_ended(&self) -> bool {
        match &self.state {
            State::Over | State::Leaving(_) => true,
            State::Calling(calling) => calling.is_cancelled(),
            State::Alerting(_) | State::Confirmed(_) => false,
        }
    }

    /// The confirmed dialog, if there is one.
    pub(crate) fn dialog(&self) -> Option<&Dialog> {
        match &self.state {
            State::Confirmed(confirmed) => Some(&confirmed.dialog),
            State::Leaving(leaving) => Some(&leaving.dialog),
            State::Alerting(alerting) => Some(&alerting.dialog),
            State::Calling(_) | State::Over => None,
        }
    }

    /// The confirmed dialog, or the early ones.
    pub(crate) fn dialogs(&self) -> impl Iterator<Item = &Dialog> {
        let early = match &self.state {
            State::Calling(calling) => Some(calling.dialogs()),
            State::Alerting(_) | State::Confirmed(_) | State::Leaving(_) | State::Over => None,
        };
        self.dialog().into_iter().chain(early.into_iter().flatten())
    }

    /// Whether it is a call of ours that rings: an early dialog of it may be replaced (RFC 3891 §3).
    pub(crate) fn is_calling(&self) -> bool {
        matches!(&self.state, State::Calling(calling) if !calling.is_cancelled())
    }

    pub(crate) fn is_confirmed(&self) -> bool {
        matches!(self.state, State::Confirmed(_))
    }

    /// The flow that serves the call.
    pub(crate) fn flow(&self) -> Option<FlowId> {
        self.flow
    }

    /// When [`Call::fire`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let state = match &self.state {
            State::Calling(calling) => calling.deadline(),
            State::Alerting(alerting) => alerting.deadline(),
            State::Confirmed(confirmed) => confirmed.deadline(),
            State::Leaving(leaving) => leaving.deadline(),
            State::Over => None,
        };
        let timer = self.timer.deadline().filter(|_| self.is_confirmed());
        [state, timer, self.orphaned].into_iter().flatten().min()
    }

    /// A timer rang.
    pub(crate) fn fire(&mut self, cx: &mut Cx<'_>) {
        if self.orphaned.take_if(|until| *until <= cx.now).is_some() {
            return self.abandoned(cx);
        }
        match &self.state {
            State::Calling(_) => self.fire_calling(cx),
            State::Alerting(_) => self.fire_alerting(cx),
            State::Confirmed(_) => self.fire_confirmed(cx),
            State::Leaving(_) => self.fire_leaving(cx),
            State::Over => {}
        }
    }

    /// A response to one of the call's requests.
    pub(crate) fn receive_response(
        &mut self,
        cx: &mut Cx<'_>,
        request: RequestId,
        flow: FlowId,
        message: &Message<'_>,
    ) {
        self.served_by(cx, flow);
        match (&self.state, message.method()) {
            (State::Calling(calling), Method::Invite) if calling.request == request => {
                self.receive_invite_response(cx, message);
            }
            (_, Method::Invite) => self.receive_reinvite_response(cx, request, message),
            (_, Method::Prack) => self.receive_prack_response(cx, message),
            (_, Method::Update) => self.receive_update_response(cx, request, message),
            (_, Method::Refer) => self.receive_refer_response(cx, request, message),
            (_, Method::Bye) => self.bye_done(cx),
            (_, Method::Notify) => self.receive_notify_response(message),
            (_, _) => {
                if message.status().is_some_and(ends_dialog) {
                    self.lost(cx, message.status());
                }
            }
        }
    }

    /// One of the call's requests got no final response.
    pub(crate) fn request_failed(&mut self, cx: &mut Cx<'_>, request: RequestId, method: &Method, failure: Failure) {
        match (&self.state, method) {
            (State::Calling(calling), Method::Invite) if calling.request == request => self.invite_failed(cx, failure),
            (_, Method::Invite | Method::Update) => self.reoffer_failed(cx, request, failure),
            (_, Method::Bye) => self.bye_done(cx),
            (_, Method::Refer) => self.refer_failed(cx, request),
            (_, Method::Prack) => {}
            // A dialog that does not answer at all is gone (RFC 3261 §12.2.1.2), but only time tells it from a path
            // that changes.
            (State::Confirmed(_), _) if failure == Failure::Timeout => self.lost(cx, None),
            (_, _) => {}
        }
    }

    /// A challenge to one of the call's requests that was not answered: its request counts as refused.
    pub(crate) fn unauthorized(&mut self, cx: &mut Cx<'_>, wrong_password: bool, message: &Message<'_>) {
        if let (State::Calling(_), Method::Invite, true) = (&self.state, message.method(), wrong_password) {
            let end =
                CallEnd { by: EndedBy::Remote, reason: EndReason::WrongPassword, status: message.status(), text: None };
            self.end(cx, end);
        }
    }

    /// The next number for a request of this call that has to be sent again with credentials.
    pub(crate) fn next_cseq(&mut self, request: RequestId, message: &Message<'_>) -> u32 {
        match &mut self.state {
            State::Calling(calling) => calling.next_cseq(request, message),
            State::Confirmed(confirmed) => {
                confirmed.dialog.local_cseq += 1;
                confirmed.dialog.local_cseq
            }
            State::Leaving(leaving) => {
                leaving.dialog.local_cseq += 1;
                leaving.dialog.local_cseq
            }
            State::Alerting(alerting) => {
                alerting.dialog.local_cseq += 1;
                alerting.dialog.local_cseq
            }
            State::Over => message.cseq().sequence + 1,
        }
    }

    /// A request inside one of the call's dialogs.
    pub(crate) fn receive_request(&mut self, cx: &mut Cx<'_>, server: ServerId, flow: FlowId, message: &Message<'_>) {
        self.served_by(cx, flow);
        if !self.accept_request(message) {
            return self.refuse(cx, server, StatusCode::SERVER_INTERNAL_ERROR);
        }
        if self.has_ended() && *message.method() != Method::Bye {
            return self.refuse(cx, server, StatusCode::CALL_DOES_NOT_EXIST);
        }
        self.peer.learn(message);
        match message.method() {
            Method::Bye => self.receive_bye(cx, server, message),
            Method::Invite => self.receive_reinvite(cx, server, message),
            Method::Update => self.receive_update(cx, server, message),
            Method::Prack => self.receive_prack(cx, server, message),
            Method::Info => self.receive_info(cx, server, message),
            Method::Refer => self.receive_refer(cx, server, message),
            Method::Notify => self.receive_notify(cx, server, message),
            Method::Options => self.refuse(cx, server, StatusCode::OK),
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Subscribe
            | Method::Publish
            | Method::Message
            | Method::Other(_) => self.refuse(cx, server, StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    /// Finds the dialog that a request of the peer belongs to, and checks its sequence number.
    fn accept_request(&mut self, message: &Message<'_>) -> bool {
        let sequence = message.cseq().sequence;
        match &mut self.state {
            State::Calling(calling) => calling.accept_request(message),
            State::Alerting(alerting) => alerting.dialog.accept_cseq(sequence),
            State::Confirmed(confirmed) => confirmed.dialog.accept_cseq(sequence),
            State::Leaving(leaving) => leaving.dialog.accept_cseq(sequence),
            State::Over => true,
        }
    }

    /// Whether a request from this peer is inside one of the call's dialogs.
    pub(crate) fn is_with(&self, message: &Message<'_>) -> bool {
        match &self.state {
            State::Calling(calling) => calling.has_fork(message),
            State::Alerting(_) | State::Confirmed(_) | State::Leaving(_) => {
                self.dialog().is_some_and(|dialog| dialog.is_with(message.from()))
            }
            State::Over => false,
        }
    }

    fn refuse(&self, cx: &mut Cx<'_>, server: ServerId, status: StatusCode) {
        let mut response = cx.endpoint.response(server, status);
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers.set(HeaderName::Allow, crate::agent::ALLOW);
        }
        if status == StatusCode::SERVER_INTERNAL_ERROR {
            response.headers.set(HeaderName::RetryAfter, 1 + cx.rng.below(9));
        }
        cx.endpoint.respond(cx.now, server, &response);
    }

    /// Sends a request in the dialog.
    fn send_in_dialog(&self, cx: &mut Cx<'_>, dialog: &Dialog, request: Request) -> RequestId {
        let route = self.route(cx, dialog);
        let contact = self.contact(cx, dialog);
        let contact = refreshes_target(&request.method).then_some(contact);
        cx.send(Owner::Call(self.id), request, route, contact)
    }

    fn contact(&self, cx: &Cx<'_>, dialog: &Dialog) -> ContactTemplate {
        cx.account.contact(dialog.remote_target.scheme() == Scheme::Sips, self.anonymous)
    }

    /// The way to the peer: over the flow that serves this call as long as it leads there, else to the next hop.
    fn route(&self, cx: &Cx<'_>, dialog: &Dialog) -> Route {
        let hop = dialog.next_hop();
        if self.goes_back(cx) {
            let way = WayBack { flow: self.flow, peer: self.peer_address };
            return way.route(|flow| cx.endpoint.flow(flow).is_some(), hop);
        }
        let routed = !dialog.route_set.is_empty();
        let leads = |flow: &FlowId| {
            let Some(info) = cx.endpoint.flow(*flow) else { return false };
            let same_host = hop.host().and_then(|host| host.ip()) == Some(info.remote.ip());
            let same_port = hop.port().unwrap_or(info.protocol.default_port()) == info.remote.port();
            let whole = matches!(info.protocol, Protocol::Ws | Protocol::Wss);
            routed || whole || same_host && (same_port || info.protocol.is_reliable())
        };
        match self.flow.filter(leads) {
            Some(flow) => Route { flow: Some(flow), ..Route::to(hop.clone()) },
            // The nearest proxy is the account's: the name that its certificate bears is the account's too.
            None if self.via_server && routed => cx.account.route(hop),
            None => Route::to(hop.clone()),
        }
    }

    /// A response that opens or refreshes the dialog: with Contact, Allow and Supported.
    fn full_response(&self, cx: &Cx<'_>, server: ServerId, status: StatusCode) -> Response {
        let mut response = cx.endpoint.response(server, status);
        let flow = cx.endpoint.server_flow(server).or(self.flow);
        let address = flow.and_then(|flow| Some((cx.endpoint.flow(flow)?, cx.endpoint.contact_address(flow)?)));
        let secure = self.dialog().is_some_and(|dialog| dialog.remote_target.scheme() == Scheme::Sips);
        let contact = address.and_then(|(info, address)| cx.account.contact(secure, self.anonymous).on(info, address));
        if let Some(contact) = contact {
            response.headers.set(HeaderName::Contact, contact);
        }
        response
            .headers
            .set(HeaderName::Allow, crate::agent::ALLOW)
            .set(HeaderName::Supported, crate::agent::SUPPORTED);
        response
    }

    /// Tells the user that the call is over and forgets it.
    fn end(&mut self, cx: &mut Cx<'_>, end: CallEnd) {
        self.drop_early_offer(cx);
        self.announce_end(cx, end);
        self.become_over();
    }

    /// Tells the user that the call is over, once.
    fn announce_end(&mut self, cx: &mut Cx<'_>, end: CallEnd) {
        if self.has_ended() {
            return;
        }
        if let Some(reports_to) = self.reports_to.take() {
            let status = end.status.unwrap_or(StatusCode::REQUEST_TERMINATED);
            // A call that was answered reported its success already.
            if !self.is_confirmed() {
                cx.effects.push(Effect::TransferProgress(reports_to, status, status.reason().to_owned()));
            }
        }
        self.orphaned = None;
        cx.call_event(self.id, CallEvent::Ended(end));
    }

    fn become_over(&mut self) {
        self.timer = SessionTimer::Off;
        self.state = State::Over;
    }

    /// Ends a call as its state demands: CANCEL, BYE or a refusal.
    pub(crate) fn hang_up(&mut self, cx: &mut Cx<'_>) -> Result<(), Misuse> {
        match &self.state {
            State::Calling(calling) if !calling.is_cancelled() => {
                self.cancel(cx, EndedBy::Local, EndReason::Cancelled);
                Ok(())
            }
            State::Alerting(_) => self.reject(cx, StatusCode::DECLINE, None),
            State::Confirmed(_) => {
                self.leave(cx, CallEnd { by: EndedBy::Local, reason: EndReason::HungUp, status: None, text: None });
                Ok(())
            }
            State::Calling(_) | State::Leaving(_) | State::Over => Err(Misuse::UnknownCall),
        }
    }

    /// Another call took this one's place.
    pub(crate) fn end_replaced(&mut self, cx: &mut Cx<'_>, end: CallEnd) {
        if self.is_confirmed() {
            self.leave(cx, end);
        } else if self.is_calling() {
            self.cancel(cx, end.by, end.reason);
        }
    }

    fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        match &mut self.state {
            State::Confirmed(confirmed) => Some(&mut confirmed.dialog),
            State::Leaving(leaving) => Some(&mut leaving.dialog),
            State::Alerting(alerting) => Some(&mut alerting.dialog),
            State::Calling(_) | State::Over => None,
        }
    }

    /// Builds a request in the confirmed or our own early dialog, and sends it.
    fn request(&mut self, cx: &mut Cx<'_>, method: Method, fill: impl FnOnce(&mut Request)) -> Option<RequestId> {
        let dialog = self.dialog_mut()?;
        let mut request = dialog.request(method);
        fill(&mut request);
        let dialog = self.dialog()?.clone();
        Some(self.send_in_dialog(cx, &dialog, request))
    }
}

/// The refusals of any request that end its dialog (RFC 3261 §12.2.1.2).
fn ends_dialog(status: StatusCode) -> bool {
    matches!(status, StatusCode::CALL_DOES_NOT_EXIST | StatusCode::REQUEST_TIMEOUT)
}

const fn refreshes_target(method: &Method) -> bool {
    matches!(method, Method::Invite | Method::Update | Method::Refer | Method::Subscribe | Method::Notify)
}

/// The session description of a message, also out of a multipart body.
fn description(message: &Message<'_>) -> Option<Body> {
    let part = message.parts().find(|part| part.content_type.is_some_and(|found| found.is("application/sdp")))?;
    Some(Body::new("application/sdp", part.body))
}

/// A URI with `method`, `headers` and the like taken off, as a Request-URI.
fn request_uri(uri: &Uri) -> Uri {
    uri.without_headers().without_param("method")
}
