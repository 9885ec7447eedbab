//! The call node: a B2BUA that connects the calls of phones and trunks, one leg each.
//!
//! A [`Node`] stands beside a [`UserAgent`] and works with its calls. Its owner decides who may call whom, and gives a
//! resolved [`Itinerary`]; hands every call event of the agent to [`Node::take`]; answers what [`Node::poll`] asks:
//! descriptions ([`Output::Media`]) and where transfers go ([`Output::Transfer`]); and lets [`Node::fire`] ring at
//! [`Node::deadline`].
//!
//! ```text
//! caller ── leg ──┐             ┌── leg ── device (rings)
//!                 ├── session ──┼── leg ── device (rings)
//!   descriptions ─┴─ MediaPort ─┴── leg ── trunk
//! ```
//!
//! With more than one device the caller hears 180 without description; early media passes with one device alone. The
//! first to answer has the call, the others get CANCEL with `Reason: SIP;cause=200`. Each leg has its own session timer,
//! reliable responses and authentication; offers and answers, digits and hang-ups pass from end to end.

mod bridge;
mod hunt;
mod io;
mod itinerary;
mod session;
mod transfer;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bellbird_base::Instant;
use bellbird_sip::agent::{AccountId, Body, CallEvent, CallId, IncomingCall, Misuse, Reply, ServerId, UserAgent};
use bellbird_sip::status::StatusCode;

pub use io::{End, MediaId, MediaKind, MediaRequest, Output, Progress, SavedLeg, SavedSession, SessionId};
pub use itinerary::{Itinerary, MediaTag, Next, Outcome, Ring, Step, Target};

use session::{Exchange, Hunt, Leg, Session, Stage, Then};

/// What a leg is told whose call another device took.
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// The call node. See the module's page.
#[derive(Debug, Default)]
pub struct Node {
    sessions: BTreeMap<SessionId, Session>,
    legs: BTreeMap<CallId, SessionId>,
    questions: BTreeMap<MediaId, SessionId>,
    /// Calls that were accepted and did not say yet what they offer.
    accepted: BTreeMap<CallId, (Itinerary, MediaTag)>,
    deadlines: BTreeSet<(Instant, SessionId)>,
    outputs: VecDeque<Output>,
    last_session: u64,
    last_question: u64,
}

/// What a session works with while it handles something.
struct Cx<'a> {
    ua: &'a mut UserAgent,
    now: Instant,
    session: SessionId,
    legs: &'a mut BTreeMap<CallId, SessionId>,
    questions: &'a mut BTreeMap<MediaId, SessionId>,
    outputs: &'a mut VecDeque<Output>,
    last_question: &'a mut u64,
}

impl Cx<'_> {
    fn progress(&mut self, progress: Progress) {
        self.outputs.push_back(Output::Progress(self.session, progress));
    }

    /// Refuses a caller, and does not want to hear of it any more.
    fn refuse_leg(&mut self, call: CallId) {
        self.legs.remove(&call);
        // It may have given up already.
        let _ = self.ua.refuse(self.now, call, &Reply::new(StatusCode::TEMPORARILY_UNAVAILABLE));
    }

    /// Ends a leg, and does not want to hear of it any more.
    fn drop_leg(&mut self, call: CallId, reason: Option<&str>) {
        self.legs.remove(&call);
        // It may be over already.
        let _ = match reason {
            Some(reason) => self.ua.hang_up_because(self.now, call, reason),
            None => self.ua.hang_up(self.now, call),
        };
    }
}

impl Node {
    /// A node without connections.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an INVITE in that was told by `ServerEvent::Request`, as a call of this account, and sends it on its way.
    /// One with a Replaces takes a call's place instead, whatever the itinerary says: whether it may is for the owner.
    ///
    /// # Errors
    /// Where the agent can't make it a call; then the INVITE was answered, or is unknown.
    pub fn accept(
        &mut self,
        ua: &mut UserAgent,
        now: Instant,
        invite: ServerId,
        account: AccountId,
        itinerary: Itinerary,
        media: MediaTag,
    ) -> Result<CallId, Misuse> {
        let call = ua.accept_invite(now, invite, account)?;
        self.accepted.insert(call, (itinerary, media));
        Ok(call)
    }

