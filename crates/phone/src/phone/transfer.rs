//! Handing a call over, and being handed over.

use bellbird_contract::{
    CallDirection, CallId, Consultation, EndReason, ErrorCode, Outcome, Party, Problem, TransferView,
};
use bellbird_sip::agent;
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

use super::Phone;
use super::calling::Destination;
use crate::call::{Call, OfferFor, Phase, Transfer, party};
use crate::io::MediaRequest;
use crate::target::Target;

impl Phone {
    pub(super) fn transfer_blind(&mut self, id: CallId, typed: &str) {
        let Some(call) = self.call(id).filter(|call| can_be_transferred(call)) else { return };
        let (account, agent) = (call.account, call.agent);
        let Some(destination) = self.destination(typed, Some(account)) else { return };
        let asked = agent.is_some_and(|agent| self.agent.transfer(self.now, agent, &destination.uri).is_ok());
        self.transfer_begins(id, destination.party, None, asked);
    }

    /// Holds a call and calls whom it may be handed to.
    pub(super) fn transfer_ask_first(&mut self, id: CallId, typed: &str) {
        let Some(call) = self.call(id).filter(|call| can_be_transferred(call) && call.consultation.is_none()) else {
            return;
        };
        let account = call.account;
        let target = Target::parse(typed, &self.emergency());
        if let Some(problem) = self.making_calls_off(&target, Some(account)) {
            return self.refuse(problem);
        }
        let Some(destination) = self.destination(typed, Some(account)) else { return };
        let Some(asked) = self.call_out(destination) else { return };
        self.set_hold(id, true);
        if let Some(call) = self.call_mut(id) {
            call.consultation = Some(Consultation::Waiting { call: asked });
        }
        if let Some(call) = self.call_mut(asked) {
            call.consultation = Some(Consultation::Asking { call: id });
        }
    }

    pub(super) fn complete_transfer(&mut self, id: CallId) {
        if let Some(Consultation::Asking { call: waiting }) = self.call(id).and_then(|call| call.consultation) {
            self.transfer_to_call(waiting, id);
        }
    }

    /// Hangs up on the one that was asked and goes back to the one who waits.
    pub(super) fn cancel_transfer(&mut self, id: CallId) {
        let (waiting, asked) = match self.call(id).and_then(|call| call.consultation) {
            Some(Consultation::Asking { call: waiting }) => (waiting, id),
            Some(Consultation::Waiting { call: asked }) => (id, asked),
            Some(Consultation::Unknown) | None => return,
        };
        self.hang_up(asked);
        self.resume(waiting);
    }

    pub(super) fn transfer_to_call(&mut self, id: CallId, other: CallId) {
        let Some(call) = self.call(id).filter(|call| can_be_transferred(call)) else { return };
        let Some(target) = self.call(other).filter(|other| other.is_talking()) else { return };
        let (party, agents) = (target.party.clone(), call.agent.zip(target.agent));
        let asked = agents.is_some_and(|(agent, other)| self.agent.transfer_to_call(self.now, agent, other).is_ok());
        self.transfer_begins(id, party, Some(other), asked);
    }

    fn transfer_begins(&mut self, id: CallId, target: Party, to: Option<CallId>, asked: bool) {
        let Some(call) = self.call_mut(id) else { return };
        if asked {
            call.problem = None;
            call.transfer = Some(Transfer { view: TransferView { target, ringing: false }, to });
        } else {
            call.problem = Some(Problem::new(ErrorCode::TransferFailed).with("target", who(&target)));
        }
    }

    /// What the other side tells about the call that we asked it to make.
    pub(super) fn transfer_went(&mut self, id: CallId, status: StatusCode) {
        let Some(call) = self.call_mut(id) else { return };
        let Some(transfer) = call.transfer.as_mut() else { return };
        if status.is_provisional() {
            transfer.view.ringing = status.code() > 100;
            return;
        }
        if status.is_success() {
            return self.transferred(id);
        }
        let target = who(&transfer.view.target);
        let details = format!("{} {}", status.code(), status.reason());
        call.transfer = None;
        call.problem = Some(Problem::new(ErrorCode::TransferFailed).with("target", target).detailed(details));
    }

    /// They talk to each other: both of our calls are done.
    fn transferred(&mut self, id: CallId) {
        let other = self.call(id).and_then(|call| call.transfer.as_ref()).and_then(|transfer| transfer.to);
        for call in [Some(id), other].into_iter().flatten() {
            if let Some(agent) = self.call(call).and_then(|call| call.agent) {
                let _ = self.agent.hang_up(self.now, agent);
            }
            self.finish(call, EndReason::Transferred, Outcome::Answered, None);
        }
    }

    /// The other side asks us to call somebody else instead. The call it asks on stays silent until it hangs up.
    pub(super) fn transfer_requested(&mut self, id: CallId, target: &Uri, _by: Option<&agent::Party>) {
        let Some(call) = self.call(id) else { return };
        let (account, agent, talking) = (call.account, call.agent, call.is_talking());
        let Some(agent) = agent else { return };
        let Some(home) = self.account(account).map(|account| account.home.host.clone()).filter(|_| talking) else {
            let _ = self.agent.refuse_transfer(self.now, agent);
            return;
        };
        let party = self.known_party(party(None, target, false, &home));
        if let Some(call) = self.call_mut(id) {
            call.hold.wanted = true;
            call.hold.agreed = Some(true);
        }
        self.request(MediaRequest::Hold(id, true));
        let destination = Destination { account, uri: target.clone(), party, withhold: false };
        let new = self.begin(&destination, Phase::Calling, CallDirection::Outgoing);
        self.open_media(new);
        self.make_offer(new, OfferFor::Referred(agent));
    }
}

fn can_be_transferred(call: &Call) -> bool {
    call.is_talking() && call.transfer.is_none()
}

fn who(party: &Party) -> String {
    party.name.clone().unwrap_or_else(|| party.number.clone())
}
