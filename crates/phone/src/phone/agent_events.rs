//! What the user agent says.

use bellbird_contract::{CallDirection, CallId};
use bellbird_sip::agent::{self, Body, CallEvent, Event, IncomingCall};
use bellbird_sip::status::StatusCode;

use super::Phone;
use super::calling::Destination;
use crate::call::{Phase, party};

impl Phone {
    pub(super) fn handle_agent_event(&mut self, event: Event) {
        self.changed();
        match event {
            Event::Registration(account, state) => self.registration_changed(account, state),
            Event::Call(agent, CallEvent::Incoming(incoming)) => self.call_comes_in(agent, &incoming),
            Event::Call(agent, event) => {
                if let Some(id) = self.calls.iter().find(|call| call.agent == Some(agent)).map(|call| call.id) {
                    self.handle_call_event(id, event);
                }
            }
            // Presence, voicemail and messages come with the server.
            Event::Subscription(..)
            | Event::Publication(..)
            | Event::Options(..)
            | Event::Notify(..)
            | Event::Message(..)
            | Event::Server(..) => {}
        }
    }

    fn call_comes_in(&mut self, agent: agent::CallId, incoming: &IncomingCall) {
        let account = self.accounts.iter().find(|account| account.agent == incoming.account);
        let Some(account) = account.filter(|_| self.leaving == super::Leaving::No) else {
            if let Some(unavailable) = StatusCode::new(480) {
                let _ = self.agent.reject(self.now, agent, unavailable, None);
            }
            return;
        };
        let of_server = self.server.account() == Some(account.id);
        if of_server && self.receives_no_calls(incoming) {
            if let Some(unavailable) = StatusCode::new(480) {
                let _ = self.agent.reject(self.now, agent, unavailable, None);
            }
            return;
        }
        let silenced = of_server && self.server.dnd_is_on() && self.server.dnd_waits();
        let home = account.home.host.clone();
        let shown = |party_: &agent::Party| party(party_.display_name.as_deref(), &party_.uri, party_.anonymous, &home);
        let from = self.known_party(shown(&incoming.from));
        let is_ours = incoming.to.uri.as_ref().user_text().is_some_and(|user| user == account.settings.user_name);
        let called_for = (!is_ours && incoming.to.uri.user().is_some()).then(|| shown(&incoming.to));
        let answer_at = self.answer_at(incoming);
        let phase = Phase::Incoming { offer: incoming.offer.as_ref().map(text), answer_at };
        let uri = incoming.from.uri.clone();
        let destination = Destination { account: account.id, uri, party: from, withhold: false };
        let call_id = self.agent.call_id(agent).map(str::to_owned);
        let id = self.begin(&destination, phase, CallDirection::Incoming);
        if let Some(call) = self.call_mut(id) {
            call.agent = Some(agent);
            call.call_id = call_id;
            call.replaces = incoming.replaces;
            call.called_for = called_for;
            call.silenced = silenced;
        }
        let _ = self.agent.ring(self.now, agent, None);
        if answer_at.is_some_and(|at| at <= self.now) {
            self.answer(id);
        }
    }

    fn handle_call_event(&mut self, id: CallId, event: CallEvent) {
        match event {
            CallEvent::Incoming(_) | CallEvent::Trying | CallEvent::Info(_) => {}
            CallEvent::Ringing { .. } => self.it_rings(id),
            CallEvent::EarlyMedia { answer, .. } => self.early_media(id, &answer),
            CallEvent::Answered { answer } => self.they_answered(id, answer.as_ref()),
            CallEvent::OfferNeeded(reason) => self.offer_needed(id, reason),
            CallEvent::Offer(offer) => self.peer_offers(id, &offer),
            CallEvent::OfferAnswered(answer) => self.accept(id, &answer),
            CallEvent::OfferRejected(_) => self.offer_rejected(id),
            CallEvent::Established => self.established(id),
            CallEvent::TransferRequested { target, referred_by, .. } => {
                self.transfer_requested(id, &target, referred_by.as_ref());
            }
            CallEvent::TransferProgress { status } => self.transfer_went(id, status),
            CallEvent::DigitInfo(digit, _) => self.note_digit(id, digit),
            CallEvent::RemoteIdentity(identity) => self.identity_changed(id, &identity),
            CallEvent::Ended(end) => self.call_ended(id, &end),
        }
    }

    fn it_rings(&mut self, id: CallId) {
        if let Some(call) = self.call_mut(id).filter(|call| matches!(call.phase, Phase::Calling)) {
            call.phase = Phase::Ringing { early_media: false };
        }
    }

    fn early_media(&mut self, id: CallId, answer: &Body) {
        if let Some(call) = self.call_mut(id).filter(|call| call.is_going_out()) {
            call.phase = Phase::Ringing { early_media: true };
            self.accept(id, answer);
        }
    }

    fn they_answered(&mut self, id: CallId, answer: Option<&Body>) {
        let answered_at = self.clock.at(self.now);
        let Some(call) = self.call_mut(id).filter(|call| call.is_going_out()) else { return };
        call.phase = Phase::Talking;
        call.answered_at = Some(answered_at);
        self.hold_others(Some(id));
        match answer {
            Some(answer) => self.accept(id, answer),
            None => self.reconcile(id),
        }
    }

    fn established(&mut self, id: CallId) {
        if let Some(call) = self.call_mut(id).filter(|call| matches!(call.phase, Phase::Answering)) {
            call.phase = Phase::Talking;
            self.reconcile(id);
        }
    }

    fn identity_changed(&mut self, id: CallId, identity: &agent::Party) {
        let account = self.call(id).and_then(|call| self.account(call.account));
        let home = account.map(|account| account.home.host.clone()).unwrap_or_default();
        let seen = party(identity.display_name.as_deref(), &identity.uri, identity.anonymous, &home);
        if let Some(call) = self.call_mut(id).filter(|_| seen.address.is_some()) {
            call.party = seen;
        }
    }
}

fn text(body: &Body) -> String {
    String::from_utf8_lossy(&body.bytes).into_owned()
}
