// Written from crates/contract by `BELLBIRD_WRITE_CONTRACT=1 cargo test -p bellbird-contract`. Not to be edited.

/** An account as it was typed. */
export type AccountDraft = {
  /** All but the secret. */
  settings: AccountSettings,
  /** The secret; left out in an edit that keeps the old one. */
  secret?: Secret, };

/** Names an account on this computer; it stays the same over restarts. */
export type AccountId = number;

/** All of an account but its secret. Everything beside domain and user name may be left out. */
export type AccountSettings = {
  /** The SIP domain: what stands after the @. */
  domain: string,
  /** What stands before the @. */
  userName: string,
  /** The name that others see. */
  displayName?: string,
  /** Server to send to where it is not the domain's own: `host`, `host:port`, a SIP URI, or `wss://host/path`. */
  server?: string,
  /** How to reach it. */
  transport?: Transport,
  /** The user name for authentication where it is another one. */
  authName?: string,
  /** Encryption of the sound. */
  srtp?: SrtpPolicy,
  /** Codecs in order of preference; empty is the usual order. */
  codecs?: Array<CodecName>,
  /** Whether to register; an account that does not is called directly. */
  register?: boolean, };

/** How the trial of a draft stands. */
export type AccountTest = { "state": "running" } | { "state": "passed",
  /** What it worked with: the draft's settings with transport and server filled in where they were found. */
  settings: AccountSettings,
  /** Whether signalling is encrypted. */
  secure: boolean, } | { "state": "failed",
  /** Why. */
  problem: Problem, } | { "state": "unknown" };

/** An account as it stands. */
export type AccountView = {
  /** Its name in commands. */
  id: AccountId,
  /** What was typed, without the secret. */
  settings: AccountSettings,
  /** The address that others call, as people write it: `linda@fiets.example`. */
  address: string,
  /** Whether calls can come and go. */
  registration: Registration, };

/** What a device is for. */
export type AudioRole = "microphone" | "speaker" | "ring" | "unknown";

/** What the user chose about sound; it is kept. */
export type AudioSettings = {
  /** What others hear. */
  microphone: DeviceChoice,
  /** What we hear. */
  speaker: DeviceChoice,
  /** Where it rings. */
  ring: DeviceChoice,
  /** Which ringtone: a [`Ringtone::id`]. */
  ringtone: string,
  /** Takes fans, keyboards and traffic out. */
  noiseSuppression: boolean,
  /** Takes our own speaker's sound out of the microphone's; bypassed on headsets. */
  echoCancellation: boolean,
  /** Makes soft and loud come out alike. */
  gainControl: boolean, };

/** A trial of the sound under way. */
export type AudioTest = { "state": "idle" } | { "state": "metering" } | { "state": "recording",
  /** Until then; after that it is played back. */
  until: Timestamp, } | { "state": "playingBack",
  /** Until then. */
  until: Timestamp, } | { "state": "playingSound",
  /** On which device. */
  role: AudioRole, } | { "state": "unknown" };

/** All that the page about sound shows, but the levels. */
export type AudioView = {
  /** What is there now. */
  devices: Array<Device>,
  /** What the user wants. */
  settings: AudioSettings,
  /** What is used. */
  inUse: Array<DeviceInUse>,
  /** What can be chosen as a ringtone. */
  ringtones: Array<Ringtone>,
  /** The trial under way. */
  test: AudioTest,
  /** No microphone, refused microphone, and the like. */
  problem: Problem | null, };

/** Which buttons do something now. */
export type CallCapabilities = {
  /** Answer. */
  answer: boolean,
  /** Decline. */
  decline: boolean,
  /** Hang up. */
  hangUp: boolean,
  /** Mute and unmute. */
  mute: boolean,
  /** Hold. */
  hold: boolean,
  /** Resume. */
  resume: boolean,
  /** Send digits. */
  digits: boolean,
  /** Transfer, blind or ask first. */
  transfer: boolean,
  /** Hand the asking call's other side over: on a consultation call that was answered. */
  completeTransfer: boolean, };

