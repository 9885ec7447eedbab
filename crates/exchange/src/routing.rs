//! Where a call goes, and why: a pure function.
//!
//! ```text
//! call ─► emergency? ─► may the caller call? ─► star code? ─► whom does the number mean? ─┬─ a person ─► user
//!                                                                                         ├─ an account ─► device
//!                                                                                         └─ outside ─► trunk
//! ```
//!
//! [`plan`] gets all it needs to know and gives a [`Plan`]: what to ring and for how long, what follows then, and for
//! every device why it rings or does not.

mod caller;
mod code;
mod device;
mod outside;
mod plan;
mod planner;
mod user;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use code::{Code, FeatureAct, STAR_CODES, StarCode};
pub use plan::{
    Branch, Device, Next, Outcome, Plan, Refusal, Ring, Service, Shown, Step, StepIndex, Target, TrunkLeg, Why,
};

use crate::directory::Directory;
use crate::registrar::BindingId;
use crate::words::{ClientId, Timestamp, TrunkId, UserId, VoipAccountId};

/// A call that wants to go somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who calls.
    pub caller: Caller,
    /// Whom.
    pub called: Called,
    /// Whether the caller hides his number.
    pub withheld: bool,
    /// What for.
    pub purpose: Purpose,
    /// How often this call was sent on before it came here (Diversion, History-Info).
    pub diversions: u32,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A device that proved its secret.
    Account {
        /// Which account.
        account: VoipAccountId,
        /// Which client, where its secret is one of an app.
        client: Option<ClientId>,
        /// The binding that the call came over, if known: it is not rung itself.
        binding: Option<BindingId>,
    },
    /// The server, for a user who asked for it.
    User(UserId),
    /// Somebody outside, by a trunk.
    Trunk {
        /// Which.
        trunk: TrunkId,
        /// The caller's number, as the trunk writes it; `None` where it is withheld.
        number: Option<String>,
        /// The caller's name, if told.
        name: Option<String>,
    },
    /// Somebody who proved nothing.
    Stranger {
        /// What From says.
        name: Option<String>,
    },
}

/// Whom somebody calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// What was dialled: the user part of the Request-URI, or what stands in its place on a trunk.
    Dialled(String),
    /// A user, wherever he is.
    User(UserId),
    /// An account's devices.
    Account(VoipAccountId),
}

/// What a call is for (DESIGN §6a).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Somebody wants to talk.
    Call,
    /// Somebody in a call sends the other on (blind transfer): not a call that he makes by this device.
    Transfer,
    /// A transfer failed, and the call comes back to who transferred it.
    TransferRecall,
    /// The user moves an own call to another of his devices.
    MovedCall,
    /// The first leg of a call that the user asked the server for.
    ClickToDialLeg,
}

/// Whether the network has a device now.
pub trait WhoIsWhere {
    /// The devices of an account that are registered.
    fn reachable(&self, account: VoipAccountId) -> Vec<Reachable>;
}

/// A device that is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reachable {
    /// Its binding.
    pub binding: BindingId,
    /// The client, where its secret is one of an app.
    pub client: Option<ClientId>,
}

impl WhoIsWhere for BTreeMap<VoipAccountId, Vec<Reachable>> {
    fn reachable(&self, account: VoipAccountId) -> Vec<Reachable> {
        self.get(&account).cloned().unwrap_or_default()
    }
}

/// What is going on.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Calls of each user.
    pub users: BTreeMap<UserId, u32>,
    /// Calls of each account.
    pub accounts: BTreeMap<VoipAccountId, u32>,
    /// Accounts that begin calls too fast.
    pub too_fast: BTreeSet<VoipAccountId>,
    /// Calls on each trunk.
    pub trunks: BTreeMap<TrunkId, u32>,
    /// Trunks that do not answer.
    pub trunks_down: BTreeSet<TrunkId>,
    /// When users called an emergency number last.
    pub emergency_calls: BTreeMap<UserId, Timestamp>,
    /// Whether media can be bridged between devices that have no profile in common.
    pub bridges_media: bool,
}

/// All that [`plan`] looks at besides the call.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// Who there is.
    pub directory: &'a Directory,
    /// Who is registered.
    pub where_: &'a dyn WhoIsWhere,
    /// What is going on.
    pub load: &'a Load,
    /// What time it is.
    pub now: Timestamp,
}

/// Where a call goes, and why.
pub fn plan(call: &Call, situation: &Situation<'_>) -> Plan {
    planner::Planner::new(call, situation).plan()
}
