use bellbird_base::{Duration, Instant};

use super::offer::Exchange;
use super::probe::Probe;
use super::session_timer::SessionStep;
use super::transfer::{Referral, Transfer};
use super::{Call, State, description};
use crate::agent::context::{Cx, Inflight, Owner};
use crate::agent::{Body, CallEnd, CallEvent, EndReason, EndedBy, Misuse};
use crate::dialog::Dialog;
use crate::endpoint::{Endpoint, RequestId, Route, ServerId};
use crate::message::{Fields, HeaderName, Message, Method, Request, Response};
use crate::status::StatusCode;
use crate::transaction::Backoff;

/// How many of our ACKs are kept to be repeated.
const KEPT_ACKS: usize = 4;

/// An answered call.
#[derive(Debug)]
pub(crate) struct Confirmed {
    pub(super) dialog: Dialog,
    /// Our 2xx whose ACK has not come.
    pub(super) unacked: Option<Unacked>,
    pub(super) acks: Acks,
    pub(super) exchange: Exchange,
    /// A re-offer that waits until the present exchange is over.
    pub(super) queued: Option<Body>,
    /// Whether the peer is still there after our flow broke.
    pub(super) probe: Probe,
    /// A transfer that we asked for.
    pub(super) transfer: Transfer,
    /// A transfer that the peer asked for.
    pub(super) referral: Option<Referral>,
    /// Whether we made the call, and its Call-ID.
    pub(super) caller: bool,
}

/// A call that ended for the user while the peer still has to be told.
#[derive(Debug)]
pub(crate) struct Leaving {
    pub(super) dialog: Dialog,
    /// A callee may not send BYE before the ACK came or is given up (RFC 3261 §15).
    pub(super) unacked: Option<Unacked>,
    pub(super) acks: Acks,
}

/// A 2xx of ours to an INVITE, repeated until its ACK comes (RFC 3261 §13.3.1.4).
#[derive(Debug)]
pub(super) struct Unacked {
    pub(super) server: ServerId,
    pub(super) response: Response,
    pub(super) cseq: u32,
    pub(super) repeat: Backoff,
    pub(super) give_up: Instant,
    /// Whether it answers the call, not a re-INVITE.
    pub(super) initial: bool,
}

impl Unacked {
    fn deadline(&self) -> Instant {
        self.repeat.at.min(self.give_up)
    }

    /// Sends the 2xx again, or says that it is too late.
    fn fire(&mut self, now: Instant, endpoint: &mut Endpoint) -> bool {
        if now >= self.give_up {
            return false;
        }
        if now >= self.repeat.at {
            self.repeat = self.repeat.next(now);
            endpoint.respond(now, self.server, &self.response);
        }
        true
    }
}

/// Our ACKs of 2xx, each sent again as often as its 2xx comes again.
#[derive(Debug, Default)]
pub(super) struct Acks(Vec<Ack>);

#[derive(Debug)]
struct Ack {
    request: RequestId,
    cseq: u32,
    /// Nothing as long as it waits for the user's answer.
    sent: Option<Request>,
}

impl Acks {
    pub(super) fn expect(&mut self, request: RequestId, cseq: u32) {
        if self.0.len() >= KEPT_ACKS {
            self.0.remove(0);
        }
        self.0.push(Ack { request, cseq, sent: None });
    }

    pub(super) fn knows(&self, request: RequestId) -> bool {
        self.find(request).is_some()
    }

    fn find(&self, request: RequestId) -> Option<&Ack> {
        self.0.iter().find(|ack| ack.request == request)
    }
}

impl Confirmed {
    fn new(dialog: Dialog) -> Self {
        Self {
            dialog,
            unacked: None,
            acks: Acks::default(),
            exchange: Exchange::Stable,
            queued: None,
            probe: Probe::None,
            transfer: Transfer::None,
            referral: None,
            caller: false,
        }
    }

    /// We called and got a 2xx.
    pub(super) fn called(dialog: Dialog, request: RequestId, cseq: u32) -> Self {
        let mut confirmed = Self::new(dialog);
        confirmed.acks.expect(request, cseq);
        confirmed.caller = true;
        confirmed
    }

