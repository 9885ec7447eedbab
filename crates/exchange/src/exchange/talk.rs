//! Calls that outlive the server: what has to be known of them besides their dialogs, and how they are taken up.

use std::collections::{BTreeMap, BTreeSet};

use bellbird_sip::agent::{AccountId, CallId};

use super::Exchange;
use super::calls::{Live, Party};
use crate::node::{SavedSession, SessionId};
use crate::notifier::lamps::DialogState;
use crate::routing::{Call, Device, Plan};
use crate::words::{ClientId, OrgId, Timestamp, TrunkId, UserId, VoipAccountId};

/// An answered call as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCall {
    /// Whose organisation.
    pub organisation: OrgId,
    /// Both dialogs.
    pub saved: SavedSession,
    /// Who talks. Nothing where that was not kept: the call goes on, but counts for nobody and can't be transferred.
    pub talk: Option<Talk>,
}

/// Who talks, as far as routing, lamps and transfers have to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    /// The call as routing saw it.
    pub call: Call,
    /// The users who took part or were called.
    pub users: BTreeSet<UserId>,
    /// When it came in.
    pub started: Timestamp,
    /// When it was answered.
    pub answered: Timestamp,
    /// Who is at the one leg.
    pub a: TalkParty,
    /// Who is at the other.
    pub b: TalkParty,
}

/// Who is at one leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TalkParty {
    /// Whose call it is, if a user's.
    pub user: Option<UserId>,
    /// By which account.
    pub account: Option<VoipAccountId>,
    /// With which client of it.
    pub client: Option<ClientId>,
    /// By which trunk.
    pub trunk: Option<TrunkId>,
    /// Whether this side was called.
    pub incoming: bool,
}

impl Exchange {
    /// A call as it is to be kept; nothing of one that is nobody's.
    pub(super) fn kept(&self, session: SessionId, saved: SavedSession) -> Option<KeptCall> {
        let live = self.live.get(&session)?;
        let talk = match self.node.legs(session).as_slice() {
            [a, b] => live.talk(*a, *b),
            _ => None,
        };
        Some(KeptCall { organisation: live.organisation, saved, talk })
    }

    /// Goes on with calls of an earlier life. They get new names: what was stored under the old ones can go.
    pub(super) fn restore_calls(&mut self, calls: Vec<KeptCall>) {
        for kept in calls {
            let saved = kept.saved.clone();
            self.last_tag = self.last_tag.max(saved.a.media.0 >> 3).max(saved.b.media.0 >> 3);
            let talk = kept.talk.as_ref();
            let accounts =
                [talk.map(|talk| &talk.a), talk.map(|talk| &talk.b)].map(|party| self.served_by(&kept, party));
            let [Some(a), Some(b)] = accounts else { continue };
            // One that is damaged is lost; the others go on.
            if let Ok(session) = self.node.restore(&mut self.agent, self.now, (a, b), saved) {
                self.resume(session, kept);
            }
        }
    }

    /// As whom a leg is spoken for: a trunk's that registers as its account there, which answers its challenges.
    fn served_by(&self, kept: &KeptCall, party: Option<&TalkParty>) -> Option<AccountId> {
        let trunk = party.and_then(|party| party.trunk);
        let registered = self.trunk_accounts.iter().find(|(_, (_, id))| Some(*id) == trunk);
        registered.map(|(account, _)| *account).or_else(|| self.account_of(kept.organisation))
    }

    fn resume(&mut self, session: SessionId, kept: KeptCall) {
        if let (Some(talk), [a, b]) = (&kept.talk, self.node.legs(session).as_slice()) {
            let live = Live::resumed(kept.organisation, talk, [(*a, &talk.a), (*b, &talk.b)]);
            let users = live.present();
            self.live.insert(session, live);
            self.recount_all(users);
        }
        self.save(session, kept);
    }

    /// Since when a user talks, of the call that he is in longest.
    pub fn talks_since(&self, user: UserId) -> Option<Timestamp> {
        let his = self.live.values().filter(|live| live.present().contains(&user));
        his.filter_map(|live| live.answered).min()
    }
}

impl Live {
    fn talk(&self, a: CallId, b: CallId) -> Option<Talk> {
        let party = |call| self.legs.get(&call).map(Party::kept);
        Some(Talk {
            call: self.call.clone(),
            users: self.users.clone(),
            started: self.started,
            answered: self.answered.unwrap_or(self.started),
            a: party(a)?,
            b: party(b)?,
        })
    }

    /// What rang, and why, is in the record that was stored with the call; nothing more rings by its plan.
    fn resumed(organisation: OrgId, talk: &Talk, parties: [(CallId, &TalkParty); 2]) -> Self {
        Self {
            organisation,
            call: talk.call.clone(),
            plan: Plan::carried_out(),
            called: BTreeMap::new(),
            legs: parties.map(|(call, party)| (call, Party::resumed(party.clone()))).into(),
            users: talk.users.clone(),
            call_ids: BTreeSet::new(),
            gone_through: Vec::new(),
            before: Vec::new(),
            fates: Vec::new(),
            started: talk.started,
            answered: Some(talk.answered),
            failed: None,
        }
    }
}

impl Party {
    fn kept(&self) -> TalkParty {
        let Self { user, account, client, trunk, incoming, .. } = self;
        TalkParty { user: *user, account: *account, client: client.clone(), trunk: *trunk, incoming: *incoming }
    }

    fn resumed(party: TalkParty) -> Self {
        let TalkParty { user, account, client, trunk, incoming } = party;
        Self { user, account, client, trunk, device: Device::Call, incoming, state: DialogState::Confirmed, rang: true }
    }
}