/** Who called. */
export type CallDirection = "incoming" | "outgoing" | "unknown";

/** Names a call while the program runs. */
export type CallId = number;

/**
 * How a call stands. The moment in which it came about is [`CallView::since`].
 *
 * ```text
 * Calling ──▶ Ringing ──▶ Active ◀──▶ OnHold, TheyHold, BothHold, Reconnecting
 * Incoming ──▶ Connecting ──▶ Active ──▶ Ended
 * ```
 */
export type CallState = { "kind": "calling" } | { "kind": "ringing",
  /** Sound comes from the other side already: announcement or its own ringing tone. */
  earlyMedia: boolean, } | { "kind": "incoming",
  /** Another call is going on: this one waits and only a soft tone tells. */
  waiting: boolean, } | { "kind": "connecting" } | { "kind": "active" } | { "kind": "onHold" } | { "kind": "theyHold" } | { "kind": "bothHold" } | { "kind": "reconnecting" } | { "kind": "ended",
  /** Why. */
  reason: EndReason,
  /** What to tell, where there is something to tell. */
  problem: Problem | null, } | { "kind": "unknown" };

/** A call as it stands. */
export type CallView = {
  /** Its name in commands. */
  id: CallId,
  /** Whose account. */
  account: AccountId,
  /** Who called. */
  direction: CallDirection,
  /** The other side. */
  party: Party,
  /** Whom an incoming call is for, where that is not the account's own address; the one who sent it here. */
  calledFor: Party | null,
  /** How it stands. */
  state: CallState,
  /** Since when it stands so. */
  since: Timestamp,
  /** When it began to ring or was dialled. */
  startedAt: Timestamp,
  /** When it was answered. */
  answeredAt: Timestamp | null,
  /** Whether the other side does not hear us. */
  muted: boolean,
  /** Which buttons do something now. */
  can: CallCapabilities,
  /** Whether the sound is encrypted. */
  security: Security,
  /** What the sound is coded with. */
  codec: CodecName | null,
  /** How it sounds, once known. */
  quality: Quality | null,
  /** Digits that were sent in this call. */
  digits: string,
  /** Digits that came from the other side in this call. */
  receivedDigits?: string,
  /** The transfer of this call that is under way. */
  transfer: TransferView | null,
  /** Its part in a transfer that asks first. */
  consultation: Consultation | null,
  /** A problem that did not end the call: a refused hold, no sound. */
  problem: Problem | null, };

/** An audio codec by name. */
export type CodecName = "opus" | "g722" | "pcma" | "pcmu" | "unknown";

