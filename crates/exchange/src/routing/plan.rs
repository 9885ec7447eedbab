use bellbird_base::Duration;
use bellbird_sip::status::StatusCode;

use super::FeatureAct;
use crate::registrar::BindingId;
use crate::words::{MediaProfile, Reason, TrunkId, UserId, VoipAccountId};

/// What happens with a call: steps, each of which says what follows.
///
/// ```text
/// first ─► Ring ──busy──────► Ring …
///            ├───no answer──► Ring … ─► End
///            ├───unreachable► …
///            └───declined───► End
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) first: StepIndex,
    pub(super) reasons: Vec<(StepIndex, Why)>,
}

/// A name for a step of one plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepIndex(pub(super) usize);

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Ring all of these at once.
    Ring(Ring),
    /// The exchange itself answers.
    Serve(Service),
    /// Nothing more: the caller gets this.
    End(Refusal),
}

/// Devices that ring at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    /// At least one.
    pub branches: Vec<Branch>,
    /// For how long.
    pub time: Duration,
    /// What follows.
    pub next: Next,
}

/// What follows a ring that nobody took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Every branch that could be reached was busy.
    pub busy: StepIndex,
    /// Nobody answered in time.
    pub no_answer: StepIndex,
    /// No branch could be reached.
    pub unreachable: StepIndex,
    /// Somebody declined for the user (603).
    pub declined: StepIndex,
}

/// How a ring ended that nobody took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Busy.
    Busy,
    /// No answer.
    NoAnswer,
    /// Not reached.
    Unreachable,
    /// Declined.
    Declined,
}

/// One of the devices that ring.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// The device, as reasons name it.
    pub device: Device,
    /// How it is reached.
    pub target: Target,
    /// Whose call this is, if a user's: he counts as busy with it.
    pub user: Option<UserId>,
    /// Whether the device is asked to answer by itself.
    pub auto_answer: bool,
}

impl Branch {
    /// Whether it is a number outside.
    pub const fn is_outside(&self) -> bool {
        matches!(self.target, Target::Outside { .. })
    }
}

/// How a branch is reached.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A registered device.
    Device {
        /// Its binding.
        binding: BindingId,
        /// How it takes media.
        media: MediaProfile,
        /// Who calls, as this device shows it.
        shown: Shown,
    },
    /// Somebody outside: the first trunk that takes it.
    Outside {
        /// At least one, in the order of trying.
        legs: Vec<TrunkLeg>,
        /// Whether this is an emergency call.
        emergency: bool,
    },
}

/// A call as one trunk wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkLeg {
    /// Which.
    pub trunk: TrunkId,
    /// The called number as this trunk writes it.
    pub number: String,
    /// Who calls, with numbers as this trunk writes them.
    pub shown: Shown,
    /// How it takes media.
    pub media: MediaProfile,
}

/// Who calls, as it is shown (N2, N3, N6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The number in From; `None` for an unknown or hidden one.
    pub number: Option<String>,
    /// The name in From.
    pub name: Option<String>,
    /// The number in P-Asserted-Identity, which is there for a trunk even where the caller hides.
    pub asserted: Option<String>,
    /// `Privacy: id` (RFC 3323).
    pub withheld: bool,
    /// Who sent the call on, as a number; for Diversion.
    pub diverted_by: Option<String>,
}

/// A device, for telling reasons apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {
    /// An account without one of its devices in particular.
    Account(VoipAccountId),
    /// One registered device.
    Binding(BindingId),
    /// A number outside; E.164 or an emergency number.
    Outside(String),
    /// None: a reason about the call itself.
    Call,
}

/// What the exchange does itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// Answers, confirms by a tone that this was done, and hangs up.
    Feature {
        /// Whose.
        user: UserId,
        /// With which account it was dialled.
        account: VoipAccountId,
        /// What.
        act: FeatureAct,
    },
    /// Plays back what it hears.
    Echo,
}

/// How a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// The reason phrase, in words for people.
    pub words: &'static str,
}

/// Why one device rings or does not: what the call's record will say once its step was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// Which device.
    pub device: Device,
    /// The reason as people read it; `rang` as planned.
    pub reason: Reason,
}

impl Plan {
    /// Of a call of an earlier life: nothing rings any more, and why it rang is no longer known.
    pub(crate) const fn carried_out() -> Self {
        Self { steps: Vec::new(), first: StepIndex(0), reasons: Vec::new() }
    }

    /// Where to begin.
    pub fn first(&self) -> StepIndex {
        self.first
    }

    /// A step. Every index of this plan has one.
    pub fn step(&self, index: StepIndex) -> Option<&Step> {
        self.steps.get(index.0)
    }

    /// All steps, in no order.
    pub fn steps(&self) -> impl Iterator<Item = (StepIndex, &Step)> {
        self.steps.iter().enumerate().map(|(index, step)| (StepIndex(index), step))
    }

    /// What follows a step that ended so.
    pub fn after(&self, index: StepIndex, outcome: Outcome) -> Option<StepIndex> {
        let Some(Step::Ring(ring)) = self.step(index) else { return None };
        Some(match outcome {
            Outcome::Busy => ring.next.busy,
            Outcome::NoAnswer => ring.next.no_answer,
            Outcome::Unreachable => ring.next.unreachable,
            Outcome::Declined => ring.next.declined,
        })
    }

    /// Whether a device of this user rings at its first step.
    pub(crate) fn rings(&self, user: UserId) -> bool {
        let branches = self.step(self.first).map(Step::branches).unwrap_or_default();
        branches.iter().any(|branch| branch.user == Some(user) && matches!(branch.target, Target::Device { .. }))
    }

    /// The reasons of the steps that were gone through, each device once; that it rang outweighs that it did not.
    pub fn reasons(&self, gone_through: &[StepIndex]) -> Vec<Why> {
        let mut reasons: Vec<Why> = Vec::new();
        let reached = |step: &StepIndex| *step == self.first || gone_through.contains(step);
        for (_, why) in self.reasons.iter().filter(|(step, _)| reached(step)) {
            let same = |known: &&mut Why| known.device == why.device && why.device != Device::Call;
            match reasons.iter_mut().find(same) {
                Some(known) if why.reason.rang && !known.reason.rang => *known = why.clone(),
                Some(_) => {}
                None => reasons.push(why.clone()),
            }
        }
        reasons
    }

    /// The reasons of all steps, also of those that may never be reached.
    pub fn all_reasons(&self) -> impl Iterator<Item = &Why> {
        self.reasons.iter().map(|(_, why)| why)
    }
}

impl Step {
    /// The branches, where it rings any.
    pub fn branches(&self) -> &[Branch] {
        match self {
            Self::Ring(ring) => &ring.branches,
            Self::Serve(_) | Self::End(_) => &[],
        }
    }
}
