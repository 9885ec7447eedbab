//! Do Not Disturb: one act, one state (DESIGN §6a). The newest deliberate act wins; an end that comes by itself is no act.

use std::collections::BTreeMap;

use core::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ClientId, Hlc, HlcClock, UserId, VoipAccountId};
use crate::Timestamp;

/// By what Do Not Disturb was turned on or off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DndSource {
    /// One of the user's apps.
    App {
        /// Which.
        client: ClientId,
    },
    /// The key of a desk phone.
    DeskPhone {
        /// Which.
        account: VoipAccountId,
    },
    /// A star code, dialled.
    StarCode,
    /// A desk phone's action URL.
    ActionUrl,
    /// The portal.
    Portal {
        /// Who was logged in there.
        user: UserId,
    },
    /// A program with an API key.
    Api,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// One deliberate act. Acts compare by their stamps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DndAct {
    /// When and on whose clock.
    pub stamp: Hlc,
    /// On or off.
    pub on: bool,
    /// When it ends by itself; nothing for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub until: Option<Timestamp>,
    /// By what.
    pub by: DndSource,
}

/// The user's Do Not Disturb: the newest act. Merging is commutative, associative and idempotent, so that replicas that
/// saw the same acts agree, in whatever order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct DndState {
    /// The newest act; nothing where there never was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub act: Option<DndAct>,
}

impl DndState {
    /// Takes `act` if it is newer. Returns whether it was.
    pub fn merge(&mut self, act: DndAct) -> bool {
        let newer = self.act.as_ref().is_none_or(|held| act > *held);
        if newer {
            self.act = Some(act);
        }
        newer
    }

    /// Whether it holds at `now`.
    pub fn is_on(&self, now: Timestamp) -> bool {
        self.act.as_ref().is_some_and(|act| act.on && act.until.is_none_or(|end| now < end))
    }

    /// When it ends by itself, if it is on at `now` and does.
    pub fn ends(&self, now: Timestamp) -> Option<Timestamp> {
        self.act.as_ref().filter(|_| self.is_on(now)).and_then(|act| act.until)
    }

    /// The newest act's stamp.
    pub fn stamp(&self) -> Hlc {
        self.act.as_ref().map_or_else(Hlc::default, |act| act.stamp)
    }
}

/// What came of an act that reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is the state now.
    Won,
    /// A newer act stands.
    Older,
    /// It came before; nothing changed.
    Repeated,
}

/// The server's copy: the state, and the newest act of each node that was taken in.
///
/// A stamp from the future is replaced on receipt, so an act that comes twice could win twice: therefore the stamps as
/// they were made are remembered, one for each node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct DndRegister {
    /// The state.
    pub state: DndState,
    #[ts(type = "Record<string, Hlc>")]
    seen: BTreeMap<u64, Hlc>,
}

impl DndRegister {
    /// Takes in an act that was stamped elsewhere. A stamp from the future counts as made now.
    pub fn admit(&mut self, mut act: DndAct, now: Timestamp) -> Admission {
        if self.seen.get(&act.stamp.node).is_some_and(|newest| act.stamp <= *newest) {
            return Admission::Repeated;
        }
        self.seen.insert(act.stamp.node, act.stamp);
        if act.stamp.clamp_future(now) != act.stamp {
            act.stamp = self.state.stamp().next(now, act.stamp.node);
        }
        if self.state.merge(act) { Admission::Won } else { Admission::Older }
    }

    /// Takes in an act that has no clock of its own (a key, a star code, an action URL, the portal): it counts now. `node`
    /// is the server's own.
    pub fn act_now(&mut self, on: bool, until: Option<Timestamp>, by: DndSource, now: Timestamp, node: u64) -> &DndAct {
        let stamp = self.state.stamp().next(now, node);
        self.state.act.insert(DndAct { stamp, on, until, by })
    }
}

/// A client's copy: what the server said last, and the acts that it has not acknowledged.
///
/// ```text
/// act ──▶ outbox ──sent──▶ acknowledged: out of the outbox, and the server's state replaces ours
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DndReplica {
    clock: HlcClock,
    confirmed: DndState,
    #[serde(default)]
    outbox: Vec<DndAct>,
}

impl DndReplica {
    /// The copy of the client whose clock has this node number.
    pub fn new(node: u64) -> Self {
        Self { clock: HlcClock::new(node), confirmed: DndState::default(), outbox: Vec::new() }
    }

    /// What the user sees: the server's state and what was done here since.
    pub fn state(&self) -> DndState {
        let mut state = self.confirmed.clone();
        for act in &self.outbox {
            state.merge(act.clone());
        }
        state
    }

