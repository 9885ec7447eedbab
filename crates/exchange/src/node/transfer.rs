use bellbird_base::Instant;
use bellbird_sip::agent::{Body, CallId, Party, UserAgent};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

use super::itinerary::Itinerary;
use super::session::{Exchange, Hunt, Leg, Session, Stage, Then};
use super::{Cx, MediaKind, Node, Output, SessionId};

/// What a REFER asks for.
pub(super) struct Wish {
    pub(super) target: Uri,
    pub(super) attended: bool,
    pub(super) referred_by: Option<Party>,
}

impl Node {
    /// Sends a party on its way that [`Output::Transfer`] asked for; where nobody takes it and who asked has hung up by
    /// then, the other way, if there is one.
    pub fn transfer_to(
        &mut self,
        ua: &mut UserAgent,
        now: Instant,
        session: SessionId,
        itinerary: Itinerary,
        recall: Option<Itinerary>,
    ) {
        self.with(ua, now, session, |session, cx| session.transfer_to(cx, itinerary, recall));
    }

    /// Does not; whoever asked hears this.
    pub fn refuse_transfer(&mut self, ua: &mut UserAgent, now: Instant, session: SessionId, status: StatusCode) {
        self.with(ua, now, session, |session, cx| session.refuse_transfer(cx, status));
    }

    pub(super) fn transfer_requested(
        &mut self,
        ua: &mut UserAgent,
        now: Instant,
        session: SessionId,
        by: CallId,
        wish: Wish,
    ) {
        if wish.attended {
            if !self.connect(ua, now, session, by) {
                // It may have hung up by now.
                let _ = ua.report_transfer(now, by, StatusCode::CALL_DOES_NOT_EXIST);
            }
            return;
        }
        self.with(ua, now, session, |session, cx| session.ask_where(cx, by, wish));
    }

    /// An attended transfer: the party of one call of whoever transfers, and that of his other one. Gives whether there
    /// are two such.
    fn connect(&mut self, ua: &mut UserAgent, now: Instant, id: SessionId, by: CallId) -> bool {
        let Some(consult) = ua.transfer_replaces(by) else { return false };
        let other = self.legs.get(&consult).copied().filter(|other| *other != id);
        let pair = |session: Option<&Session>, call| {
            let session = session.filter(|session| matches!(session.stage, Stage::Talking))?;
            let free = session.exchange == Exchange::None;
            Some((session.leg(call)?, session.other(call).filter(|leg| free && leg.answered)?))
        };
        let first = pair(self.sessions.get(&id), by);
        let second = other.and_then(|other| pair(self.sessions.get(&other), consult));
        let (Some((by, party)), Some((consult, target)), Some(other)) = (first, second, other) else { return false };
        self.sessions.remove(&other);
        self.legs.insert(consult.call, id);
        self.legs.insert(target.call, id);
        let undone = self.with(ua, now, id, |session, cx| {
            (session.a, session.b) = (Some(party), Some(target));
            session.stage = Stage::Connecting { by: Some(by), consult: Some(consult), other };
            // Whatever the target offers meanwhile has to wait.
            session.exchange = Exchange::Asked { by: target.call };
            cx.ua.ask_offer(cx.now, party.call).is_err()
        });
        if undone == Some(true) {
            self.with(ua, now, id, |session, cx| {
                session.connecting_failed(cx, StatusCode::REQUEST_PENDING);
            });
        }
        true
    }
}

impl Session {
    fn ask_where(&mut self, cx: &mut Cx<'_>, by: CallId, wish: Wish) {
        let party = self.other(by).filter(|party| party.answered && matches!(self.stage, Stage::Talking));
        let (Some(party), Some(leg)) = (party, self.leg(by)) else {
            let _ = cx.ua.report_transfer(cx.now, by, StatusCode::DECLINE);
            return;
        };
        (self.a, self.b) = (Some(party), Some(leg));
        self.stage = Stage::AskedWhere;
        let Wish { target, referred_by, .. } = wish;
        cx.outputs.push_back(Output::Transfer { session: self.id, by, target, referred_by });
    }

    fn transfer_to(&mut self, cx: &mut Cx<'_>, itinerary: Itinerary, recall: Option<Itinerary>) {
        if matches!(self.stage, Stage::AskedWhere) {
            self.stage = Stage::Hunting(Box::new(Hunt { recall, ..Hunt::new(itinerary, None) }));
            self.begin_step(cx, 0);
        }
    }

    fn refuse_transfer(&mut self, cx: &mut Cx<'_>, status: StatusCode) {
        if !matches!(self.stage, Stage::AskedWhere) {
            return;
        }
        self.stage = Stage::Talking;
        match self.b {
            Some(by) => drop(cx.ua.report_transfer(cx.now, by.call, status)),
            // Whoever asked is gone, and nobody else takes it.
            None => self.end_all(cx, None),
        }
    }

