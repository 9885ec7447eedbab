use std::collections::VecDeque;

use bellbird_base::Instant;

use super::confirmed::Confirmed;
use super::early::EarlyExchange;
use super::identity::{asserted_identity, party};
use super::invite::{Origin, build_invite, first_route};
use super::offer::Exchange;
use super::{Call, State, description, request_uri};
use crate::agent::context::{Cx, Effect, Owner};
use crate::agent::{AccountId, Body, CallEnd, CallEvent, CallId, EndReason, EndedBy, Invite, Misuse};
use crate::dialog::Dialog;
use crate::endpoint::{Failure, Outgoing, RequestId, Route};
use crate::message::{Fields, HeaderName, Message, Method, RAck, Request};
use crate::status::{StatusClass, StatusCode};
use crate::uri::{Scheme, Uri};

/// A call of ours before its final response.
#[derive(Debug)]
pub(crate) struct Calling {
    pub(super) request: RequestId,
    /// The INVITE as it was last sent, without Via and Contact.
    invite: Request,
    offer: Option<Body>,
    forks: Vec<Fork>,
    cancel: Cancel,
    /// When nobody answers any more.
    give_up: Instant,
    /// Where else a 3xx said to try.
    alternatives: VecDeque<Uri>,
    redirects: u8,
    min_se: Option<u32>,
    heard_trying: bool,
    /// The fork whose reliable response brought an offer that our PRACK has to answer.
    unanswered: Option<(String, RAck)>,
    /// Whether a PRACK took our answer there.
    answered_early: bool,
    /// The way to a device that registered with us.
    route: Option<Route>,
    has_alternative: bool,
}

/// An early dialog (RFC 3261 §12.1.2).
#[derive(Debug)]
struct Fork {
    dialog: Dialog,
    /// RSeq of the last reliable response.
    rseq: Option<u32>,
    /// The answer that it brought.
    answer: Option<Body>,
    exchange: EarlyExchange,
    branch: u32,
}

/// ```text
/// No ── hang up ──► Wanted ── 1xx ──► Sent ── final response, 64·T1 ──► Over
///  └── hang up after a 1xx ───────────► ▲
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cancel {
    No,
    /// As soon as a provisional response comes (RFC 3261 §9.1).
    Wanted,
    /// Sent. The transaction gives up where no final response follows.
    Sent,
}

impl Calling {
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel != Cancel::No
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.cancel {
            Cancel::No => Some(self.give_up),
            Cancel::Wanted | Cancel::Sent => None,
        }
    }

    pub(super) fn dialogs(&self) -> impl Iterator<Item = &Dialog> {
        self.forks.iter().map(|fork| &fork.dialog)
    }

    pub(super) fn has_fork(&self, message: &Message<'_>) -> bool {
        self.forks.iter().any(|fork| fork.dialog.is_with(message.from()))
    }

    /// See [`Call::receive_early_offer`]. While another offer is with the user, none is taken in any early dialog.
    pub(super) fn early_exchange(&mut self, message: &Message<'_>) -> Option<(&mut EarlyExchange, bool)> {
        let ours = self.offer.is_some();
        let busy = self.unanswered.is_some();
        let asked = self.forks.iter().position(|fork| fork.exchange.is_received());
        let at = asked.or_else(|| self.forks.iter().position(|fork| fork.dialog.is_with(message.from())))?;
        let fork = self.forks.get_mut(at)?;
        Some((&mut fork.exchange, ours && !busy))
    }

    /// Whether the offer that is with the user came from another early dialog than the one that answers now.
    fn other_fork_waits(&self, success: &Message<'_>) -> bool {
        self.forks.iter().any(|fork| fork.exchange.is_received() && !fork.dialog.is_with(success.to()))
    }

    pub(super) fn received_exchange(&mut self) -> Option<&mut EarlyExchange> {
        self.forks.iter_mut().map(|fork| &mut fork.exchange).find(|exchange| exchange.is_received())
    }

    /// The early dialog that a request belongs to.
    pub(super) fn dialog_of(&mut self, message: &Message<'_>) -> Option<&mut Dialog> {
        self.forks.iter_mut().map(|fork| &mut fork.dialog).find(|dialog| dialog.is_with(message.from()))
    }

    pub(super) fn accept_request(&mut self, message: &Message<'_>) -> bool {
        let fork = self.forks.iter_mut().find(|fork| fork.dialog.is_with(message.from()));
        fork.is_none_or(|fork| fork.dialog.accept_cseq(message.cseq().sequence))
    }

    /// A challenged PRACK or UPDATE counts in its fork, the INVITE by itself.
    pub(super) fn next_cseq(&mut self, request: RequestId, message: &Message<'_>) -> u32 {
        if request == self.request {
            let next = message.cseq().sequence + 1;
            self.invite.headers.set(HeaderName::CSeq, format!("{next} INVITE"));
            return next;
        }
        match self.forks.iter_mut().find(|fork| fork.dialog.is_with(message.to())) {
            Some(fork) => {
                fork.dialog.local_cseq += 1;
                fork.dialog.local_cseq
            }
            None => message.cseq().sequence + 1,
        }
    }
}