    /// Calls `first`, then sends it on its way: call method desk phone or mobile, call-back, click-to-dial.
    ///
    /// # Errors
    /// Where the first can't be called.
    pub fn dial(
        &mut self,
        ua: &mut UserAgent,
        now: Instant,
        first: &Target,
        patience: bellbird_base::Duration,
        itinerary: Itinerary,
    ) -> Result<SessionId, Misuse> {
        let mut invite = first.invite.clone();
        (invite.offer, invite.reliable) = (None, false);
        let call = ua.invite(now, first.account, invite)?;
        let (give_up, media) = (now + patience, first.media);
        let stage = Stage::First { call, give_up, media, itinerary: Box::new(itinerary) };
        let id = self.name();
        self.legs.insert(call, id);
        self.outputs.push_back(Output::Progress(id, Progress::Called(call, media)));
        self.keep(Session::new(id, None, stage));
        Ok(id)
    }

    /// Takes what the agent told about a call. Gives whether it is one of the node's.
    pub fn take(&mut self, ua: &mut UserAgent, now: Instant, call: CallId, event: CallEvent) -> bool {
        if let CallEvent::Incoming(incoming) = event {
            return self.begin(ua, now, call, &incoming);
        }
        if matches!(event, CallEvent::Ended(_)) {
            self.accepted.remove(&call);
        }
        let Some(session) = self.legs.get(&call).copied() else { return false };
        if let CallEvent::TransferRequested { target, attended, referred_by } = event {
            self.transfer_requested(ua, now, session, call, transfer::Wish { target, attended, referred_by });
        } else {
            self.with(ua, now, session, |session, cx| session.take(cx, call, event));
        }
        true
    }

    /// The media port's answer to [`Output::Media`].
    pub fn media(&mut self, ua: &mut UserAgent, now: Instant, id: MediaId, result: Result<Body, StatusCode>) {
        if let Some(session) = self.questions.remove(&id) {
            self.with(ua, now, session, |session, cx| session.take_media(cx, id, result));
        }
    }

    /// The owner stored what [`Output::Save`] said last of this connection, or could not: an answer may wait for it.
    pub fn stored(&mut self, ua: &mut UserAgent, now: Instant, session: SessionId, is_stored: bool) {
        self.with(ua, now, session, |session, cx| session.stored(cx, is_stored));
    }

    /// Ends a connection with all its legs.
    pub fn hang_up(&mut self, ua: &mut UserAgent, now: Instant, session: SessionId) {
        self.with(ua, now, session, |session, cx| session.end_all(cx, None));
    }

    /// Sends a call that rings another way: what rings stops, and the new itinerary begins. A call that does not ring
    /// stays as it is.
    pub fn reroute(&mut self, ua: &mut UserAgent, now: Instant, session: SessionId, itinerary: Itinerary) {
        self.with(ua, now, session, |session, cx| session.reroute(cx, itinerary));
    }

    /// The two legs that talk, or the one that waits.
    pub fn legs(&self, session: SessionId) -> Vec<CallId> {
        let session = self.sessions.get(&session);
        session.into_iter().flat_map(|session| [session.a, session.b]).flatten().map(|leg| leg.call).collect()
    }

    /// The connection that a leg belongs to.
    pub fn session_of(&self, call: CallId) -> Option<SessionId> {
        self.legs.get(&call).copied()
    }

