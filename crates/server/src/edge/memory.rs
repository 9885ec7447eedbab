//! What the API reads: kept by the loop, read from any thread.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bellbird_base::Protocol;
use bellbird_contract::Timestamp;
use bellbird_contract::Transport;
use bellbird_contract::server::{
    CallProgress, CallProgressState, ClientId, DeviceName, NetworkTest, OrgId, Receipt, ReceiptState, RegistrationId,
    RegistrationView, Revision, ServerCallId, TrunkHealth, TrunkId, UserId, VoipAccountId,
};
use bellbird_exchange::directory::{AccountSecret, Directory};
use bellbird_exchange::registrar::Binding;
use bellbird_exchange::words::AccountKind;

use tokio::sync::watch;

use super::PhoneState;
use super::ids::Local as _;
use super::saved;

/// How long somebody waits for what he wrote to hold.
pub(super) const CATCHING_UP: Duration = Duration::from_secs(3);
/// Calls that are over and still told, for each user.
const ENDED_CALLS: usize = 5;

/// What the SIP side knows. Ids are those of the storage.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) directories: BTreeMap<OrgId, Arc<Directory>>,
    /// Up to which revision of the storage calls go by it.
    reached: BTreeMap<OrgId, Revision>,
    pub(crate) registrations: HashMap<(OrgId, VoipAccountId), Vec<RegistrationView>>,
    pub(crate) phones: HashMap<(OrgId, UserId), PhoneState>,
    /// What desk phones made of Do Not Disturb.
    pub(crate) desk: HashMap<(OrgId, UserId), Vec<Receipt>>,
    /// When each app last said that it has taken all in.
    pub(crate) applied: HashMap<(OrgId, UserId), BTreeMap<ClientId, Timestamp>>,
    pub(crate) calls: HashMap<(OrgId, UserId), Vec<CallProgress>>,
    pub(crate) trunks: HashMap<(OrgId, TrunkId), TrunkHealth>,
    pub(crate) trunk_calls: HashMap<(OrgId, TrunkId), u32>,
    /// When a phone last refused a call before it rang, of those that did not ring since.
    pub(crate) suspected: HashMap<(OrgId, VoipAccountId), Timestamp>,
    /// How sound of an account's device arrived in its last call that was relayed.
    pub(crate) network: HashMap<(OrgId, VoipAccountId), NetworkTest>,
    /// Calls that are up or on their way.
    pub(crate) sessions: u64,
    pub(crate) alarms: u64,
}

/// [`Memory`], shared.
#[derive(Clone, Default)]
pub(crate) struct SharedMemory {
    memory: Arc<Mutex<Memory>>,
    /// Counts how often a revision was reached.
    taken: Arc<watch::Sender<u64>>,
}

impl SharedMemory {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls go by this revision of the storage from now on.
    pub(crate) fn note_reached(&self, org: OrgId, revision: Revision) {
        let mut memory = self.lock();
        let reached = memory.reached.entry(org).or_insert(revision);
        *reached = revision.max(*reached);
        drop(memory);
        self.taken.send_modify(|count| *count += 1);
    }

    /// Waits until calls go by this revision.
    pub(crate) async fn has_reached(&self, org: OrgId, revision: Revision) {
        let mut taken = self.taken.subscribe();
        let has = || self.lock().reached.get(&org).is_some_and(|reached| *reached >= revision);
        // The sender lives as long as this does.
        while !has() && taken.changed().await.is_ok() {}
    }
}

impl Memory {
    /// All of a user's receipts: desk phones, then apps.
    pub(crate) fn receipts(&self, org: OrgId, user: UserId) -> Vec<Receipt> {
        let mut receipts = self.desk.get(&(org, user)).cloned().unwrap_or_default();
        let Some(directory) = self.directories.get(&org) else { return receipts };
        let Some(known) = directory.users.get(&user.inward(org)) else { return receipts };
        for (client, at) in self.applied.get(&(org, user)).into_iter().flatten() {
            let Some(web) = is_web(directory, user.inward(org), client) else { continue };
            let name = known.clients.get(client).map(|client| client.name.clone()).unwrap_or_default();
            let device = DeviceName::Client { client: client.clone(), name, web };
            receipts.push(Receipt { device, state: ReceiptState::Applied { at: *at } });
        }
        receipts
    }

