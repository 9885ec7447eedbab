use bellbird_base::{Duration, Instant};

use super::{Call, State, description};
use crate::agent::context::Cx;
use crate::agent::{Body, CallEvent, Misuse, OfferReason};
use crate::endpoint::{Failure, RequestId, ServerId};
use crate::message::{Fields, HeaderName, Message, Method};
use crate::status::StatusCode;

/// How long a re-offer that found no way is tried again, and how often.
pub(super) const PATH_PATIENCE: Duration = Duration::from_secs(32);
pub(super) const PATH_RETRY: Duration = Duration::from_secs(2);

/// The offer/answer exchange inside an answered call (RFC 3264, RFC 6337).
///
/// ```text
///        re-INVITE, UPDATE of ours           2xx, refusal
/// Stable ─────────────────────────► Offered ──────────────► Stable
///   │  ▲                               │ 491, no way: Retry ──► Offered
///   │  └── respond_to_offer ── Received ◄── re-INVITE, UPDATE of the peer
///   ├── empty re-INVITE ──► Asked ── provide_offer ──► AwaitAnswer ── ACK ──► Stable
///   └── 2xx to our empty INVITE ──► AnswerInAck ── respond_to_offer ──► Stable
/// ```
#[derive(Debug)]
pub(super) enum Exchange {
    /// Nothing is open.
    Stable,
    /// Our offer is out.
    Offered { request: RequestId, offer: Body, refresh: bool, give_up: Instant },
    /// Our offer goes out again then.
    Retry { at: Instant, offer: Body, refresh: bool, give_up: Instant },
    /// The peer's offer is with the user.
    Received { server: ServerId, invite: Option<u32> },
    /// The peer wants an offer, and the user is asked for it.
    Asked { server: ServerId, cseq: u32 },
    /// We asked the peer for an offer.
    Asking { request: RequestId },
    /// Our 2xx made an offer; the ACK brings the answer.
    AwaitAnswer,
    /// The 2xx to our INVITE made an offer; the user's answer goes into the ACK.
    AnswerInAck,
}

impl Exchange {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Retry { at, .. } => Some(*at),
            Self::Stable
            | Self::Offered { .. }
            | Self::Received { .. }
            | Self::Asked { .. }
            | Self::Asking { .. }
            | Self::AwaitAnswer
            | Self::AnswerInAck => None,
        }
    }
}

impl Call {
    /// Offers something else, as soon as no other exchange is open.
    pub(crate) fn reinvite(&mut self, cx: &mut Cx<'_>, offer: Body) -> Result<(), Misuse> {
        let confirmed = self.confirmed().ok_or(Misuse::WrongState)?;
        confirmed.queued = Some(offer);
        self.next_offer(cx);
        Ok(())
    }

    /// Asks the peer for an offer by a re-INVITE without one (RFC 3261 §14.1): third party call control, RFC 3725.
    pub(crate) fn ask_offer(&mut self, cx: &mut Cx<'_>) -> Result<(), Misuse> {
        if !self.confirmed().is_some_and(|confirmed| confirmed.is_stable()) {
            return Err(Misuse::WrongState);
        }
        let session = self.asked_session(cx);
        let request = self.request(cx, Method::Invite, |request| {
            request.headers.push(HeaderName::Contact, "").push(HeaderName::Allow, crate::agent::ALLOW);
            request.headers.push(HeaderName::Supported, crate::agent::SUPPORTED);
            if let Some(session) = session {
                request.headers.push(HeaderName::SessionExpires, session);
            }
        });
        if let (Some(request), Some(confirmed)) = (request, self.confirmed()) {
            confirmed.exchange = Exchange::Asking { request };
        }
        Ok(())
    }

    fn is_asking(&self, request: RequestId) -> bool {
        let State::Confirmed(confirmed) = &self.state else { return false };
        matches!(confirmed.exchange, Exchange::Asking { request: asked } if asked == request)
    }

