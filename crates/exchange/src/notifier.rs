//! What desk phones and lamps are told: who watches what, and when they have to hear of it.
//!
//! It holds no state of users: a change comes with the next directory, and every watcher is told what holds then. So a
//! key press and a switch in an app take the same way, and nothing can go round in circles:
//!
//! ```text
//! key ─► act ─► storage ─► directory ─► every watcher whose last news differ
//! ```

pub mod feature;
pub mod lamps;
pub mod xml;

use std::collections::{BTreeMap, BTreeSet};

use bellbird_base::{Duration, Instant};
use bellbird_sip::agent::WatcherId;

use crate::routing::FeatureAct;
use crate::words::{CannotBeToldCause, OrgId, ReceiptState, Timestamp, UserId, VoipAccountId};
use feature::FeatureState;

/// How long a phone gets to be ready for the first NOTIFY after its SUBSCRIBE.
pub const FIRST_NEWS_AFTER: Duration = Duration::from_millis(300);
/// A phone that repeats what it was told this shortly ago repeats it, and did not press a key.
const ECHO: Duration = Duration::from_secs(2);

/// What somebody watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Package {
    /// `as-feature-event`: the own keys.
    Feature {
        /// The device as the phone names it.
        device: String,
    },
    /// `dialog`: a colleague's calls.
    Dialog,
    /// `presence`: a colleague's state.
    Presence,
    /// `reg`: an account's registrations.
    Reg,
    /// `message-summary`: the own voicemail.
    MessageSummary,
}

impl Package {
    /// The package of an Event field.
    pub fn named(event: &str, device: &str) -> Option<Self> {
        match event.to_ascii_lowercase().as_str() {
            "as-feature-event" => Some(Self::Feature { device: device.to_owned() }),
            "dialog" => Some(Self::Dialog),
            "presence" => Some(Self::Presence),
            "reg" => Some(Self::Reg),
            "message-summary" => Some(Self::MessageSummary),
            _ => None,
        }
    }
}

/// Whose state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A person's.
    User(UserId),
    /// An account's.
    Account(VoipAccountId),
}

/// A subscription that somebody holds.
#[derive(Clone, Debug)]
pub struct Watching {
    /// Whose organisation.
    pub organisation: OrgId,
    /// Who watches.
    pub watcher: VoipAccountId,
    /// Whose state.
    pub subject: Subject,
    /// Which state.
    pub package: Package,
    news: News,
    version: u32,
}

/// What a subscriber knows.
#[derive(Clone, Debug, Default)]
struct News {
    feature: Option<FeatureState>,
    sent: Option<(Instant, Timestamp)>,
    taken: Option<Timestamp>,
}

impl Watching {
    /// A new one, that was told nothing yet.
    pub fn new(organisation: OrgId, watcher: VoipAccountId, subject: Subject, package: Package) -> Self {
        Self { organisation, watcher, subject, package, news: News::default(), version: 0 }
    }

    /// The last feature state that was told.
    pub fn told(&self) -> Option<&FeatureState> {
        self.news.feature.as_ref()
    }

    /// Counts the documents of a package that numbers them.
    pub fn next_version(&mut self) -> u32 {
        self.version += 1;
        self.version - 1
    }

    /// Notes what was sent.
    pub fn sent(&mut self, now: Instant, time: Timestamp, feature: Option<FeatureState>) {
        self.news = News { feature, sent: Some((now, time)), taken: None };
    }
}

/// All subscriptions.
#[derive(Debug, Default)]
pub struct Notifier {
    watchers: BTreeMap<WatcherId, Watching>,
    due: BTreeSet<(Instant, WatcherId)>,
    /// Phones whose subscription ended because they refused or stayed silent.
    lost: BTreeMap<VoipAccountId, CannotBeToldCause>,
}

impl Notifier {
    /// A subscription was accepted. It is told the whole state in a moment.
    pub fn add(&mut self, now: Instant, id: WatcherId, watching: Watching) {
        let wait = if matches!(watching.package, Package::Feature { .. }) { FIRST_NEWS_AFTER } else { Duration::ZERO };
        self.lost.remove(&watching.watcher);
        self.watchers.insert(id, watching);
        self.due.insert((now + wait, id));
    }

    /// A subscription was refreshed: RFC 6665 wants the whole state again.
    pub fn refreshed(&mut self, now: Instant, id: WatcherId, device: Option<&str>) {
        let Some(watching) = self.watchers.get_mut(&id) else { return };
        if let (Package::Feature { device: known }, Some(device)) = (&mut watching.package, device) {
            device.clone_into(known);
        }
        watching.news.feature = None;
        self.due.insert((now, id));
    }

    /// A subscription is over; `lost` where the phone refused or did not answer.
    pub fn remove(&mut self, id: WatcherId, lost: Option<CannotBeToldCause>) -> Option<Watching> {
        let watching = self.watchers.remove(&id)?;
        self.due.retain(|(_, due)| *due != id);
        if let (Some(cause), Package::Feature { .. }) = (lost, &watching.package) {
            self.lost.insert(watching.watcher, cause);
        }
        Some(watching)
    }

    /// The state of these users changed: whoever watches them is due.
    pub fn changed(&mut self, now: Instant, organisation: OrgId, concerns: impl Fn(&Watching) -> bool) {
        let watchers = self.watchers.iter().filter(|(_, watching)| watching.organisation == organisation);
        self.due.extend(watchers.filter(|(_, watching)| concerns(watching)).map(|(id, _)| (now, *id)));
    }

