//! Offer and answer between the media side and the user agent (RFC 3264), one exchange a call at a time.

use bellbird_contract::{CallId, EndReason, ErrorCode, Outcome, Problem};
use bellbird_sip::agent::{Body, Invite, OfferReason};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

use super::Phone;
use crate::call::{AnswerFor, Exchange, OfferFor, Phase};
use crate::io::{Agreed, MediaRefusal, MediaRequest};
use crate::problem;

/// Not acceptable here: what an offer without a codec in common gets.
const NOT_ACCEPTABLE: u16 = 488;

impl Phone {
    /// Asks the media side for an offer.
    pub(super) fn make_offer(&mut self, id: CallId, purpose: OfferFor) {
        let Some(call) = self.call_mut(id) else { return };
        call.exchange = Exchange::MakingOffer(purpose);
        self.request(MediaRequest::Offer(id));
    }

    /// Offers anew where what the other side knows about holding is not what we want.
    pub(super) fn reconcile(&mut self, id: CallId) {
        let Some(call) = self.call(id) else { return };
        if call.is_talking() && call.exchange == Exchange::Idle && Some(call.hold.wanted) != call.hold.agreed {
            let hold = call.hold.wanted;
            self.make_offer(id, OfferFor::Hold(hold));
        }
    }

    pub(super) fn offer_made(&mut self, id: CallId, sdp: String) {
        if self.is_superseded(id) {
            return;
        }
        let Some(Exchange::MakingOffer(purpose)) = self.call(id).map(|call| call.exchange.clone()) else { return };
        let body = Body::sdp(sdp);
        if let Some(call) = self.call_mut(id) {
            call.exchange = Exchange::Offered(purpose.clone());
        }
        match purpose {
            OfferFor::Invite { target, withhold } => self.invite(id, target, withhold, body),
            OfferFor::Referred(by) => {
                let accepted = self.agent.accept_transfer(self.now, by, Some(body)).ok();
                self.took_off(id, accepted);
            }
            OfferFor::Answer => self.pick_up(id, body),
            OfferFor::Hold(_) => {
                let agent = self.call(id).and_then(|call| call.agent);
                let sent = agent.is_some_and(|agent| self.agent.reinvite(self.now, agent, body).is_ok());
                if !sent {
                    self.offer_undone(id);
                }
            }
            OfferFor::Request(_) => {
                if let Some(agent) = self.call(id).and_then(|call| call.agent) {
                    let _ = self.agent.provide_offer(self.now, agent, Ok(body));
                }
            }
        }
    }

    fn invite(&mut self, id: CallId, target: Uri, anonymous: bool, offer: Body) {
        let account = self.call(id).map(|call| call.account).and_then(|account| self.account(account));
        let Some(account) = account.map(|account| account.agent) else { return };
        let invite = Invite { anonymous, ..Invite::new(target, Some(offer)) };
        let invited = self.agent.invite(self.now, account, invite).ok();
        self.took_off(id, invited);
    }

    /// The user agent took a call of ours, or could not.
    fn took_off(&mut self, id: CallId, agent: Option<bellbird_sip::agent::CallId>) {
        let call_id = agent.and_then(|agent| self.agent.call_id(agent)).map(str::to_owned);
        let Some(call) = self.call_mut(id) else { return };
        call.agent = agent;
        call.call_id = call_id;
        if agent.is_none() {
            let problem = Problem::new(ErrorCode::InvalidTarget).with("target", call.who());
            self.finish(id, EndReason::Failed, Outcome::Failed, Some(problem));
        }
    }

    pub(super) fn answer_made(&mut self, id: CallId, sdp: String) {
        if self.is_superseded(id) {
            return;
        }
        let Some(call) = self.call_mut(id) else { return };
        let Exchange::MakingAnswer(purpose) = call.exchange else { return };
        call.exchange = Exchange::Idle;
        // The answer says whether we hold, too.
        call.hold.agreed = call.hold.agreed.map(|_| call.hold.wanted);
        match purpose {
            AnswerFor::Invite => self.pick_up(id, Body::sdp(sdp)),
            AnswerFor::Reoffer => {
                if let Some(agent) = self.call(id).and_then(|call| call.agent) {
                    let _ = self.agent.respond_to_offer(self.now, agent, Ok(Body::sdp(sdp)));
                }
                self.reconcile(id);
            }
        }
    }