impl Call {
    /// Calls somebody.
    pub(crate) fn invite(
        cx: &mut Cx<'_>,
        id: CallId,
        account: AccountId,
        invite: Invite,
        origin: Origin,
    ) -> Result<Self, Misuse> {
        let target = cx.account.callable(&invite.target).ok_or(Misuse::BadTarget)?;
        let request = build_invite(cx, &invite, &target, &origin);
        let route = first_route(cx, &invite, &target);
        let contact = cx.account.contact(target.scheme() == Scheme::Sips, invite.anonymous);
        let trusted = cx.account.server().is_some();
        let has_alternative = invite.has_alternative;
        let (outgoing, way) = (request.clone(), route.clone());
        let outgoing = Outgoing { request: outgoing, route: way, contact: Some(contact), has_alternative };
        let sent = cx.send_out(Owner::Call(id), outgoing);
        let call_id = origin.call_id.clone();
        cx.effects.push(Effect::DialogOf(origin.call_id, origin.tag, Owner::Call(id)));
        let calling = Calling {
            request: sent,
            invite: request,
            offer: invite.offer.clone(),
            forks: Vec::new(),
            cancel: Cancel::No,
            give_up: cx.now + cx.config.answer_timeout,
            alternatives: VecDeque::new(),
            redirects: 0,
            min_se: None,
            heard_trying: false,
            unanswered: None,
            answered_early: false,
            route: invite.way.is_some().then_some(route),
            has_alternative,
        };
        let mut call = Self::new(id, account, call_id, State::Calling(Box::new(calling)));
        call.flow = invite.way.as_ref().and_then(|way| way.flow);
        call.peer_address = invite.way.as_ref().and_then(|way| way.received);
        call.via_server = trusted;
        call.anonymous = invite.anonymous;
        call.local_description = invite.offer;
        call.reports_to = origin.reports_to;
        Ok(call)
    }

    fn calling(&mut self) -> Option<&mut Calling> {
        match &mut self.state {
            State::Calling(calling) => Some(calling),
            State::Alerting(_) | State::Confirmed(_) | State::Leaving(_) | State::Over => None,
        }
    }

    pub(super) fn fire_calling(&mut self, cx: &mut Cx<'_>) {
        let Some(calling) = self.calling() else { return };
        if calling.deadline().is_none_or(|at| at > cx.now) {
            return;
        }
        self.cancel(cx, EndedBy::Local, EndReason::NoAnswer);
    }