    /// Whether an account's phone takes part in Do Not Disturb.
    pub(crate) fn feature_events(&self, org: OrgId, account: VoipAccountId) -> Option<bool> {
        let is_its =
            |device: &DeviceName| matches!(device, DeviceName::DeskPhone { account: of, .. } if *of == account);
        let of_org = self.desk.iter().filter(|((known, _), _)| *known == org);
        let receipt = of_org.flat_map(|(_, receipts)| receipts).find(|receipt| is_its(&receipt.device))?;
        match receipt.state {
            ReceiptState::Applied { .. } | ReceiptState::Pending { .. } => Some(true),
            ReceiptState::CannotBeTold { problem } => match problem {
                bellbird_contract::server::CannotBeToldCause::NotSupported => Some(false),
                bellbird_contract::server::CannotBeToldCause::NoAnswer
                | bellbird_contract::server::CannotBeToldCause::Refused
                | bellbird_contract::server::CannotBeToldCause::NotRegistered
                | bellbird_contract::server::CannotBeToldCause::Unknown => None,
            },
            ReceiptState::Paused | ReceiptState::StillRings { .. } | ReceiptState::Unknown => None,
        }
    }

    /// Notes how a call that the server set up stands. False where nothing is new.
    pub(crate) fn progress(&mut self, org: OrgId, user: UserId, call: &CallProgress) -> bool {
        let calls = self.calls.entry((org, user)).or_default();
        match calls.iter_mut().find(|known| known.id == call.id) {
            Some(known) if known == call => return false,
            Some(known) => *known = call.clone(),
            None => calls.push(call.clone()),
        }
        let over = |call: &CallProgress| matches!(call.state, CallProgressState::Ended { .. });
        while calls.iter().filter(|call| over(call)).count() > ENDED_CALLS {
            let Some(oldest) = calls.iter().position(over) else { break };
            calls.remove(oldest);
        }
        true
    }

    /// Whether a call is his.
    pub(crate) fn owns(&self, org: OrgId, user: UserId, call: &ServerCallId) -> bool {
        let calls = self.calls.get(&(org, user));
        let goes_on = |known: &&CallProgress| !matches!(known.state, CallProgressState::Ended { .. });
        calls.is_some_and(|calls| calls.iter().filter(goes_on).any(|known| known.id == *call))
    }
}

/// Whether a client is a browser; nothing where it was logged out.
fn is_web(directory: &Directory, user: UserId, client: &ClientId) -> Option<bool> {
    let has = |secret: &AccountSecret| match secret {
        AccountSecret::PerClient(clients) => clients.contains_key(client),
        AccountSecret::Shared(_) => false,
    };
    let account = directory.accounts_of(user).find(|account| has(&account.secret))?;
    Some(matches!(account.kind, AccountKind::Web))
}

/// A registration as the API shows it.
pub(crate) fn registration(binding: &Binding, renewed: Timestamp) -> RegistrationView {
    RegistrationView {
        id: RegistrationId(saved::key(&binding.id.key)),
        client: binding.client.clone(),
        address: binding.received.to_string(),
        transport: match binding.protocol {
            Protocol::Udp => Transport::Udp,
            Protocol::Tcp => Transport::Tcp,
            Protocol::Tls => Transport::Tls,
            Protocol::Ws => Transport::Ws,
            Protocol::Wss => Transport::Wss,
        },
        user_agent: binding.user_agent.clone().unwrap_or_default(),
        renewed,
        expires: binding.expires,
    }
}
