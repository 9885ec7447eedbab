use bellbird_base::Instant;

use super::early::{Carrier, EarlyExchange};
use super::{Call, description};
use crate::agent::context::Cx;
use crate::agent::{Body, CallEvent};
use crate::agent::{CallEnd, EndReason, EndedBy};
use crate::endpoint::ServerId;
use crate::message::{Fields, HeaderName, Message, Response};
use crate::status::StatusCode;
use crate::transaction::Backoff;

/// How many provisional responses may wait for a PRACK.
const WAITING: usize = 8;

/// A reliable provisional response of ours, repeated until its PRACK comes (RFC 3262 §3).
#[derive(Debug)]
pub(super) struct ReliableProvisional {
    rseq: u32,
    response: Response,
    repeat: Backoff,
    give_up: Instant,
    /// Whether it carries SDP: then the 2xx has to wait for the PRACK.
    pub(super) described: bool,
}

impl ReliableProvisional {
    pub(super) fn deadline(&self) -> Instant {
        self.repeat.at.min(self.give_up)
    }
}

impl Call {
    pub(super) fn send_provisional(&mut self, cx: &mut Cx<'_>, status: StatusCode, body: Option<Body>) {
        let Some(alerting) = self.alerting() else { return };
        if alerting.provisional.is_some() {
            if alerting.waiting.len() < WAITING {
                alerting.waiting.push_back((status, body));
            }
            return;
        }
        let (server, reliability) = (alerting.server, alerting.reliability);
        let reliable = reliability.applies(cx.config.reliable_provisional, body.is_some());
        let mut response = self.full_response(cx, server, status);
        response.set_body(body.as_ref());
        if let Some(body) = &body {
            self.local_description = Some(body.clone());
        }
        if reliable {
            self.make_reliable(cx, &mut response, body.is_some());
        }
        cx.endpoint.respond(cx.now, server, &response);
    }

    fn make_reliable(&mut self, cx: &mut Cx<'_>, response: &mut Response, described: bool) {
        let timers = cx.config.timers;
        let Some(alerting) = self.alerting() else { return };
        let rseq = match alerting.last_rseq {
            Some(last) => last + 1,
            // RFC 3262 §3: at random, in the lower half.
            None => 1 + u32::try_from(cx.rng.below(1 << 30)).unwrap_or(0),
        };
        alerting.last_rseq = Some(rseq);
        alerting.described |= described;
        if described && alerting.offered && alerting.exchange == EarlyExchange::Open {
            alerting.exchange = EarlyExchange::Done;
        }
        response.headers.set(HeaderName::Require, "100rel").set(HeaderName::RSeq, rseq);
        alerting.provisional = Some(ReliableProvisional {
            rseq,
            response: response.clone(),
            repeat: Backoff::new(cx.now, timers.t1, timers.patience()),
            give_up: cx.now + timers.patience(),
            described,
        });
    }

    pub(super) fn fire_provisional(&mut self, cx: &mut Cx<'_>) {
        let Some(alerting) = self.alerting() else { return };
        let server = alerting.server;
        let Some(provisional) = alerting.provisional.as_mut() else { return };
        if cx.now >= provisional.give_up {
            // RFC 3262 §3: the caller does not hear us.
            cx.endpoint.refuse(cx.now, server, StatusCode::SERVER_TIMEOUT);
            let end = CallEnd { by: EndedBy::Network, reason: EndReason::Lost, status: None, text: None };
            return self.end(cx, end);
        }
        if cx.now >= provisional.repeat.at {
            provisional.repeat = provisional.repeat.next(cx.now);
            cx.endpoint.respond(cx.now, server, &provisional.response);
        }
    }

    pub(super) fn receive_prack(&mut self, cx: &mut Cx<'_>, server: ServerId, message: &Message<'_>) {
        let Some(rack) = message.rack() else { return self.refuse(cx, server, StatusCode::BAD_REQUEST) };
        if self.is_confirmed() {
            // The answer overtook it.
            return self.refuse(cx, server, StatusCode::OK);
        }
        let acknowledged = self
            .alerting()
            .and_then(|alerting| alerting.provisional.take_if(|provisional| provisional.rseq == rack.rseq));
        let Some(acknowledged) = acknowledged else {
            return self.refuse(cx, server, StatusCode::CALL_DOES_NOT_EXIST);
        };
        let Some(alerting) = self.alerting() else { return };
        let answers = !alerting.offered && acknowledged.described && alerting.exchange == EarlyExchange::Open;
        match description(message) {
            None => self.refuse(cx, server, StatusCode::OK),
            Some(answer) if answers => {
                alerting.exchange = EarlyExchange::Done;
                self.refuse(cx, server, StatusCode::OK);
                cx.call_event(self.id, CallEvent::OfferAnswered(answer));
            }
            Some(offer) => {
                // The response is acknowledged whatever becomes of the offer.
                if self.receive_early_offer(cx, Carrier::Prack(server), message, offer).is_err() {
                    self.refuse(cx, server, StatusCode::NOT_ACCEPTABLE_HERE);
                }
            }
        }
        self.after_prack(cx);
    }

    /// Goes on with what waited for a PRACK, or for the user's answer to the offer in it.
    pub(super) fn after_prack(&mut self, cx: &mut Cx<'_>) {
        let Some(alerting) = self.alerting().filter(|alerting| !alerting.has_open_exchange()) else { return };
        if alerting.provisional.is_some() && alerting.answer.is_none() {
            return;
        }
        if let Some(answer) = alerting.answer.take() {
            return self.accept(cx, answer);
        }
        if let Some((status, body)) = alerting.waiting.pop_front() {
            self.send_provisional(cx, status, body);
        }
    }
}
