//! The outbox: what waits, what of it takes the place of what, and what the user sees meanwhile.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{
    Author, Availability, Direction, DndAct, DndReplica, DndSource, Forwardings, Hlc, Profile, Revision, Role,
    SettingsChange, SettingsDocument, TelephonyChange, Writer, apply, resolve,
};

use super::memory::{Outbox, Waiting};

impl Outbox {
    pub(super) fn new(node: u64) -> Self {
        Self { dnd: DndReplica::new(node), waiting: Vec::new() }
    }

    /// Adds what was done last. It takes the place of what it makes void, unless that is on its way already.
    pub(super) fn add(&mut self, what: Waiting, document: &SettingsDocument, first_is_sent: bool) {
        let free = usize::from(first_is_sent && !self.waiting.is_empty());
        let old = self.waiting.iter().skip(free).position(|waiting| same_subject(waiting, &what)).map(|at| at + free);
        match old {
            Some(at) => {
                let merged = merge(&self.waiting[at], what, document);
                self.waiting[at] = merged;
            }
            None => self.waiting.push(what),
        }
    }

    pub(super) fn act(&mut self, on: bool, until: Option<Timestamp>, by: DndSource, now: Timestamp) {
        let stamp = self.dnd.act(on, until, by, now).stamp;
        self.waiting.push(Waiting::Dnd { stamp });
    }

    pub(super) fn act_stamped(&self, stamp: Hlc) -> Option<&DndAct> {
        self.dnd.outbox().iter().find(|act| act.stamp == stamp)
    }

    /// The settings as they will be once everything that waits has been taken in. What the server would refuse counts not.
    pub(super) fn settings_after(&self, document: &SettingsDocument, now: Timestamp) -> SettingsDocument {
        let who = Writer { author: Author { user: None, name: String::new(), role: Role::Member }, at: now };
        let mut shown = document.clone();
        let mut made = Made { incoming: false, outgoing: false };
        for waiting in &self.waiting {
            let Waiting::Settings { change } = waiting else { continue };
            let change = made.on_top(change, &shown);
            if let Ok(next) = apply(&shown, &change, &who) {
                shown = next;
            }
        }
        shown
    }

    /// A change was taken in: those that the user made on top of it saw its result.
    pub(super) fn rebase(&mut self, taken: &SettingsChange, incoming: Revision, outgoing: Revision) {
        for waiting in &mut self.waiting {
            if let Waiting::Settings { change } = waiting
                && direction(change) == direction(taken)
                && base(change) == base(taken)
            {
                *change = based_on(change, if direction(change) == Direction::Incoming { incoming } else { outgoing });
            }
        }
    }

    pub(super) fn changes(&self, wanted: Direction) -> bool {
        self.waiting
            .iter()
            .any(|waiting| matches!(waiting, Waiting::Settings { change } if direction(change) == wanted))
    }

    pub(super) fn availability<'a>(&'a self) -> Option<&'a Availability> {
        let asked = |waiting: &'a Waiting| {
            if let Waiting::Availability { availability } = waiting { Some(availability) } else { None }
        };
        self.waiting.iter().rev().find_map(asked)
    }

    /// The forwardings that wait, in one.
    pub(super) fn forwarding(&self) -> Option<Forwardings> {
        let asked = self.waiting.iter().filter_map(|waiting| {
            if let Waiting::Forwarding { forwarding } = waiting { Some(forwarding.clone()) } else { None }
        });
        asked.reduce(|before, later| later.over(before))
    }

    /// Whether a request waits, or that one is taken back.
    pub(super) fn requests(&self) -> bool {
        self.waiting.iter().any(|waiting| matches!(waiting, Waiting::Request { .. } | Waiting::Withdraw { .. }))
    }

    /// What else of the call plan waits, in one.
    pub(super) fn telephony(&self) -> Option<TelephonyChange> {
        let asked = self.waiting.iter().filter_map(|waiting| {
            if let Waiting::Telephony { change } = waiting { Some(change.clone()) } else { None }
        });
        asked.reduce(TelephonyChange::then)
    }

    /// What waits of the profile, in one.
    pub(super) fn profile(&self) -> Option<Profile> {
        let asked = self.waiting.iter().filter_map(|waiting| {
            if let Waiting::Profile { profile } = waiting { Some(profile.clone()) } else { None }
        });
        asked.reduce(Profile::then)
    }
}

