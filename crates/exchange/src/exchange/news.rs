use std::collections::BTreeSet;

use bellbird_sip::agent::WatcherId;
use bellbird_sip::message::Body;
use bellbird_sip::uri::Uri;

use super::Exchange;
use crate::directory::{Directory, UserRouting};
use crate::notifier::feature::FeatureState;
use crate::notifier::lamps::{self, DialogState};
use crate::notifier::{Package, Subject, Watching};
use crate::routing::WhoIsWhere;
use crate::words::{AccountKind, Destination, DeviceName, Presence, Receipt, UserId};
use crate::{Event, Output};

impl Exchange {
    /// Something about a user changed: whoever watches him hears of it.
    pub(super) fn user_changed(&mut self, user: UserId) {
        let served = self.served.iter().find(|(_, served)| served.directory.users.contains_key(&user));
        let Some((&organisation, _)) = served else { return };
        self.look_at_presence(user);
        self.notifier.changed(self.now, organisation, |watching| watching.subject == Subject::User(user));
    }

    /// Do Not Disturb that came, went, or ended by itself.
    pub(super) fn look_at_dnd(&mut self) {
        let time = self.clock.time(self.now);
        let (mut changed, mut begun): (BTreeSet<UserId>, BTreeSet<UserId>) = Default::default();
        let mut ends = None;
        for served in self.served.values_mut() {
            let users = served.directory.users.values();
            let on: BTreeSet<UserId> = users.clone().filter(|user| user.is_on_dnd(time)).map(|user| user.id).collect();
            changed.extend(on.symmetric_difference(&served.on_dnd));
            begun.extend(on.difference(&served.on_dnd));
            ends = users.filter_map(|user| user.dnd.ends(time)).chain(ends).min();
            served.on_dnd = on;
        }
        self.dnd_ends = ends;
        for user in begun {
            self.silence(user);
        }
        for user in changed {
            self.user_changed(user);
        }
    }

    pub(super) fn tell_due(&mut self) {
        for id in self.notifier.take_due(self.now) {
            self.tell(id);
        }
    }

    fn tell(&mut self, id: WatcherId) {
        let Some(watching) = self.notifier.get(id).cloned() else { return };
        let Some(served) = self.served.get(&watching.organisation) else { return };
        let directory = std::sync::Arc::clone(&served.directory);
        let (body, feature) = match &watching.package {
            Package::Feature { device } => match self.feature_news(&directory, &watching, device) {
                Some((body, state)) => (body, Some(state)),
                None => return,
            },
            Package::Dialog | Package::Presence | Package::Reg | Package::MessageSummary => {
                match self.lamp_news(&directory, &watching, id) {
                    Some(body) => (body, None),
                    None => return,
                }
            }
        };
        let time = self.clock.time(self.now);
        if let Some(watching) = self.notifier.get_mut(id) {
            watching.sent(self.now, time, feature);
        }
        // Where it is over meanwhile, its end is told by itself.
        let _ = self.agent.notify(self.now, id, false, Some(body));
        self.tell_receipt(id);
    }

    /// What the phone does not know yet.
    fn feature_news(&self, directory: &Directory, watching: &Watching, device: &str) -> Option<(Body, FeatureState)> {
        let Subject::User(user) = watching.subject else { return None };
        let user = directory.users.get(&user)?;
        let on = user.is_on_dnd(self.clock.time(self.now));
        let telephony = &user.telephony;
        let number_of = |to: &Destination| number_of(directory, to);
        let state = FeatureState::of(on, &telephony.forwarding, telephony.ring_seconds, number_of);
        let body = match watching.told() {
            None => state.body(device),
            Some(told) => state.changes(told, device)?,
        };
        Some((body, state))
    }

