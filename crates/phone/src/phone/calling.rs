//! Calls as the user handles them: dial, answer, hang up, hold, digits.

use bellbird_base::{Duration, Instant};
use bellbird_contract::{
    AccountId, CallDirection, CallId, EndReason, ErrorCode, Outcome, Party, Problem, Registration, SrtpPolicy,
    TargetKind,
};
use bellbird_sip::agent;
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

use super::Phone;
use crate::account::{Account, Reach};
use crate::call::{AnswerFor, Beginning, Call, Exchange, OfferFor, Phase, party};
use crate::io::{MediaConfig, MediaRequest};
use crate::target::Target;

/// How long a digit sounds when it goes by INFO.
const DIGIT: Duration = Duration::from_millis(160);

/// Whom to call, over which account.
pub(super) struct Destination {
    pub(super) account: AccountId,
    pub(super) uri: Uri,
    pub(super) party: Party,
    /// Whether the other side must not see our number.
    pub(super) withhold: bool,
}

impl Phone {
    pub(super) fn dial(&mut self, typed: &str, account: Option<AccountId>, withhold: bool) {
        self.link = None;
        let target = Target::parse(typed, &self.emergency());
        if let Some(problem) = self.making_calls_off(&target, account) {
            return self.refuse(problem);
        }
        let emergency = self.is_emergency(&target, account);
        if emergency {
            self.give_up_going_out();
            self.presence.emergency_call = Some(self.now);
        }
        let Some(destination) = self.destination(typed, account) else { return };
        // Who answers an emergency has to see who calls.
        let withhold = withhold && !emergency;
        if !emergency && self.server_calls(&target, destination.account, withhold) {
            return;
        }
        self.call_out(Destination { withhold, ..destination });
    }

    /// An emergency call waits for no other.
    fn give_up_going_out(&mut self) {
        let going_out: Vec<CallId> = self.calls.iter().filter(|call| call.is_going_out()).map(|call| call.id).collect();
        for call in going_out {
            self.hang_up(call);
        }
    }

    pub(super) fn redial(&mut self) {
        let last = self.history.last_called().and_then(|party| party.address.clone());
        if let Some(address) = last {
            self.dial(&address, None, false);
        }
    }

    /// Calls and gives the call's name; nothing if the phone is already calling.
    pub(super) fn call_out(&mut self, destination: Destination) -> Option<CallId> {
        if self.calls.iter().any(Call::is_going_out) {
            return None;
        }
        self.hold_others(None);
        self.calls.retain(|call| !call.is_over());
        let id = self.begin(&destination, Phase::Calling, CallDirection::Outgoing);
        self.open_media(id);
        self.make_offer(id, OfferFor::Invite { target: destination.uri, withhold: destination.withhold });
        Some(id)
    }

    pub(super) fn answer(&mut self, id: CallId) {
        let Some(Phase::Incoming { offer, .. }) = self.call(id).map(|call| call.phase.clone()) else { return };
        self.hold_others(Some(id));
        self.open_media(id);
        let Some(call) = self.call_mut(id) else { return };
        call.phase = Phase::Answering;
        match offer {
            Some(offer) => {
                call.exchange = Exchange::MakingAnswer(AnswerFor::Invite);
                self.request(MediaRequest::Answer(id, offer));
            }
            None => self.make_offer(id, OfferFor::Answer),
        }
    }

    pub(super) fn reject_with(&mut self, id: CallId, status: StatusCode) {
        let Some(call) = self.call(id).filter(|call| call.is_incoming()) else { return };
        if let Some(agent) = call.agent {
            let _ = self.agent.reject(self.now, agent, status, None);
        }
        self.finish(id, EndReason::Here, Outcome::Declined, None);
    }

    /// Ends a call in any state. It is over for the user at once, whatever the other side says.
    pub(super) fn hang_up(&mut self, id: CallId) {
        let Some(call) = self.call(id) else { return };
        let outcome = match (&call.phase, call.answered_at) {
            (_, Some(_)) => Outcome::Answered,
            (Phase::Incoming { .. } | Phase::Answering, None) => Outcome::Declined,
            _ => Outcome::Cancelled,
        };
        let declines = call.is_incoming();
        if let Some(agent) = call.agent {
            match StatusCode::new(603).filter(|_| declines) {
                Some(decline) => drop(self.agent.reject(self.now, agent, decline, None)),
                None => drop(self.agent.hang_up(self.now, agent)),
            }
        }
        self.finish(id, EndReason::Here, outcome, None);
    }

    pub(super) fn set_hold(&mut self, id: CallId, hold: bool) {
        let Some(call) = self.call_mut(id).filter(|call| call.can_be_held()) else { return };
        if call.hold.wanted == hold {
            return;
        }
        call.hold.wanted = hold;
        call.problem = None;
        self.request(MediaRequest::Hold(id, hold));
        self.reconcile(id);
    }

    pub(super) fn resume(&mut self, id: CallId) {
        if self.call(id).is_some_and(Call::can_be_held) {
            self.hold_others(Some(id));
            self.set_hold(id, false);
        }
    }

    /// Holds whom we talk to and resumes the one who waits longest.
    pub(super) fn swap(&mut self) {
        let waiting = self.calls.iter().find(|call| call.is_talking() && call.hold.wanted);
        if let Some(waiting) = waiting.map(|call| call.id) {
            self.resume(waiting);
        }
    }

    /// Puts every call on hold that hears us, but this one, and the one that it takes the place of: that is over.
    pub(super) fn hold_others(&mut self, keep: Option<CallId>) {
        let replaced = keep.and_then(|keep| self.call(keep)).and_then(|call| call.replaces);
        let stays = |call: &&Call| Some(call.id) == keep || (call.agent.is_some() && call.agent == replaced);
        let others: Vec<CallId> =
            self.calls.iter().filter(|call| call.has_our_ear() && !stays(call)).map(|call| call.id).collect();
        for call in others {
            self.set_hold(call, true);
        }
    }