/// Which of the documents have a change of ours in them that the server has not numbered.
struct Made {
    incoming: bool,
    outgoing: bool,
}

impl Made {
    /// The second change of a document was made upon the first, whatever number that will get.
    fn on_top(&mut self, change: &SettingsChange, shown: &SettingsDocument) -> SettingsChange {
        let (made, revision) = match direction(change) {
            Direction::Incoming => (&mut self.incoming, shown.incoming.revision),
            Direction::Outgoing | Direction::Unknown => (&mut self.outgoing, shown.outgoing.revision),
        };
        if core::mem::replace(made, true) { based_on(change, revision) } else { change.clone() }
    }
}

fn same_subject(one: &Waiting, other: &Waiting) -> bool {
    match (one, other) {
        (Waiting::Settings { change: one }, Waiting::Settings { change: other }) => direction(one) == direction(other),
        (Waiting::Availability { .. }, Waiting::Availability { .. })
        | (Waiting::Forwarding { .. }, Waiting::Forwarding { .. })
        | (Waiting::Telephony { .. }, Waiting::Telephony { .. })
        | (Waiting::Profile { .. }, Waiting::Profile { .. }) => true,
        (Waiting::Request { draft: one }, Waiting::Request { draft: other }) => one.direction == other.direction,
        (Waiting::Withdraw { id: one }, Waiting::Withdraw { id: other }) => one == other,
        _ => false,
    }
}

/// One change that does what two would have done one after the other: it names what the earlier one left standing.
fn merge(old: &Waiting, new: Waiting, document: &SettingsDocument) -> Waiting {
    match (old, new) {
        (Waiting::Settings { change: old }, Waiting::Settings { change: new }) => {
            Waiting::Settings { change: merge_settings(old, &new, document) }
        }
        (Waiting::Forwarding { forwarding: old }, Waiting::Forwarding { forwarding }) => {
            Waiting::Forwarding { forwarding: forwarding.over(old.clone()) }
        }
        (Waiting::Telephony { change: old }, Waiting::Telephony { change }) => {
            Waiting::Telephony { change: old.clone().then(change) }
        }
        (Waiting::Profile { profile: old }, Waiting::Profile { profile }) => {
            Waiting::Profile { profile: old.clone().then(profile) }
        }
        (_, new) => new,
    }
}

fn merge_settings(old: &SettingsChange, new: &SettingsChange, document: &SettingsDocument) -> SettingsChange {
    let seen = resolve(document);
    match (old, new) {
        (SettingsChange::Incoming { base, receive: before, .. }, SettingsChange::Incoming { scope, receive, .. }) => {
            SettingsChange::Incoming { base: *base, scope: *scope, receive: receive.or(*before) }
        }
        (
            SettingsChange::Outgoing { base, make: made, call_method: called, .. },
            SettingsChange::Outgoing { scope, make, call_method, .. },
        ) => SettingsChange::Outgoing {
            base: *base,
            scope: *scope,
            make: make.or(*made).or(Some(seen.make.value)),
            call_method: call_method.or(*called).or(Some(seen.call_method.value)),
        },
        _ => new.clone(),
    }
}

pub(super) const fn direction(change: &SettingsChange) -> Direction {
    match change {
        SettingsChange::Incoming { .. } => Direction::Incoming,
        SettingsChange::Outgoing { .. } => Direction::Outgoing,
        SettingsChange::Unknown => Direction::Unknown,
    }
}

const fn base(change: &SettingsChange) -> Revision {
    match change {
        SettingsChange::Incoming { base, .. } | SettingsChange::Outgoing { base, .. } => *base,
        SettingsChange::Unknown => Revision(0),
    }
}

fn based_on(change: &SettingsChange, revision: Revision) -> SettingsChange {
    let mut change = change.clone();
    match &mut change {
        SettingsChange::Incoming { base, .. } | SettingsChange::Outgoing { base, .. } => *base = revision,
        SettingsChange::Unknown => {}
    }
    change
}
