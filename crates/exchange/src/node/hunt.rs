use bellbird_sip::agent::{Body, CallEnd, CallId, EndReason, Reply};
use bellbird_sip::message::HeaderName;
use bellbird_sip::status::StatusCode;

use super::itinerary::{Itinerary, Outcome, Ring, Step};
use super::session::{Branch, BranchState, Exchange, Hunt, Leg, Session, Stage, Then};
use super::{Cx, ELSEWHERE, End, MediaId, MediaKind, Progress};

impl Session {
    fn hunt(&mut self) -> Option<&mut Hunt> {
        match &mut self.stage {
            Stage::Hunting(hunt) => Some(hunt),
            Stage::Talking | Stage::First { .. } | Stage::AskedWhere | Stage::Connecting { .. } => None,
        }
    }

    pub(super) fn fire(&mut self, cx: &mut Cx<'_>) {
        if self.held.as_ref().is_some_and(|held| held.until <= cx.now) {
            self.stored(cx, false);
        }
        match &self.stage {
            Stage::First { give_up, .. } if *give_up <= cx.now => {
                self.end_all(cx, None);
                cx.progress(Progress::Failed(StatusCode::TEMPORARILY_UNAVAILABLE));
            }
            Stage::Hunting(hunt) if hunt.ends <= cx.now => self.ring_over(cx, Outcome::NoAnswer),
            Stage::Hunting(_) | Stage::First { .. } | Stage::Talking | Stage::AskedWhere | Stage::Connecting { .. } => {
            }
        }
    }

    /// Goes on with this step. Nothing is done twice: a ring of forwardings ends.
    pub(super) fn begin_step(&mut self, cx: &mut Cx<'_>, index: usize) {
        let Some(hunt) = self.hunt() else { return };
        let known = hunt.visited.contains(&index);
        hunt.visited.push(index);
        match hunt.itinerary.steps.get(index).filter(|_| !known).cloned() {
            Some(Step::Ring(ring)) => self.ring(cx, index, ring),
            Some(Step::End(reply)) => self.give_up(cx, reply.map(|reply| *reply)),
            None => self.give_up(cx, None),
        }
    }

    fn ring(&mut self, cx: &mut Cx<'_>, index: usize, ring: Ring) {
        let now = cx.now;
        let Some(hunt) = self.hunt() else { return };
        (hunt.step, hunt.ends) = (index, now + ring.time);
        hunt.branches.clear();
        for target in ring.targets {
            let over = BranchState::Over(Outcome::Unreachable);
            let mut branch = Branch { target, state: over, offered: false, early: None };
            self.start_branch(cx, &mut branch);
            if let Some(hunt) = self.hunt() {
                hunt.branches.push(branch);
            }
        }
        self.look_around(cx);
    }

    /// Calls a branch, with the party's offer where it has one that this branch is to get.
    fn start_branch(&mut self, cx: &mut Cx<'_>, branch: &mut Branch) {
        let to = End { call: None, tag: branch.target.media };
        match self.offer_for(cx, branch.target.wants_offer) {
            Some((party, kind, offer)) => {
                let id = self.ask_media(cx, kind, party.end(), to, offer, Then::CallBranch);
                (branch.state, branch.offered) = (BranchState::AwaitOffer(id), true);
            }
            None => self.call_branch(cx, branch, None),
        }
    }

    /// The offer of the party that somebody is rung for: of one that talks already what it described last.
    fn offer_for(&mut self, cx: &mut Cx<'_>, wanted: bool) -> Option<(Leg, MediaKind, Body)> {
        let party = self.a?;
        if !party.answered {
            return Some((party, MediaKind::Offer, self.hunt()?.offer.clone()?));
        }
        let described = cx.ua.save_call(cx.now, party.call).filter(|_| wanted)?.remote_description?;
        Some((party, MediaKind::Again, described))
    }