    /// Sends the 200 that answers a call.
    fn pick_up(&mut self, id: CallId, body: Body) {
        let answered_at = self.clock.at(self.now);
        let Some(call) = self.call_mut(id) else { return };
        call.answered_at = Some(answered_at);
        if let Some(agent) = call.agent {
            let _ = self.agent.answer(self.now, agent, Some(body));
        }
    }

    /// The other side answered our offer.
    pub(super) fn accept(&mut self, id: CallId, answer: &Body) {
        let Some(call) = self.call_mut(id) else { return };
        let purpose = match call.exchange.clone() {
            Exchange::Offered(purpose) => purpose,
            Exchange::Accepting(purpose) => {
                call.superseded += 1;
                purpose
            }
            // Early media was taken before; this is the same offer's final answer.
            Exchange::Idle if call.agreed.is_some() => OfferFor::Request(OfferReason::PeerAsked),
            Exchange::Idle | Exchange::MakingOffer(_) | Exchange::MakingAnswer(_) => return,
        };
        call.exchange = Exchange::Accepting(purpose);
        self.request(MediaRequest::AcceptAnswer(id, String::from_utf8_lossy(&answer.bytes).into_owned()));
    }

    pub(super) fn answer_accepted(&mut self, id: CallId) {
        if self.is_superseded(id) {
            return;
        }
        let Some(call) = self.call_mut(id) else { return };
        let Exchange::Accepting(purpose) = core::mem::replace(&mut call.exchange, Exchange::Idle) else { return };
        if let OfferFor::Hold(hold) = purpose {
            call.hold.agreed = Some(hold);
        }
        self.reconcile(id);
    }

    /// The other side refused our re-offer; the session stays as it was.
    pub(super) fn offer_rejected(&mut self, id: CallId) {
        let Some(Exchange::Offered(_)) = self.call(id).map(|call| &call.exchange) else { return };
        self.request(MediaRequest::Rollback(id));
        self.offer_undone(id);
    }

    /// Whether we hold is as before. A hold that was refused stays one for us: nothing is sent or played.
    fn offer_undone(&mut self, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        let exchange = core::mem::replace(&mut call.exchange, Exchange::Idle);
        let (Exchange::Offered(purpose) | Exchange::MakingOffer(purpose) | Exchange::Accepting(purpose)) = exchange
        else {
            return;
        };
        let OfferFor::Hold(hold) = purpose else { return self.reconcile(id) };
        call.hold.agreed = Some(call.hold.wanted);
        if !hold {
            call.hold.wanted = true;
            call.hold.agreed = Some(true);
            call.problem = Some(Problem::new(ErrorCode::HoldRefused).with("target", call.who()));
            self.request(MediaRequest::Hold(id, true));
        }
    }

    /// The other side makes an offer. Whatever we were about to offer goes back and is made anew afterwards.
    pub(super) fn peer_offers(&mut self, id: CallId, offer: &Body) {
        self.interrupt(id);
        let Some(call) = self.call_mut(id) else { return };
        call.exchange = Exchange::MakingAnswer(AnswerFor::Reoffer);
        self.request(MediaRequest::Answer(id, String::from_utf8_lossy(&offer.bytes).into_owned()));
    }

    /// The user agent needs an offer: the other side asked for one, or the network changed.
    pub(super) fn offer_needed(&mut self, id: CallId, reason: OfferReason) {
        self.interrupt(id);
        if reason == OfferReason::PathChanged {
            let account = self.call(id).and_then(|call| self.account(call.account));
            let local = account.and_then(|account| self.local_address(account));
            self.request(MediaRequest::Rehome(id, local));
        }
        self.make_offer(id, OfferFor::Request(reason));
    }

