use serde::Deserialize;
use ts_rs::TS;

use crate::server::{
    Availability, CallMethod, CallRecordId, ChangeRequestId, Direction, DndEnd, Forwardings, Profile, Scope,
    ServerCallId, VoipAccountId, Wish,
};
use crate::{
    AccountDraft, AccountId, AudioRole, AudioSettings, CallId, HistoryId, Language, NoticeId, Secret, Theme,
    ToneCountry,
};

/// What the user wants. It answers nothing: what comes of it is in the next [`crate::PhoneView`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Command {
    /// Looks for a draft's server and registers there once, keeping nothing; see [`crate::PhoneView::account_test`].
    TestAccount {
        /// What to try.
        account: AccountDraft,
    },
    /// Forgets the trial.
    CancelAccountTest,
    /// Adds an account and registers it.
    AddAccount {
        /// What to add.
        account: AccountDraft,
    },
    /// Changes an account and registers it again.
    EditAccount {
        /// Which.
        id: AccountId,
        /// As it should be; without a secret the old one stays.
        account: AccountDraft,
    },
    /// Unregisters and forgets an account; its calls end, its history stays.
    RemoveAccount {
        /// Which.
        id: AccountId,
    },
    /// Makes calls go out over this account.
    SetDefaultAccount {
        /// Which.
        id: AccountId,
    },
    /// Registers again now.
    Register {
        /// Which.
        id: AccountId,
    },

    /// Tells what the dial field means; see [`crate::PhoneView::look_up`].
    LookUp {
        /// What was typed.
        text: String,
    },
    /// Puts a link that was clicked elsewhere (`tel:`, `sip:`, `callto:`) into the dial field; it calls nobody.
    OpenLink {
        /// As it came.
        link: String,
    },
    /// Calls; another active call is put on hold.
    Dial {
        /// Number, address or link, as typed.
        target: String,
        /// Over which account; the default one where left out.
        #[serde(default)]
        #[ts(optional)]
        account: Option<AccountId>,
        /// Whether to withhold our number from the other side.
        #[serde(default)]
        #[ts(optional, as = "Option<bool>")]
        withhold: bool,
    },
    /// Calls whom we called last.
    Redial,
    /// Answers; another active call is put on hold.
    Answer {
        /// Which.
        call: CallId,
    },
    /// Declines.
    Decline {
        /// Which.
        call: CallId,
    },
    /// Ends a call in any state.
    HangUp {
        /// Which.
        call: CallId,
    },
    /// Takes an ended call off the screen.
    DismissCall {
        /// Which.
        call: CallId,
    },
    /// Puts on hold.
    Hold {
        /// Which.
        call: CallId,
    },
    /// Takes off hold; another active call is put on hold.
    Resume {
        /// Which.
        call: CallId,
    },
    /// Holds the active call and resumes the one that waits.
    Swap,
    /// Stops or starts sending our voice.
    Mute {
        /// Which.
        call: CallId,
        /// Stops if true.
        muted: bool,
    },
    /// Sends digits to the other side.
    SendDigits {
        /// Which.
        call: CallId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digits: String,
    },
    /// Hands a call over without asking.
    TransferBlind {
        /// Which.
        call: CallId,
        /// To whom, as typed.
        target: String,
    },
    /// Holds a call and calls whom it may be handed to.
    TransferAskFirst {
        /// Which.
        call: CallId,
        /// Whom to ask, as typed.
        target: String,
    },
    /// Hands the waiting call over to the one that was asked.
    CompleteTransfer {
        /// The call that asked.
        call: CallId,
    },
    /// Hangs up on the one that was asked and goes back to the waiting call.
    CancelTransfer {
        /// Either of the two.
        call: CallId,
    },
    /// Hands one call over to another one, both going on.
    TransferToCall {
        /// Which.
        call: CallId,
        /// To which.
        other: CallId,
    },

    /// Notes that the user has seen the missed calls.
    MarkMissedSeen,
    /// Deletes one call from the history.
    DeleteHistory {
        /// Which.
        id: HistoryId,
    },
    /// Deletes the whole history.
    ClearHistory,

    /// Chooses devices and processing.
    SetAudio {
        /// All of it.
        settings: AudioSettings,
    },
    /// Plays a tone on the speaker or the ringtone on the ring device.
    PlayTestSound {
        /// Where.
        role: AudioRole,
    },
    /// Shows the microphone's level until stopped; see [`crate::Levels`].
    StartMeter,
    /// Records the microphone for a few seconds and plays it back.
    RecordAndPlayBack,
    /// Ends any trial of the sound.
    StopAudioTest,

    /// Chooses the language.
    SetLanguage {
        /// Which.
        language: Language,
    },
    /// Chooses light or dark.
    SetTheme {
        /// Which.
        theme: Theme,
    },
    /// Tells where we are.
    SetCountry {
        /// Which.
        country: ToneCountry,
    },

    /// Looks whether there is a server at an address; see [`crate::PhoneView::server_log_in`].
    FindServer {
        /// As typed.
        server: String,
    },
    /// Logs in to a server; its account is added beside those that were typed.
    LogInToServer {
        /// Its address, as typed.
        server: String,
        /// Log-in name or e-mail address.
        login: String,
        /// The password.
        secret: Secret,
    },
    /// Logs in by an invitation, a provisioning link or what a QR code holds.
    LogInWithLink {
        /// As it came.
        link: Secret,
    },
    /// Chooses the password that a first log-in asks for; see [`crate::server::ServerLogIn::NewPassword`].
    ChooseFirstPassword {
        /// The new one.
        new: Secret,
    },
    /// Forgets what is under way.
    CancelServerLogIn,
    /// Logs out: this client's token and SIP credentials end, and what was kept of the server is forgotten.
    LogOutOfServer,
    /// Tries the server again now.
    TryServerNow,
    /// Sets a new password.
    ChangePassword {
        /// The old one.
        old: Secret,
        /// The new one.
        new: Secret,
    },
    /// Turns *Receive incoming calls* on or off.
    SetReceiveCalls {
        /// Which.
        on: bool,
        /// For which of the user's clients.
        scope: Scope,
    },
    /// Turns *Make calls* on or off.
    SetMakeCalls {
        /// Which.
        on: bool,
        /// For which of the user's clients.
        scope: Scope,
    },
    /// Chooses what rings first when the user calls.
    SetCallMethod {
        /// Which.
        method: CallMethod,
        /// For which of the user's clients.
        scope: Scope,
    },
    /// Turns Do Not Disturb on or off, for the user.
    SetDnd {
        /// Which.
        on: bool,
        /// When it ends by itself.
        #[serde(default)]
        #[ts(optional)]
        end: Option<DndEnd>,
    },
    /// Says whether the call plan counts on the user, and where.
    SetAvailability {
        /// As it should be.
        availability: Availability,
    },
    /// Forwards calls.
    SetForwarding {
        /// Those that change; the others stay.
        forwarding: Forwardings,
    },
    /// Makes calls go out from the user account: the personal number and name are shown, never the device's (N3).
    SetCallsFromUserAccount {
        /// Whether.
        on: bool,
    },
    /// Chooses the desk phone that rings for calls by desk phone.
    SetDeskPhone {
        /// Which.
        account: VoipAccountId,
    },
    /// Changes the user's own profile (U15).
    EditProfile {
        /// What of it; what is left out stays.
        profile: Profile,
    },
    /// Asks the administrators to change a locked setting.
    AskForChange {
        /// Which setting.
        direction: Direction,
        /// What it should become.
        #[serde(default)]
        #[ts(optional)]
        wish: Option<Wish>,
        /// In the user's own words.
        #[serde(default)]
        text: String,
    },
    /// Takes a request back.
    WithdrawRequest {
        /// Which.
        id: ChangeRequestId,
    },
    /// Asks why devices rang or did not; see [`crate::server::ServerView::why`].
    AskWhy {
        /// For which call.
        record: CallRecordId,
    },
    /// Leaves that page.
    CloseWhy,
    /// Ends a call by desk phone or call-back.
    CancelServerCall {
        /// Which.
        call: ServerCallId,
    },
    /// Takes the server's refusal off the screen.
    DismissRefusal,

    /// Takes a notice off the screen.
    DismissNotice {
        /// Which.
        id: NoticeId,
    },
    /// Ends calls, unregisters and ends the program.
    Quit,
    /// From a newer UI; does nothing.
    #[serde(other)]
    #[ts(skip)]
    Unknown,
}