    /// Goes another way to the same target, where this one led nowhere. Who can't take the offer of a party that talks
    /// already may make one that this party can take.
    fn go_another_way(&mut self, cx: &mut Cx<'_>, branch: &mut Branch) {
        let talks = self.a.is_some_and(|a| a.answered);
        if talks && branch.offered && branch.state == BranchState::Over(Outcome::Incompatible) {
            self.call_branch(cx, branch, None);
        }
        while matches!(branch.state, BranchState::Over(Outcome::Unreachable | Outcome::Incompatible))
            && let Some(target) = branch.target.next()
        {
            (branch.target, branch.early) = (target, None);
            self.start_branch(cx, branch);
        }
    }

    fn call_branch(&mut self, cx: &mut Cx<'_>, branch: &mut Branch, offer: Option<Body>) {
        let mut invite = branch.target.invite.clone();
        // Whoever makes the offer does so with the answer: only then somebody is there to answer it.
        invite.reliable = offer.is_some();
        branch.offered = offer.is_some();
        invite.offer = offer;
        branch.state = match cx.ua.invite(cx.now, branch.target.account, invite) {
            Ok(call) => {
                cx.legs.insert(call, self.id);
                cx.progress(Progress::Called(call, branch.target.media));
                BranchState::Calling(call)
            }
            Err(_) => BranchState::Over(Outcome::Unreachable),
        };
    }

    /// The media port made the offer for a branch, or can't.
    pub(super) fn branch_offer(&mut self, cx: &mut Cx<'_>, id: MediaId, result: Result<Body, StatusCode>) {
        let Some(hunt) = self.hunt() else { return };
        let waits = |branch: &Branch| branch.state == BranchState::AwaitOffer(id);
        let Some(position) = hunt.branches.iter().position(waits) else { return };
        let mut branch = hunt.branches.remove(position);
        match result {
            Ok(offer) => self.call_branch(cx, &mut branch, Some(offer)),
            Err(status) => {
                branch.state = BranchState::Over(outcome_of_status(status));
                self.remember(Reply::new(status));
                self.go_another_way(cx, &mut branch);
            }
        }
        if let Some(hunt) = self.hunt() {
            hunt.branches.insert(position, branch);
        }
        self.look_around(cx);
    }

    pub(super) fn rings(&mut self, cx: &mut Cx<'_>, call: CallId) {
        cx.progress(Progress::Ringing(call));
        let (a, b) = (self.a, self.b);
        let Some(hunt) = self.hunt().filter(|hunt| hunt.has_branch(call)) else { return };
        if core::mem::replace(&mut hunt.told_ringing, true) {
            return;
        }
        match (a, b) {
            // The caller may have hung up at this moment.
            (Some(a), _) if !a.answered => drop(cx.ua.ring(cx.now, a.call, None)),
            (Some(_), Some(b)) => drop(cx.ua.report_transfer(cx.now, b.call, StatusCode::RINGING)),
            (_, _) => {}
        }
    }

    /// Passes only where one device rings, and of one device for each caller: he has one description until the answer.
    pub(super) fn early_media(&mut self, cx: &mut Cx<'_>, call: CallId, answer: Body) {
        let Some(hunt) = self.hunt() else { return };
        let alone = hunt.branches.len() == 1 && hunt.offer.is_some() && hunt.told_early.is_none_or(|told| told == call);
        let Some(branch) = hunt.branch_of(call) else { return };
        branch.early = Some(answer.clone());
        let from = End { call: Some(call), tag: branch.target.media };
        match self.a.filter(|a| alone && !a.answered) {
            Some(a) => {
                if let Some(hunt) = self.hunt() {
                    hunt.told_early = Some(call);
                }
                self.ask_media(cx, MediaKind::Answer, from, a.end(), answer, Then::Early);
            }
            None => self.rings(cx, call),
        }
    }

    /// A device answered. The first one has the call.
    pub(super) fn answered(&mut self, cx: &mut Cx<'_>, call: CallId, answer: Option<Body>) {
        let Some(hunt) = self.hunt() else { return self.first_answered(call) };
        let Some(branch) = hunt.branch_of(call) else { return };
        let leg = Leg { call, answered: true, media: branch.target.media };
        let answer = answer.or_else(|| branch.early.take());
        let (offered, told) = (branch.offered, hunt.told_early);
        self.win(cx, leg);
        let Some(a) = self.a.filter(|_| offered) else { return };
        let Some(answer) = answer else {
            self.end_all(cx, None);
            return cx.progress(Progress::Failed(StatusCode::NOT_ACCEPTABLE_HERE));
        };
        if a.answered || told.is_some_and(|told| told != call) {
            self.exchange = Exchange::Offer { from: call };
            self.ask_media(cx, MediaKind::Offer, leg.end(), a.end(), answer, Then::Refit { to: a });
            return;
        }
        self.exchange = Exchange::Offer { from: a.call };
        self.ask_media(cx, MediaKind::Answer, leg.end(), a.end(), answer, Then::Answer { to: a.call });
    }