    /// The peer's offer came, or it refuses to make one.
    fn receive_asked_offer(&mut self, cx: &mut Cx<'_>, request: RequestId, message: &Message<'_>) {
        let id = self.id;
        let Some(status) = message.status().filter(|status| status.is_final()) else { return };
        let Some(confirmed) = self.confirmed() else { return };
        confirmed.exchange = Exchange::Stable;
        if !status.is_success() {
            if status == StatusCode::CALL_DOES_NOT_EXIST {
                return self.lost(cx, Some(status));
            }
            cx.call_event(id, CallEvent::OfferRejected(status));
            return self.next_offer(cx);
        }
        confirmed.dialog.refresh_target(message);
        confirmed.acks.expect(request, message.cseq().sequence);
        self.agree_on_timer(cx, message, true);
        let offer = description(message);
        self.remote.offered(offer.as_ref());
        match (offer, self.confirmed()) {
            (Some(offer), Some(confirmed)) => {
                confirmed.exchange = Exchange::AnswerInAck;
                cx.call_event(id, CallEvent::Offer(offer));
            }
            (_, _) => {
                self.acknowledge(cx, None);
                cx.call_event(id, CallEvent::OfferRejected(StatusCode::NOT_ACCEPTABLE_HERE));
            }
        }
    }

    /// The same by UPDATE (RFC 3311), where the peer knows that.
    pub(crate) fn update(&mut self, cx: &mut Cx<'_>, offer: Body) -> Result<(), Misuse> {
        let confirmed = self.confirmed().ok_or(Misuse::WrongState)?;
        if !confirmed.is_stable() {
            confirmed.queued = Some(offer);
            return Ok(());
        }
        let method = if self.peer.update { Method::Update } else { Method::Invite };
        self.send_offer(cx, method, offer, false, cx.now + PATH_PATIENCE);
        Ok(())
    }

    /// Sends the offer that waits, if it may go.
    pub(super) fn next_offer(&mut self, cx: &mut Cx<'_>) {
        let Some(confirmed) = self.confirmed().filter(|confirmed| confirmed.is_stable()) else { return };
        if let Some(offer) = confirmed.queued.take() {
            self.send_offer(cx, Method::Invite, offer, false, cx.now + PATH_PATIENCE);
        }
    }

    fn send_offer(&mut self, cx: &mut Cx<'_>, method: Method, offer: Body, refresh: bool, give_up: Instant) {
        let session = self.asked_session(cx);
        let minimum = cx.config.session.minimum.as_secs();
        let request = self.request(cx, method, |request| {
            request.headers.push(HeaderName::Contact, "").push(HeaderName::Allow, crate::agent::ALLOW);
            request.headers.push(HeaderName::Supported, crate::agent::SUPPORTED);
            if let Some(session) = session {
                request.headers.push(HeaderName::SessionExpires, session).push(HeaderName::MinSe, minimum);
            }
            request.set_body(Some(&offer));
        });
        if let (Some(request), Some(confirmed)) = (request, self.confirmed()) {
            confirmed.exchange = Exchange::Offered { request, offer, refresh, give_up };
        }
    }

    /// RFC 4028 §7.4: by UPDATE without SDP where the peer knows that, else the last description again. Gives the UPDATE.
    pub(super) fn refresh_session(&mut self, cx: &mut Cx<'_>) -> Option<RequestId> {
        // An exchange that is open refreshes it too.
        self.confirmed().filter(|confirmed| confirmed.is_stable())?;
        if self.peer.update {
            let session = self.asked_session(cx);
            return self.request(cx, Method::Update, |request| {
                request.headers.push(HeaderName::Contact, "").push(HeaderName::Supported, crate::agent::SUPPORTED);
                if let Some(session) = session {
                    request.headers.push(HeaderName::SessionExpires, session);
                }
            });
        }
        let description = self.local_description.clone()?;
        self.send_offer(cx, Method::Invite, description, true, cx.now + PATH_PATIENCE);
        None
    }