    pub(super) fn mute(&mut self, id: CallId, muted: bool) {
        let Some(call) = self.call_mut(id).filter(|call| !call.is_incoming()) else { return };
        call.muted = muted;
        self.request(MediaRequest::Mute(id, muted));
    }

    pub(super) fn send_digits(&mut self, id: CallId, typed: &str) {
        let digits: String = typed.chars().map(|digit| digit.to_ascii_uppercase()).filter(is_digit).collect();
        let Some(call) = self.call_mut(id).filter(|call| call.agreed.is_some() && !digits.is_empty()) else { return };
        call.digits.push_str(&digits);
        let by_rtp = call.agreed.is_some_and(|agreed| agreed.telephone_event);
        let agent = call.agent;
        if by_rtp {
            return self.request(MediaRequest::Digits(id, digits));
        }
        for digit in digits.chars() {
            if let Some(agent) = agent {
                let _ = self.agent.send_digit_info(self.now, agent, digit, DIGIT);
            }
        }
    }

    /// What was typed as somebody to call, or a word to the user why not.
    pub(super) fn destination(&mut self, typed: &str, account: Option<AccountId>) -> Option<Destination> {
        let target = Target::parse(typed, &self.emergency());
        let Some(account) = self.account_for(&target, account) else {
            self.refuse(Problem::new(ErrorCode::NoAccount).with("target", typed.trim()));
            return None;
        };
        let (id, home) = (account.id, account.home.clone());
        let Some(uri) = target.uri(&home) else {
            self.refuse(Problem::new(ErrorCode::InvalidTarget).with("target", typed.trim()));
            return None;
        };
        let party = self.known_party(party(None, &uri, false, &home.host));
        Some(Destination { account: id, uri, party, withhold: false })
    }

    /// The account asked for or the default one. An emergency call goes over any that reaches its server.
    fn account_for(&self, target: &Target, asked: Option<AccountId>) -> Option<&Account> {
        let account = match asked {
            Some(id) => self.account(id),
            None => self.default_account(),
        };
        let emergency = target.kind() == TargetKind::Emergency;
        let works = |account: &&Account| matches!(account.registration, Registration::Registered { .. });
        if emergency && account.as_ref().is_none_or(|account| !works(account)) {
            return self.accounts.iter().find(works).or(account).or(self.accounts.first());
        }
        account
    }

    /// With the name that the server, or else the history, has for this number.
    pub(super) fn known_party(&self, party: Party) -> Party {
        if party.name.is_some() || party.address.is_none() {
            return party;
        }
        if let Some(name) = self.server.colleague(&party.number) {
            return Party { name: Some(name.to_owned()), ..party };
        }
        let same = |other: &Party| other.address == party.address && other.name.is_some();
        let known = self.history.entries().iter().map(|entry| &entry.party).find(|other| same(other));
        Party { name: known.and_then(|known| known.name.clone()), ..party }
    }

    pub(super) fn begin(&mut self, destination: &Destination, phase: Phase, direction: CallDirection) -> CallId {
        self.last_call += 1;
        let id = CallId(self.last_call);
        self.calls.push(Call::new(Beginning {
            id,
            account: destination.account,
            direction,
            party: destination.party.clone(),
            phase,
            private: self.account(destination.account).is_some_and(Account::is_private),
            at: self.clock.at(self.now),
        }));
        id
    }

    pub(super) fn open_media(&mut self, id: CallId) {
        let Some((account, direction)) = self.call(id).map(|call| (call.account, call.direction)) else { return };
        let config = match self.account(account) {
            Some(account) => MediaConfig {
                codecs: account.codecs(),
                srtp: match direction {
                    CallDirection::Incoming => account.srtp_for_answers(),
                    CallDirection::Outgoing | CallDirection::Unknown => account.srtp_for_offers(),
                },
                local: self.local_address(account),
            },
            None => MediaConfig { codecs: bellbird_base::Codec::ALL.to_vec(), srtp: SrtpPolicy::Off, local: None },
        };
        self.request(MediaRequest::Open(id, config));
    }

    /// The address that an account's signalling leaves from.
    pub(super) fn local_address(&self, account: &Account) -> Option<std::net::IpAddr> {
        match account.reach {
            Reach::Flow(flow, _) => self.flows.get(&flow).map(|info| info.local.ip()),
            Reach::Unknown | Reach::Nowhere => None,
        }
    }

    /// When an incoming call is answered without a hand, if at all.
    pub(super) fn answer_at(&self, incoming: &agent::IncomingCall) -> Option<Instant> {
        use crate::io::AutoAnswer;
        let free = !self.calls.iter().any(|call| !call.is_over());
        match self.config.auto_answer {
            // Takes the place of a call that was answered: the user is on it already.
            _ if incoming.replaces.is_some_and(|replaced| self.is_talking_to(replaced)) => Some(self.now),
            AutoAnswer::After(delay) if free => Some(self.now + delay),
            AutoAnswer::WhenAsked if free && incoming.from.asserted => {
                incoming.auto_answer.map(|delay| self.now + delay)
            }
            AutoAnswer::Never | AutoAnswer::WhenAsked | AutoAnswer::After(_) => None,
        }
    }

    fn is_talking_to(&self, agent: agent::CallId) -> bool {
        self.calls.iter().any(|call| call.agent == Some(agent) && call.is_talking())
    }
}

fn is_digit(letter: &char) -> bool {
    matches!(letter, '0'..='9' | '*' | '#' | 'A'..='D')
}
