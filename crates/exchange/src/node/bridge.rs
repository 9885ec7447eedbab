use bellbird_base::Duration;
use bellbird_sip::agent::{Body, CallEnd, CallId, EndReason, OfferReason};
use bellbird_sip::status::StatusCode;

use super::session::{Exchange, HeldAnswer, Hunt, Leg, Session, Stage, Then};
use super::{Cx, ELSEWHERE, MediaId, MediaKind, Output, Progress, SavedLeg, SavedSession};

/// How long an answer waits for the storage. A disk that hangs holds nobody up, least of all who calls for help.
const STORED_WITHIN: Duration = Duration::from_millis(250);

impl Session {
    /// A leg offers a session.
    pub(super) fn offered(&mut self, cx: &mut Cx<'_>, call: CallId, offer: Body) {
        if let Stage::First { call: first, media, .. } = &self.stage
            && *first == call
        {
            let end = super::End { call: Some(call), tag: *media };
            self.ask_media(cx, MediaKind::Park, end, end, offer, Then::Park { to: call });
            return;
        }
        let Some(leg) = self.leg(call) else {
            // A device that rings changes its mind: that waits for the answer.
            let _ = cx.ua.respond_to_offer(cx.now, call, Err(StatusCode::REQUEST_PENDING));
            return;
        };
        let rung = matches!(self.stage, Stage::Hunting(_) | Stage::AskedWhere);
        match (self.other(call), self.exchange) {
            (_, _) if !leg.answered => self.refuse_offer(cx, call, StatusCode::REQUEST_PENDING),
            // Whoever waits for a transfer is alone: the server answers.
            (_, Exchange::None) if rung => {
                self.ask_media(cx, MediaKind::Park, leg.end(), leg.end(), offer, Then::Park { to: call });
            }
            (Some(other), Exchange::None) => self.relay_offer(cx, leg, other, offer),
            (Some(other), Exchange::Asked { by }) if by == other.call => self.relay_offer(cx, leg, other, offer),
            (_, _) => self.refuse_offer(cx, call, StatusCode::REQUEST_PENDING),
        }
    }

    fn relay_offer(&mut self, cx: &mut Cx<'_>, from: Leg, to: Leg, offer: Body) {
        self.exchange = Exchange::Offer { from: from.call };
        self.ask_media(cx, MediaKind::Offer, from.end(), to.end(), offer, Then::Offer { to: to.call });
    }

    fn refuse_offer(&mut self, cx: &mut Cx<'_>, call: CallId, status: StatusCode) {
        // The offer may have gone with its call.
        let _ = cx.ua.respond_to_offer(cx.now, call, Err(status));
    }

    /// A leg answered the other's offer.
    pub(super) fn offer_answered(&mut self, cx: &mut Cx<'_>, call: CallId, answer: Body) {
        let (Some(leg), Some(other)) = (self.leg(call), self.other(call)) else { return };
        if (self.exchange == Exchange::Offer { from: other.call }) {
            let then = Then::Answer { to: other.call };
            self.ask_media(cx, MediaKind::Answer, leg.end(), other.end(), answer, then);
        }
    }

    /// A leg refused the other's offer, or to make one.
    pub(super) fn offer_rejected(&mut self, cx: &mut Cx<'_>, call: CallId, status: StatusCode) {
        if matches!(self.stage, Stage::Connecting { .. }) {
            return self.connecting_failed(cx, status);
        }
        let Some(other) = self.other(call) else { return };
        if self.exchange == (Exchange::Offer { from: other.call }) {
            self.exchange = Exchange::None;
            if cx.ua.respond_to_offer(cx.now, other.call, Err(status)).is_err() {
                // It offered nothing: this leg was to be fitted to what the other had agreed on.
                self.end_all(cx, None);
            }
        } else if self.exchange == (Exchange::Asked { by: other.call }) {
            self.exchange = Exchange::None;
            self.cannot_offer(cx, other, status);
        }
    }