    fn lamp_news(&mut self, directory: &Directory, watching: &Watching, id: WatcherId) -> Option<Body> {
        let domain = &directory.organisation.domain;
        let time = self.clock.time(self.now);
        let address = |number: &str| Uri::sip(Some(number), domain, None).ok();
        match (&watching.package, watching.subject) {
            (Package::Reg, Subject::Account(account)) => {
                let entity = address(&directory.accounts.get(&account)?.login)?;
                let version = self.notifier.get_mut(id)?.next_version();
                Some(lamps::reginfo(&entity, version, time, self.registrar.of(account)))
            }
            (Package::MessageSummary, Subject::Account(account)) => {
                Some(lamps::no_messages(&address(&directory.accounts.get(&account)?.login)?))
            }
            (Package::Dialog, Subject::User(user)) => {
                let entity = address(directory.users.get(&user)?.number()?)?;
                let version = self.notifier.get_mut(id)?.next_version();
                let dialogs = self.dialogs.get(&user).map_or(&[][..], Vec::as_slice);
                Some(lamps::dialog_info(&entity, version, dialogs))
            }
            (Package::Dialog, Subject::Account(account)) => {
                let entity = address(directory.accounts.get(&account)?.number.as_deref()?)?;
                let version = self.notifier.get_mut(id)?.next_version();
                Some(lamps::dialog_info(&entity, version, &[]))
            }
            (Package::Presence, Subject::User(user)) => {
                let user = directory.users.get(&user)?;
                Some(lamps::pidf(&address(user.number()?)?, self.presence_of(directory, user), ""))
            }
            (Package::Presence, Subject::Account(account)) => {
                let known = directory.accounts.get(&account)?;
                let here = !self.registrar.reachable(account).is_empty();
                let presence = if here { Presence::Available } else { Presence::NoPhone };
                Some(lamps::pidf(&address(known.number.as_deref()?)?, presence, ""))
            }
            (Package::Feature { .. }, _) | (Package::Reg | Package::MessageSummary, Subject::User(_)) => None,
        }
    }

    fn presence_of(&self, directory: &Directory, user: &UserRouting) -> Presence {
        let time = self.clock.time(self.now);
        let dialogs = self.dialogs.get(&user.id).map_or(&[][..], Vec::as_slice);
        let confirmed = dialogs.iter().any(|dialog| dialog.state == DialogState::Confirmed);
        let ringing = dialogs.iter().any(|dialog| dialog.incoming && dialog.state == DialogState::Early);
        let calls = self.load.users.get(&user.id).copied().unwrap_or(0);
        let registered =
            || directory.accounts_of(user.id).any(|account| !self.registrar.reachable(account.id).is_empty());
        match () {
            () if user.is_on_dnd(time) => Presence::DoNotDisturb,
            () if !user.availability.is_available(time) => Presence::NotAvailable,
            () if ringing && !confirmed => Presence::Ringing,
            () if confirmed || calls > 0 => Presence::OnCall,
            () if registered() => Presence::Available,
            () => Presence::NoPhone,
        }
    }

    fn look_at_presence(&mut self, user: UserId) {
        let served = self.served.values().find(|served| served.directory.users.contains_key(&user));
        let Some(directory) = served.map(|served| std::sync::Arc::clone(&served.directory)) else { return };
        let Some(known) = directory.users.get(&user) else { return };
        let presence = self.presence_of(&directory, known);
        if self.presence.insert(user, presence) != Some(presence) {
            self.outputs.push_back(Output::Event(Event::Presence(user, presence)));
        }
    }

    /// How far a phone's key is, to the layer above.
    pub(super) fn tell_receipt(&mut self, id: WatcherId) {
        let Some(watching) = self.notifier.get(id) else { return };
        let (Package::Feature { .. }, Subject::User(user)) = (&watching.package, watching.subject) else { return };
        let account = watching.watcher;
        let known = self.served.get(&watching.organisation).and_then(|served| served.directory.accounts.get(&account));
        let Some(known) = known else { return };
        let device = DeviceName::DeskPhone {
            account,
            number: known.number.clone().unwrap_or_default(),
            name: known.name.clone(),
        };
        let state = self.notifier.receipt(account, true);
        self.outputs.push_back(Output::Event(Event::Receipt(user, Receipt { device, state })));
    }

    /// What each of a user's desk phones made of Do Not Disturb: applied, pending, cannot be told.
    pub fn receipts(&self, directory: &Directory, user: UserId) -> Vec<Receipt> {
        let desk = |kind: &AccountKind| matches!(kind, AccountKind::DeskPhone { .. });
        let accounts = directory.accounts_of(user).filter(|account| desk(&account.kind));
        let receipt = |account: &crate::directory::AccountRouting| {
            let registered = !self.registrar.reachable(account.id).is_empty();
            let (number, name) = (account.number.clone().unwrap_or_default(), account.name.clone());
            let device = DeviceName::DeskPhone { account: account.id, number, name };
            Receipt { device, state: self.notifier.receipt(account.id, registered) }
        };
        accounts.map(receipt).collect()
    }
}

/// A destination as a phone's display shows it.
fn number_of(directory: &Directory, to: &Destination) -> String {
    let number = match to {
        Destination::User { user } => directory.users.get(user).and_then(UserRouting::number),
        Destination::Account { account } => {
            directory.accounts.get(account).and_then(|account| account.number.as_deref())
        }
        Destination::External { number } => Some(number.as_str()),
        Destination::HangUp | Destination::Unknown => None,
    };
    number.unwrap_or_default().to_owned()
}
