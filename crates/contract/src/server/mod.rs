//! What clients and server say to each other, and the rules that both follow: call settings ([`resolve`], [`apply`],
//! [`administer`]) and Do Not Disturb ([`DndState`], [`DndRegister`], [`DndReplica`]).
//!
//! It is told in words in `docs/SETTINGS.md`. On the wire it is JSON in camelCase; unknown fields are ignored and every
//! enum has an `Unknown`. Feature `openapi` gives each type a schema.

mod contact;
mod device;
mod dnd;
mod event;
mod hlc;
mod ids;
mod number;
mod portal;
mod presence;
mod problem;
mod record;
mod role;
mod rule;
mod secret;
mod session;
mod settings;
mod telephony;
mod user;
mod view;

pub use contact::{Contact, ContactEdit};
pub use device::{
    AccountEdit, AccountKind, AccountSecret, AccountSummary, ActionUrl, DeviceState, MediaProfile, NetworkTest,
    OptionsAnswer, Owner, RegistrationView, SipTest, VoipAccount,
};
pub use dnd::{
    Admission, CannotBeToldCause, DeviceName, DndAct, DndEnd, DndRegister, DndReplica, DndRequest, DndSource, DndState,
    DndView, Receipt, ReceiptState, StillRingsCause,
};
pub use event::{ClientMessage, ServerEvent, ServerEventKind, Snapshot};
pub use hlc::{Hlc, HlcClock};
pub use ids::{
    ApiKeyId, AuditId, CallRecordId, ChangeRequestId, ClientId, ContactId, CountryCode, NumberId, OrgId,
    RegistrationId, Revision, ServerCallId, TrunkId, UserId, VoipAccountId,
};
pub use number::{
    CalledNumberFrom, NumberEdit, NumberEntry, NumberFormat, Organisation, OrganisationChange, OrganisationSettings,
    Retention, TrunkEdit, TrunkHealth, TrunkLink, TrunkSettings, TrunkTest, TrunkTestOutcome, TrunkView,
};
pub use portal::{
    AuditEntry, AuditQuery, AuditSource, AuditSubject, BulkEdit, BulkUser, ChangeRequest, ChangeRequestAnswer,
    ChangeRequestDraft, ChangeRequestState, DryRun, DryRunChange, DryRunProblem, OwnSettings, Warning, Wish,
};
pub use presence::{Colleague, Presence};
pub use problem::{ApiProblem, ServerErrorCode};
pub use record::{CallOutcome, CallProgress, CallProgressState, CallRecord, CallRequest, Cause, Reason, RecordQuery};
pub use role::{Author, Permission, Role, Stamp};
pub use rule::{Writer, administer, apply, resolve};
pub use secret::WireSecret;
pub use session::{
    ApiKeyView, ClientDescription, DigestAlgorithm, Features, IceServer, IssuedApiKey, IssuedLink, LinkInfo,
    LinkPurpose, LogIn, LogInResult, Me, MePhone, OrganisationName, PROTOCOL, PasswordChange, PasswordReset,
    ServerHello, SessionRequest, SessionStart, SetUp, SipCredentials, SipServer,
};
pub use settings::{
    AdminChange, CallMethod, ClientSettings, ClientValues, Direction, Effective, EffectiveSettings, IncomingDocument,
    Lock, Mode, OutgoingDocument, Permissions, Scope, SettingsChange, SettingsDocument,
};
pub use telephony::{
    Availability, AvailabilityState, CallerId, CountryNumber, Destination, Forwarding, Forwardings, LinkedNumber,
    NetworkUnavailability, ReachedAt, Telephony, TelephonyChange,
};
pub use user::{
    ClientView, DialPatterns, Page, Personal, Profile, ReachableNumber, Security, UserChange, UserCreated, UserDetail,
    UserDraft, UserQuery, UserRow, UserSort,
};
pub use view::{
    AvailabilityPanel, CallMethodChoice, DndPanel, ServerConnection, ServerLogIn, ServerTrouble, ServerView,
    SettingsView, WhyPage,
};
