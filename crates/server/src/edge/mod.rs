//! The seam to the SIP side: what only it knows, and what only it can do.
//!
//! The API asks through [`Edge`]; the SIP side reads the storage, listens to [`crate::store::Store::subscribe`] for what
//! changed, and tells what it sees with [`crate::store::Store::publish`].

mod calls;
mod config;
mod driver;
mod echo;
mod ids;
mod keeper;
mod live;
mod media;
mod memory;
mod probe;
mod records;
mod saved;
mod snapshot;
mod standing;
mod trunk_test;
mod trunks;
mod watcher;

pub use config::EdgeConfig;
pub use live::SipEdge;

use async_trait::async_trait;
use bellbird_contract::Timestamp;
use bellbird_contract::server::{
    CallMethod, CallProgress, NetworkTest, OrgId, Receipt, RegistrationId, RegistrationView, Revision, ServerCallId,
    ServerErrorCode, SipTest, TrunkHealth, TrunkId, TrunkTest, UserId, VoipAccountId,
};

/// What a user's phones are doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhoneState {
    /// At least one of his devices is registered.
    pub registered: bool,
    /// One rings.
    pub ringing: bool,
    /// On a call, since then.
    pub on_call: Option<Timestamp>,
}

/// A call that the server sets up for a user: his own phone first, then the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOrder {
    /// For whom.
    pub user: UserId,
    /// Whom he wants to call, as typed.
    pub target: String,
    /// By which of his phones.
    pub method: CallMethod,
    /// Whether his number stays hidden.
    pub withhold_number: bool,
}

/// Figures of the SIP side, for whoever watches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Calls that are up or on their way.
    pub calls: u64,
    /// Devices that are registered.
    pub registrations: u64,
    /// Whether each trunk answers; one that never was asked counts as not.
    pub trunks: Vec<(OrgId, TrunkId, bool)>,
    /// How often an address or an account was found guessing.
    pub alarms: u64,
    /// Packets of sound that were led on.
    pub relay_packets: u64,
    /// Packets that nobody was to get.
    pub relay_strays: u64,
    /// Ports that are open for sound.
    pub relay_ports: u64,
}

/// The SIP side, as the API sees it.
#[async_trait]
pub trait Edge: Send + Sync + 'static {
    /// Figures, from memory.
    fn figures(&self) -> Figures {
        Figures::default()
    }

    /// When a phone of this account last refused a call before it rang, though it was not told of Do Not Disturb: a
    /// suspicion that it has one of its own. It is shown and never written.
    fn suspected_dnd(&self, _org: OrgId, _account: VoipAccountId) -> Option<Timestamp> {
        None
    }

    /// Ends in good order: what is being kept is kept before this returns. Calls that are up go on without us and are
    /// taken up at the next start; whoever still hears it ring is told that it came to nothing.
    async fn end(&self) {}

    /// Waits until calls and registrations are handled by what this revision of the storage says, a moment at most: what
    /// was acknowledged holds for the next call, and a device is not refused at its first try.
    async fn caught_up(&self, _org: OrgId, _revision: Revision) {}

    /// What a user's phones are doing. Answers from memory.
    fn phones(&self, org: OrgId, user: UserId) -> PhoneState;

    /// An account's registrations. Answers from memory.
    fn registrations(&self, org: OrgId, account: VoipAccountId) -> Vec<RegistrationView>;

    /// Whether an account's phone takes part in Do Not Disturb; nothing while unknown.
    fn feature_events(&self, org: OrgId, account: VoipAccountId) -> Option<bool>;

    /// What became of a user's last Do Not Disturb or settings at each of his devices.
    fn receipts(&self, org: OrgId, user: UserId) -> Vec<Receipt>;

    /// An app says that it has applied a revision.
    fn applied(&self, org: OrgId, user: UserId, client: &bellbird_contract::server::ClientId, at: Timestamp);

    /// Ends a registration. False if there is none of that id.
    async fn remove_registration(&self, org: OrgId, account: VoipAccountId, registration: RegistrationId) -> bool;

    /// Asks each registration with OPTIONS (U7).
    async fn sip_test(&self, org: OrgId, account: VoipAccountId) -> SipTest;

    /// What is known of the way to a device from its calls; nothing if it had none.
    async fn network_test(&self, org: OrgId, account: VoipAccountId) -> Option<NetworkTest>;

    /// Whether a trunk works, and how many calls it carries.
    fn trunk(&self, org: OrgId, trunk: TrunkId) -> (TrunkHealth, u32);

    /// Asks a trunk whether it is there, and knows us.
    async fn trunk_test(&self, org: OrgId, trunk: TrunkId) -> Result<TrunkTest, ServerErrorCode>;

    /// Begins a call by desk phone or call-back.
    async fn start_call(&self, org: OrgId, order: CallOrder) -> Result<CallProgress, ServerErrorCode>;

    /// A user's calls that the server set up.
    fn calls(&self, org: OrgId, user: UserId) -> Vec<CallProgress>;

    /// Ends one of them. False if it is not his or over.
    async fn cancel_call(&self, org: OrgId, user: UserId, call: &ServerCallId) -> bool;
}

/// A server without SIP: nothing is registered, no call can be set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEdge;

#[async_trait]
impl Edge for NoEdge {
    fn phones(&self, _: OrgId, _: UserId) -> PhoneState {
        PhoneState::default()
    }

    fn registrations(&self, _: OrgId, _: VoipAccountId) -> Vec<RegistrationView> {
        Vec::new()
    }

    fn feature_events(&self, _: OrgId, _: VoipAccountId) -> Option<bool> {
        None
    }

    fn receipts(&self, _: OrgId, _: UserId) -> Vec<Receipt> {
        Vec::new()
    }

    fn applied(&self, _: OrgId, _: UserId, _: &bellbird_contract::server::ClientId, _: Timestamp) {}

    async fn remove_registration(&self, _: OrgId, _: VoipAccountId, _: RegistrationId) -> bool {
        false
    }

    async fn sip_test(&self, _: OrgId, _: VoipAccountId) -> SipTest {
        SipTest { at: crate::domain::now(), registrations: 0, answers: Vec::new(), feature_events: None }
    }

    async fn network_test(&self, _: OrgId, _: VoipAccountId) -> Option<NetworkTest> {
        None
    }

    fn trunk(&self, _: OrgId, _: TrunkId) -> (TrunkHealth, u32) {
        (TrunkHealth::Unproven, 0)
    }

    async fn trunk_test(&self, _: OrgId, _: TrunkId) -> Result<TrunkTest, ServerErrorCode> {
        Err(ServerErrorCode::TrunkUnavailable)
    }

    async fn start_call(&self, _: OrgId, _: CallOrder) -> Result<CallProgress, ServerErrorCode> {
        Err(ServerErrorCode::DeskPhoneNotRegistered)
    }

    fn calls(&self, _: OrgId, _: UserId) -> Vec<CallProgress> {
        Vec::new()
    }

    async fn cancel_call(&self, _: OrgId, _: UserId, _: &ServerCallId) -> bool {
        false
    }
}
