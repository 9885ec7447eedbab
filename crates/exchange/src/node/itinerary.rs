use bellbird_base::Duration;
use bellbird_sip::agent::{AccountId, Invite, Reply};

/// Where a call goes, with every target resolved: the first step is the one to begin with.
#[derive(Clone, Debug)]
pub struct Itinerary {
    /// At least one.
    pub steps: Vec<Step>,
}

impl Itinerary {
    /// Lets the call take no more hops than this (RFC 7332).
    pub fn limit_hops(&mut self, hops: u8) {
        let rings = self.steps.iter_mut().filter_map(|step| match step {
            Step::Ring(ring) => Some(ring),
            Step::End(_) => None,
        });
        for target in rings.flat_map(|ring| &mut ring.targets) {
            for way in
                core::iter::once(&mut target.invite).chain(target.otherwise.iter_mut().map(|way| &mut way.invite))
            {
                way.max_forwards = way.max_forwards.min(hops);
            }
        }
    }
}

/// One step. A call that comes to a step for the second time, or to none, ends.
#[derive(Clone, Debug)]
pub enum Step {
    /// Ring all of these at once.
    Ring(Ring),
    /// The caller gets this; `None` is what the devices said.
    End(Option<Box<Reply>>),
}

/// Devices that ring at once.
#[derive(Clone, Debug)]
pub struct Ring {
    /// Whom to call.
    pub targets: Vec<Target>,
    /// For how long.
    pub time: Duration,
    /// What follows where nobody took it.
    pub next: Next,
}

/// What follows a ring that nobody took: positions in [`Itinerary::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Every device that could be reached was busy.
    pub busy: usize,
    /// Nobody answered in time.
    pub no_answer: usize,
    /// No device could be reached.
    pub unreachable: usize,
    /// Somebody declined for the user (603).
    pub declined: usize,
    /// The far side says that nobody has this number (404, 410, 484, 604): asking elsewhere is of no use.
    pub refused: usize,
    /// Whatever could be reached has no codec in common with the caller (415, 488, 606).
    pub incompatible: usize,
}

impl Next {
    /// The same in any case.
    pub const fn always(step: usize) -> Self {
        Self { busy: step, no_answer: step, unreachable: step, declined: step, refused: step, incompatible: step }
    }

    pub(super) const fn after(self, outcome: Outcome) -> usize {
        match outcome {
            Outcome::Busy => self.busy,
            Outcome::NoAnswer => self.no_answer,
            Outcome::Unreachable => self.unreachable,
            Outcome::Declined => self.declined,
            Outcome::Refused => self.refused,
            Outcome::Incompatible => self.incompatible,
        }
    }
}

/// How a ring, or one of its devices, ended that nobody took. The later ones outweigh the earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Not reached.
    Unreachable,
    /// No codec in common.
    Incompatible,
    /// The number is nobody's.
    Refused,
    /// Busy.
    Busy,
    /// No answer.
    NoAnswer,
    /// Declined for the user.
    Declined,
}

/// One device or trunk to call.
#[derive(Clone, Debug)]
pub struct Target {
    /// The account that the call is made as.
    pub account: AccountId,
    /// Whom to call, over which way, and who calls: From, To, P-Asserted-Identity, Alert-Info, Diversion. The offer is
    /// put in by the node.
    pub invite: Invite,
    /// What the media port knows this end by.
    pub media: MediaTag,
    /// Whether its INVITE always bears an offer (some gateways refuse one without): of a party that talks already it is
    /// the one that it made last.
    pub wants_offer: bool,
    /// Other ways to the same, tried in turn where this one is not reached or has no codec in common.
    pub otherwise: Vec<Target>,
}

impl Target {
    /// The next way to the same.
    pub(super) fn next(&mut self) -> Option<Self> {
        let mut ways = core::mem::take(&mut self.otherwise).into_iter();
        let next = ways.next()?;
        Some(Self { otherwise: ways.collect(), ..next })
    }
}

/// What the media port knows one kind of end by: its media profile, its location. The node hands it on only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaTag(pub u64);