    /// We answered.
    pub(super) fn answered(dialog: Dialog, unacked: Unacked) -> Self {
        Self { unacked: Some(unacked), ..Self::new(dialog) }
    }

    /// Answered in an earlier life.
    pub(super) fn restored(dialog: Dialog, caller: bool) -> Self {
        Self { caller, ..Self::new(dialog) }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let unacked = self.unacked.as_ref().map(Unacked::deadline);
        [unacked, self.exchange.deadline(), self.probe.deadline(), self.transfer.deadline()].into_iter().flatten().min()
    }

    pub(super) fn set_received(&mut self, server: ServerId, invite: Option<u32>) {
        self.keep_retry();
        self.exchange = Exchange::Received { server, invite };
    }

    pub(super) fn set_asked(&mut self, server: ServerId, cseq: u32) {
        self.keep_retry();
        self.exchange = Exchange::Asked { server, cseq };
    }

    /// An offer of ours that met glare goes out when the peer's exchange is over.
    fn keep_retry(&mut self) {
        if let Exchange::Retry { offer, refresh: false, .. } = core::mem::replace(&mut self.exchange, Exchange::Stable)
        {
            self.queued.get_or_insert(offer);
        }
    }

    /// Whether a new offer may go out now.
    pub(super) fn is_stable(&self) -> bool {
        matches!(self.exchange, Exchange::Stable) && self.unacked.is_none()
    }
}

impl Leaving {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.unacked.as_ref().map(Unacked::deadline)
    }
}

impl Call {
    pub(super) fn confirmed(&mut self) -> Option<&mut Confirmed> {
        match &mut self.state {
            State::Confirmed(confirmed) => Some(confirmed),
            State::Calling(_) | State::Alerting(_) | State::Leaving(_) | State::Over => None,
        }
    }

    pub(super) fn fire_confirmed(&mut self, cx: &mut Cx<'_>) {
        match self.timer.fire(cx.now) {
            Some(SessionStep::Refresh) => {
                self.refresh_session(cx);
            }
            Some(SessionStep::Expired) => {
                let end = CallEnd { by: EndedBy::Network, reason: EndReason::Lost, status: None, text: None };
                return self.leave(cx, end);
            }
            None => {}
        }
        let State::Confirmed(confirmed) = &mut self.state else { return };
        if confirmed.unacked.as_mut().is_some_and(|unacked| !unacked.fire(cx.now, cx.endpoint)) {
            confirmed.unacked = None;
            let end = CallEnd { by: EndedBy::Network, reason: EndReason::Lost, status: None, text: None };
            return self.leave(cx, end);
        }
        self.fire_exchange(cx);
        self.fire_probe(cx);
        self.fire_transfer(cx);
    }

    pub(super) fn fire_leaving(&mut self, cx: &mut Cx<'_>) {
        let State::Leaving(leaving) = &mut self.state else { return };
        if leaving.unacked.as_mut().is_some_and(|unacked| !unacked.fire(cx.now, cx.endpoint)) {
            leaving.unacked = None;
            self.send_bye(cx);
        }
    }

    /// Sends the ACK that the 2xx of our newest INVITE waits for.
    pub(super) fn acknowledge(&mut self, cx: &mut Cx<'_>, answer: Option<&Body>) {
        let (dialog, acks) = match &mut self.state {
            State::Confirmed(confirmed) => (&confirmed.dialog, &mut confirmed.acks),
            State::Leaving(leaving) => (&leaving.dialog, &mut leaving.acks),
            State::Calling(_) | State::Alerting(_) | State::Over => return,
        };
        let Some(pending) = acks.0.iter_mut().rev().find(|ack| ack.sent.is_none()) else { return };
        let mut ack = dialog.ack(pending.cseq);
        ack.set_body(answer);
        pending.sent = Some(ack.clone());
        let dialog = dialog.clone();
        self.send_in_dialog(cx, &dialog, ack);
    }

