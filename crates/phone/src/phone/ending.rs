//! How calls end, and what is remembered of them.

use bellbird_contract::{
    CallDirection, CallId, Consultation, EndReason, ErrorCode, HistoryEntry, HistoryId, Outcome, Problem,
};
use bellbird_sip::agent;

use super::Phone;
use crate::call::{Call, Exchange, Phase};
use crate::io::{MediaRequest, StoreRequest, Tone};
use crate::problem;

/// How a call ended, in the phone's words.
struct Ending {
    reason: EndReason,
    outcome: Outcome,
    problem: Option<Problem>,
}

impl Phone {
    /// Takes in that the user agent has no more of a call.
    pub(super) fn call_ended(&mut self, id: CallId, end: &agent::CallEnd) {
        let Some(call) = self.call(id) else { return };
        let ending = match (call.answered_at, call.direction) {
            (Some(_), _) => answered(call, end, self.is_joined(id)),
            (None, CallDirection::Incoming) => unanswered_in(end),
            (None, CallDirection::Outgoing | CallDirection::Unknown) => unanswered_out(call, end),
        };
        self.finish(id, ending.reason, ending.outcome, ending.problem);
    }

    /// Whether this call is being handed over, or another one to it.
    fn is_joined(&self, id: CallId) -> bool {
        self.calls.iter().any(|call| match &call.transfer {
            Some(transfer) => call.id == id || transfer.to == Some(id),
            None => false,
        })
    }

    /// Ends a call for the user: releases its sound, remembers it, shows it a moment longer.
    pub(super) fn finish(&mut self, id: CallId, reason: EndReason, outcome: Outcome, problem: Option<Problem>) {
        let until = self.now + self.config.linger;
        let Some(call) = self.call_mut(id) else { return };
        let tone = problem.as_ref().filter(|_| call.answered_at.is_none()).and_then(tone);
        call.phase = Phase::Ended { reason, problem: problem.clone(), tone, until };
        call.exchange = Exchange::Idle;
        call.consultation = None;
        call.transfer = None;
        self.unlink(id);
        self.request(MediaRequest::Release(id));
        self.remember(id, outcome, problem);
    }

    /// Whoever waited for or asked this call now stands alone.
    fn unlink(&mut self, ended: CallId) {
        for call in &mut self.calls {
            match call.consultation {
                Some(Consultation::Asking { call: other } | Consultation::Waiting { call: other })
                    if other == ended =>
                {
                    call.consultation = None;
                }
                _ => {}
            }
        }
    }

    fn remember(&mut self, id: CallId, outcome: Outcome, problem: Option<Problem>) {
        let ended_at = self.clock.at(self.now);
        let token = self.rng.token(20);
        let Some(call) = self.calls.iter().find(|call| call.id == id) else { return };
        let entry = HistoryEntry {
            id: HistoryId(token),
            account: call.account,
            direction: call.direction,
            party: call.party.clone(),
            started_at: call.started_at,
            answered_at: call.answered_at,
            ended_at,
            outcome,
            problem,
            seen: outcome != Outcome::Missed,
            call_id: call.call_id.clone(),
            record: None,
            quality: call.quality.shown().cloned(),
        };
        self.presence.linked = None;
        self.history.add(entry.clone());
        self.store(StoreRequest::SaveHistory(entry));
    }
}

fn answered(call: &Call, end: &agent::CallEnd, joined: bool) -> Ending {
    let problem = problem::of_answered(end, &call.who());
    let reason = match (end.reason, end.by) {
        _ if problem.is_some() => EndReason::Failed,
        (agent::EndReason::Transferred, _) => EndReason::Transferred,
        _ if joined => EndReason::Transferred,
        (_, agent::EndedBy::Local) => EndReason::Here,
        (_, agent::EndedBy::Remote) => EndReason::There,
        (_, agent::EndedBy::Network) => EndReason::Failed,
    };
    Ending { reason, outcome: Outcome::Answered, problem }
}

fn unanswered_in(end: &agent::CallEnd) -> Ending {
    let (reason, outcome) = if end.reason == agent::EndReason::AnsweredElsewhere {
        (EndReason::AnsweredElsewhere, Outcome::AnsweredElsewhere)
    } else if end.reason == agent::EndReason::Declined {
        (EndReason::There, Outcome::Declined)
    } else {
        (EndReason::There, Outcome::Missed)
    };
    Ending { reason, outcome, problem: None }
}

fn unanswered_out(call: &Call, end: &agent::CallEnd) -> Ending {
    let problem = problem::of_outgoing(end, &call.who());
    let reason = match (&problem, end.by) {
        (Some(_), _) => EndReason::Failed,
        (None, agent::EndedBy::Local) => EndReason::Here,
        (None, agent::EndedBy::Remote | agent::EndedBy::Network) => EndReason::There,
    };
    Ending { reason, outcome: problem::outcome_of_outgoing(end.reason), problem }
}

/// What is heard when a call could not be made.
fn tone(problem: &Problem) -> Option<Tone> {
    let busy = matches!(problem.code, ErrorCode::Busy | ErrorCode::Declined);
    let silent = problem.code == ErrorCode::NoAnswer;
    (!silent).then_some(if busy { Tone::Busy } else { Tone::Congestion })
}