    /// An exchange is complete; if it was the one of an attended transfer, that is done.
    pub(super) fn connected(&mut self, cx: &mut Cx<'_>) {
        if !matches!(self.stage, Stage::Connecting { .. }) {
            return;
        }
        let Stage::Connecting { by, consult, other } = core::mem::replace(&mut self.stage, Stage::Talking) else {
            return;
        };
        if let Some(by) = by {
            let _ = cx.ua.report_transfer(cx.now, by.call, StatusCode::OK);
        }
        for leg in [by, consult].into_iter().flatten() {
            cx.drop_leg(leg.call, None);
        }
        cx.outputs.push_back(Output::Over(other));
        if let (Some(a), Some(b)) = (self.a, self.b) {
            cx.progress(super::Progress::Connected(a.call, b.call));
        }
    }

    /// One of the two does not want to talk otherwise than before: whoever asked is told.
    pub(super) fn connecting_failed(&mut self, cx: &mut Cx<'_>, status: StatusCode) {
        let Stage::Connecting { by, consult, other } = core::mem::replace(&mut self.stage, Stage::Talking) else {
            return;
        };
        if let Some(by) = by {
            let _ = cx.ua.report_transfer(cx.now, by.call, status);
        }
        if let (Exchange::Offer { from }, true) = (self.exchange, by.is_some()) {
            // The party offered already: it gets what it had.
            let before = cx.ua.save_call(cx.now, from).and_then(|saved| saved.local_description);
            let _ = cx.ua.respond_to_offer(cx.now, from, before.ok_or(status));
        }
        self.exchange = Exchange::None;
        // All is as before: two connections. Where one has lost its other end, it is over.
        match (consult, self.b) {
            (Some(consult), Some(target)) => self.split = Some((other, consult, target)),
            (one, two) => {
                one.or(two).into_iter().for_each(|leg| cx.drop_leg(leg.call, None));
                cx.outputs.push_back(Output::Over(other));
            }
        }
        (self.b, self.unsaved) = (by, true);
        if by.is_none() {
            self.end_all(cx, None);
        }
    }

    /// A leg takes the place of another one (RFC 3891): of one that talks, or of one that rings. Gives whether it does.
    pub(super) fn take_place(&mut self, cx: &mut Cx<'_>, leg: Leg, replaced: CallId, offer: Option<Body>) -> bool {
        if let Stage::Hunting(hunt) = &self.stage {
            let caller = self.a.is_some_and(|a| !a.answered) && hunt.offer.is_some();
            let Some(offer) = offer.filter(|_| caller && hunt.has_branch(replaced)) else { return false };
            self.ask_media(cx, MediaKind::Park, leg.end(), leg.end(), offer, Then::PickUp { by: leg });
            return true;
        }
        let free = matches!(self.stage, Stage::Talking) && self.exchange == Exchange::None;
        let Some(party) = self.other(replaced).filter(|party| free && party.answered) else { return false };
        let then = Then::Offer { to: party.call };
        match offer {
            Some(offer) => {
                self.exchange = Exchange::Offer { from: leg.call };
                self.ask_media(cx, MediaKind::Offer, leg.end(), party.end(), offer, then);
            }
            None if cx.ua.ask_offer(cx.now, party.call).is_ok() => self.exchange = Exchange::Asked { by: leg.call },
            None => return false,
        }
        // The agent hangs the replaced leg up as soon as this one is answered.
        cx.legs.remove(&replaced);
        self.replace(replaced, Some(leg));
        true
    }

    /// A ringing call is picked up elsewhere: that leg talks to the server, until the caller's offer made it answer.
    pub(super) fn pick_up(&mut self, cx: &mut Cx<'_>, by: Leg, parked: Result<Body, StatusCode>) {
        let offer = match &self.stage {
            Stage::Hunting(hunt) => hunt.offer.clone(),
            Stage::Talking | Stage::First { .. } | Stage::AskedWhere | Stage::Connecting { .. } => None,
        };
        let (Some(a), Some(offer), Ok(parked)) = (self.a, offer, parked) else { return cx.drop_leg(by.call, None) };
        let leg = Leg { answered: true, ..by };
        // Before it is answered: the agent would cancel the replaced leg without a word of why.
        self.win(cx, leg);
        if cx.ua.answer(cx.now, by.call, Some(parked)).is_err() {
            return self.end_all(cx, None);
        }
        self.exchange = Exchange::Offer { from: a.call };
        self.ask_media(cx, MediaKind::Offer, a.end(), leg.end(), offer, Then::Offer { to: by.call });
    }
}