    fn cannot_offer(&mut self, cx: &mut Cx<'_>, to: Leg, status: StatusCode) {
        if to.answered {
            // The wish may have gone with its call.
            let _ = cx.ua.provide_offer(cx.now, to.call, Err(status));
        } else {
            cx.drop_leg(to.call, None);
            self.replace(to.call, None);
            self.end_all(cx, None);
        }
    }

    /// A leg wants to be made an offer: the other end makes it.
    pub(super) fn offer_needed(&mut self, cx: &mut Cx<'_>, call: CallId, reason: OfferReason) {
        match reason {
            OfferReason::PathChanged => {}
            OfferReason::PeerAsked => {
                let other = self.other(call).filter(|_| self.exchange == Exchange::None);
                let asked = other.is_some_and(|other| cx.ua.ask_offer(cx.now, other.call).is_ok());
                if asked {
                    self.exchange = Exchange::Asked { by: call };
                } else {
                    let _ = cx.ua.provide_offer(cx.now, call, Err(StatusCode::REQUEST_PENDING));
                }
            }
        }
    }

    /// The media port gave a description back, or can't.
    pub(super) fn take_media(&mut self, cx: &mut Cx<'_>, id: MediaId, result: Result<Body, StatusCode>) {
        let Some(then) = self.pending.remove(&id) else { return };
        match then {
            Then::CallBranch => self.branch_offer(cx, id, result),
            Then::Early => {
                if let (Ok(body), Some(a)) = (result, self.a) {
                    let _ = cx.ua.ring(cx.now, a.call, Some(body));
                }
            }
            Then::Offer { to } => self.deliver_offer(cx, to, result),
            Then::Answer { to } => self.deliver_answer(cx, to, result),
            Then::Refit { to } => self.refit(cx, to, result),
            Then::Park { to } => {
                let _ = cx.ua.respond_to_offer(cx.now, to, result);
            }
            Then::PickUp { by } => self.pick_up(cx, by, result),
        }
    }

    fn deliver_offer(&mut self, cx: &mut Cx<'_>, to: CallId, offer: Result<Body, StatusCode>) {
        let (Some(leg), Some(from)) = (self.leg(to), self.other(to)) else { return };
        let offer = match offer {
            Ok(offer) => offer,
            Err(status) => return self.offer_undelivered(cx, from.call, status),
        };
        // Where the leg itself asked for it, this is what it gets; else it is a re-INVITE.
        let done = if leg.answered {
            cx.ua.provide_offer(cx.now, to, Ok(offer))
        } else {
            self.set_answered(to);
            cx.ua.answer(cx.now, to, Some(offer))
        };
        if done.is_err() {
            self.offer_undelivered(cx, from.call, StatusCode::TEMPORARILY_UNAVAILABLE);
        }
    }

    fn offer_undelivered(&mut self, cx: &mut Cx<'_>, from: CallId, status: StatusCode) {
        if matches!(self.stage, Stage::Connecting { .. }) {
            return self.connecting_failed(cx, status);
        }
        self.exchange = Exchange::None;
        self.refuse_offer(cx, from, status);
    }

    fn deliver_answer(&mut self, cx: &mut Cx<'_>, to: CallId, answer: Result<Body, StatusCode>) {
        let Some(leg) = self.leg(to) else { return };
        match (leg.answered, answer) {
            (true, Err(status)) if matches!(self.stage, Stage::Connecting { .. }) => {
                self.connecting_failed(cx, status);
            }
            (true, answer) => {
                (self.exchange, self.unsaved) = (Exchange::None, true);
                // Where this fails the leg is over, and its end says the rest.
                let _ = cx.ua.respond_to_offer(cx.now, to, answer);
                self.connected(cx);
            }
            (false, Ok(answer)) => self.answer_once_stored(cx, to, answer),
            (false, Err(status)) => {
                cx.progress(Progress::Failed(status));
                self.end_all(cx, None);
            }
        }
    }

