//! Publications of ours, RFC 3903.

use bellbird_base::{Duration, Instant};

use crate::agent::context::{Cx, Owner};
use crate::agent::{AccountId, Body, Event, PublicationEvent, PublicationId, Publish};
use crate::endpoint::RequestId;
use crate::message::{Address, Fields, HeaderName, Message, Method, Request};
use crate::status::{StatusClass, StatusCode};

/// Wait before the next attempt after a failure that may pass.
const RETRY: Duration = Duration::from_secs(60);

/// One publication.
#[derive(Debug)]
pub(crate) struct Publication {
    id: PublicationId,
    pub(crate) account: AccountId,
    wish: Publish,
    call_id: String,
    tag: String,
    cseq: u32,
    /// The name that the server gave our state.
    entity_tag: Option<String>,
    state: State,
    at_least: Option<u32>,
}

/// ```text
///                  2xx                   time to refresh, new body
/// Sending(what) ─────────► Published ───────────────────────────► Sending
///    │  ▲ 412, 423              │ unpublish()
///    │  └── a while ── Waiting  └──► Sending(Removal) ── any answer ──► Over
///    └── refused ──► Over
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Sending { request: RequestId, what: What, again: bool },
    Published { refresh: Instant },
    Waiting { until: Instant },
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// The state itself, first or changed.
    Body,
    /// Only that it still holds.
    Refresh,
    Removal,
}

impl Publication {
    pub(crate) fn start(cx: &mut Cx<'_>, id: PublicationId, account: AccountId, wish: Publish) -> Self {
        let (call_id, tag) = (cx.rng.token(24), cx.rng.token(12));
        let mut publication =
            Self { id, account, wish, call_id, tag, cseq: 0, entity_tag: None, state: State::Over, at_least: None };
        publication.send(cx, What::Body);
        publication
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state, State::Over | State::Sending { what: What::Removal, .. })
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Published { refresh: at } | State::Waiting { until: at } => Some(at),
            State::Sending { .. } | State::Over => None,
        }
    }

    pub(crate) fn next_cseq(&mut self) -> u32 {
        self.cseq += 1;
        self.cseq
    }

    pub(crate) fn fire(&mut self, cx: &mut Cx<'_>) {
        if self.deadline().is_none_or(|at| at > cx.now) {
            return;
        }
        let what = if matches!(self.state, State::Published { .. }) { What::Refresh } else { What::Body };
        self.send(cx, what);
    }

    fn send(&mut self, cx: &mut Cx<'_>, what: What) {
        let cseq = self.next_cseq();
        let target = self.wish.target.without_headers();
        let mut request = Request::new(Method::Publish, target.clone());
        cx.account.preload_route(&mut request);
        let expires = match what {
            What::Removal => 0,
            What::Body | What::Refresh => self.wish.expires.as_secs().max(u64::from(self.at_least.unwrap_or(0))),
        };
        request
            .headers
            .push(HeaderName::MaxForwards, 70)
            .push(HeaderName::From, cx.account.identity().with_tag(&self.tag))
            .push(HeaderName::To, Address::new(target.clone()))
            .push(HeaderName::CallId, &self.call_id)
            .push(HeaderName::CSeq, format!("{cseq} PUBLISH"))
            .push(HeaderName::Event, &self.wish.event)
            .push(HeaderName::Expires, expires);
        if let Some(tag) = &self.entity_tag {
            request.headers.push(HeaderName::SipIfMatch, tag);
        }
        request.set_body(Some(&self.wish.body).filter(|_| what == What::Body));
        let route = cx.account.route(&target);
        let request = cx.send(Owner::Publication(self.id), request, route, None);
        self.state = State::Sending { request, what, again: false };
    }

    pub(crate) fn receive_response(&mut self, cx: &mut Cx<'_>, request: RequestId, message: &Message<'_>) {
        let Some(status) = message.status().filter(|status| status.is_final()) else { return };
        let State::Sending { request: open, what, again } = self.state else { return };
        if open != request {
            return;
        }
        if what == What::Removal {
            self.state = State::Over;
            return;
        }
        if status.is_success() {
            return self.published(cx, message, again);
        }
        match (status, message.number(HeaderName::MinExpires)) {
            (StatusCode::CONDITIONAL_REQUEST_FAILED, _) if self.entity_tag.take().is_some() => {
                self.send(cx, What::Body);
            }
            (StatusCode::INTERVAL_TOO_BRIEF, Some(least)) if self.at_least.is_none() => {
                self.at_least = Some(least.min(86_400));
                self.send(cx, What::Body);
            }
            (_, _) if status.class() == StatusClass::ServerError || status == StatusCode::REQUEST_TIMEOUT => {
                self.state = State::Waiting { until: cx.now + RETRY };
            }
            (_, _) => {
                self.state = State::Over;
                cx.events.push_back(Event::Publication(self.id, PublicationEvent::Ended(Some(status))));
            }
        }
    }

    fn published(&mut self, cx: &mut Cx<'_>, message: &Message<'_>, again: bool) {
        self.entity_tag = message.text(HeaderName::SipEtag).map(str::to_owned);
        let seconds = message.expires().map_or(self.wish.expires.as_secs(), u64::from).clamp(1, 30 * 86_400);
        let expires = Duration::from_secs(seconds);
        self.state = State::Published { refresh: cx.now + expires.mul_f64(0.8 + 0.1 * cx.rng.unit()) };
        cx.events.push_back(Event::Publication(self.id, PublicationEvent::Published { expires }));
        if again {
            self.send(cx, What::Body);
        }
    }

    pub(crate) fn request_failed(&mut self, cx: &mut Cx<'_>, request: RequestId) {
        let State::Sending { request: open, what, .. } = self.state else { return };
        if open == request {
            let waiting = State::Waiting { until: cx.now + RETRY };
            self.state = if what == What::Removal { State::Over } else { waiting };
        }
    }

    /// The state changed.
    pub(crate) fn republish(&mut self, cx: &mut Cx<'_>, body: Body) {
        self.wish.body = body;
        match &mut self.state {
            State::Sending { again, .. } => *again = true,
            State::Published { .. } | State::Waiting { .. } => self.send(cx, What::Body),
            State::Over => {}
        }
    }

    /// The state is to be forgotten.
    pub(crate) fn unpublish(&mut self, cx: &mut Cx<'_>) {
        cx.events.push_back(Event::Publication(self.id, PublicationEvent::Ended(None)));
        if self.entity_tag.is_some() {
            self.send(cx, What::Removal);
        } else {
            self.state = State::Over;
        }
    }
}