    /// Gives the call up before it is answered.
    pub(super) fn cancel(&mut self, cx: &mut Cx<'_>, by: EndedBy, reason: EndReason) {
        self.announce_end(cx, CallEnd { by, reason, status: None, text: None });
        self.drop_early_offer(cx);
        let Some(calling) = self.calling() else { return };
        let request = calling.request;
        if !cx.endpoint.is_active(request) {
            cx.endpoint.abandon(request);
            cx.inflight.remove(&request);
            return self.become_over();
        }
        calling.cancel = Cancel::Wanted;
        self.cancel_if_possible(cx);
    }

    fn cancel_if_possible(&mut self, cx: &mut Cx<'_>) {
        let Some(calling) = self.calling() else { return };
        if calling.cancel == Cancel::Wanted && cx.endpoint.can_cancel(calling.request) {
            calling.cancel = Cancel::Sent;
            let request = calling.request;
            cx.endpoint.cancel(cx.now, request, self.goodbye.as_deref());
        }
    }

    pub(super) fn receive_invite_response(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) {
        let Some(status) = message.status() else { return };
        match status.class() {
            StatusClass::Provisional => self.receive_provisional(cx, message, status),
            StatusClass::Success => self.receive_success(cx, message),
            StatusClass::Redirection => self.receive_redirection(cx, message, status),
            StatusClass::ClientError | StatusClass::ServerError | StatusClass::GlobalFailure => {
                self.receive_refusal(cx, message, status);
            }
        }
    }

    fn receive_provisional(&mut self, cx: &mut Cx<'_>, message: &Message<'_>, status: StatusCode) {
        self.cancel_if_possible(cx);
        self.peer.learn(message);
        let id = self.id;
        let Some(calling) = self.calling().filter(|calling| !calling.is_cancelled()) else { return };
        if !core::mem::replace(&mut calling.heard_trying, true) {
            cx.call_event(id, CallEvent::Trying);
        }
        if status == StatusCode::TRYING || !self.note_fork(cx, message) {
            return;
        }
        self.tell_identity(cx, message);
        self.report_progress(cx, status);
        let body = description(message);
        if status != StatusCode::SESSION_PROGRESS || body.is_none() {
            let reason = message.reason().to_owned();
            cx.call_event(id, CallEvent::Ringing { status, reason });
        }
        if let Some(body) = body {
            self.receive_early_description(cx, message, body);
        }
    }

    fn report_progress(&self, cx: &mut Cx<'_>, status: StatusCode) {
        if let Some(reports_to) = self.reports_to {
            cx.effects.push(Effect::TransferProgress(reports_to, status, status.reason().to_owned()));
        }
    }

    /// Remembers the early dialog and acknowledges a reliable response. Gives whether the response counts.
    fn note_fork(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) -> bool {
        let limit = cx.config.limits.forks;
        let Some(calling) = self.calling() else { return false };
        let Some(tag) = message.to().tag() else { return true };
        let branch = u32::try_from(calling.forks.len()).unwrap_or(u32::MAX);
        let known = calling.forks.iter().position(|fork| fork.dialog.remote_tag() == tag);
        let position = match known {
            Some(position) => position,
            None if calling.forks.len() >= limit => return false,
            None => {
                let Ok(dialog) = Dialog::uac(message) else { return true };
                calling.forks.push(Fork { dialog, rseq: None, answer: None, exchange: EarlyExchange::Open, branch });
                calling.forks.len() - 1
            }
        };
        match message.rseq().filter(|_| message.has_token(HeaderName::Require, "100rel")) {
            Some(rseq) => self.acknowledge_provisional(cx, position, rseq, message),
            None => true,
        }
    }