/** What the user wants. It answers nothing: what comes of it is in the next [`crate::PhoneView`]. */
export type Command = { "type": "testAccount",
  /** What to try. */
  account: AccountDraft, } | { "type": "cancelAccountTest" } | { "type": "addAccount",
  /** What to add. */
  account: AccountDraft, } | { "type": "editAccount",
  /** Which. */
  id: AccountId,
  /** As it should be; without a secret the old one stays. */
  account: AccountDraft, } | { "type": "removeAccount",
  /** Which. */
  id: AccountId, } | { "type": "setDefaultAccount",
  /** Which. */
  id: AccountId, } | { "type": "register",
  /** Which. */
  id: AccountId, } | { "type": "lookUp",
  /** What was typed. */
  text: string, } | { "type": "openLink",
  /** As it came. */
  link: string, } | { "type": "dial",
  /** Number, address or link, as typed. */
  target: string,
  /** Over which account; the default one where left out. */
  account?: AccountId, } | { "type": "redial" } | { "type": "answer",
  /** Which. */
  call: CallId, } | { "type": "decline",
  /** Which. */
  call: CallId, } | { "type": "hangUp",
  /** Which. */
  call: CallId, } | { "type": "dismissCall",
  /** Which. */
  call: CallId, } | { "type": "hold",
  /** Which. */
  call: CallId, } | { "type": "resume",
  /** Which. */
  call: CallId, } | { "type": "swap" } | { "type": "mute",
  /** Which. */
  call: CallId,
  /** Stops if true. */
  muted: boolean, } | { "type": "sendDigits",
  /** Which. */
  call: CallId,
  /** `0`–`9`, `*`, `#`, `A`–`D`. */
  digits: string, } | { "type": "transferBlind",
  /** Which. */
  call: CallId,
  /** To whom, as typed. */
  target: string, } | { "type": "transferAskFirst",
  /** Which. */
  call: CallId,
  /** Whom to ask, as typed. */
  target: string, } | { "type": "completeTransfer",
  /** The call that asked. */
  call: CallId, } | { "type": "cancelTransfer",
  /** Either of the two. */
  call: CallId, } | { "type": "transferToCall",
  /** Which. */
  call: CallId,
  /** To which. */
  other: CallId, } | { "type": "markMissedSeen" } | { "type": "deleteHistory",
  /** Which. */
  id: HistoryId, } | { "type": "clearHistory" } | { "type": "setAudio",
  /** All of it. */
  settings: AudioSettings, } | { "type": "playTestSound",
  /** Where. */
  role: AudioRole, } | { "type": "startMeter" } | { "type": "recordAndPlayBack" } | { "type": "stopAudioTest" } | { "type": "setLanguage",
  /** Which. */
  language: Language, } | { "type": "setTheme",
  /** Which. */
  theme: Theme, } | { "type": "setCountry",
  /** Which. */
  country: ToneCountry, } | { "type": "dismissNotice",
  /** Which. */
  id: NoticeId, } | { "type": "quit" };

/** Whether there is a network. */
export type Connectivity = { "state": "online" } | { "state": "offline",
  /** Since when. */
  since: Timestamp, } | { "state": "unknown" };

/** The part a call plays in a transfer that asks first. */
export type Consultation = { "role": "asking",
  /** Who waits. */
  call: CallId, } | { "role": "waiting",
  /** Who is asked. */
  call: CallId, } | { "role": "unknown" };

/** What most likely causes poor quality. */
export type Culprit = "microphone" | "network" | "farSide" | "unknown";

/** A sound device that is there now. */
export type Device = {
  /** Stays the same when it is unplugged and plugged in again. */
  id: string,
  /** As the system calls it. */
  name: string,
  /** Which way its sound goes. */
  kind: DeviceKind,
  /** Whether the system uses it where nobody chose. */
  systemDefault: boolean,
  /** Whether it looks like a headset: no echo to cancel. */
  headset: boolean, };

/** Which device the user wants. */
export type DeviceChoice = { "kind": "system" } | { "kind": "device",
  /** [`Device::id`]. */
  id: string,
  /** As it was called when it was chosen, to name it while it is away. */
  name: string, } | { "kind": "unknown" };

/** The device that is in use for a role, which need not be the one chosen. */
export type DeviceInUse = {
  /** For what. */
  role: AudioRole,
  /** Which; nothing where there is none at all. */
  device: Device | null,
  /** The chosen device is away and this one stands in for it. */
  standsIn: boolean, };

/** Which way a device's sound goes. */
export type DeviceKind = "input" | "output" | "unknown";

/** Why a call is over. */
export type EndReason = "here" | "there" | "answeredElsewhere" | "transferred" | "failed" | "unknown";

/** What went wrong, for the UI to put into words. A code is added only when somebody words it. */
export type ErrorCode = "wrongPassword" | "unknownUser" | "forbidden" | "serverNotFound" | "serverUnreachable" | "serverUnavailable" | "certificateInvalid" | "registrationRefused" | "offline" | "fieldInvalid" | "noAccount" | "invalidTarget" | "busy" | "declined" | "noAnswer" | "notFound" | "unavailable" | "numberIncomplete" | "noCodecInCommon" | "securityMismatch" | "callFailed" | "connectionLost" | "noAudio" | "holdRefused" | "transferFailed" | "noMicrophone" | "noSpeaker" | "microphoneRefused" | "deviceLost" | "storageFailed" | "storageNewer" | "storageDamaged" | "keyStoreMissing" | "unknown";

