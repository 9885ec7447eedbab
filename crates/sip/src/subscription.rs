//! Subscriptions of ours, RFC 6665. What the packages mean is not for this layer.

use bellbird_base::{Duration, Instant, Rng};

use crate::agent::context::{Cx, Effect, Owner};
use crate::agent::{
    AccountId, Body, Event, Notification, Subscribe, SubscriptionEnd, SubscriptionEvent, SubscriptionId,
};
use crate::dialog::Dialog;
use crate::endpoint::{RequestId, Route, ServerId};
use crate::message::{Address, Fields, HeaderName, Message, Method, Request};
use crate::status::{StatusClass, StatusCode};

/// Wait before the next attempt where the notifier names none, and its limit.
const RETRY_BASE: Duration = Duration::from_secs(30);
const RETRY_LIMIT: Duration = Duration::from_secs(1800);

/// One subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    id: SubscriptionId,
    pub(crate) account: AccountId,
    wish: Subscribe,
    state: State,
    call_id: String,
    tag: String,
    cseq: u32,
    dialog: Option<Dialog>,
    request: Option<RequestId>,
    at_least: Option<u32>,
    failures: u32,
}

/// ```text
///            2xx, NOTIFY            unsubscribe()
/// Starting ──────────────► Active ────────────────► Leaving ──► Over
///    ▲  │ refused for good    │ refresh at its time              ▲
///    │  └─────────────────────┼── terminated for good ───────────┘
///    └──────── Waiting ◄──────┴── 481, probation, no answer
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first SUBSCRIBE of a dialog is out.
    Starting,
    /// It holds; it is refreshed then.
    Active {
        refresh: Instant,
    },
    /// Another dialog is tried then.
    Waiting {
        until: Instant,
    },
    /// Given up by us; the last NOTIFY may still come.
    Leaving {
        until: Instant,
    },
    Over,
}