    pub(super) fn fire_exchange(&mut self, cx: &mut Cx<'_>) {
        let Some(confirmed) = self.confirmed() else { return };
        if confirmed.exchange.deadline().is_none_or(|at| at > cx.now) {
            return;
        }
        if let Exchange::Retry { offer, refresh, give_up, .. } =
            core::mem::replace(&mut confirmed.exchange, Exchange::Stable)
        {
            // A newer wish of the user replaces the one that met glare.
            let offer = confirmed.queued.take().unwrap_or(offer);
            self.send_offer(cx, Method::Invite, offer, refresh, give_up);
        }
    }

    pub(super) fn receive_reinvite_response(&mut self, cx: &mut Cx<'_>, request: RequestId, message: &Message<'_>) {
        let Some(status) = message.status() else { return };
        if self.is_asking(request) {
            return self.receive_asked_offer(cx, request, message);
        }
        let open = match &self.state {
            State::Confirmed(confirmed) => {
                matches!(&confirmed.exchange, Exchange::Offered { request: open, .. } if *open == request)
            }
            State::Calling(_) | State::Alerting(_) | State::Leaving(_) | State::Over => false,
        };
        match (open, status.is_success()) {
            (true, true) => self.receive_reoffer_success(cx, request, message),
            (true, false) => self.receive_reoffer_refusal(cx, message, status),
            (false, true) => self.acknowledge_late(cx, request, message),
            (false, false) => {}
        }
    }

    /// A 2xx that comes again, or to a re-INVITE that was given up by hanging up.
    fn acknowledge_late(&mut self, cx: &mut Cx<'_>, request: RequestId, message: &Message<'_>) {
        if let State::Leaving(leaving) = &mut self.state
            && leaving.dialog.is_with(message.to())
            && !leaving.acks.knows(request)
        {
            leaving.acks.expect(request, message.cseq().sequence);
            return self.acknowledge(cx, None);
        }
        self.receive_success_again(cx, request, message);
    }

    fn receive_reoffer_success(&mut self, cx: &mut Cx<'_>, request: RequestId, message: &Message<'_>) {
        let id = self.id;
        self.peer.learn(message);
        let Some(confirmed) = self.confirmed() else { return };
        let Exchange::Offered { offer, .. } = core::mem::replace(&mut confirmed.exchange, Exchange::Stable) else {
            return;
        };
        confirmed.dialog.refresh_target(message);
        if *message.method() == Method::Invite {
            confirmed.acks.expect(request, message.cseq().sequence);
            self.acknowledge(cx, None);
        }
        self.local_description = Some(offer);
        self.agree_on_timer(cx, message, true);
        self.tell_identity(cx, message);
        if let Some(answer) = description(message) {
            self.remote.answered(&answer);
            cx.call_event(id, CallEvent::OfferAnswered(answer));
        }
        self.next_offer(cx);
    }

    fn receive_reoffer_refusal(&mut self, cx: &mut Cx<'_>, message: &Message<'_>, status: StatusCode) {
        if status.is_provisional() {
            return;
        }
        if super::ends_dialog(status) {
            return self.lost(cx, Some(status));
        }
        let after = message.retry_after().map(|after| after.seconds).filter(|seconds| *seconds <= 10);
        let wait = match (status, after) {
            (StatusCode::REQUEST_PENDING, _) => Some(self.glare_wait(cx)),
            (StatusCode::SERVER_INTERNAL_ERROR, Some(seconds)) => Some(Duration::from_secs(seconds.into())),
            (_, _) => None,
        };
        let Some(confirmed) = self.confirmed() else { return };
        let Exchange::Offered { offer, refresh, give_up, .. } =
            core::mem::replace(&mut confirmed.exchange, Exchange::Stable)
        else {
            return;
        };
        match wait.filter(|wait| cx.now + *wait < give_up) {
            Some(wait) => confirmed.exchange = Exchange::Retry { at: cx.now + wait, offer, refresh, give_up },
            None => {
                cx.call_event(self.id, CallEvent::OfferRejected(status));
                self.next_offer(cx);
            }
        }
    }