    /// A 2xx to an INVITE that was acknowledged before, or one of another fork.
    pub(super) fn receive_success_again(&mut self, cx: &mut Cx<'_>, request: RequestId, message: &Message<'_>) {
        let (dialog, acks) = match &self.state {
            State::Confirmed(confirmed) => (&confirmed.dialog, &confirmed.acks),
            State::Leaving(leaving) => (&leaving.dialog, &leaving.acks),
            State::Calling(_) | State::Alerting(_) | State::Over => {
                return hang_up_surplus(cx, request, self.flow_route(), message);
            }
        };
        if !dialog.is_with(message.to()) {
            return hang_up_surplus(cx, request, self.flow_route(), message);
        }
        if let Some(ack) = acks.find(request).and_then(|ack| ack.sent.clone()) {
            let dialog = dialog.clone();
            self.send_in_dialog(cx, &dialog, ack);
        }
    }

    fn flow_route(&self) -> Option<bellbird_base::FlowId> {
        self.flow
    }

    /// The ACK of our 2xx came.
    pub(crate) fn receive_ack(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) {
        let id = self.id;
        match &mut self.state {
            State::Confirmed(confirmed) => {
                let cseq = message.cseq().sequence;
                let Some(unacked) = confirmed.unacked.take_if(|unacked| unacked.cseq == cseq) else { return };
                let initial = unacked.initial;
                if matches!(confirmed.exchange, Exchange::AwaitAnswer) && !self.take_answer(cx, message) {
                    return;
                }
                if initial {
                    cx.call_event(id, CallEvent::Established);
                }
                self.next_offer(cx);
            }
            State::Leaving(leaving) => {
                if leaving.unacked.take().is_some() {
                    self.send_bye(cx);
                }
            }
            State::Calling(_) | State::Alerting(_) | State::Over => {}
        }
    }

    /// The answer to the offer that our 2xx made. Without one there is no session (RFC 3261 §13.2.1).
    fn take_answer(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) -> bool {
        if let Some(confirmed) = self.confirmed() {
            confirmed.exchange = Exchange::Stable;
        }
        match description(message) {
            Some(answer) => {
                self.remote.answered(&answer);
                cx.call_event(self.id, CallEvent::OfferAnswered(answer));
                true
            }
            None => {
                let (by, reason) = (EndedBy::Local, EndReason::NotAcceptable);
                self.leave(cx, CallEnd { by, reason, status: None, text: None });
                false
            }
        }
    }

    /// Ends an answered call: the user is told now, the peer as soon as it may be.
    pub(super) fn leave(&mut self, cx: &mut Cx<'_>, end: CallEnd) {
        self.announce_end(cx, end);
        self.leave_silently(cx);
    }

    pub(super) fn leave_silently(&mut self, cx: &mut Cx<'_>) {
        self.drop_exchange(cx);
        self.acknowledge(cx, None);
        let State::Confirmed(confirmed) = core::mem::replace(&mut self.state, State::Over) else { return };
        let Confirmed { dialog, unacked, acks, .. } = *confirmed;
        let waits = unacked.is_some();
        self.state = State::Leaving(Box::new(Leaving { dialog, unacked, acks }));
        if !waits {
            self.send_bye(cx);
        }
    }

    fn send_bye(&mut self, cx: &mut Cx<'_>) {
        let reason = self.goodbye.take();
        self.request(cx, Method::Bye, |bye| {
            if let Some(reason) = reason {
                bye.headers.push(HeaderName::Reason, reason);
            }
        });
    }

    pub(super) fn bye_done(&mut self, _: &mut Cx<'_>) {
        if matches!(self.state, State::Leaving(_)) {
            self.become_over();
        }
    }

    pub(super) fn receive_bye(&mut self, cx: &mut Cx<'_>, server: ServerId, message: &Message<'_>) {
        self.refuse(cx, server, StatusCode::OK);
        match &self.state {
            State::Alerting(_) => self.caller_gave_up(cx, message),
            State::Confirmed(_) => {
                self.drop_exchange(cx);
                let text = message.reasons().find_map(|reason| reason.text()).map(|text| text.into_owned());
                self.end(cx, CallEnd { by: EndedBy::Remote, reason: EndReason::HungUp, status: None, text });
            }
            // Both hung up at once: our own BYE ends it. A caller waits for the final response to its INVITE.
            State::Leaving(leaving) if leaving.unacked.is_none() => {}
            State::Leaving(_) => self.become_over(),
            State::Calling(_) | State::Over => {}
        }
    }

