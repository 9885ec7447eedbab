use std::collections::{BTreeMap, BTreeSet};

use bellbird_base::FlowId;

use super::config::AccountId;
use super::context::Owner;
use super::event::CallId;

/// Who owns the dialog with a Call-ID and a local tag; and back, so that an end costs only its own.
#[derive(Debug, Default)]
pub(super) struct Dialogs {
    by_name: BTreeMap<(String, String), Owner>,
    by_owner: BTreeMap<Owner, Vec<(String, String)>>,
}

impl Dialogs {
    pub(super) fn owner(&self, call_id: &str, local_tag: &str) -> Option<Owner> {
        self.by_name.get(&(call_id.to_owned(), local_tag.to_owned())).copied()
    }

    pub(super) fn insert(&mut self, call_id: String, local_tag: String, owner: Owner) {
        let name = (call_id, local_tag);
        if self.by_name.insert(name.clone(), owner) != Some(owner) {
            self.by_owner.entry(owner).or_default().push(name);
        }
    }

    pub(super) fn forget(&mut self, owner: Owner) {
        for name in self.by_owner.remove(&owner).unwrap_or_default() {
            self.by_name.remove(&name);
        }
    }
}

/// Which calls and subscriptions each flow serves.
#[derive(Debug, Default)]
pub(super) struct FlowUsers(BTreeSet<(FlowId, Owner)>);

impl FlowUsers {
    pub(super) fn moved(&mut self, user: Owner, from: Option<FlowId>, to: Option<FlowId>) {
        if from == to {
            return;
        }
        if let Some(flow) = from {
            self.0.remove(&(flow, user));
        }
        if let Some(flow) = to {
            self.0.insert((flow, user));
        }
    }

    pub(super) fn of(&self, flow: FlowId) -> impl Iterator<Item = Owner> {
        let first = Owner::Registration(AccountId(0));
        self.0.range((flow, first)..).take_while(move |(known, _)| *known == flow).map(|(_, user)| *user)
    }

    pub(super) fn calls_of(&self, flow: FlowId) -> impl Iterator<Item = CallId> {
        self.of(flow).filter_map(|user| match user {
            Owner::Call(call) => Some(call),
            Owner::Registration(_)
            | Owner::Subscription(_)
            | Owner::Publication(_)
            | Owner::Watcher(_)
            | Owner::Options(_)
            | Owner::Nobody(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_of_an_owner_takes_all_its_dialogs_and_no_others() {
        let (one, other) = (Owner::Call(CallId(1)), Owner::Call(CallId(2)));
        let mut dialogs = Dialogs::default();
        dialogs.insert("a".into(), "1".into(), one);
        dialogs.insert("b".into(), "1".into(), one);
        dialogs.insert("a".into(), "2".into(), other);
        dialogs.forget(one);
        assert_eq!(dialogs.owner("a", "1"), None);
        assert_eq!(dialogs.owner("b", "1"), None);
        assert_eq!(dialogs.owner("a", "2"), Some(other));
    }

    #[test]
    fn call_that_moves_leaves_its_old_flow() {
        let (one, other) = (Owner::Call(CallId(1)), Owner::Call(CallId(2)));
        let mut flows = FlowUsers::default();
        flows.moved(one, None, Some(FlowId(7)));
        flows.moved(other, None, Some(FlowId(7)));
        flows.moved(one, Some(FlowId(7)), Some(FlowId(8)));
        assert_eq!(flows.of(FlowId(7)).collect::<Vec<_>>(), [other]);
        assert_eq!(flows.calls_of(FlowId(8)).collect::<Vec<_>>(), [CallId(1)]);
    }
}