    /// Ends the exchange that is under way, as far as it is ours.
    fn interrupt(&mut self, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        match core::mem::replace(&mut call.exchange, Exchange::Idle) {
            Exchange::Idle => {}
            Exchange::MakingOffer(_) => {
                call.superseded += 1;
                self.request(MediaRequest::Rollback(id));
            }
            Exchange::Offered(_) => {
                // The user agent may still send it; a newer one takes its place.
                call.hold.agreed = None;
                self.request(MediaRequest::Rollback(id));
            }
            Exchange::Accepting(purpose) => {
                call.superseded += 1;
                if let OfferFor::Hold(hold) = purpose {
                    call.hold.agreed = Some(hold);
                }
            }
            Exchange::MakingAnswer(_) => call.superseded += 1,
        }
    }

    pub(super) fn media_refused(&mut self, id: CallId, why: &MediaRefusal) {
        if self.is_superseded(id) {
            return;
        }
        let Some(call) = self.call_mut(id) else { return };
        let before = call.exchange.clone();
        match before {
            Exchange::MakingOffer(OfferFor::Invite { .. } | OfferFor::Referred(_) | OfferFor::Answer)
            | Exchange::Accepting(OfferFor::Invite { .. } | OfferFor::Referred(_) | OfferFor::Answer)
            | Exchange::MakingAnswer(AnswerFor::Invite) => self.no_sound(id, why),
            Exchange::MakingAnswer(AnswerFor::Reoffer) => {
                call.exchange = Exchange::Idle;
                self.refuse_offer(id);
                self.reconcile(id);
            }
            Exchange::MakingOffer(OfferFor::Request(_)) => {
                call.exchange = Exchange::Idle;
                if let (Some(agent), Some(status)) = (call.agent, StatusCode::new(NOT_ACCEPTABLE)) {
                    let _ = self.agent.provide_offer(self.now, agent, Err(status));
                }
            }
            Exchange::MakingOffer(OfferFor::Hold(_))
            | Exchange::Accepting(OfferFor::Hold(_) | OfferFor::Request(_)) => {
                self.offer_undone(id);
            }
            Exchange::Idle | Exchange::Offered(_) => {}
        }
    }

    /// A call without sound is none: it ends before it begins, or as soon as it is answered.
    fn no_sound(&mut self, id: CallId, why: &MediaRefusal) {
        let Some(call) = self.call(id) else { return };
        let problem = problem::of_media(why, &call.who());
        let (agent, answers) = (call.agent, matches!(call.exchange, Exchange::MakingAnswer(_)));
        if let Some(agent) = agent {
            match StatusCode::new(NOT_ACCEPTABLE).filter(|_| answers) {
                Some(status) => drop(self.agent.reject(self.now, agent, status, None)),
                None => drop(self.agent.hang_up(self.now, agent)),
            }
        }
        self.finish(id, EndReason::Failed, Outcome::Failed, Some(problem));
    }

    fn refuse_offer(&mut self, id: CallId) {
        let agent = self.call(id).and_then(|call| call.agent);
        if let (Some(agent), Some(status)) = (agent, StatusCode::new(NOT_ACCEPTABLE)) {
            let _ = self.agent.respond_to_offer(self.now, agent, Err(status));
        }
    }

    pub(super) fn negotiated(&mut self, id: CallId, agreed: Agreed) {
        let Some(call) = self.call_mut(id) else { return };
        call.hold.by_peer = agreed.held_by_peer && matches!(call.phase, Phase::Answering | Phase::Talking);
        call.agreed = Some(agreed);
    }

    /// Whether a reply belongs to a question that was withdrawn.
    fn is_superseded(&mut self, id: CallId) -> bool {
        let Some(call) = self.call_mut(id) else { return true };
        let superseded = call.superseded > 0;
        call.superseded = call.superseded.saturating_sub(1);
        superseded
    }
}
