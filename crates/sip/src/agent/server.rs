//! A user agent as a server: whoever owns it answers what no call and no account takes.
//!
//! ```text
//! REGISTER, SUBSCRIBE, PUBLISH, OPTIONS, MESSAGE, REFER, INVITE outside a dialog
//!     └──► ServerEvent::Request ──┬── respond ──────────────► final response
//!                                 ├── accept_invite ────────► CallEvent::Incoming, a call as any other
//!                                 └── accept_subscription ──► a watcher: notify, end_watcher
//! ```
//!
//! Retransmissions are absorbed, and answered once there is something to answer. A request that nobody answers stays:
//! each one has to be answered, late rather than never.

use std::net::SocketAddr;
use std::sync::Arc;

use bellbird_base::{Duration, FlowId, FlowInfo, Instant};

use super::UserAgent;
use super::command::Misuse;
use super::config::AccountId;
use super::context::Owner;
use super::event::{CallId, Event};
use super::io::FlowEnd;
use super::watchers::{WatcherEvent, WatcherId};
use crate::call::{Call, SavedCall};
use crate::dialog::Dialog;
use crate::endpoint::ServerId;
use crate::message::{Body, Fields, HeaderName, Headers, Message, Method, Request};
use crate::status::StatusCode;
use crate::uri::Uri;

/// Something that only a server hears.
#[derive(Clone, Debug)]
pub enum ServerEvent {
    /// A request outside a dialog that has to be answered.
    Request(Box<InboundRequest>),
    /// The INVITE with this name was given up before it was answered or became a call; it is answered (487).
    Cancelled(ServerId),
    /// Something happened to a subscription that somebody holds with us.
    Watcher(WatcherId, WatcherEvent),
    /// A flow ended.
    FlowClosed(FlowId, FlowEnd),
}

/// A request outside a dialog.
#[derive(Clone, Debug)]
pub struct InboundRequest {
    /// Its name until it is answered.
    pub id: ServerId,
    /// The flow that it came over.
    pub flow: FlowId,
    /// That flow's transport and addresses.
    pub via: FlowInfo,
    /// The account of ours whose server this INVITE came from: a trunk. None of other methods.
    pub account: Option<AccountId>,
    /// What is asked for; typed fields by [`Fields`] of `&request.headers`.
    pub request: Arc<Request>,
}

/// What names a dialog (RFC 3261 §12), as our end sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialogName {
    /// Call-ID.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// The peer's tag.
    pub remote_tag: String,
}

impl DialogName {
    fn of(dialog: &Dialog) -> Self {
        Self {
            call_id: dialog.call_id.clone(),
            local_tag: dialog.local_tag().to_owned(),
            remote_tag: dialog.remote_tag().to_owned(),
        }
    }
}

/// A request that waits for its answer.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    flow: FlowId,
    request: Arc<Request>,
}

/// How to answer a request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: StatusCode,
    /// The reason phrase, if not the registered one.
    pub words: Option<String>,
    /// Further header fields, such as Reason, Retry-After, WWW-Authenticate, Contact.
    pub headers: Headers,
    /// The body.
    pub body: Option<Body>,
}

impl Reply {
    /// A bare answer.
    pub const fn new(status: StatusCode) -> Self {
        Self { status, words: None, headers: Headers::new(), body: None }
    }

    /// The same with this reason phrase.
    #[must_use]
    pub fn saying(self, words: impl Into<String>) -> Self {
        Self { words: Some(words.into()), ..self }
    }

    /// The same with one more header field.
    #[must_use]
    pub fn with(mut self, name: HeaderName<'_>, value: impl core::fmt::Display) -> Self {
        self.headers.push(name, value);
        self
    }

    /// The same with a Retry-After.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        self.with(HeaderName::RetryAfter, wait.as_secs().max(1))
    }
}

impl UserAgent {
    /// Answers a request that [`ServerEvent::Request`] told. A provisional answer may be followed by others.
    ///
    /// # Errors
    /// Where it is answered already, given up, or became a call.
    pub fn respond(&mut self, now: Instant, id: ServerId, reply: Reply) -> Result<(), Misuse> {
        self.now = self.now.max(now);
        if !self.waiting.contains_key(&id) {
            return Err(Misuse::UnknownRequest);
        }
        if reply.status.is_final() {
            self.waiting.remove(&id);
        }
        self.send_reply(id, reply);
        self.settle();
        Ok(())
    }

