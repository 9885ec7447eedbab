use std::collections::VecDeque;

use bellbird_base::{FlowId, Instant};

use super::calling::reason_of;
use super::confirmed::Confirmed;
use super::early::EarlyExchange;
use super::identity::{auto_answer, party, party_of};
use super::offer::Exchange;
use super::offered::unacked;
use super::reliable::ReliableProvisional;
use super::{Call, State, description};
use crate::agent::context::{Cx, Effect, Owner};
use crate::agent::{
    AccountId, Body, CallEnd, CallEvent, CallId, EndReason, EndedBy, IncomingCall, Misuse, Reliability, Reply,
};
use crate::dialog::Dialog;
use crate::endpoint::ServerId;
use crate::message::{Fields, HeaderName, Message, SessionExpires};
use crate::status::StatusCode;
use crate::uri::Uri;

/// A call that comes in, before its final response.
#[derive(Debug)]
pub(crate) struct Alerting {
    pub(super) server: ServerId,
    pub(super) dialog: Dialog,
    cseq: u32,
    pub(super) offered: bool,
    /// When it is refused because nobody answers.
    give_up: Instant,
    pub(super) reliability: Reliability100,
    /// Our answer, or offer, once it went out in a reliable response: it holds for the 2xx as well.
    pub(super) described: bool,
    pub(super) provisional: Option<ReliableProvisional>,
    /// Provisional responses that wait for the PRACK of the one before.
    pub(super) waiting: VecDeque<(StatusCode, Option<Body>)>,
    pub(super) exchange: EarlyExchange,
    pub(super) last_rseq: Option<u32>,
    /// The user answered while a reliable response with SDP is not acknowledged yet.
    pub(super) answer: Option<Option<Body>>,
    replaces: Option<CallId>,
    session: Option<SessionExpires>,
}

/// What the caller said about reliable provisional responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reliability100 {
    No,
    Supported,
    Required,
}

impl Alerting {
    pub(super) fn has_open_exchange(&self) -> bool {
        self.exchange.is_received() || self.provisional.as_ref().is_some_and(|provisional| provisional.described)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let provisional = self.provisional.as_ref().map(ReliableProvisional::deadline);
        [Some(self.give_up), provisional].into_iter().flatten().min()
    }
}

/// An INVITE outside a dialog, with what was found out about it.
pub(crate) struct Arrived<'a> {
    pub(crate) server: ServerId,
    pub(crate) flow: FlowId,
    pub(crate) message: &'a Message<'a>,
    pub(crate) replaces: Option<CallId>,
}

impl Call {
    /// Takes an INVITE in and tells the user.
    pub(crate) fn incoming(cx: &mut Cx<'_>, id: CallId, account: AccountId, arrived: &Arrived<'_>) -> Option<Self> {
        let Arrived { server, flow, message, replaces } = *arrived;
        let tag = cx.endpoint.to_tag(server)?.to_owned();
        let Ok(dialog) = Dialog::uas(message, &tag) else {
            cx.endpoint.refuse(cx.now, server, StatusCode::BAD_REQUEST);
            return None;
        };
        let offer = description(message);
        let alerting = Alerting {
            server,
            dialog,
            cseq: message.cseq().sequence,
            offered: offer.is_some(),
            give_up: cx.now + cx.config.ring_timeout,
            reliability: reliability(message),
            described: false,
            provisional: None,
            waiting: VecDeque::new(),
            exchange: EarlyExchange::Open,
            last_rseq: None,
            answer: None,
            replaces,
            session: Self::session_for(cx, message),
        };
        let mut call = Self::new(id, account, message.call_id().to_owned(), State::Alerting(Box::new(alerting)));
        call.served_by(cx, flow);
        call.remote.offered(offer.as_ref());
        call.via_server = cx.account.trusts_flow(flow, cx.endpoint);
        if call.interval_too_small(cx, server, message) {
            return None;
        }
        call.peer.learn(message);
        cx.effects.push(Effect::DialogOf(message.call_id().to_owned(), tag, Owner::Call(id)));
        let incoming = describe(account, message, call.via_server, offer, replaces);
        cx.call_event(id, CallEvent::Incoming(Box::new(incoming)));
        Some(call)
    }