/** A call that is over. */
export type HistoryEntry = {
  /** Its name in commands. */
  id: HistoryId,
  /** The account it went over; it may have been removed since. */
  account: AccountId,
  /** Who called. */
  direction: CallDirection,
  /** The other side. */
  party: Party,
  /** When it began to ring or was dialled. */
  startedAt: Timestamp,
  /** When it was answered. */
  answeredAt: Timestamp | null,
  /** When it was over. */
  endedAt: Timestamp,
  /** What became of it. */
  outcome: Outcome,
  /** Why it failed. */
  problem: Problem | null,
  /** Whether the user has seen that it was missed; true for all others. */
  seen: boolean,
  /** How it sounded at the end. */
  quality: Quality | null, };

/** Names a call in the history, on this computer and on others. */
export type HistoryId = string;

/** The language of the UI. */
export type Language = "system" | "nl" | "en" | "unknown";

/**
 * How loud it is now, sent apart from the view and at most 20 times a second while a call or a trial goes on.
 *
 * 0 is −60 dBFS and below, 1 is full scale, linear in decibels between.
 */
export type Levels = {
  /** What others hear. */
  microphone: number,
  /** What we hear. */
  speaker: number,
  /** Where it rings. */
  ring: number, };

/** What the dial field means, answered to [`crate::Command::LookUp`]. */
export type LookUp = {
  /** What was typed, to tell an old answer from the newest. */
  text: string,
  /** What it is. */
  kind: TargetKind,
  /** What would be dialled, as people write it; nothing where it can't be dialled. */
  target: string | null,
  /** Parties that match, best first. */
  suggestions: Array<Suggestion>,
  /** Why it can't be dialled. */
  problem: Problem | null, };

/** A problem that belongs to no call and no account, shown until dismissed or over. */
export type Notice = {
  /** For [`crate::Command::DismissNotice`]. */
  id: NoticeId,
  /** When it came up. */
  at: Timestamp,
  /** What it is. */
  problem: Problem, };

/** Names a [`Notice`] until it is dismissed. */
export type NoticeId = number;

/** What became of a call. */
export type Outcome = "answered" | "missed" | "answeredElsewhere" | "declined" | "busy" | "noAnswer" | "cancelled" | "failed" | "unknown";

/** The other side of a call. */
export type Party = {
  /** The name, where there is one. */
  name: string | null,
  /** The number or address as people write it: `0600127781`, `anna@fiets.example`; empty if withheld. */
  number: string,
  /** What to dial to reach this party, or nothing if the number is withheld. */
  address: string | null, };

/** Everything that the UI shows, whole each time. The UI asks for it when it mounts and gets each later one as an event. */
export type PhoneView = {
  /** Grows with each view. */
  revision: number,
  /** In the order they were added. */
  accounts: Array<AccountView>,
  /** The account that calls go out over. */
  defaultAccount: AccountId | null,
  /** The trial of a draft, if one was asked for. */
  accountTest: AccountTest | null,
  /** Calls that are going on or ended a moment ago, oldest first. */
  calls: Array<CallView>,
  /** Calls that are over, newest first. */
  history: Array<HistoryEntry>,
  /** How many missed calls the user has not seen. */
  missed: number,
  /** What the dial field means. */
  lookUp: LookUp,
  /**
   * A number or address that was clicked elsewhere: it belongs into the dial field, for the user to call or not. It
   * goes with the next look-up or call.
   */
  link?: string,
  /** Whether there is a network. */
  connectivity: Connectivity,
  /** Numbers that always dial here. */
  emergencyNumbers: Array<string>,
  /** The page about sound. */
  audio: AudioView,
  /** What the user chose about the program itself. */
  preferences: Preferences,
  /** Problems that belong to no call and no account. */
  notices: Array<Notice>, };