    /// RFC 3261 §14.1: whoever made the Call-ID waits longer.
    fn glare_wait(&self, cx: &mut Cx<'_>) -> Duration {
        let steps = if self.made_call_id() { 210 + cx.rng.below(191) } else { cx.rng.below(201) };
        Duration::from_millis(10 * steps)
    }

    fn made_call_id(&self) -> bool {
        match &self.state {
            State::Confirmed(confirmed) => confirmed.caller,
            State::Calling(_) => true,
            State::Alerting(_) | State::Leaving(_) | State::Over => false,
        }
    }

    pub(super) fn reoffer_failed(&mut self, cx: &mut Cx<'_>, request: RequestId, failure: Failure) {
        let Some(confirmed) = self.confirmed() else { return };
        let open = matches!(&confirmed.exchange, Exchange::Offered { request: open, .. } if *open == request);
        if failure == Failure::Timeout {
            return self.lost(cx, None);
        }
        if self.is_asking(request) {
            if let Some(confirmed) = self.confirmed() {
                confirmed.exchange = Exchange::Stable;
            }
            return cx.call_event(self.id, CallEvent::OfferRejected(StatusCode::TEMPORARILY_UNAVAILABLE));
        }
        let Some(confirmed) = self.confirmed() else { return };
        if !open {
            return self.probe_refused(cx, request, None);
        }
        if let Exchange::Offered { offer, refresh, give_up, .. } =
            core::mem::replace(&mut confirmed.exchange, Exchange::Stable)
        {
            let at = cx.now + PATH_RETRY;
            if at < give_up {
                confirmed.exchange = Exchange::Retry { at, offer, refresh, give_up };
            } else {
                self.lost(cx, None);
            }
        }
    }

    pub(super) fn receive_update_response(&mut self, cx: &mut Cx<'_>, request: RequestId, message: &Message<'_>) {
        let Some(status) = message.status() else { return };
        let open = self.confirmed().is_some_and(
            |confirmed| matches!(&confirmed.exchange, Exchange::Offered { request: open, .. } if *open == request),
        );
        match (open, status.is_success()) {
            (true, true) => self.receive_reoffer_success(cx, request, message),
            (true, false) => self.receive_reoffer_refusal(cx, message, status),
            (false, true) => {
                if let Some(confirmed) = self.confirmed() {
                    confirmed.dialog.refresh_target(message);
                    confirmed.probe.answered(request);
                    self.agree_on_timer(cx, message, true);
                }
            }
            (false, false) if super::ends_dialog(status) => self.lost(cx, Some(status)),
            (false, false) if status.is_provisional() => {}
            (false, false) => self.probe_refused(cx, request, Some(status)),
        }
    }

    /// The network changed: the peer has to hear our new addresses.
    pub(crate) fn path_changed(&mut self, cx: &mut Cx<'_>) {
        let id = self.id;
        if let Some(confirmed) = self.confirmed() {
            if matches!(confirmed.exchange, Exchange::Retry { .. }) {
                // What could not go over the old path goes with the new addresses.
                confirmed.exchange = Exchange::Stable;
            }
            cx.call_event(id, CallEvent::OfferNeeded(OfferReason::PathChanged));
        }
    }

    /// Refuses what is open, because the call ends.
    pub(super) fn drop_exchange(&mut self, cx: &mut Cx<'_>) {
        let Some(confirmed) = self.confirmed() else { return };
        confirmed.queued = None;
        match core::mem::replace(&mut confirmed.exchange, Exchange::Stable) {
            Exchange::Received { server, .. } | Exchange::Asked { server, .. } => {
                cx.endpoint.refuse(cx.now, server, StatusCode::REQUEST_TERMINATED);
            }
            Exchange::Offered { request, .. } | Exchange::Asking { request } => cx.endpoint.limit(cx.now, request),
            Exchange::Stable | Exchange::Retry { .. } | Exchange::AwaitAnswer | Exchange::AnswerInAck => {}
        }
    }
}