    /// RFC 3262 §4: PRACK for the next reliable response; one that was seen or that is out of order counts for nothing.
    fn acknowledge_provisional(&mut self, cx: &mut Cx<'_>, fork: usize, rseq: u32, message: &Message<'_>) -> bool {
        let Some(calling) = self.calling() else { return false };
        let offered = calling.offer.is_some() || calling.answered_early;
        let Some(fork) = calling.forks.get_mut(fork) else { return false };
        if fork.rseq.is_some_and(|last| rseq != last.wrapping_add(1)) {
            return false;
        }
        fork.rseq = Some(rseq);
        let rack = RAck { rseq, cseq: message.cseq().clone() };
        let tag = fork.dialog.remote_tag().to_owned();
        if calling.offer.is_some() && description(message).is_some() && fork.exchange == EarlyExchange::Open {
            fork.exchange = EarlyExchange::Done;
        }
        match description(message) {
            Some(_) if !offered => calling.unanswered = Some((tag, rack)),
            _ => self.send_prack(cx, &tag, &rack, None),
        }
        true
    }

    fn send_prack(&mut self, cx: &mut Cx<'_>, tag: &str, rack: &RAck, answer: Option<&Body>) {
        let Some(calling) = self.calling() else { return };
        let Some(fork) = calling.forks.iter_mut().find(|fork| fork.dialog.remote_tag() == tag) else { return };
        let mut prack = fork.dialog.request(Method::Prack);
        prack.headers.push(HeaderName::RAck, rack);
        prack.set_body(answer);
        let dialog = fork.dialog.clone();
        self.send_in_dialog(cx, &dialog, prack);
    }

    fn receive_early_description(&mut self, cx: &mut Cx<'_>, message: &Message<'_>, body: Body) {
        let id = self.id;
        let Some(calling) = self.calling() else { return };
        if calling.unanswered.is_some() {
            return cx.call_event(id, CallEvent::Offer(body));
        }
        if calling.offer.is_none() {
            return;
        }
        let fork = calling.forks.iter_mut().find(|fork| fork.dialog.is_with(message.to()));
        let branch = fork.as_ref().map_or(0, |fork| fork.branch);
        let news = fork.as_ref().is_none_or(|fork| fork.answer.as_ref() != Some(&body));
        if let Some(fork) = fork {
            fork.answer = Some(body.clone());
        }
        self.remote.answered(&body);
        if news {
            cx.call_event(id, CallEvent::EarlyMedia { answer: body, branch });
        }
    }

    /// The user answers the offer that a reliable provisional response brought.
    pub(super) fn answer_early_offer(
        &mut self,
        cx: &mut Cx<'_>,
        answer: Result<Body, StatusCode>,
    ) -> Result<(), Misuse> {
        let calling = self.calling().ok_or(Misuse::WrongState)?;
        let Some((tag, rack)) = calling.unanswered.take() else { return self.respond_to_early_offer(cx, answer) };
        match answer {
            Ok(body) => {
                calling.answered_early = true;
                if let Some(fork) = calling.forks.iter_mut().find(|fork| fork.dialog.remote_tag() == tag) {
                    fork.exchange = EarlyExchange::Done;
                }
                self.send_prack(cx, &tag, &rack, Some(&body));
                self.local_description = Some(body);
            }
            Err(_) => self.cancel(cx, EndedBy::Local, EndReason::NotAcceptable),
        }
        Ok(())
    }

    pub(super) fn receive_prack_response(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) {
        if message.status() == Some(StatusCode::CALL_DOES_NOT_EXIST) && !self.has_ended() {
            // The final response tells more; it is on its way.
            let _ = cx;
        }
    }

