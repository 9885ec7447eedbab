//! The peer's offers inside an answered call, and its wish for one of ours.

use super::confirmed::Unacked;
use super::early::Carrier;
use super::offer::Exchange;
use super::{Call, State, description};
use crate::agent::context::Cx;
use crate::agent::{Body, CallEnd, CallEvent, EndReason, EndedBy, Misuse, OfferReason};
use crate::endpoint::ServerId;
use crate::message::{Message, Response};
use crate::status::StatusCode;
use crate::transaction::Backoff;

impl Call {
    /// The peer wants another session, or only a sign of life.
    pub(super) fn receive_reinvite(&mut self, cx: &mut Cx<'_>, server: ServerId, message: &Message<'_>) {
        match &self.state {
            State::Confirmed(_) => {}
            State::Calling(_) => return self.refuse(cx, server, StatusCode::REQUEST_PENDING),
            State::Alerting(_) => return self.refuse(cx, server, StatusCode::SERVER_INTERNAL_ERROR),
            State::Leaving(_) | State::Over => return self.refuse(cx, server, StatusCode::CALL_DOES_NOT_EXIST),
        }
        if let Some(status) = self.unready_for_offer() {
            return self.refuse(cx, server, status);
        }
        if !message.body().is_empty() && description(message).is_none() {
            return self.refuse(cx, server, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
        if self.interval_too_small(cx, server, message) {
            return;
        }
        let id = self.id;
        self.start_session(cx, Self::session_for(cx, message));
        let Some(confirmed) = self.confirmed() else { return };
        // A new INVITE says that the ACK of the last one was sent, even if it did not arrive.
        if confirmed.unacked.take().is_some_and(|unacked| unacked.initial) {
            cx.call_event(id, CallEvent::Established);
        }
        let Some(confirmed) = self.confirmed() else { return };
        confirmed.dialog.refresh_target(message);
        let cseq = message.cseq().sequence;
        let offer = description(message);
        self.remote.offered(offer.as_ref());
        let Some(confirmed) = self.confirmed() else { return };
        match offer {
            Some(offer) => {
                confirmed.set_received(server, Some(cseq));
                cx.call_event(id, CallEvent::Offer(offer));
            }
            None => {
                confirmed.set_asked(server, cseq);
                cx.call_event(id, CallEvent::OfferNeeded(OfferReason::PeerAsked));
            }
        }
    }

    /// 491 while our own offer is out (RFC 3261 §14.2), 500 while the peer's last one is open.
    fn unready_for_offer(&mut self) -> Option<StatusCode> {
        match &self.confirmed()?.exchange {
            Exchange::Stable | Exchange::Retry { .. } => None,
            Exchange::Offered { .. } | Exchange::Asking { .. } | Exchange::AnswerInAck => {
                Some(StatusCode::REQUEST_PENDING)
            }
            Exchange::Received { .. } | Exchange::Asked { .. } | Exchange::AwaitAnswer => {
                Some(StatusCode::SERVER_INTERNAL_ERROR)
            }
        }
    }

    pub(super) fn receive_update(&mut self, cx: &mut Cx<'_>, server: ServerId, message: &Message<'_>) {
        if matches!(self.state, State::Leaving(_) | State::Over) {
            return self.refuse(cx, server, StatusCode::CALL_DOES_NOT_EXIST);
        }
        if self.interval_too_small(cx, server, message) {
            return;
        }
        let offer = description(message);
        if let (State::Calling(_) | State::Alerting(_), Some(offer)) = (&self.state, &offer) {
            match self.receive_early_offer(cx, Carrier::Update(server), message, offer.clone()) {
                Ok(()) => self.refresh_early_target(message),
                Err(status) => self.refuse(cx, server, status),
            }
            return;
        }
        let unready = self.unready_for_offer();
        match (offer, unready) {
            (Some(_), Some(status)) => self.refuse(cx, server, status),
            (Some(offer), None) => {
                let id = self.id;
                self.start_session(cx, Self::session_for(cx, message));
                let Some(confirmed) = self.confirmed() else { return };
                confirmed.dialog.refresh_target(message);
                confirmed.set_received(server, None);
                self.remote.offered(Some(&offer));
                cx.call_event(id, CallEvent::Offer(offer));
            }
            (None, _) => {
                self.refresh_early_target(message);
                if self.is_confirmed() {
                    self.start_session(cx, Self::session_for(cx, message));
                }
                let mut response = self.full_response(cx, server, StatusCode::OK);
                self.write_session(&mut response);
                cx.endpoint.respond(cx.now, server, &response);
            }
        }
    }

    fn refresh_early_target(&mut self, message: &Message<'_>) {
        let dialog = match &mut self.state {
            State::Calling(calling) => calling.dialog_of(message),
            State::Alerting(_) | State::Confirmed(_) | State::Leaving(_) | State::Over => self.dialog_mut(),
        };
        if let Some(dialog) = dialog {
            dialog.refresh_target(message);
        }
    }

    /// The user answers the peer's offer, or refuses it.
    pub(crate) fn respond_to_offer(&mut self, cx: &mut Cx<'_>, answer: Result<Body, StatusCode>) -> Result<(), Misuse> {
        if matches!(self.state, State::Calling(_)) {
            return self.answer_early_offer(cx, answer);
        }
        if matches!(self.state, State::Alerting(_)) {
            return self.respond_to_early_offer(cx, answer);
        }
        let confirmed = self.confirmed().ok_or(Misuse::WrongState)?;
        match (core::mem::replace(&mut confirmed.exchange, Exchange::Stable), answer) {
            (Exchange::Received { server, invite }, Ok(body)) => {
                self.accept_offer(cx, server, invite, body);
            }
            (Exchange::Received { server, .. }, Err(status)) => {
                self.refuse(cx, server, status);
                self.next_offer(cx);
            }
            (Exchange::AnswerInAck, Ok(body)) => {
                self.acknowledge(cx, Some(&body));
                self.local_description = Some(body);
                self.remote.agreed();
                cx.call_event(self.id, CallEvent::Established);
                self.next_offer(cx);
            }
            (Exchange::AnswerInAck, Err(_)) => {
                let (by, reason) = (EndedBy::Local, EndReason::NotAcceptable);
                self.leave(cx, CallEnd { by, reason, status: None, text: None });
            }
            (other, _) => {
                confirmed.exchange = other;
                return Err(Misuse::WrongState);
            }
        }
        Ok(())
    }

    fn accept_offer(&mut self, cx: &mut Cx<'_>, server: ServerId, invite: Option<u32>, answer: Body) {
        let mut response = self.full_response(cx, server, StatusCode::OK);
        self.write_session(&mut response);
        response.set_body(Some(&answer));
        self.local_description = Some(answer);
        self.remote.agreed();
        self.send_success(cx, server, response, invite, false);
        self.next_offer(cx);
    }

    /// Sends a 2xx; that to an INVITE is repeated until its ACK comes.
    pub(super) fn send_success(
        &mut self,
        cx: &mut Cx<'_>,
        server: ServerId,
        response: Response,
        invite: Option<u32>,
        initial: bool,
    ) {
        cx.endpoint.respond(cx.now, server, &response);
        if let (Some(cseq), Some(confirmed)) = (invite, self.confirmed()) {
            confirmed.unacked = Some(unacked(cx, server, response, cseq, initial));
        }
    }

    /// The user gives the offer that was needed.
    pub(crate) fn provide_offer(&mut self, cx: &mut Cx<'_>, offer: Result<Body, StatusCode>) -> Result<(), Misuse> {
        let confirmed = self.confirmed().ok_or(Misuse::WrongState)?;
        match (core::mem::replace(&mut confirmed.exchange, Exchange::Stable), offer) {
            (Exchange::Asked { server, cseq }, Ok(body)) => {
                confirmed.exchange = Exchange::AwaitAnswer;
                let mut response = self.full_response(cx, server, StatusCode::OK);
                self.write_session(&mut response);
                response.set_body(Some(&body));
                self.local_description = Some(body);
                self.send_success(cx, server, response, Some(cseq), false);
            }
            (Exchange::Asked { server, .. }, Err(status)) => {
                self.refuse(cx, server, status);
                self.next_offer(cx);
            }
            (other, Ok(body)) => {
                confirmed.exchange = other;
                return self.reinvite(cx, body);
            }
            (other, Err(_)) => confirmed.exchange = other,
        }
        Ok(())
    }

    /// The peer cancelled its re-INVITE. Gives whether it was this call's.
    pub(crate) fn cancel_reinvite(&mut self, cx: &mut Cx<'_>, server: ServerId) -> bool {
        let Some(confirmed) = self.confirmed() else { return false };
        let open = match &confirmed.exchange {
            Exchange::Received { server: open, .. } | Exchange::Asked { server: open, .. } => *open == server,
            Exchange::Stable
            | Exchange::Offered { .. }
            | Exchange::Retry { .. }
            | Exchange::Asking { .. }
            | Exchange::AwaitAnswer
            | Exchange::AnswerInAck => false,
        };
        if open {
            confirmed.exchange = Exchange::Stable;
            cx.endpoint.refuse(cx.now, server, StatusCode::REQUEST_TERMINATED);
            self.next_offer(cx);
        }
        open
    }
}

/// A 2xx that was just sent and waits for its ACK.
pub(super) fn unacked(cx: &Cx<'_>, server: ServerId, response: Response, cseq: u32, initial: bool) -> Unacked {
    let timers = &cx.config.timers;
    Unacked {
        server,
        response,
        cseq,
        repeat: Backoff::new(cx.now, timers.t1, timers.t2),
        give_up: cx.now + timers.patience(),
        initial,
    }
}