/** What the user chose about the program itself; it is kept. */
export type Preferences = {
  /** The language of the UI. */
  language: Language,
  /** Light or dark. */
  theme: Theme,
  /** Where we are. */
  country: ToneCountry,
  /** The account that calls go out over; the first one where nobody chose. */
  defaultAccount?: AccountId, };

/** An [`ErrorCode`] with what its words need. */
export type Problem = {
  /** Which sentence. */
  code: ErrorCode,
  /** What stands in the sentence, by name; see the code's documentation. */
  params: Record<string, string>,
  /** Small print behind *Details*, as it came: `486 Busy Here`. */
  details: string | null, };

/** How a call sounds now, or sounded. */
export type Quality = {
  /** One to four. */
  bars: number,
  /** One word. */
  word: QualityWord,
  /** Who is to blame, where quality is not good. */
  culprit: Culprit | null,
  /** Whether it has been fair or poor for long enough (5 s) to be told, and not good again for 10 s. */
  tell: boolean,
  /** Mean opinion score, 1 to 4.5 (ITU-T G.107). */
  mos: number,
  /** Packets lost on the way to us, in percent. */
  lossPercent: number,
  /** Packets lost on the way to the other side, in percent, where it reports them. */
  farLossPercent: number | null,
  /** Unevenness of arrival, in ms. */
  jitterMs: number,
  /** There and back, in ms, once known. */
  roundTripMs: number | null, };

/** One word for the quality, by mean opinion score. */
export type QualityWord = "good" | "fine" | "fair" | "poor" | "unknown";

/**
 * How an account stands with its server.
 *
 * ```text
 * Off ──add──▶ Registering ──200──▶ Registered ──refresh fails──▶ Failed ──retry──▶ Registering
 *                   └──────refused, no route──────▶ Failed
 * ```
 */
export type Registration = { "state": "off" } | { "state": "registering" } | { "state": "registered",
  /** Since when without interruption. */
  since: Timestamp,
  /** Over what: never `automatic`. */
  transport: Transport,
  /** Whether signalling is encrypted. */
  secure: boolean, } | { "state": "failed",
  /** Since when. */
  since: Timestamp,
  /** Why. */
  problem: Problem,
  /** When it is tried again; nothing if only a change by the user can help. */
  retryAt: Timestamp | null, } | { "state": "unknown" };

/** A ringtone that can be chosen. */
export type Ringtone = {
  /** Its name in settings. */
  id: string,
  /** Its name for people. */
  name: string, };

/** A password. It can be read from the wire and never written to it, and debug output hides it. */
export type Secret = string;

/** Whether the sound is encrypted. */
export type Security = "pending" | "none" | "encrypted" | "keysInClear" | "unknown";

/** Whether the sound is encrypted with keys from SDP (SDES, RFC 4568). */
export type SrtpPolicy = "off" | "optional" | "required" | "unknown";

/** A party that matches what was typed. */
export type Suggestion = {
  /** Who. */
  party: Party,
  /** The last call with this party. */
  lastCall: Timestamp | null, };

/** What kind of thing was typed into the dial field. */
export type TargetKind = "empty" | "number" | "emergency" | "code" | "address" | "name" | "unknown";

/** Light or dark. */
export type Theme = "system" | "light" | "dark" | "unknown";

/**
 * A moment in the calendar: milliseconds since 1970-01-01T00:00:00Z.
 *
 * A timer is shown as the difference between now and one of these, so that a view need not be sent each second.
 */
export type Timestamp = number;

/** The country whose call progress tones are played and whose emergency numbers always dial. */
export type ToneCountry = "nl" | "be" | "de" | "fr" | "gb" | "us" | "unknown";

/** A transfer under way, shown on the call that is being handed over. */
export type TransferView = {
  /** Whom the other side is sent to. */
  target: Party,
  /** It rings there. */
  ringing: boolean, };

/** How to reach the account's server. */
export type Transport = "automatic" | "udp" | "tcp" | "tls" | "ws" | "wss" | "unknown";