    /// The caller was told another device's description before: he is answered with that one, and offered this one by
    /// a re-INVITE (RFC 3261 §13.2.1 lets him ignore a second answer). So is a party that the server answered (RFC 3725).
    pub(super) fn refit(&mut self, cx: &mut Cx<'_>, to: Leg, body: Result<Body, StatusCode>) {
        self.set_answered(to.call);
        let answered = to.answered || cx.ua.answer(cx.now, to.call, None).is_ok();
        let offered = body.is_ok_and(|body| answered && cx.ua.reinvite(cx.now, to.call, body).is_ok());
        if !offered {
            self.end_all(cx, None);
        }
    }

    /// This leg has the call: the others stop ringing, and whoever transferred it is done.
    pub(super) fn win(&mut self, cx: &mut Cx<'_>, leg: Leg) {
        if let Stage::Hunting(hunt) = core::mem::replace(&mut self.stage, Stage::Talking) {
            self.drop_branches(cx, hunt.branches, Some(leg.call), Some(ELSEWHERE));
        }
        // An early description that is still with the media port comes too late.
        self.pending.retain(|_, then| !matches!(then, Then::Early | Then::CallBranch));
        if let Some(by) = self.b.replace(leg) {
            // It may have hung up already.
            let _ = cx.ua.report_transfer(cx.now, by.call, StatusCode::OK);
            cx.drop_leg(by.call, None);
        }
        self.exchange = Exchange::None;
        self.unsaved = true;
        if let Some(a) = self.a {
            cx.progress(Progress::Connected(a.call, leg.call));
        }
    }

    pub(super) fn drop_branches(
        &mut self,
        cx: &mut Cx<'_>,
        branches: Vec<Branch>,
        but: Option<CallId>,
        reason: Option<&str>,
    ) {
        for branch in branches {
            match branch.state {
                BranchState::Calling(call) if Some(call) != but => cx.drop_leg(call, reason),
                BranchState::AwaitOffer(id) => {
                    self.pending.remove(&id);
                    cx.questions.remove(&id);
                }
                BranchState::Calling(_) | BranchState::Over(_) => {}
            }
        }
    }

    /// A device stopped ringing without taking the call. 486 and 480 speak for the device, 6xx for the user.
    pub(super) fn branch_ended(&mut self, cx: &mut Cx<'_>, call: CallId, end: CallEnd) {
        let Some(hunt) = self.hunt() else { return };
        let ended = |branch: &Branch| branch.state == BranchState::Calling(call);
        let Some(position) = hunt.branches.iter().position(ended) else { return };
        let mut branch = hunt.branches.remove(position);
        let outcome = outcome_of(&end);
        branch.state = BranchState::Over(outcome);
        let all = end.status.is_some_and(|status| status.code() >= 600 && status.code() != 606);
        self.remember(reply_of(&end));
        cx.progress(Progress::NotTaken(call, end));
        if !all {
            self.go_another_way(cx, &mut branch);
        }
        if let Some(hunt) = self.hunt() {
            hunt.branches.insert(position, branch);
        }
        if all { self.ring_over(cx, outcome) } else { self.look_around(cx) }
    }

    /// Goes on where no device is left that rings.
    fn look_around(&mut self, cx: &mut Cx<'_>) {
        let Some(hunt) = self.hunt() else { return };
        let outcomes = hunt.branches.iter().map(|branch| match branch.state {
            BranchState::Over(outcome) => Some(outcome),
            BranchState::AwaitOffer(_) | BranchState::Calling(_) => None,
        });
        if let Some(outcomes) = outcomes.collect::<Option<Vec<_>>>() {
            self.ring_over(cx, outcomes.into_iter().max().unwrap_or(Outcome::Unreachable));
        }
    }