    /// Who has to be told now.
    pub fn take_due(&mut self, now: Instant) -> BTreeSet<WatcherId> {
        let later = self.due.split_off(&(now + Duration::from_nanos(1), WatcherId(0)));
        std::mem::replace(&mut self.due, later).into_iter().map(|(_, id)| id).collect()
    }

    /// When somebody has to be told.
    pub fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A subscription.
    pub fn get_mut(&mut self, id: WatcherId) -> Option<&mut Watching> {
        self.watchers.get_mut(&id)
    }

    /// A subscription.
    pub fn get(&self, id: WatcherId) -> Option<&Watching> {
        self.watchers.get(&id)
    }

    /// All subscriptions of an organisation.
    pub fn of(&self, organisation: OrgId) -> impl Iterator<Item = (WatcherId, &Watching)> {
        let all = self.watchers.iter().filter(move |(_, watching)| watching.organisation == organisation);
        all.map(|(id, watching)| (*id, watching))
    }

    /// The phone took the news.
    pub fn taken(&mut self, id: WatcherId, now: Timestamp) {
        if let Some(watching) = self.watchers.get_mut(&id) {
            watching.news.taken = Some(now);
        }
    }

    /// Loop guard: whether this act only repeats what the phone was told a moment ago.
    pub fn is_echo(&self, now: Instant, id: WatcherId, act: &FeatureAct) -> bool {
        let Some(watching) = self.watchers.get(&id) else { return false };
        let (Some((at, _)), Some(told)) = (watching.news.sent, &watching.news.feature) else { return false };
        let same = match act {
            FeatureAct::Dnd(on) => told.dnd == *on,
            FeatureAct::Forward { kind, target } => told.forwardings.iter().any(|(known, active, to)| {
                known == kind && *active == target.is_some() && target.as_ref().is_none_or(|target| target == to)
            }),
        };
        same && now - at < ECHO
    }

    /// How far a desk phone's key is: the receipt of its account (DESIGN §5).
    pub fn receipt(&self, account: VoipAccountId, registered: bool) -> ReceiptState {
        let feature = |watching: &&Watching| matches!(watching.package, Package::Feature { .. });
        let own = self.watchers.values().filter(|watching| watching.watcher == account).find(feature);
        let cannot = |problem| ReceiptState::CannotBeTold { problem };
        match own.map(|watching| &watching.news) {
            Some(News { taken: Some(at), .. }) => ReceiptState::Applied { at: *at },
            Some(News { sent: Some((_, since)), .. }) => ReceiptState::Pending { since: *since },
            Some(News { sent: None, .. }) => ReceiptState::Pending { since: Timestamp::default() },
            None => match self.lost.get(&account) {
                Some(problem) => cannot(*problem),
                None if registered => cannot(CannotBeToldCause::NotSupported),
                None => cannot(CannotBeToldCause::NotRegistered),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Forwardings;

    const PHONE: VoipAccountId = VoipAccountId(3);
    const ID: WatcherId = WatcherId(1);

    fn at(millis: u64) -> Instant {
        Instant::ORIGIN + Duration::from_millis(millis)
    }

    fn watching() -> Notifier {
        let mut notifier = Notifier::default();
        let package = Package::Feature { device: "203".into() };
        notifier.add(at(0), ID, Watching::new(OrgId(1), PHONE, Subject::User(UserId(1)), package));
        notifier
    }

    fn state(dnd: bool) -> FeatureState {
        FeatureState::of(dnd, &Forwardings::default(), 20, |_| String::new())
    }

    #[test]
    fn the_first_news_wait_until_the_phone_is_ready() {
        let mut notifier = watching();
        assert!(notifier.take_due(at(299)).is_empty());
        assert_eq!(notifier.take_due(at(300)), [ID].into());
        assert_eq!(notifier.next_due(), None);
    }

    #[test]
    fn a_repeated_state_is_an_echo_and_a_later_press_is_not() {
        let mut notifier = watching();
        notifier.get_mut(ID).unwrap().sent(at(300), Timestamp(1), Some(state(true)));
        assert!(notifier.is_echo(at(400), ID, &FeatureAct::Dnd(true)));
        assert!(!notifier.is_echo(at(400), ID, &FeatureAct::Dnd(false)));
        assert!(!notifier.is_echo(at(2300), ID, &FeatureAct::Dnd(true)));
    }

    #[test]
    fn receipts_tell_pending_applied_and_why_not() {
        let mut notifier = watching();
        notifier.get_mut(ID).unwrap().sent(at(300), Timestamp(5), Some(state(true)));
        assert_eq!(notifier.receipt(PHONE, true), ReceiptState::Pending { since: Timestamp(5) });
        notifier.taken(ID, Timestamp(6));
        assert_eq!(notifier.receipt(PHONE, true), ReceiptState::Applied { at: Timestamp(6) });
        notifier.remove(ID, Some(CannotBeToldCause::NoAnswer));
        let cannot = |problem| ReceiptState::CannotBeTold { problem };
        assert_eq!(notifier.receipt(PHONE, true), cannot(CannotBeToldCause::NoAnswer));
        assert_eq!(notifier.receipt(VoipAccountId(9), true), cannot(CannotBeToldCause::NotSupported));
        assert_eq!(notifier.receipt(VoipAccountId(9), false), cannot(CannotBeToldCause::NotRegistered));
    }
}