    /// Whoever hears that he is connected stays so whatever happens to this process: the call is stored first.
    fn answer_once_stored(&mut self, cx: &mut Cx<'_>, to: CallId, answer: Body) {
        let saved = self.saved_as_answered(cx, to, &answer);
        let stored_first = saved.is_some();
        self.held = Some(HeldAnswer { to, answer, until: cx.now + STORED_WITHIN });
        match saved {
            Some(saved) => cx.outputs.push_back(Output::Save(self.id, Box::new(saved))),
            None => self.stored(cx, stored_first),
        }
    }

    fn saved_as_answered(&mut self, cx: &mut Cx<'_>, to: CallId, answer: &Body) -> Option<SavedSession> {
        let mut saved = |leg: Leg| {
            let call = match leg.call == to {
                true => cx.ua.save_answered_call(cx.now, to, answer)?,
                false => cx.ua.save_call(cx.now, leg.call)?,
            };
            Some(SavedLeg { call, media: leg.media })
        };
        Some(SavedSession { a: saved(self.a?)?, b: saved(self.b?)? })
    }

    /// The call is stored, or can't be, or that takes too long: the caller hears the answer.
    pub(super) fn stored(&mut self, cx: &mut Cx<'_>, is_stored: bool) {
        let Some(HeldAnswer { to, answer, .. }) = self.held.take() else { return };
        (self.exchange, self.unsaved) = (Exchange::None, !is_stored);
        self.set_answered(to);
        // Where this fails the leg is over, and its end says the rest.
        let _ = cx.ua.answer(cx.now, to, Some(answer));
    }

    /// The first leg of a call that the server makes is there.
    pub(super) fn established(&mut self, cx: &mut Cx<'_>, call: CallId) {
        self.unsaved |= self.leg(call).is_some();
        if !matches!(self.stage, Stage::First { call: first, .. } if first == call) {
            return;
        }
        let Stage::First { media, itinerary, .. } = core::mem::replace(&mut self.stage, Stage::Talking) else { return };
        self.a = Some(Leg { call, answered: true, media });
        self.stage = Stage::Hunting(Box::new(Hunt::new(*itinerary, None)));
        cx.progress(Progress::FirstAnswered(call));
        self.begin_step(cx, 0);
    }

    /// The first leg picked up; its offer follows and is answered before anybody else is called.
    pub(super) fn first_answered(&mut self, call: CallId) {
        if let Stage::First { call: first, give_up, .. } = &mut self.stage
            && *first == call
        {
            *give_up = bellbird_base::Instant::FAR_FUTURE;
        }
    }

    /// A leg is over: so is what hung on it.
    pub(super) fn leg_ended(&mut self, cx: &mut Cx<'_>, call: CallId, end: CallEnd) {
        cx.legs.remove(&call);
        if matches!(&self.stage, Stage::Hunting(hunt) if hunt.has_branch(call)) {
            return self.branch_ended(cx, call, end);
        }
        let reason = (end.reason == EndReason::AnsweredElsewhere).then_some(ELSEWHERE);
        match &mut self.stage {
            Stage::First { call: first, .. } if *first == call => {
                self.stage = Stage::Talking;
                cx.progress(Progress::Failed(end.status.unwrap_or(StatusCode::TEMPORARILY_UNAVAILABLE)));
            }
            // Whoever asked for a blind transfer need not wait for its end.
            Stage::Hunting(_) | Stage::AskedWhere if self.b.is_some_and(|b| b.call == call) => self.b = None,
            Stage::Connecting { by, consult, .. }
                if [&*by, &*consult].iter().any(|leg| leg.is_some_and(|leg| leg.call == call)) =>
            {
                for leg in [by, consult] {
                    leg.take_if(|leg| leg.call == call);
                }
            }
            Stage::Hunting(_) | Stage::First { .. } | Stage::Talking | Stage::AskedWhere | Stage::Connecting { .. } => {
                if self.leg(call).is_some() {
                    self.replace(call, None);
                    self.end_all(cx, reason);
                }
            }
        }
    }
}
