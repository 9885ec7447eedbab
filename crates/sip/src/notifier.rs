//! Subscriptions that others hold with us, RFC 6665 §4.2. What the packages mean is not for this layer.

use std::collections::VecDeque;

use bellbird_base::{Duration, FlowId, Instant};

use crate::agent::context::{Cx, Owner};
use crate::agent::{AccountId, Body, Event, ServerEvent, WatcherEnd, WatcherEvent, WatcherId};
use crate::dialog::Dialog;
use crate::endpoint::{RequestId, WayBack};
use crate::message::{HeaderName, Message, Method};
use crate::status::StatusCode;

/// Notifications that wait for the response to the one before; of more the oldest is dropped.
const WAITING: usize = 16;

/// One subscription that somebody holds with us.
#[derive(Debug)]
pub(crate) struct Watcher {
    id: WatcherId,
    pub(crate) account: AccountId,
    pub(crate) dialog: Dialog,
    /// Event with its `id`, as the subscriber wrote it.
    event: String,
    way: WayBack,
    state: State,
    sending: Option<RequestId>,
    waiting: VecDeque<Notice>,
}

/// ```text
///         granted 0, end_watcher(), it expires           NOTIFY answered, no NOTIFY in time
/// Active ──────────────────────────────────────► Ending ──────────────────────────────────► Over
///   └── NOTIFY refused or not answered ─────────────────────────────────────────────────────▲
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It holds until then.
    Active {
        expires: Instant,
    },
    /// The last NOTIFY is out, or still to be given; nobody waits longer than this.
    Ending {
        until: Instant,
        said: bool,
    },
    Over,
}

/// A NOTIFY to send.
#[derive(Clone, Debug)]
struct Notice {
    state: NoticeState,
    body: Option<Body>,
}

#[derive(Clone, Debug)]
enum NoticeState {
    Active,
    Pending,
    Terminated(String),
}

impl Watcher {
    pub(crate) fn new(
        cx: &Cx<'_>,
        id: WatcherId,
        dialog: Dialog,
        event: String,
        flow: FlowId,
        granted: Duration,
    ) -> Self {
        let mut watcher = Self {
            id,
            account: cx.account.id,
            dialog,
            event,
            way: WayBack::over(flow, cx.endpoint.flow(flow)),
            state: State::Over,
            sending: None,
            waiting: VecDeque::new(),
        };
        watcher.grant(cx, granted);
        watcher
    }

    /// Holds for this long from now on; with nothing granted the next NOTIFY is the last one.
    fn grant(&mut self, cx: &Cx<'_>, granted: Duration) {
        self.state = if granted.is_zero() {
            State::Ending { until: cx.now + cx.config.timers.patience() * 2, said: false }
        } else {
            State::Active { expires: cx.now + granted }
        };
    }