    pub(super) fn alerting(&mut self) -> Option<&mut Alerting> {
        match &mut self.state {
            State::Alerting(alerting) => Some(alerting),
            State::Calling(_) | State::Confirmed(_) | State::Leaving(_) | State::Over => None,
        }
    }

    /// Whether this INVITE's transaction is the call's.
    pub(crate) fn is_alerting_on(&self, server: ServerId) -> bool {
        matches!(&self.state, State::Alerting(alerting) if alerting.server == server)
    }

    pub(super) fn fire_alerting(&mut self, cx: &mut Cx<'_>) {
        let Some(alerting) = self.alerting() else { return };
        if alerting.give_up <= cx.now {
            let end = CallEnd {
                by: EndedBy::Local,
                reason: EndReason::NoAnswer,
                status: Some(StatusCode::TEMPORARILY_UNAVAILABLE),
                text: None,
            };
            return self.refuse_call(cx, StatusCode::TEMPORARILY_UNAVAILABLE, None, &[], end);
        }
        self.fire_provisional(cx);
    }

    /// Tells the caller that it rings here; with a body, that media flows already.
    pub(crate) fn ring(&mut self, cx: &mut Cx<'_>, early: Option<Body>) -> Result<(), Misuse> {
        let alerting = self.alerting().ok_or(Misuse::WrongState)?;
        if alerting.answer.is_some() {
            return Err(Misuse::WrongState);
        }
        let status = if early.is_some() { StatusCode::SESSION_PROGRESS } else { StatusCode::RINGING };
        self.send_provisional(cx, status, early);
        Ok(())
    }

    /// Answers the call. Without a body, the description of an earlier `ring` holds.
    pub(crate) fn answer(&mut self, cx: &mut Cx<'_>, body: Option<Body>) -> Result<(), Misuse> {
        let early = self.local_description.is_some();
        let alerting = self.alerting().ok_or(Misuse::WrongState)?;
        if alerting.answer.is_some() || (body.is_none() && !early) {
            return Err(Misuse::WrongState);
        }
        // RFC 3262 §3: no 2xx while a reliable response with SDP is not acknowledged, nor while the peer waits for an answer.
        if alerting.has_open_exchange() {
            alerting.answer = Some(body);
            return Ok(());
        }
        self.accept(cx, body);
        Ok(())
    }

    /// Sends the 2xx.
    pub(super) fn accept(&mut self, cx: &mut Cx<'_>, body: Option<Body>) {
        let body = body.or_else(|| self.local_description.clone());
        let Some(alerting) = self.alerting() else { return };
        let (server, session, described) = (alerting.server, alerting.session, alerting.described);
        self.start_session(cx, session);
        let mut response = self.full_response(cx, server, StatusCode::OK);
        self.write_session(&mut response);
        if !described {
            response.set_body(body.as_ref());
            self.local_description = body;
        }
        cx.endpoint.respond(cx.now, server, &response);
        let State::Alerting(alerting) = core::mem::replace(&mut self.state, State::Over) else { return };
        let waits = unacked(cx, server, response, alerting.cseq, true);
        let mut confirmed = Confirmed::answered(alerting.dialog, waits);
        if !alerting.offered && !described {
            confirmed.exchange = Exchange::AwaitAnswer;
        }
        self.state = State::Confirmed(Box::new(confirmed));
        self.remote.agreed();
        cx.call_event(self.id, CallEvent::Answered { answer: None });
        if let Some(replaced) = alerting.replaces {
            cx.effects.push(Effect::Replaced(replaced));
        }
    }

    /// Refuses the call.
    pub(crate) fn reject(&mut self, cx: &mut Cx<'_>, status: StatusCode, reason: Option<String>) -> Result<(), Misuse> {
        if self.alerting().is_none() || !status.is_failure() {
            return Err(Misuse::WrongState);
        }
        let end_reason = match status.code() {
            486 | 600 => EndReason::Busy,
            480 => EndReason::Unavailable,
            415 | 488 | 606 => EndReason::NotAcceptable,
            _ => EndReason::Declined,
        };
        let end = CallEnd { by: EndedBy::Local, reason: end_reason, status: Some(status), text: None };
        self.refuse_call(cx, status, reason, &[], end);
        Ok(())
    }

