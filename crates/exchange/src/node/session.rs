use std::collections::BTreeMap;

use bellbird_base::Instant;
use bellbird_sip::agent::{Body, CallId, Reply};

use super::itinerary::{Itinerary, Outcome, Target};
use super::{End, MediaId, MediaTag, SessionId};

/// One connection: a party, whom it talks to, and whom it is ringing for it.
///
/// ```text
///            Incoming, dial, transfer               somebody answers
/// ──────────────────────────────────► hunt ────────────────────────► a and b
///                                      │  ▲ blind transfer             │
///                                      ▼  └────────────────────────────┤ hung up
///                                     over ◄───────────────────────────┘
/// ```
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: SessionId,
    /// The party that others are rung for.
    pub(super) a: Option<Leg>,
    /// Whom it talks to.
    pub(super) b: Option<Leg>,
    pub(super) stage: Stage,
    pub(super) exchange: Exchange,
    pub(super) pending: BTreeMap<MediaId, Then>,
    /// An answer that waits until the call is stored. The exchange is open as long.
    pub(super) held: Option<HeldAnswer>,
    /// Whether something has to be saved once no exchange is open.
    pub(super) unsaved: bool,
    /// Two legs that are a connection of their own again.
    pub(super) split: Option<(SessionId, Leg, Leg)>,
}

/// An answer that a caller is told once the call is stored, or after a while.
#[derive(Debug)]
pub(super) struct HeldAnswer {
    pub(super) to: CallId,
    pub(super) answer: Body,
    pub(super) until: Instant,
}

/// What is going on besides talking.
#[derive(Debug)]
pub(super) enum Stage {
    /// Nothing: the two talk.
    Talking,
    /// The first leg of a call that the server makes is called, offerless.
    First { call: CallId, give_up: Instant, media: MediaTag, itinerary: Box<Itinerary> },
    /// Others are rung for `a`.
    Hunting(Box<Hunt>),
    /// `b` asked for a blind transfer of `a`, and the owner was asked where to.
    AskedWhere,
    /// An attended transfer: `a` and `b` are being connected in place of these two legs of whoever transfers. The
    /// connection of `consult` and `b` goes on under its name where that comes to nothing.
    Connecting { by: Option<Leg>, consult: Option<Leg>, other: SessionId },
}

/// One leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leg {
    pub(super) call: CallId,
    pub(super) answered: bool,
    pub(super) media: MediaTag,
}

impl Leg {
    pub(super) fn end(&self) -> End {
        End { call: Some(self.call), tag: self.media }
    }
}

/// Devices that are rung for a party.
#[derive(Debug)]
pub(super) struct Hunt {
    pub(super) itinerary: Itinerary,
    pub(super) step: usize,
    pub(super) visited: Vec<usize>,
    pub(super) branches: Vec<Branch>,
    /// When the present ring is over.
    pub(super) ends: Instant,
    /// The offer of a party that calls and is not answered.
    pub(super) offer: Option<Body>,
    pub(super) told_ringing: bool,
    /// The device whose description the caller was told before the answer.
    pub(super) told_early: Option<CallId>,
    /// What the devices said, the most telling.
    pub(super) best: Option<Reply>,
    /// Back to who sent the party on, where nobody takes it and he has hung up by then.
    pub(super) recall: Option<Itinerary>,
}

/// One of the devices that ring.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) target: Target,
    pub(super) state: BranchState,
    /// Whether its INVITE bore an offer.
    pub(super) offered: bool,
    /// The answer that came before the call was answered.
    pub(super) early: Option<Body>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BranchState {
    /// The media port is asked for the offer.
    AwaitOffer(MediaId),
    Calling(CallId),
    Over(Outcome),
}

impl Hunt {
    pub(super) fn new(itinerary: Itinerary, offer: Option<Body>) -> Self {
        Self {
            itinerary,
            step: 0,
            visited: Vec::new(),
            branches: Vec::new(),
            ends: Instant::FAR_FUTURE,
            offer,
            told_ringing: false,
            told_early: None,
            best: None,
            recall: None,
        }
    }

    pub(super) fn branch_of(&mut self, call: CallId) -> Option<&mut Branch> {
        self.branches.iter_mut().find(|branch| branch.state == BranchState::Calling(call))
    }

    pub(super) fn has_branch(&self, call: CallId) -> bool {
        self.branches.iter().any(|branch| branch.state == BranchState::Calling(call))
    }
}

/// The exchange of offer and answer between the two ends. One at a time: whoever offers meanwhile gets 491.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exchange {
    None,
    /// An offer of this leg is on its way to the other, or the answer on its way back.
    Offer {
        from: CallId,
    },
    /// This leg wants an offer, and the other is asked for it.
    Asked {
        by: CallId,
    },
}

/// What follows when the media port gives a description back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Call this branch with it.
    CallBranch,
    /// Tell the caller before the answer.
    Early,
    /// It is an offer for this leg.
    Offer { to: CallId },
    /// It is the answer to an offer of this leg.
    Answer { to: CallId },
    /// It takes the place of the early description that this leg was told of another device, or of the server's own.
    Refit { to: Leg },
    /// The server's own answer to this leg.
    Park { to: CallId },
    /// The server's own answer to a leg that picks a ringing call up.
    PickUp { by: Leg },
}

impl Session {
    pub(super) fn new(id: SessionId, a: Option<Leg>, stage: Stage) -> Self {
        let (exchange, pending) = (Exchange::None, BTreeMap::new());
        Self { id, a, b: None, stage, exchange, pending, held: None, unsaved: false, split: None }
    }

    /// The leg that talks to this one.
    pub(super) fn other(&self, call: CallId) -> Option<Leg> {
        match (self.a, self.b) {
            (Some(a), Some(b)) if a.call == call => Some(b),
            (Some(a), Some(b)) if b.call == call => Some(a),
            _ => None,
        }
    }

    pub(super) fn leg(&self, call: CallId) -> Option<Leg> {
        [self.a, self.b].into_iter().flatten().find(|leg| leg.call == call)
    }

    pub(super) fn set_answered(&mut self, call: CallId) {
        for leg in [&mut self.a, &mut self.b].into_iter().flatten().filter(|leg| leg.call == call) {
            leg.answered = true;
        }
    }

    /// Puts another leg in the place of this one.
    pub(super) fn replace(&mut self, call: CallId, by: Option<Leg>) {
        if self.a.is_some_and(|leg| leg.call == call) {
            self.a = by;
        } else if self.b.is_some_and(|leg| leg.call == call) {
            self.b = by;
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let stage = match &self.stage {
            Stage::First { give_up, .. } => Some(*give_up),
            Stage::Hunting(hunt) => Some(hunt.ends),
            Stage::Talking | Stage::AskedWhere | Stage::Connecting { .. } => None,
        };
        [stage, self.held.as_ref().map(|held| held.until)].into_iter().flatten().min()
    }

    pub(super) fn is_over(&self) -> bool {
        let busy = matches!(self.stage, Stage::First { .. } | Stage::Hunting(_));
        self.a.is_none() && self.b.is_none() && !busy
    }
}