    fn receive_success(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) {
        self.peer.learn(message);
        self.tell_identity(cx, message);
        if self.calling().is_some_and(|calling| calling.other_fork_waits(message)) {
            self.drop_early_offer(cx);
        }
        let State::Calling(calling) = core::mem::replace(&mut self.state, State::Over) else { return };
        let fork = calling.forks.into_iter().find(|fork| fork.dialog.is_with(message.to()));
        let early = fork.as_ref().map_or(EarlyExchange::Open, |fork| fork.exchange);
        let dialog = fork.map(|fork| fork.dialog);
        let dialog = match (dialog, Dialog::uac(message)) {
            (Some(mut dialog), _) => {
                dialog.confirm(message);
                dialog
            }
            (None, Ok(dialog)) => dialog,
            // Nobody to send an ACK to.
            (None, Err(_)) => {
                let (by, reason) = (EndedBy::Remote, EndReason::Refused);
                return self.announce_end(cx, CallEnd { by, reason, status: message.status(), text: None });
            }
        };
        let cseq = message.cseq().sequence;
        let mut confirmed = Confirmed::called(dialog, calling.request, cseq);
        // What an UPDATE or PRACK agreed on is newer than the answer that the 2xx repeats (RFC 3261 §13.2.1).
        let outdated = matches!(early, EarlyExchange::Received(_) | EarlyExchange::Renewed);
        let answer = description(message).filter(|_| !outdated);
        if let EarlyExchange::Received(carrier) = early {
            confirmed.set_received(carrier.server(), None);
        }
        let was_cancelled = calling.cancel != Cancel::No;
        let offered = calling.offer.is_some();
        let complete = offered || calling.answered_early;
        if !complete && answer.is_some() {
            confirmed.exchange = Exchange::AnswerInAck;
        }
        self.state = State::Confirmed(Box::new(confirmed));
        if was_cancelled {
            self.acknowledge(cx, None);
            return self.leave_silently(cx);
        }
        self.agree_on_timer(cx, message, true);
        if let Some(reports_to) = self.reports_to.take() {
            cx.effects.push(Effect::TransferProgress(reports_to, StatusCode::OK, "OK".to_owned()));
        }
        self.tell_answered(cx, answer, offered, complete);
    }

    fn tell_answered(&mut self, cx: &mut Cx<'_>, answer: Option<Body>, offered: bool, complete: bool) {
        let id = self.id;
        match &answer {
            Some(answer) if offered => self.remote.answered(answer),
            Some(_) | None => self.remote.offered(answer.as_ref()),
        }
        if complete {
            self.acknowledge(cx, None);
            cx.call_event(id, CallEvent::Answered { answer: answer.filter(|_| offered) });
            return cx.call_event(id, CallEvent::Established);
        }
        cx.call_event(id, CallEvent::Answered { answer: None });
        match answer {
            // The ACK waits for the user's answer.
            Some(offer) => cx.call_event(id, CallEvent::Offer(offer)),
            None => {
                self.acknowledge(cx, None);
                let (by, reason) = (EndedBy::Local, EndReason::NotAcceptable);
                self.leave(cx, CallEnd { by, reason, status: None, text: None });
            }
        }
    }

    fn receive_redirection(&mut self, cx: &mut Cx<'_>, message: &Message<'_>, status: StatusCode) {
        let mut contacts: Vec<_> = message.contacts().flatten().collect();
        contacts.sort_by_key(|contact| core::cmp::Reverse(contact.q()));
        let targets: Vec<Uri> =
            contacts.iter().filter_map(|contact| contact.address()).map(|found| found.uri.to_owned()).collect();
        let limit = cx.config.redirect_limit;
        if let Some(calling) = self.calling()
            && calling.redirects < limit
        {
            calling.redirects += 1;
            calling.alternatives.extend(targets.into_iter().take(usize::from(limit)));
        }
        self.receive_refusal(cx, message, status);
    }

    fn receive_refusal(&mut self, cx: &mut Cx<'_>, message: &Message<'_>, status: StatusCode) {
        if status == StatusCode::SESSION_INTERVAL_TOO_SMALL && self.raise_interval(cx, message) {
            return;
        }
        if status.class() != StatusClass::GlobalFailure && self.try_alternative(cx) {
            return;
        }
        if self.has_ended() {
            return self.become_over();
        }
        let text = message.reasons().find_map(|reason| reason.text()).map(|text| text.into_owned());
        let text = text.or_else(|| Some(message.reason().to_owned())).filter(|text| !text.is_empty());
        self.end(cx, CallEnd { by: EndedBy::Remote, reason: reason_of(status), status: Some(status), text });
    }

