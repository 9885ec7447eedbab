//! The echo number: calls that the server itself answers, with what it hears.

use bellbird_exchange::Routed;
use bellbird_exchange::node::SessionId;
use bellbird_exchange::routing::Caller;
use bellbird_net::clock;
use bellbird_sip::agent::{self, Body, CallEvent, CallId};
use bellbird_sip::status::StatusCode;

use super::driver::Driver;
use crate::relay::EndKey;

impl Driver {
    pub(super) fn echo(&mut self, routed: &Routed) {
        let Some(account) = self.exchange.account_of(routed.organisation) else { return };
        let accepted = self.exchange.agent_mut().accept_invite(clock::now(), routed.invite.id, account);
        // Where it makes no call the agent answered it.
        if let Ok(call) = accepted {
            self.echoes.insert(call, Some(routed.invite.via.remote.ip()));
            if let Caller::Account { account, .. } = &routed.call.caller {
                let session = echo_session(call);
                self.ends.insert((session, EndKey(session.0)), *account);
            }
            self.exchange.settle();
        }
    }

    pub(super) fn hear_echo(&mut self, call: CallId, event: CallEvent) {
        let Some(from) = self.echoes.get(&call).copied() else { return };
        match event {
            CallEvent::Incoming(incoming) => {
                let answer = incoming.offer.as_ref().map_or(Err(StatusCode::NOT_ACCEPTABLE_HERE), |offer| {
                    self.media.echo(echo_session(call).0, from, offer)
                });
                self.answer_echo(call, answer);
            }
            CallEvent::Offer(offer) => {
                let answer = self.media.echo(echo_session(call).0, from, &offer);
                // It may have ended meanwhile.
                self.exchange.agent_mut().respond_to_offer(clock::now(), call, answer).ok();
                self.exchange.settle();
            }
            CallEvent::Ended(_) => {
                self.echoes.remove(&call);
                self.measure(Some(echo_session(call)));
                self.media.over(echo_session(call));
            }
            CallEvent::Trying
            | CallEvent::Ringing { .. }
            | CallEvent::EarlyMedia { .. }
            | CallEvent::OfferNeeded(_)
            | CallEvent::Answered { .. }
            | CallEvent::OfferAnswered(_)
            | CallEvent::OfferRejected(_)
            | CallEvent::Established
            | CallEvent::TransferRequested { .. }
            | CallEvent::TransferProgress { .. }
            | CallEvent::DigitInfo(..)
            | CallEvent::Info(_)
            | CallEvent::RemoteIdentity(_) => {}
        }
    }

    fn answer_echo(&mut self, call: CallId, answer: Result<Body, StatusCode>) {
        let at = clock::now();
        let agent = self.exchange.agent_mut();
        // The caller may have given up.
        match answer {
            Ok(body) => agent.answer(at, call, Some(body)).ok(),
            Err(status) => agent.refuse(at, call, &agent::Reply::new(status)).ok(),
        };
        self.exchange.settle();
    }
}

/// Calls to the echo are no sessions of the node: they are named from the other end.
fn echo_session(call: CallId) -> SessionId {
    SessionId(u64::MAX - call.0)
}