    /// The peer does not know the call any more, or does not answer.
    pub(super) fn lost(&mut self, cx: &mut Cx<'_>, status: Option<StatusCode>) {
        let end = CallEnd { by: EndedBy::Network, reason: EndReason::Lost, status, text: None };
        match &self.state {
            State::Confirmed(_) => self.leave(cx, end),
            State::Calling(_) | State::Alerting(_) | State::Leaving(_) | State::Over => {}
        }
    }

    pub(super) fn receive_info(&mut self, cx: &mut Cx<'_>, server: ServerId, message: &Message<'_>) {
        let id = self.id;
        match Body::of(message) {
            None => self.refuse(cx, server, StatusCode::OK),
            Some(body) if is_digit(&body) => match digit_of(&body) {
                Some((digit, duration)) => {
                    self.refuse(cx, server, StatusCode::OK);
                    cx.call_event(id, CallEvent::DigitInfo(digit, duration));
                }
                None => self.refuse(cx, server, StatusCode::BAD_REQUEST),
            },
            Some(body) => {
                self.refuse(cx, server, StatusCode::OK);
                cx.call_event(id, CallEvent::Info(body));
            }
        }
    }

    /// Sends an INFO.
    pub(crate) fn send_info(&mut self, cx: &mut Cx<'_>, body: &Body) -> Result<(), Misuse> {
        if !self.is_confirmed() {
            return Err(Misuse::WrongState);
        }
        self.request(cx, Method::Info, |info| info.set_body(Some(body)));
        Ok(())
    }
}

/// Acknowledges the 2xx of a fork that was not the first, and hangs it up.
pub(crate) fn hang_up_surplus(
    cx: &mut Cx<'_>,
    request: RequestId,
    flow: Option<bellbird_base::FlowId>,
    message: &Message<'_>,
) {
    let Ok(mut dialog) = Dialog::uac(message) else { return };
    let owner = Owner::Nobody(cx.account.id);
    let flow = flow.filter(|_| !dialog.route_set.is_empty());
    let route = Route { flow, ..Route::to(dialog.next_hop().clone()) };
    cx.send(owner, dialog.ack(message.cseq().sequence), route.clone(), None);
    let tag = dialog.remote_tag().to_owned();
    let known = |inflight: &Inflight| inflight.surplus.contains(&tag);
    if cx.inflight.get(&request).is_some_and(known) {
        return;
    }
    if let Some(inflight) = cx.inflight.get_mut(&request) {
        inflight.surplus.push(tag);
    }
    let bye = dialog.request(Method::Bye);
    cx.send(owner, bye, route, None);
}

/// The body of an INFO that tells a digit.
pub(crate) fn digit_body(digit: char, duration: Duration) -> Body {
    let text = format!("Signal={digit}\r\nDuration={}\r\n", duration.as_millis());
    Body::new("application/dtmf-relay", text)
}

fn is_digit(body: &Body) -> bool {
    let essence = body.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(essence.as_str(), "application/dtmf-relay" | "application/dtmf")
}

/// `Signal=5 CRLF Duration=160`, or the bare digit.
fn digit_of(body: &Body) -> Option<(char, Duration)> {
    let text = str::from_utf8(&body.bytes).ok()?;
    let value = |name: &str| {
        text.lines().find_map(|line| {
            let (found, value) = line.split_once('=')?;
            found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let signal = value("Signal").unwrap_or(text.trim());
    let digit = match signal {
        "10" => '*',
        "11" => '#',
        _ => signal.chars().next()?.to_ascii_uppercase(),
    };
    let duration = value("Duration").and_then(|duration| duration.parse().ok()).unwrap_or(160_u16);
    matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D').then(|| (digit, Duration::from_millis(duration.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_relay_and_bare() {
        assert_eq!(digit_of(&digit_body('#', Duration::from_millis(90))), Some(('#', Duration::from_millis(90))));
        assert_eq!(digit_of(&Body::new("application/dtmf", "7")), Some(('7', Duration::from_millis(160))));
        assert_eq!(digit_of(&Body::new("application/dtmf-relay", "Signal= 11\nDuration= x")).unwrap().0, '#');
        assert_eq!(digit_of(&Body::new("application/dtmf", "")), None);
        assert_eq!(digit_of(&Body::new("application/dtmf", "!")), None);
    }
}