    /// Sends the caller elsewhere.
    pub(crate) fn redirect(&mut self, cx: &mut Cx<'_>, targets: &[Uri]) -> Result<(), Misuse> {
        if self.alerting().is_none() || targets.is_empty() {
            return Err(Misuse::WrongState);
        }
        let status = StatusCode::MOVED_TEMPORARILY;
        let end = CallEnd { by: EndedBy::Local, reason: EndReason::Redirected, status: Some(status), text: None };
        self.refuse_call(cx, status, None, targets, end);
        Ok(())
    }

    /// Refuses the call in any words.
    pub(crate) fn refuse_with(&mut self, cx: &mut Cx<'_>, reply: &Reply) -> Result<(), Misuse> {
        let status = reply.status;
        let Some(alerting) = self.alerting().filter(|_| status.is_failure()) else { return Err(Misuse::WrongState) };
        let mut response = cx.endpoint.response(alerting.server, status);
        if let Some(words) = &reply.words {
            response.reason.clone_from(words);
        }
        response.headers.append(&reply.headers);
        response.set_body(reply.body.as_ref());
        cx.endpoint.respond(cx.now, alerting.server, &response);
        let (by, reason) = (EndedBy::Local, reason_of(status));
        self.end(cx, CallEnd { by, reason, status: Some(status), text: reply.words.clone() });
        Ok(())
    }

    fn refuse_call(
        &mut self,
        cx: &mut Cx<'_>,
        status: StatusCode,
        reason: Option<String>,
        contacts: &[Uri],
        end: CallEnd,
    ) {
        let Some(alerting) = self.alerting() else { return };
        let mut response = cx.endpoint.response(alerting.server, status);
        if let Some(reason) = reason {
            response.reason = reason;
        }
        for contact in contacts {
            response.headers.push(HeaderName::Contact, format!("<{contact}>"));
        }
        cx.endpoint.respond(cx.now, alerting.server, &response);
        self.end(cx, end);
    }

    /// The caller gave up: CANCEL, or a BYE in the early dialog.
    pub(crate) fn caller_gave_up(&mut self, cx: &mut Cx<'_>, message: &Message<'_>) {
        let Some(alerting) = self.alerting() else { return };
        cx.endpoint.refuse(cx.now, alerting.server, StatusCode::REQUEST_TERMINATED);
        let elsewhere = message
            .reasons()
            .any(|reason| reason.protocol.eq_ignore_ascii_case("SIP") && matches!(reason.cause(), Some(200..=299)));
        let reason = if elsewhere { EndReason::AnsweredElsewhere } else { EndReason::Cancelled };
        let text = message.reasons().find_map(|reason| reason.text()).map(|text| text.into_owned());
        self.end(cx, CallEnd { by: EndedBy::Remote, reason, status: None, text });
    }
}

fn reliability(message: &Message<'_>) -> Reliability100 {
    if message.has_token(HeaderName::Require, "100rel") {
        Reliability100::Required
    } else if message.has_token(HeaderName::Supported, "100rel") {
        Reliability100::Supported
    } else {
        Reliability100::No
    }
}

impl Reliability100 {
    /// Whether a provisional response goes out reliably.
    pub(super) fn applies(self, policy: Reliability, described: bool) -> bool {
        match (self, policy) {
            (Self::No, _) => false,
            (Self::Required, _) | (Self::Supported, Reliability::Always) => true,
            (Self::Supported, Reliability::WhenItMatters) => described,
            (Self::Supported, Reliability::Required) => false,
        }
    }
}

fn describe(
    account: AccountId,
    message: &Message<'_>,
    trusted: bool,
    offer: Option<Body>,
    replaces: Option<CallId>,
) -> IncomingCall {
    let dialled = message.address(HeaderName::PCalledPartyId).filter(|_| trusted);
    IncomingCall {
        account,
        from: party_of(message, trusted),
        to: party(&dialled.unwrap_or(*message.to())),
        offer,
        auto_answer: auto_answer(message),
        replaces,
        alert_info: message.text(HeaderName::AlertInfo).map(str::to_owned),
        referred_by: message.address(HeaderName::ReferredBy).map(|address| party(&address)),
        subject: message.text(HeaderName::Subject).map(str::to_owned),
    }
}