    /// The leg that talks to this one.
    pub fn peer_of(&self, call: CallId) -> Option<CallId> {
        let session = self.sessions.get(self.legs.get(&call)?)?;
        session.other(call).map(|leg| leg.call)
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// What the owner has to do or know, oldest first.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Node::fire`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Lets what rang long enough go on.
    pub fn fire(&mut self, ua: &mut UserAgent, now: Instant) {
        while let Some((at, session)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now) {
            self.deadlines.remove(&(at, session));
            self.with(ua, now, session, Session::fire);
        }
    }

    /// Goes on with a connection that was saved in an earlier life, under a new name.
    ///
    /// # Errors
    /// Where one of the legs is no call; then neither is restored.
    pub fn restore(
        &mut self,
        ua: &mut UserAgent,
        now: Instant,
        accounts: (AccountId, AccountId),
        saved: SavedSession,
    ) -> Result<SessionId, Misuse> {
        let a = ua.restore_call(now, accounts.0, saved.a.call)?;
        let b = match ua.restore_call(now, accounts.1, saved.b.call) {
            Ok(b) => b,
            Err(misuse) => {
                ua.hang_up(now, a)?;
                return Err(misuse);
            }
        };
        let id = self.name();
        let leg = |call, media| Leg { call, answered: true, media };
        let mut session = Session::new(id, Some(leg(a, saved.a.media)), Stage::Talking);
        session.b = Some(leg(b, saved.b.media));
        self.legs.extend([(a, id), (b, id)]);
        self.keep(session);
        Ok(id)
    }

    fn name(&mut self) -> SessionId {
        self.last_session += 1;
        SessionId(self.last_session)
    }

    /// A call that was accepted says what it offers.
    fn begin(&mut self, ua: &mut UserAgent, now: Instant, call: CallId, incoming: &IncomingCall) -> bool {
        let Some((itinerary, media)) = self.accepted.remove(&call) else { return false };
        let leg = Leg { call, answered: false, media };
        if let Some(replaced) = incoming.replaces {
            self.take_place(ua, now, leg, replaced, incoming.offer.clone());
            return true;
        }
        let id = self.name();
        self.legs.insert(call, id);
        let hunt = Hunt::new(itinerary, incoming.offer.clone());
        self.keep(Session::new(id, Some(leg), Stage::Hunting(Box::new(hunt))));
        self.with(ua, now, id, |session, cx| session.begin_step(cx, 0));
        true
    }

    fn take_place(&mut self, ua: &mut UserAgent, now: Instant, leg: Leg, replaced: CallId, offer: Option<Body>) {
        let taken = self.legs.get(&replaced).copied().and_then(|id| {
            self.legs.insert(leg.call, id);
            self.with(ua, now, id, |session, cx| session.take_place(cx, leg, replaced, offer))
        });
        if taken != Some(true) {
            self.legs.remove(&leg.call);
            let reply = Reply::new(StatusCode::CALL_DOES_NOT_EXIST);
            // The caller may be gone by now.
            let _ = ua.refuse(now, leg.call, &reply);
        }
    }

    /// Goes on with a connection that was nearly made one with another.
    fn split(&mut self, ua: &mut UserAgent, now: Instant, id: SessionId, a: Leg, b: Leg) {
        self.legs.extend([(a.call, id), (b.call, id)]);
        let session = Session::new(id, Some(a), Stage::Talking);
        self.keep(Session { b: Some(b), unsaved: true, ..session });
        // It is saved on the way out.
        self.with(ua, now, id, |_, _| ());
    }

    fn keep(&mut self, session: Session) {
        if let Some(at) = session.deadline() {
            self.deadlines.insert((at, session.id));
        }
        self.sessions.insert(session.id, session);
    }

    /// Runs something on a session, with everything that it may touch.
    fn with<T>(
        &mut self,
        ua: &mut UserAgent,
        now: Instant,
        id: SessionId,
        run: impl FnOnce(&mut Session, &mut Cx<'_>) -> T,
    ) -> Option<T> {
        let mut session = self.sessions.remove(&id)?;
        if let Some(at) = session.deadline() {
            self.deadlines.remove(&(at, id));
        }
        let mut cx = Cx {
            ua: &mut *ua,
            now,
            session: id,
            legs: &mut self.legs,
            questions: &mut self.questions,
            outputs: &mut self.outputs,
            last_question: &mut self.last_question,
        };
        let result = run(&mut session, &mut cx);
        session.save_if_due(&mut cx);
        let split = session.split.take();
        if session.is_over() {
            self.questions.retain(|_, owner| *owner != id);
            self.outputs.push_back(Output::Over(id));
        } else {
            self.keep(session);
        }
        if let Some((other, a, b)) = split {
            self.split(ua, now, other, a, b);
        }
        Some(result)
    }
}

impl Session {
    fn take(&mut self, cx: &mut Cx<'_>, call: CallId, event: CallEvent) {
        match event {
            CallEvent::Ringing { .. } => self.rings(cx, call),
            CallEvent::EarlyMedia { answer, .. } => self.early_media(cx, call, answer),
            CallEvent::Answered { answer } => self.answered(cx, call, answer),
            CallEvent::Established => self.established(cx, call),
            CallEvent::Offer(offer) => self.offered(cx, call, offer),
            CallEvent::OfferAnswered(answer) => self.offer_answered(cx, call, answer),
            CallEvent::OfferRejected(status) => self.offer_rejected(cx, call, status),
            CallEvent::OfferNeeded(reason) => self.offer_needed(cx, call, reason),
            CallEvent::DigitInfo(digit, duration) => {
                if let Some(other) = self.other(call) {
                    // An end that is not answered hears no digits.
                    let _ = cx.ua.send_digit_info(cx.now, other.call, digit, duration);
                }
            }
            CallEvent::Info(body) => {
                if let Some(other) = self.other(call) {
                    let _ = cx.ua.send_info(cx.now, other.call, &body);
                }
            }
            CallEvent::Ended(end) => self.leg_ended(cx, call, end),
            CallEvent::Incoming(_)
            | CallEvent::Trying
            | CallEvent::TransferRequested { .. }
            | CallEvent::TransferProgress { .. }
            | CallEvent::RemoteIdentity(_) => {}
        }
    }

    /// Asks the media port for a description.
    fn ask_media(&mut self, cx: &mut Cx<'_>, kind: MediaKind, from: End, to: End, body: Body, then: Then) -> MediaId {
        *cx.last_question += 1;
        let id = MediaId(*cx.last_question);
        cx.questions.insert(id, self.id);
        self.pending.insert(id, then);
        cx.outputs.push_back(Output::Media(MediaRequest { id, session: self.id, kind, from, to, body }));
        id
    }

    /// Ends everything.
    fn end_all(&mut self, cx: &mut Cx<'_>, reason: Option<&str>) {
        let stage = core::mem::replace(&mut self.stage, Stage::Talking);
        match stage {
            Stage::First { call, .. } => cx.drop_leg(call, reason),
            Stage::Hunting(hunt) => self.drop_branches(cx, hunt.branches, None, reason),
            Stage::Connecting { by, consult, other } => {
                for leg in [by, consult].into_iter().flatten() {
                    cx.drop_leg(leg.call, reason);
                }
                cx.outputs.push_back(Output::Over(other));
            }
            Stage::Talking | Stage::AskedWhere => {}
        }
        for leg in [self.a.take(), self.b.take()].into_iter().flatten() {
            if leg.answered { cx.drop_leg(leg.call, reason) } else { cx.refuse_leg(leg.call) }
        }
        self.exchange = Exchange::None;
        self.held = None;
        self.pending.clear();
    }

    fn save_if_due(&mut self, cx: &mut Cx<'_>) {
        let (Some(a), Some(b)) = (self.a, self.b) else { return };
        if !self.unsaved || !a.answered || !b.answered || self.exchange != Exchange::None {
            return;
        }
        let mut saved = |leg: Leg| Some(SavedLeg { call: cx.ua.save_call(cx.now, leg.call)?, media: leg.media });
        if let (Some(a), Some(b)) = (saved(a), saved(b)) {
            self.unsaved = false;
            cx.outputs.push_back(Output::Save(self.id, Box::new(SavedSession { a, b })));
        }
    }
}