    /// The user turns it on or off here. The act waits in the outbox; it is to be sent in order.
    pub fn act(&mut self, on: bool, until: Option<Timestamp>, by: DndSource, now: Timestamp) -> &DndAct {
        self.outbox.push(DndAct { stamp: self.clock.stamp(now), on, until, by });
        &self.outbox[self.outbox.len() - 1]
    }

    /// What the server does not know yet, oldest first.
    pub fn outbox(&self) -> &[DndAct] {
        &self.outbox
    }

    /// The server told its state.
    pub fn confirm(&mut self, state: DndState) {
        self.clock.observe(state.stamp());
        self.confirmed = state;
    }

    /// The server took the act in that was stamped `stamp` here, and told its state.
    pub fn acknowledge(&mut self, stamp: Hlc, state: DndState) {
        self.outbox.retain(|act| act.stamp > stamp);
        self.confirm(state);
    }
}

/// When Do Not Disturb shall end by itself (D7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DndEnd {
    /// After so many minutes.
    After {
        /// How many.
        minutes: u32,
    },
    /// Tomorrow at [`DndEnd::MORNING`], in the user's time zone.
    Tomorrow,
    /// At a moment.
    At {
        /// Which.
        at: Timestamp,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

impl DndEnd {
    /// The hour of the day at which *tomorrow* begins.
    pub const MORNING: u64 = 8;

    /// The moment that is meant, chosen at `now` where clocks are `utc_offset_minutes` ahead of UTC; nothing for a choice
    /// from a newer version.
    pub fn moment(&self, now: Timestamp, utc_offset_minutes: i32) -> Option<Timestamp> {
        match *self {
            Self::After { minutes } => Some(now.after(Duration::from_secs(u64::from(minutes) * 60))),
            Self::Tomorrow => Some(tomorrow(now, i64::from(utc_offset_minutes) * 60_000)),
            Self::At { at } => Some(at),
            Self::Unknown => None,
        }
    }
}

fn tomorrow(now: Timestamp, offset: i64) -> Timestamp {
    const DAY: u64 = 24 * 3_600_000;
    let local = now.0.saturating_add_signed(offset);
    let morning = (local / DAY + 1) * DAY + DndEnd::MORNING * 3_600_000;
    Timestamp(morning.saturating_add_signed(-offset))
}

/// What a client asks of `PUT /me/dnd`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DndRequest {
    /// On or off.
    pub on: bool,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub end: Option<DndEnd>,
    /// When it was done, on the client's clock; left out it counts on receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stamp: Option<Hlc>,
}

/// What the server answers about Do Not Disturb.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DndView {
    /// The newest act.
    pub state: DndState,
    /// Whether it holds now, as the server sees it.
    pub on: bool,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub until: Option<Timestamp>,
    /// What each device made of it.
    #[serde(default)]
    pub receipts: Vec<Receipt>,
}

/// What one of the user's devices made of a change (D5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Which device.
    pub device: DeviceName,
    /// What it made of it.
    pub state: ReceiptState,
}

/// A device of the user, as people name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DeviceName {
    /// An app or a browser.
    Client {
        /// Which.
        client: ClientId,
        /// What it calls itself: `Firefox on Windows`.
        name: String,
        /// Whether it is a browser.
        web: bool,
    },
    /// A device with a VoIP account of its own.
    DeskPhone {
        /// Which.
        account: VoipAccountId,
        /// Its number: `203`.
        number: String,
        /// What it is called.
        name: String,
    },
    /// A number that is called.
    External {
        /// Which, as people write it.
        number: String,
        /// What it is called: `Shop mobile`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        name: Option<String>,
    },
    /// A colleague.
    Colleague {
        /// Who.
        user: UserId,
        /// The name.
        name: String,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// How far a change has come at a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ReceiptState {
    /// It said so.
    Applied {
        /// When.
        at: Timestamp,
    },
    /// Sent, or waiting for the device to come back.
    Pending {
        /// Since when.
        since: Timestamp,
    },
    /// It can't take part; it is not rung all the same.
    CannotBeTold {
        /// Why.
        problem: CannotBeToldCause,
    },
    /// A forwarding that rests meanwhile.
    Paused,
    /// It rings in spite of it.
    StillRings {
        /// Why.
        because: StillRingsCause,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// Why a device can't be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CannotBeToldCause {
    /// It does not speak `as-feature-event`.
    NotSupported,
    /// It is not registered.
    NotRegistered,
    /// It did not answer.
    NoAnswer,
    /// It refused.
    Refused,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// Why something still rings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum StillRingsCause {
    /// It is shared with somebody who is available (D4).
    SharedWith {
        /// With whom.
        name: String,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}