    pub(super) fn send_reply(&mut self, id: ServerId, reply: Reply) {
        let mut response = self.endpoint.response(id, reply.status);
        if let Some(words) = reply.words {
            response.reason = words;
        }
        response.headers.append(&reply.headers);
        response.set_body(reply.body.as_ref());
        self.endpoint.respond(self.now, id, &response);
    }

    /// A request that waits for its answer, with the flow that it came over: also a SUBSCRIBE inside a subscription.
    pub fn waiting_request(&self, id: ServerId) -> Option<(FlowId, Arc<Request>)> {
        self.waiting.get(&id).map(|waiting| (waiting.flow, Arc::clone(&waiting.request)))
    }

    /// Turns an INVITE that [`ServerEvent::Request`] told into a call of this account: `CallEvent::Incoming` follows.
    ///
    /// # Errors
    /// Where there is no such account or INVITE any more, or where the INVITE makes no call ([`Misuse::Refused`]): then
    /// it was answered.
    pub fn accept_invite(&mut self, now: Instant, id: ServerId, account: AccountId) -> Result<CallId, Misuse> {
        self.now = self.now.max(now);
        self.known_account(account)?;
        let invite = |waiting: &&Waiting| waiting.request.method == Method::Invite;
        let Waiting { flow, request } = self.waiting.get(&id).filter(invite).cloned().ok_or(Misuse::UnknownRequest)?;
        self.waiting.remove(&id);
        let bytes = request.to_bytes();
        let Ok(message) = Message::parse(&bytes) else {
            self.endpoint.refuse(self.now, id, StatusCode::BAD_REQUEST);
            return Err(Misuse::Refused);
        };
        let call = self.take_invite(account, id, flow, &message);
        self.settle();
        call.ok_or(Misuse::Refused)
    }

    /// Keeps a flow open that a peer may be reached over, though nothing passes: a registration's. Undone by
    /// [`UserAgent::release_flow`], and by its end.
    pub fn hold_flow(&mut self, flow: FlowId) {
        if self.endpoint.flow(flow).is_some() {
            self.held_flows.insert(flow);
        }
    }

    /// Lets a flow go that was held.
    pub fn release_flow(&mut self, flow: FlowId) {
        self.held_flows.remove(&flow);
    }

    /// What is known about a flow that is open.
    pub fn flow(&self, flow: FlowId) -> Option<FlowInfo> {
        self.endpoint.flow(flow)
    }

    /// Where a call's messages come from and go to; nothing before the first is under way.
    pub fn call_peer(&self, call: CallId) -> Option<SocketAddr> {
        self.calls.get(&call)?.peer().map(|(_, address)| address)
    }