    fn ring_over(&mut self, cx: &mut Cx<'_>, outcome: Outcome) {
        let Some(hunt) = self.hunt() else { return };
        let Some(Step::Ring(ring)) = hunt.itinerary.steps.get(hunt.step) else { return };
        let next = ring.next.after(outcome);
        let rung = core::mem::take(&mut hunt.branches);
        self.drop_branches(cx, rung, None, None);
        self.begin_step(cx, next);
    }

    pub(super) fn reroute(&mut self, cx: &mut Cx<'_>, itinerary: Itinerary) {
        let Some(hunt) = self.hunt() else { return };
        hunt.itinerary = itinerary;
        hunt.visited.clear();
        let rung = core::mem::take(&mut hunt.branches);
        self.drop_branches(cx, rung, None, None);
        self.begin_step(cx, 0);
    }

    /// The most telling refusal goes to the caller (RFC 3261 §16.7).
    fn remember(&mut self, reply: Reply) {
        let weight = |reply: &Reply| match reply.status.code() {
            600.. => 0,
            486 => 1,
            480 | 408 => 2,
            code => code,
        };
        let Some(hunt) = self.hunt() else { return };
        if hunt.best.as_ref().is_none_or(|best| weight(&reply) < weight(best)) {
            hunt.best = Some(reply);
        }
    }

    /// Nobody took it.
    fn give_up(&mut self, cx: &mut Cx<'_>, reply: Option<Reply>) {
        if self.b.is_none()
            && let Some(recall) = self.hunt().and_then(|hunt| hunt.recall.take())
        {
            return self.reroute(cx, recall);
        }
        let Stage::Hunting(hunt) = core::mem::replace(&mut self.stage, Stage::Talking) else { return };
        let reply = reply.or(hunt.best).unwrap_or(Reply::new(StatusCode::TEMPORARILY_UNAVAILABLE));
        let status = reply.status;
        cx.progress(Progress::Failed(status));
        self.drop_branches(cx, hunt.branches, None, None);
        match (self.a, self.b) {
            (Some(a), _) if !a.answered => {
                cx.legs.remove(&a.call);
                // The caller may be gone by now.
                let _ = cx.ua.refuse(cx.now, a.call, &reply);
                self.a = None;
            }
            // The transfer failed: whoever asked for it has his call back.
            (Some(_), Some(by)) => drop(cx.ua.report_transfer(cx.now, by.call, status)),
            (_, _) => self.end_all(cx, None),
        }
    }
}

fn outcome_of(end: &CallEnd) -> Outcome {
    match (end.reason, end.status.map(StatusCode::code)) {
        (_, Some(486 | 600)) => Outcome::Busy,
        (EndReason::Declined, _) => Outcome::Declined,
        (EndReason::NoAnswer, _) | (_, Some(408 | 480 | 487)) => Outcome::NoAnswer,
        (_, Some(_)) => end.status.map_or(Outcome::Unreachable, outcome_of_status),
        (_, None) => Outcome::Unreachable,
    }
}

const fn outcome_of_status(status: StatusCode) -> Outcome {
    match status.code() {
        404 | 410 | 484 | 604 => Outcome::Refused,
        415 | 488 | 606 => Outcome::Incompatible,
        _ => Outcome::Unreachable,
    }
}

/// What the caller hears of a device's refusal. What only concerns us and the device stays here.
fn reply_of(end: &CallEnd) -> Reply {
    let status = match end.status.map(StatusCode::code) {
        None | Some(300..=399 | 401 | 407 | 481 | 503) => StatusCode::TEMPORARILY_UNAVAILABLE,
        Some(_) => end.status.unwrap_or(StatusCode::TEMPORARILY_UNAVAILABLE),
    };
    let reply = Reply::new(status);
    match &end.text {
        Some(text) if Some(status) == end.status => {
            let text: String = text.chars().filter(|c| *c != '"' && *c != '\\').collect();
            reply.with(HeaderName::Reason, format!("SIP;cause={status};text=\"{text}\""))
        }
        Some(_) | None => reply,
    }
}