    /// The flow that leads to the subscriber.
    pub(crate) fn flow(&self) -> Option<FlowId> {
        self.way.flow
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Whether notifications make sense no more.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state, State::Over | State::Ending { said: true, .. })
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Active { expires } => Some(expires),
            State::Ending { until, .. } => Some(until),
            State::Over => None,
        }
    }

    pub(crate) fn fire(&mut self, cx: &mut Cx<'_>) {
        if self.deadline().is_none_or(|at| at > cx.now) {
            return;
        }
        match self.state {
            State::Active { .. } => {
                self.tell(cx, WatcherEvent::Ended(WatcherEnd::Expired));
                self.say_last(cx, "timeout", None);
            }
            State::Ending { .. } => self.become_over(),
            State::Over => {}
        }
    }

    /// Tells the subscriber what there is. The last NOTIFY where nothing more was granted.
    pub(crate) fn notify(&mut self, cx: &mut Cx<'_>, pending: bool, body: Option<Body>) {
        match self.state {
            State::Active { .. } => {
                let state = if pending { NoticeState::Pending } else { NoticeState::Active };
                self.enqueue(cx, Notice { state, body });
            }
            State::Ending { said: false, .. } => {
                self.tell(cx, WatcherEvent::Ended(WatcherEnd::Unsubscribed));
                self.say_last(cx, "timeout", body);
            }
            State::Ending { said: true, .. } | State::Over => {}
        }
    }

    /// Ends it from our side.
    pub(crate) fn end(&mut self, cx: &mut Cx<'_>, reason: &str, body: Option<Body>) {
        self.say_last(cx, reason, body);
    }

    fn say_last(&mut self, cx: &mut Cx<'_>, reason: &str, body: Option<Body>) {
        self.state = State::Ending { until: cx.now + cx.config.timers.patience() * 2, said: true };
        self.enqueue(cx, Notice { state: NoticeState::Terminated(reason.to_owned()), body });
    }

    fn enqueue(&mut self, cx: &mut Cx<'_>, notice: Notice) {
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(notice);
        self.send_next(cx);
    }

    /// One at a time: over UDP a later one might overtake, and be refused as out of order.
    fn send_next(&mut self, cx: &mut Cx<'_>) {
        if self.sending.is_some() {
            return;
        }
        let Some(notice) = self.waiting.pop_front() else { return };
        let state = self.subscription_state(cx, &notice.state);
        let mut request = self.dialog.request(Method::Notify);
        request
            .headers
            .push(HeaderName::Contact, "")
            .push(HeaderName::Event, &self.event)
            .push(HeaderName::SubscriptionState, state);
        request.set_body(notice.body.as_ref());
        let contact = cx.account.contact(false, false);
        let route = self.way.route(|flow| cx.endpoint.flow(flow).is_some(), self.dialog.next_hop());
        self.sending = Some(cx.send(Owner::Watcher(self.id), request, route, Some(contact)));
    }

    fn subscription_state(&self, cx: &Cx<'_>, state: &NoticeState) -> String {
        let left = match self.state {
            State::Active { expires } => expires.since(cx.now).as_secs(),
            State::Ending { .. } | State::Over => 0,
        };
        match state {
            NoticeState::Active => format!("active;expires={left}"),
            NoticeState::Pending => format!("pending;expires={left}"),
            NoticeState::Terminated(reason) => format!("terminated;reason={reason}"),
        }
    }

    /// A SUBSCRIBE of the subscriber was accepted: refresh or end.
    pub(crate) fn refreshed(&mut self, cx: &Cx<'_>, granted: Duration) {
        if !self.has_ended() {
            self.grant(cx, granted);
        }
    }

    /// A SUBSCRIBE in the dialog came in. Gives whether it is in order.
    pub(crate) fn receive_subscribe(
        &mut self,
        cx: &Cx<'_>,
        flow: FlowId,
        message: &Message<'_>,
    ) -> Result<(), StatusCode> {
        if !self.dialog.is_with(message.from()) || self.has_ended() {
            return Err(StatusCode::CALL_DOES_NOT_EXIST);
        }
        if !self.dialog.accept_cseq(message.cseq().sequence) {
            return Err(StatusCode::SERVER_INTERNAL_ERROR);
        }
        self.dialog.refresh_target(message);
        self.served_by(cx, flow);
        Ok(())
    }

    /// From now on this flow leads to the subscriber.
    pub(crate) fn served_by(&mut self, cx: &Cx<'_>, flow: FlowId) {
        self.way = WayBack::over(flow, cx.endpoint.flow(flow));
    }

    pub(crate) fn receive_response(&mut self, cx: &mut Cx<'_>, request: RequestId, message: &Message<'_>) {
        let Some(status) = message.status().filter(|status| status.is_final()) else { return };
        if self.sending != Some(request) {
            return;
        }
        self.sending = None;
        if forgets_us(status) {
            return self.lost(cx, Some(status));
        }
        if status.is_success() && !self.has_ended() {
            self.tell(cx, WatcherEvent::Told { waiting: self.waiting.len() });
        }
        self.go_on(cx);
    }

    pub(crate) fn request_failed(&mut self, cx: &mut Cx<'_>, request: RequestId) {
        if self.sending == Some(request) {
            self.sending = None;
            self.lost(cx, None);
        }
    }

    fn go_on(&mut self, cx: &mut Cx<'_>) {
        let done = matches!(self.state, State::Ending { said: true, .. }) && self.waiting.is_empty();
        if done { self.become_over() } else { self.send_next(cx) }
    }

    fn lost(&mut self, cx: &mut Cx<'_>, status: Option<StatusCode>) {
        if !self.has_ended() {
            self.tell(cx, WatcherEvent::Ended(WatcherEnd::Lost(status)));
        }
        self.become_over();
    }

    fn become_over(&mut self) {
        self.state = State::Over;
        self.waiting.clear();
    }

    pub(crate) fn next_cseq(&mut self) -> u32 {
        self.dialog.local_cseq += 1;
        self.dialog.local_cseq
    }

    fn tell(&self, cx: &mut Cx<'_>, event: WatcherEvent) {
        cx.events.push_back(Event::Server(ServerEvent::Watcher(self.id, event)));
    }
}

/// Whether a refusal of NOTIFY ends the subscription (RFC 6665 §4.2.2, RFC 5057 §5.1); others cost one notification.
fn forgets_us(status: StatusCode) -> bool {
    matches!(status.code(), 401 | 403 | 404 | 405 | 407 | 408 | 410 | 416 | 480..=485 | 489 | 501 | 604)
}