    /// 422 (RFC 4028 §7.3): once more with the interval that the peer wants.
    fn raise_interval(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) -> bool {
        let Some(calling) = self.calling().filter(|calling| !calling.is_cancelled()) else { return false };
        let Some(least) =
            message.number(HeaderName::MinSe).filter(|least| calling.min_se.is_none_or(|known| known < *least))
        else {
            return false;
        };
        calling.min_se = Some(least);
        calling.invite.headers.set(HeaderName::MinSe, least).set(HeaderName::SessionExpires, least.max(1800));
        let target = calling.invite.uri.clone();
        self.invite_again(cx, target);
        true
    }

    fn try_alternative(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(calling) = self.calling().filter(|calling| !calling.is_cancelled()) else { return false };
        while let Some(target) = calling.alternatives.pop_front() {
            if let Some(target) = cx.account.callable(&target) {
                self.invite_again(cx, target);
                return true;
            }
        }
        false
    }

    /// The same INVITE with the next number, perhaps to another target.
    fn invite_again(&mut self, cx: &mut Cx<'_>, target: Uri) {
        let (id, anonymous) = (self.id, self.anonymous);
        let Some(calling) = self.calling() else { return };
        let next = (&calling.invite.headers).number(HeaderName::CSeq).unwrap_or(0) + 1;
        calling.invite.headers.set(HeaderName::CSeq, format!("{next} INVITE"));
        calling.invite.uri = request_uri(&target);
        calling.forks.clear();
        cx.inflight.remove(&calling.request);
        let request = calling.invite.clone();
        let route = calling.route.clone().unwrap_or_else(|| cx.account.route(&target));
        let contact = cx.account.contact(target.scheme() == Scheme::Sips, anonymous);
        let has_alternative = calling.has_alternative;
        let outgoing = Outgoing { request, route, contact: Some(contact), has_alternative };
        calling.request = cx.send_out(Owner::Call(id), outgoing);
    }

    pub(super) fn invite_failed(&mut self, cx: &mut Cx<'_>, failure: Failure) {
        if self.has_ended() {
            return self.become_over();
        }
        if self.try_alternative(cx) {
            return;
        }
        let reason = match failure {
            Failure::Timeout => EndReason::NoResponse,
            Failure::Flow(_) | Failure::Resolve(_) | Failure::NoRoute => EndReason::Unreachable,
        };
        self.end(cx, CallEnd { by: EndedBy::Network, reason, status: None, text: None });
    }

    /// Nobody answers yet, and the caller has somebody else to try.
    pub(crate) fn invite_silent(&mut self, cx: &mut Cx<'_>, request: RequestId) {
        let awaited = |calling: &mut Calling| calling.request == request && !calling.is_cancelled();
        if !self.calling().is_some_and(awaited) || self.try_alternative(cx) {
            return;
        }
        // Should it wake up after all it is cancelled, or hung up.
        self.cancel(cx, EndedBy::Network, EndReason::NoResponse);
    }

    pub(super) fn tell_identity(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) {
        let trusted = self.flow.is_some_and(|flow| cx.account.trusts_flow(flow, cx.endpoint));
        if let Some(address) = asserted_identity(message).filter(|_| trusted) {
            let party = crate::agent::Party { asserted: true, ..party(&address) };
            cx.call_event(self.id, CallEvent::RemoteIdentity(party));
        }
    }
}

/// What a refusal means to the caller.
pub(super) fn reason_of(status: StatusCode) -> EndReason {
    match status.code() {
        401 | 407 => EndReason::Refused,
        404 | 410 | 484 | 604 => EndReason::NotFound,
        408 => EndReason::NoAnswer,
        415 | 488 | 606 => EndReason::NotAcceptable,
        480 | 430 => EndReason::Unavailable,
        486 | 600 => EndReason::Busy,
        487 => EndReason::Cancelled,
        603 | 607 | 608 => EndReason::Declined,
        500..=599 => EndReason::ServerFailed,
        _ => EndReason::Refused,
    }
}