    /// From now on this flow serves a call: its device registered anew over it.
    ///
    /// # Errors
    /// Where there is no such call any more.
    pub fn move_call(&mut self, now: Instant, call: CallId, flow: FlowId) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| {
            call.served_by(cx, flow);
            Ok(())
        })
    }

    /// The dialog of a call, or its early dialogs if it is a call of ours that rings: what a Replaces can name.
    pub fn dialogs(&self, call: CallId) -> Vec<DialogName> {
        self.calls.get(&call).into_iter().flat_map(Call::dialogs).map(DialogName::of).collect()
    }

    /// An answered call as plain data, to be stored at its answer and after each exchange of offer and answer.
    pub fn save_call(&mut self, now: Instant, call: CallId) -> Option<SavedCall> {
        self.now = self.now.max(now);
        self.with_call(call, |call, cx| call.save(cx)).flatten()
    }

    /// A call that comes in as plain data, as it will be once it is answered with this description: to be stored before
    /// the caller hears of the answer. What the 2xx agrees on besides is in [`UserAgent::save_call`] only.
    pub fn save_answered_call(&mut self, now: Instant, call: CallId, answer: &Body) -> Option<SavedCall> {
        self.now = self.now.max(now);
        self.with_call(call, |call, cx| call.save_answered_with(cx, answer)).flatten()
    }

    /// Goes on with a call that was saved in an earlier life. No event follows from that.
    ///
    /// # Errors
    /// Where there is no such account, or a URI in it is none.
    pub fn restore_call(&mut self, now: Instant, account: AccountId, saved: SavedCall) -> Result<CallId, Misuse> {
        self.now = self.now.max(now);
        self.known_account(account)?;
        self.last_call += 1;
        let id = CallId(self.last_call);
        let call = self.with_account(account, |cx| Call::restore(cx, id, account, saved));
        self.keep_call(call.unwrap_or(Err(Misuse::UnknownAccount))?, None);
        self.settle();
        Ok(id)
    }

    /// From now on this flow serves the calls and subscriptions that the other one served: their device registered anew
    /// over it. The old one may be gone already.
    pub fn move_flow(&mut self, now: Instant, from: FlowId, to: FlowId) {
        self.now = self.now.max(now);
        for user in self.flow_users.of(from).collect::<Vec<_>>() {
            match user {
                Owner::Call(call) => {
                    self.with_call(call, |call, cx| call.served_by(cx, to));
                }
                Owner::Watcher(watcher) => {
                    self.with_watcher(watcher, |watcher, cx| watcher.served_by(cx, to));
                }
                Owner::Registration(_)
                | Owner::Subscription(_)
                | Owner::Publication(_)
                | Owner::Options(_)
                | Owner::Nobody(_) => {}
            }
        }
        self.settle();
    }

    /// A device registered over this flow with this Contact: calls of its that were restored go on over it. Gives how many. A device is known by the user part of its Contact, and by its address or host name.
    pub fn adopt_flow(&mut self, now: Instant, flow: FlowId, contact: &Uri) -> usize {
        self.now = self.now.max(now);
        let Some(info) = self.endpoint.flow(flow) else { return 0 };
        let its = |id: &&CallId| self.calls.get(id).is_some_and(|call| call.is_with_device(contact, info.remote.ip()));
        let calls: Vec<CallId> = self.orphans.iter().filter(its).copied().collect();
        for call in &calls {
            self.with_call(*call, |call, cx| call.served_by(cx, flow));
        }
        self.settle();
        calls.len()
    }

    /// Tells the owner about a request that no dialog takes.
    pub(super) fn hand_up(&mut self, server: ServerId, flow: FlowId, message: &Message<'_>) {
        let (Some(via), Some(request)) = (self.endpoint.flow(flow), Request::of(message)) else { return };
        let account = (request.method == Method::Invite).then(|| self.account_for(flow, message)).flatten();
        let request = Arc::new(request);
        self.waiting.insert(server, Waiting { flow, request: Arc::clone(&request) });
        let inbound = InboundRequest { id: server, flow, via, account, request };
        self.tell_owner(ServerEvent::Request(Box::new(inbound)));
    }

    /// The caller gave an INVITE up that the owner did not answer yet. Gives whether it was one.
    pub(super) fn cancel_waiting(&mut self, server: ServerId) -> bool {
        let known = self.waiting.remove(&server).is_some();
        if known {
            self.endpoint.refuse(self.now, server, StatusCode::REQUEST_TERMINATED);
            self.tell_owner(ServerEvent::Cancelled(server));
        }
        known
    }

    pub(super) fn tell_owner(&mut self, event: ServerEvent) {
        self.events.push_back(Event::Server(event));
    }

    /// The SUBSCRIBE with this name, if it still waits.
    pub(super) fn waiting_subscription(&mut self, id: ServerId) -> Option<(FlowId, Arc<Request>)> {
        let subscribe = |waiting: &&Waiting| waiting.request.method == Method::Subscribe;
        self.waiting.get(&id).filter(subscribe)?;
        self.waiting.remove(&id).map(|waiting| (waiting.flow, waiting.request))
    }

    pub(super) fn wait_for_answer(&mut self, server: ServerId, flow: FlowId, message: &Message<'_>) {
        if let Some(request) = Request::of(message) {
            self.waiting.insert(server, Waiting { flow, request: Arc::new(request) });
        }
    }
}

/// How long a SUBSCRIBE asks for; `None` where it leaves that to the package.
pub(super) fn asked_expiry(message: &Message<'_>) -> Option<Duration> {
    message.expires().map(|seconds| Duration::from_secs(seconds.into()))
}