impl Subscription {
    pub(crate) fn start(cx: &mut Cx<'_>, id: SubscriptionId, account: AccountId, wish: Subscribe) -> Self {
        let mut subscription = Self {
            id,
            account,
            wish,
            state: State::Starting,
            call_id: String::new(),
            tag: String::new(),
            cseq: 0,
            dialog: None,
            request: None,
            at_least: None,
            failures: 0,
        };
        subscription.start_dialog(cx);
        subscription
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Whether the user gave it up.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state, State::Leaving { .. } | State::Over)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Starting | State::Over => None,
            State::Active { refresh: at } | State::Waiting { until: at } | State::Leaving { until: at } => Some(at),
        }
    }

    pub(crate) fn next_cseq(&mut self) -> u32 {
        match &mut self.dialog {
            Some(dialog) => {
                dialog.local_cseq += 1;
                dialog.local_cseq
            }
            None => {
                self.cseq += 1;
                self.cseq
            }
        }
    }

    pub(crate) fn fire(&mut self, cx: &mut Cx<'_>) {
        if self.deadline().is_none_or(|at| at > cx.now) {
            return;
        }
        match self.state {
            State::Active { .. } => {
                // Without an answer the refresh's own failure leads on.
                self.state = State::Active { refresh: Instant::FAR_FUTURE };
                self.send(cx, self.expires(), None);
            }
            State::Waiting { .. } => self.start_dialog(cx),
            State::Leaving { .. } => self.state = State::Over,
            State::Starting | State::Over => {}
        }
    }

    fn expires(&self) -> u64 {
        self.wish.expires.as_secs().max(u64::from(self.at_least.unwrap_or(0)))
    }

    fn start_dialog(&mut self, cx: &mut Cx<'_>) {
        (self.call_id, self.tag, self.cseq, self.dialog) = (cx.rng.token(24), cx.rng.token(12), 0, None);
        self.state = State::Starting;
        cx.effects.push(Effect::DialogOf(self.call_id.clone(), self.tag.clone(), Owner::Subscription(self.id)));
        let body = self.wish.body.clone();
        self.send(cx, self.expires(), body.as_ref());
    }

    fn send(&mut self, cx: &mut Cx<'_>, expires: u64, body: Option<&Body>) {
        let (mut request, route) = match &mut self.dialog {
            Some(dialog) => {
                let request = dialog.request(Method::Subscribe);
                let hop = dialog.next_hop().clone();
                let routed = !dialog.route_set.is_empty() && cx.account.server().is_some();
                (request, if routed { cx.account.route(&hop) } else { Route::to(hop) })
            }
            None => {
                self.cseq += 1;
                (self.first_request(cx), cx.account.route(&self.wish.target))
            }
        };
        request
            .headers
            .push(HeaderName::Contact, "")
            .push(HeaderName::Event, &self.wish.event)
            .push(HeaderName::Expires, expires)
            .push(HeaderName::Allow, crate::agent::ALLOW)
            .push(HeaderName::Supported, crate::agent::SUPPORTED);
        if !self.wish.accept.is_empty() {
            request.headers.push(HeaderName::Accept, self.wish.accept.join(", "));
        }
        request.set_body(body);
        let contact = cx.account.contact(false, false);
        self.request = Some(cx.send(Owner::Subscription(self.id), request, route, Some(contact)));
    }

    fn first_request(&self, cx: &Cx<'_>) -> Request {
        let target = self.wish.target.without_headers();
        let mut request = Request::new(Method::Subscribe, target.clone());
        cx.account.preload_route(&mut request);
        request
            .headers
            .push(HeaderName::MaxForwards, 70)
            .push(HeaderName::From, cx.account.identity().with_tag(&self.tag))
            .push(HeaderName::To, Address::new(target))
            .push(HeaderName::CallId, &self.call_id)
            .push(HeaderName::CSeq, format!("{} SUBSCRIBE", self.cseq));
        request
    }

    pub(crate) fn receive_response(&mut self, cx: &mut Cx<'_>, request: RequestId, message: &Message<'_>) {
        let Some(status) = message.status().filter(|status| status.is_final()) else { return };
        if self.request != Some(request) || self.has_ended() {
            return;
        }
        self.request = None;
        if status.is_success() {
            return self.accepted(cx, message);
        }
        match (status, message.number(HeaderName::MinExpires)) {
            (StatusCode::INTERVAL_TOO_BRIEF, Some(least)) if self.at_least.is_none() => {
                self.at_least = Some(least.min(86_400));
                self.send(cx, self.expires(), None);
            }
            // The notifier forgot us: a new dialog (RFC 6665 §4.1.2.2).
            (StatusCode::CALL_DOES_NOT_EXIST, _) if self.dialog.is_some() => self.start_dialog(cx),
            (_, _) => {
                let after = message.retry_after().map(|after| Duration::from_secs(after.seconds.into()));
                let temporary = matches!(status.class(), StatusClass::ServerError)
                    || status == StatusCode::REQUEST_TIMEOUT
                    || after.is_some();
                let retry = temporary.then(|| after.unwrap_or_else(|| self.backoff(cx.rng)));
                self.ended(cx, SubscriptionEnd::Refused(status), retry);
            }
        }
    }

    fn accepted(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) {
        self.failures = 0;
        let known = self.dialog.as_ref().is_some_and(|dialog| dialog.is_with(message.to()));
        match (known, &mut self.dialog) {
            (true, Some(dialog)) => dialog.refresh_target(message),
            (false, None) => self.dialog = Dialog::uac(message).ok(),
            // Another fork than the one whose NOTIFY came first.
            (_, _) => {}
        }
        let seconds = message.expires().map_or(self.expires(), u64::from).clamp(1, 30 * 86_400);
        let expires = Duration::from_secs(seconds);
        self.state = State::Active { refresh: cx.now + refresh_after(cx.rng, expires) };
        self.tell(cx, SubscriptionEvent::Accepted { expires });
    }

    pub(crate) fn request_failed(&mut self, cx: &mut Cx<'_>, request: RequestId) {
        if self.request == Some(request) && !self.has_ended() {
            self.request = None;
            let wait = self.backoff(cx.rng);
            self.ended(cx, SubscriptionEnd::Unreachable, Some(wait));
        }
    }

    /// News in the subscription's dialog, or the message that makes it (RFC 6665 §4.4.1).
    pub(crate) fn receive_notify(&mut self, cx: &mut Cx<'_>, server: ServerId, message: &Message<'_>) {
        if self.dialog.is_none()
            && let Ok(dialog) = Dialog::uas(message, &self.tag)
        {
            self.dialog = Some(Dialog { local_cseq: self.cseq, ..dialog });
        }
        let sequence = message.cseq().sequence;
        let accepted = match &mut self.dialog {
            Some(dialog) if dialog.is_with(message.from()) => dialog.accept_cseq(sequence),
            Some(_) | None => return cx.endpoint.refuse(cx.now, server, StatusCode::CALL_DOES_NOT_EXIST),
        };
        if !accepted {
            return cx.endpoint.refuse(cx.now, server, StatusCode::SERVER_INTERNAL_ERROR);
        }
        let (Some(event), Some(state)) = (message.event(), message.subscription_state()) else {
            return cx.endpoint.refuse(cx.now, server, StatusCode::BAD_REQUEST);
        };
        if !event.package.eq_ignore_ascii_case(self.package()) {
            return cx.endpoint.refuse(cx.now, server, StatusCode::BAD_EVENT);
        }
        cx.endpoint.refuse(cx.now, server, StatusCode::OK);
        if let Some(dialog) = &mut self.dialog {
            dialog.refresh_target(message);
        }
        if !self.has_ended() {
            let news = Notification { event: event.package.to_owned(), body: Body::of(message) };
            self.tell(cx, SubscriptionEvent::Notify(news));
        }
        if state.state.eq_ignore_ascii_case("terminated") {
            return self.terminated(cx, state.reason(), state.retry_after());
        }
        if let (State::Starting | State::Active { .. }, Some(seconds)) = (self.state, state.expires()) {
            let expires = Duration::from_secs(u64::from(seconds).clamp(1, 30 * 86_400));
            self.state = State::Active { refresh: cx.now + refresh_after(cx.rng, expires) };
        }
    }

    fn package(&self) -> &str {
        self.wish.event.split(';').next().unwrap_or_default().trim()
    }

    /// RFC 6665 §4.1.3.
    fn terminated(&mut self, cx: &mut Cx<'_>, reason: Option<&str>, retry_after: Option<u32>) {
        if self.has_ended() {
            self.state = State::Over;
            return;
        }
        let named = retry_after.map(|seconds| Duration::from_secs(seconds.into()));
        let retry = match reason.map(str::to_ascii_lowercase).as_deref() {
            Some("deactivated" | "timeout") => Some(named.unwrap_or(Duration::from_secs(1))),
            Some("probation" | "giveup") | None => Some(named.unwrap_or_else(|| self.backoff(cx.rng))),
            Some("rejected" | "noresource" | "invariant") => None,
            Some(_) => Some(named.unwrap_or_else(|| self.backoff(cx.rng))),
        };
        self.ended(cx, SubscriptionEnd::Terminated(reason.map(str::to_owned)), retry);
    }

    fn ended(&mut self, cx: &mut Cx<'_>, reason: SubscriptionEnd, retry: Option<Duration>) {
        let until = retry.map(|wait| cx.now + wait);
        self.state = until.map_or(State::Over, |until| State::Waiting { until });
        self.dialog = None;
        self.request = None;
        self.tell(cx, SubscriptionEvent::Ended { reason, retry: until });
    }

    /// Gives the subscription up.
    pub(crate) fn unsubscribe(&mut self, cx: &mut Cx<'_>) {
        self.tell(cx, SubscriptionEvent::Ended { reason: SubscriptionEnd::Unsubscribed, retry: None });
        if self.dialog.is_some() {
            self.send(cx, 0, None);
            self.state = State::Leaving { until: cx.now + cx.config.timers.patience() };
        } else if let (State::Starting, Some(_)) = (self.state, self.request) {
            // The notifier may have taken it: its NOTIFY will get a 481.
            self.state = State::Leaving { until: cx.now + cx.config.timers.patience() };
        } else {
            self.state = State::Over;
        }
    }

    fn backoff(&mut self, rng: &mut Rng) -> Duration {
        let doubled = RETRY_BASE.saturating_mul(2_u32.saturating_pow(self.failures.min(16)));
        self.failures += 1;
        doubled.min(RETRY_LIMIT).mul_f64(0.5 + 0.5 * rng.unit())
    }

    fn tell(&self, cx: &mut Cx<'_>, event: SubscriptionEvent) {
        cx.events.push_back(Event::Subscription(self.id, event));
    }
}

fn refresh_after(rng: &mut Rng, expires: Duration) -> Duration {
    expires.mul_f64(0.8 + 0.1 * rng.unit())
}
