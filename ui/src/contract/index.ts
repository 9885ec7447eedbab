// Written from crates/contract by `BELLBIRD_WRITE_CONTRACT=1 cargo test -p bellbird-contract`. Not to be edited.

/** An account as it was typed. */
export type AccountDraft = {
  /** All but the secret. */
  settings: AccountSettings,
  /** The secret; left out in an edit that keeps the old one. */
  secret?: Secret, };

/** A new VoIP account, or what becomes of an old one. */
export type AccountEdit = {
  /** The revision that was seen; nothing for a new account. */
  base?: Revision,
  /** Its own number; nothing for the next free one. */
  number?: string,
  /** What it is called. */
  name: string,
  /** What it is for. */
  kind: AccountKind,
  /** To whom it belongs. One device belongs to one user: assigning takes it from the former one, unless it is shared. */
  owners: Array<UserId>,
  /** Whether several may own it. */
  shared: boolean,
  /** How sound reaches it. */
  media: MediaProfile,
  /** The algorithm of its digest; nothing for the usual one of its kind. */
  algorithm?: DigestAlgorithm, };

/** Names an account on this computer; it stays the same over restarts. */
export type AccountId = number;

/** What a VoIP account is for (U7). */
export type AccountKind = { "kind": "app" } | { "kind": "web" } | { "kind": "deskPhone",
  /** Its MAC address, twelve hexadecimal digits; nothing while unknown. */
  mac?: string, } | { "kind": "forward",
  /** Which, as typed. */
  number: string, } | { "kind": "unknown" };

/** A new account, or a new secret of an old one; the secret is told this once. */
export type AccountSecret = {
  /** The account. */
  account: VoipAccount,
  /** What to type into the phone. */
  credentials: SipCredentials,
  /** The server to type into the phone. */
  server: string,
  /** Action URLs for phones that take part in Do Not Disturb that way. */
  actionUrls: Array<ActionUrl>, };

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

/** A line in the table of devices. */
export type AccountSummary = {
  /** Which. */
  id: VoipAccountId,
  /** Its own number: `203`. */
  number: string,
  /** What it is called. */
  name: string,
  /** What it is for. */
  kind: AccountKind,
  /** To whom it belongs: to nobody, one, or several who share it. */
  owners: Array<Owner>,
  /** How it stands. */
  state: DeviceState,
  /** When it was last heard of; nothing if never. */
  lastSeen?: Timestamp,
  /** Grows with each change. */
  revision: Revision, };

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

/** An address that a phone calls when its key is pressed. */
export type ActionUrl = {
  /** Whether the key turned Do Not Disturb on or off. */
  on: boolean,
  /** The address; it holds a secret. */
  url: WireSecret, };

/** What an administrator writes into somebody's settings. */
export type AdminChange = { "what": "incoming",
  /** The revision that the administrator saw; nothing to write over whatever is there (several users at once). */
  base?: Revision,
  /** Who decides. */
  mode: Mode,
  /** What the user will see beside the lock. */
  note?: string, } | { "what": "outgoing",
  /** The revision that the administrator saw; nothing to write over whatever is there. */
  base?: Revision,
  /** Who decides. */
  mode: Mode,
  /** The method for all clients; as it is where left out. */
  callMethod?: CallMethod,
  /** What the user will see beside the lock. */
  note?: string, } | { "what": "permission",
  /** Which. */
  permission: Permission,
  /** Whether the user has it from now on. */
  granted: boolean, } | { "what": "unknown" };

/** Names an API key. */
export type ApiKeyId = number;

/** An API key, as it can be seen (U13). */
export type ApiKeyView = {
  /** Which. */
  id: ApiKeyId,
  /** What it is called. */
  name: string,
  /** When it was made. */
  created: Timestamp,
  /** When it was last used. */
  lastUsed?: Timestamp, };

/** What the server answers instead of a result: problem+json (RFC 9457). */
export type ApiProblem = {
  /** A URI that names the kind of problem: `urn:bellbird:problem:` and the code. */
  type: string,
  /** English words for whoever reads the answer as it is. */
  title: string,
  /** The HTTP status. */
  status: number,
  /** Which sentence. */
  code: ServerErrorCode,
  /** Which field of the request, as a path: `telephony.ringSeconds`. */
  field?: string,
  /** What stands in the sentence, by name; see the code's documentation. */
  params: Record<string, string>,
  /** More about this case, in English. */
  detail?: string, };

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

/** Something that was changed (U12). */
export type AuditEntry = {
  /** Which. */
  id: AuditId,
  /** When. */
  at: Timestamp,
  /** Who. */
  author: Author,
  /** What. */
  what: AuditSubject,
  /** What of it, as a path: `telephony.ringSeconds`. */
  field?: string,
  /** What it was, as JSON or a word; nothing where it was not there or is a secret. */
  before?: string,
  /** What it became. */
  after?: string,
  /** Whose. */
  forWhom: Array<Owner>,
  /** From where. */
  from: AuditSource, };

/** Names an entry of the audit. */
export type AuditId = number;

/** What of the audit is wanted. */
export type AuditQuery = {
  /** Only by this user. */
  author?: UserId,
  /** Only about this user. */
  forWhom?: UserId,
  /** Only this. */
  what?: AuditSubject,
  /** Only before this entry. */
  before?: AuditId,
  /** Only then or later. */
  after?: Timestamp,
  /** How many at most; 0 for as many as the server gives. */
  limit: number, };

/** From where something was changed. */
export type AuditSource = { "kind": "portal",
  /** The address. */
  address: string, } | { "kind": "client",
  /** What it calls itself. */
  name: string,
  /** The address. */
  address: string, } | { "kind": "deskPhone",
  /** Its number. */
  number: string, } | { "kind": "api",
  /** What the key is called. */
  key: string,
  /** The address. */
  address: string, } | { "kind": "server" } | { "kind": "unknown" };

/** What a change was about. */
export type AuditSubject = "incomingCalls" | "outgoingCalls" | "permission" | "doNotDisturb" | "availability" | "forwarding" | "telephony" | "userCreated" | "userDeleted" | "userDetails" | "role" | "password" | "security" | "loggedIn" | "clientRevoked" | "account" | "sipSecret" | "registration" | "number" | "trunk" | "organisation" | "changeRequest" | "apiKey" | "contact" | "server" | "unknown";

/** Who wrote something. The name is as it was then, so that it outlives the user. */
export type Author = {
  /** Which user; nothing for the server itself and for people who are gone. */
  user?: UserId,
  /** The name. */
  name: string,
  /** The role at that time. */
  role: Role, };

/** Whether the call plan counts on the user (N5). */
export type Availability = { "kind": "available",
  /** Where. */
  at: ReachedAt, } | { "kind": "notAvailable",
  /** Until when; nothing until the user says otherwise. */
  until?: Timestamp, } | { "kind": "unknown" };

/** Availability, as the phone shows it. */
export type AvailabilityPanel = {
  /** As it stands. */
  state: AvailabilityState,
  /** It waits to be sent. */
  pending: boolean, };

/** Availability, and who said so. */
export type AvailabilityState = {
  /** What was said. */
  availability: Availability,
  /** By whom and when. */
  stamp: Stamp, };

/** One change for several users, in one transaction (`POST /users/bulk`). */
export type BulkEdit = {
  /** For whom. */
  users: Array<BulkUser>,
  /** What, all or nothing. */
  changes: Array<AdminChange>, };

/** One of several users, as they were seen. */
export type BulkUser = {
  /** Who. */
  user: UserId,
  /** The revision of the incoming document that was seen; nothing to write over whatever is there. */
  incoming?: Revision,
  /** The revision of the outgoing document that was seen; nothing to write over whatever is there. */
  outgoing?: Revision, };

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

/** What rings first when the user calls (C2). */
export type CallMethod = "softphone" | "deskPhone" | "mobile" | "unknown";

/** A way to call. */
export type CallMethodChoice = {
  /** Which. */
  method: CallMethod,
  /** What rings first: the desk phone's number, or the mobile's; nothing for this app. */
  device?: string,
  /** Whether that can ring now. */
  ready: boolean, };

/** How a call ended. */
export type CallOutcome = "answered" | "forwarded" | "noAnswer" | "busy" | "declined" | "heldBack" | "callerHungUp" | "refused" | "failed" | "unknown";

/** How a call by desk phone or call-back stands. */
export type CallProgress = {
  /** Which. */
  id: ServerCallId,
  /** Whom. */
  target: Party,
  /** What rings first. */
  via: DeviceName,
  /** How it stands. */
  state: CallProgressState, };

/** How a call by desk phone or call-back stands. */
export type CallProgressState = { "kind": "ringingYou" } | { "kind": "ringingThem" } | { "kind": "talking" } | { "kind": "ended",
  /** What went wrong, where something did. */
  problem?: ApiProblem, } | { "kind": "unknown" };

/** A call, as it went. */
export type CallRecord = {
  /** Which. */
  id: CallRecordId,
  /** From the user's side; for an administrator from the organisation's. */
  direction: CallDirection,
  /** Who called, with name and number as they were. */
  from: Party,
  /** What was dialled. */
  dialled: string,
  /** Whom it reached, with name and number as they were. */
  to?: Party,
  /** The user who called; nothing for a call from outside. */
  caller?: UserId,
  /** The users who took part or were meant. */
  users: Array<UserId>,
  /** The Call-IDs of its legs, by which a phone knows it again among its own calls. */
  callIds?: Array<string>,
  /** When it came in. */
  started: Timestamp,
  /** When it was answered. */
  answered?: Timestamp,
  /** When it ended; nothing while it goes on. */
  ended?: Timestamp,
  /** How it ended. */
  outcome: CallOutcome,
  /** The device that answered. */
  answeredBy?: DeviceName,
  /** Why each device rang or did not, in the order in which the call plan looked at them. */
  why: Array<Reason>, };

/** Names a call in the call records. */
export type CallRecordId = string;

/** A call by desk phone or call-back (`POST /me/calls`). */
export type CallRequest = {
  /** Whom to call, as typed. */
  target: string,
  /** How; nothing for the user's call method. */
  method?: CallMethod,
  /** Whether to withhold the number. */
  withholdNumber: boolean, };

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

/** Where a trunk says which number was called (N8). */
export type CalledNumberFrom = "requestUri" | "to" | "pCalledPartyId" | "unknown";

/** Which number a call to the outside shows (N6). */
export type CallerId = { "kind": "accountDefault" } | { "kind": "number",
  /** Which. */
  number: NumberId, } | { "kind": "perCountry",
  /** One for each country; others show the account default. */
  numbers: Array<CountryNumber>, } | { "kind": "withheld" } | { "kind": "unknown" };

/** Why a device can't be told. */
export type CannotBeToldCause = "notSupported" | "notRegistered" | "noAnswer" | "refused" | "unknown";

/** Why a device rang or did not. `by`, `since` and `until` among the params are a name and moments in milliseconds. */
export type Cause = "rang" | "answered" | "answeredElsewhere" | "declined" | "busyHere" | "notAnswered" | "callerHungUp" | "noResponse" | "doNotDisturb" | "forwardingPaused" | "sharedWithAvailable" | "sharedAllOnDnd" | "receiveOffHere" | "receiveOffEverywhere" | "onAnotherCall" | "notAvailable" | "reachedElsewhere" | "colleaguesElsewhere" | "notRegistered" | "noDevice" | "forwardedAlways" | "forwardedBusy" | "forwardedNoAnswer" | "forwardedUnreachable" | "linkedNumber" | "networkUnavailability" | "destinationIfNoAnswer" | "numberLeadsTo" | "numberUnassigned" | "userDisabled" | "makingCallsOff" | "emergency" | "emergencyCallBack" | "transferRecall" | "movedHere" | "callMethod" | "loop" | "noCodecInCommon" | "deviceRefused" | "suspectedDeviceDnd" | "noTrunk" | "trunkRefused" | "wentOut" | "unknownNumber" | "tooManyCalls" | "unknown";

/** A request for a change. */
export type ChangeRequest = {
  /** Which. */
  id: ChangeRequestId,
  /** Who asks. */
  user: Owner,
  /** The personal number of who asks. */
  extension?: string,
  /** When. */
  at: Timestamp,
  /** What is asked. */
  asked: ChangeRequestDraft,
  /** Who set what is asked about, and when. */
  setBy?: Stamp,
  /** How many others were locked by the same act. */
  lockedWith: number,
  /** How it stands. */
  state: ChangeRequestState,
  /** Grows with each change. */
  revision: Revision, };

/** What an administrator answers. */
export type ChangeRequestAnswer = { "answer": "accept" } | { "answer": "permit" } | { "answer": "decline",
  /** Why, for the user to read. */
  note: string, } | { "answer": "unknown" };

/** What a user asks of the administrators. */
export type ChangeRequestDraft = {
  /** About which setting. */
  direction: Direction,
  /** What it should become; nothing where the user only says so in words. */
  wish?: Wish,
  /** In the user's own words. */
  text: string, };

/** Names a request for a change. */
export type ChangeRequestId = number;

/** How a request stands. */
export type ChangeRequestState = { "kind": "open" } | { "kind": "accepted",
  /** By whom and when. */
  stamp: Stamp, } | { "kind": "permitted",
  /** By whom and when. */
  stamp: Stamp, } | { "kind": "declined",
  /** By whom and when. */
  stamp: Stamp, } | { "kind": "withdrawn",
  /** When. */
  at: Timestamp, } | { "kind": "unknown" };

/** Names one installation of an app or one browser: the UUID of its `+sip.instance`. */
export type ClientId = string;

/** What a client says on `GET /events`. */
export type ClientMessage = { "kind": "subscribe",
  /** The last revision that it took in. */
  since?: Revision, } | { "kind": "applied",
  /** Up to here. */
  revision: Revision, } | { "kind": "look",
  /** Whose. */
  user?: UserId, } | { "kind": "unknown" };

/** One client's own values, as an administrator sees them. */
export type ClientSettings = {
  /** Which client. */
  client: ClientId,
  /** Its own values. */
  values: ClientValues,
  /** What holds for it. */
  effective: EffectiveSettings, };

/** One client's own values, used in mode *individual* and kept in the others. */
export type ClientValues = {
  /** Whether it rings; on where nobody chose. */
  receive?: boolean,
  /** Whether it may call; on where nobody chose. */
  make?: boolean,
  /** How it calls; as this app where nobody chose. */
  callMethod?: CallMethod, };

/** A client of a user: an app or a browser that logged in. */
export type ClientView = {
  /** Its own values and what holds. */
  settings: ClientSettings,
  /** What it calls itself. */
  name: string,
  /** Whether it is a browser. */
  web: boolean,
  /** The program's version. */
  version: string,
  /** When it logged in. */
  since: Timestamp,
  /** When it was last heard of; nothing while it is connected. */
  lastSeen?: Timestamp, };

/** An audio codec by name. */
export type CodecName = "opus" | "g722" | "pcma" | "pcmu" | "unknown";

/** A colleague with state. */
export type Colleague = {
  /** Who. */
  id: UserId,
  /** The name. */
  name: string,
  /** The personal number; nothing for people without one. */
  extension?: string,
  /** Other numbers at which the person can be called, as people write them. */
  numbers: Array<string>,
  /** Whether reachable. */
  presence: Presence,
  /** Since when. */
  since?: Timestamp,
  /** Until when, where that is known (Do Not Disturb, not available). */
  until?: Timestamp, };

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
  account?: AccountId,
  /** Whether to withhold our number from the other side. */
  withhold?: boolean, } | { "type": "redial" } | { "type": "answer",
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
  country: ToneCountry, } | { "type": "findServer",
  /** As typed. */
  server: string, } | { "type": "logInToServer",
  /** Its address, as typed. */
  server: string,
  /** Log-in name or e-mail address. */
  login: string,
  /** The password. */
  secret: Secret, } | { "type": "logInWithLink",
  /** As it came. */
  link: Secret, } | { "type": "chooseFirstPassword",
  /** The new one. */
  new: Secret, } | { "type": "cancelServerLogIn" } | { "type": "logOutOfServer" } | { "type": "tryServerNow" } | { "type": "changePassword",
  /** The old one. */
  old: Secret,
  /** The new one. */
  new: Secret, } | { "type": "setReceiveCalls",
  /** Which. */
  on: boolean,
  /** For which of the user's clients. */
  scope: Scope, } | { "type": "setMakeCalls",
  /** Which. */
  on: boolean,
  /** For which of the user's clients. */
  scope: Scope, } | { "type": "setCallMethod",
  /** Which. */
  method: CallMethod,
  /** For which of the user's clients. */
  scope: Scope, } | { "type": "setDnd",
  /** Which. */
  on: boolean,
  /** When it ends by itself. */
  end?: DndEnd, } | { "type": "setAvailability",
  /** As it should be. */
  availability: Availability, } | { "type": "setForwarding",
  /** Those that change; the others stay. */
  forwarding: Forwardings, } | { "type": "setCallsFromUserAccount",
  /** Whether. */
  on: boolean, } | { "type": "setDeskPhone",
  /** Which. */
  account: VoipAccountId, } | { "type": "editProfile",
  /** What of it; what is left out stays. */
  profile: Profile, } | { "type": "askForChange",
  /** Which setting. */
  direction: Direction,
  /** What it should become. */
  wish?: Wish,
  /** In the user's own words. */
  text: string, } | { "type": "withdrawRequest",
  /** Which. */
  id: ChangeRequestId, } | { "type": "askWhy",
  /** For which call. */
  record: CallRecordId, } | { "type": "closeWhy" } | { "type": "cancelServerCall",
  /** Which. */
  call: ServerCallId, } | { "type": "dismissRefusal" } | { "type": "dismissNotice",
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

/** Somebody in the address book who is no user (U2). */
export type Contact = {
  /** Who. */
  id: ContactId,
  /** First name. */
  firstName: string,
  /** Last name. */
  lastName: string,
  /** E-mail address; empty where there is none. */
  email: string,
  /** Work and private details. */
  personal: Personal,
  /** Grows with each change. */
  revision: Revision, };

/** Somebody new in the address book, or what becomes of somebody in it. */
export type ContactEdit = {
  /** The revision that was seen; nothing for somebody new. */
  base?: Revision,
  /** First name. */
  firstName: string,
  /** Last name. */
  lastName: string,
  /** E-mail address; empty where there is none. */
  email: string,
  /** Work and private details. */
  personal: Personal, };

/** Names somebody in the address book who is no user. */
export type ContactId = number;

/** A country by its two letters (ISO 3166-1), in capitals: `NL`. */
export type CountryCode = string;

/** The number that is shown in one country. */
export type CountryNumber = {
  /** The country. */
  country: CountryCode,
  /** The number. */
  number: NumberId, };

/** What most likely causes poor quality. */
export type Culprit = "microphone" | "network" | "farSide" | "unknown";

/** Where a call goes. */
export type Destination = { "kind": "hangUp" } | { "kind": "user",
  /** Who. */
  user: UserId, } | { "kind": "account",
  /** Which. */
  account: VoipAccountId, } | { "kind": "external",
  /** Which, as typed. */
  number: string, } | { "kind": "unknown" };

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

/** A device of the user, as people name it. */
export type DeviceName = { "kind": "client",
  /** Which. */
  client: ClientId,
  /** What it calls itself: `Firefox on Windows`. */
  name: string,
  /** Whether it is a browser. */
  web: boolean, } | { "kind": "deskPhone",
  /** Which. */
  account: VoipAccountId,
  /** Its number: `203`. */
  number: string,
  /** What it is called. */
  name: string, } | { "kind": "external",
  /** Which, as people write it. */
  number: string,
  /** What it is called: `Shop mobile`. */
  name?: string, } | { "kind": "colleague",
  /** Who. */
  user: UserId,
  /** The name. */
  name: string, } | { "kind": "unknown" };

/** How a device stands. */
export type DeviceState = { "kind": "registered",
  /** How often. */
  count: number, } | { "kind": "silent" } | { "kind": "notRegistered" } | { "kind": "external" } | { "kind": "unknown" };

/** How numbers outside are dialled at a location (U8). */
export type DialPatterns = {
  /** The country of the location. */
  country: CountryCode,
  /** What stands before a number of the same country: `0`, or nothing. */
  national: string,
  /** What stands before a country's calling code: `00`. */
  international: string,
  /** The location's own calling code: `31`; empty for a country that is not known. */
  callingCode: string,
  /** The area that may be left out: `020`. */
  areaCode?: string,
  /** Always dialled. */
  emergency: Array<string>, };

/** Which hash a digest uses. */
export type DigestAlgorithm = "md5" | "sha256" | "unknown";

/** Which calls a setting is about. */
export type Direction = "incoming" | "outgoing" | "unknown";

/** One deliberate act. Acts compare by their stamps. */
export type DndAct = {
  /** When and on whose clock. */
  stamp: Hlc,
  /** On or off. */
  on: boolean,
  /** When it ends by itself; nothing for never. */
  until?: Timestamp,
  /** By what. */
  by: DndSource, };

/** When Do Not Disturb shall end by itself (D7). */
export type DndEnd = { "kind": "after",
  /** How many. */
  minutes: number, } | { "kind": "tomorrow" } | { "kind": "at",
  /** Which. */
  at: Timestamp, } | { "kind": "unknown" };

/** Do Not Disturb, as the phone shows it. */
export type DndPanel = {
  /** Whether it holds. */
  on: boolean,
  /** Since when. */
  since?: Timestamp,
  /** When it ends by itself. */
  until?: Timestamp,
  /** It waits to be sent. */
  pending: boolean,
  /** What each device made of it. */
  receipts: Array<Receipt>, };

/** What a client asks of `PUT /me/dnd`. */
export type DndRequest = {
  /** On or off. */
  on: boolean,
  /** When it ends by itself. */
  end?: DndEnd,
  /** When it was done, on the client's clock; left out it counts on receipt. */
  stamp?: Hlc, };

/** By what Do Not Disturb was turned on or off. */
export type DndSource = { "kind": "app",
  /** Which. */
  client: ClientId, } | { "kind": "deskPhone",
  /** Which. */
  account: VoipAccountId, } | { "kind": "starCode" } | { "kind": "actionUrl" } | { "kind": "portal",
  /** Who was logged in there. */
  user: UserId, } | { "kind": "api" } | { "kind": "unknown" };

/**
 * The user's Do Not Disturb: the newest act. Merging is commutative, associative and idempotent, so that replicas that
 * saw the same acts agree, in whatever order they came.
 */
export type DndState = {
  /** The newest act; nothing where there never was one. */
  act?: DndAct, };

/** What the server answers about Do Not Disturb. */
export type DndView = {
  /** The newest act. */
  state: DndState,
  /** Whether it holds now, as the server sees it. */
  on: boolean,
  /** When it ends by itself. */
  until?: Timestamp,
  /** What each device made of it. */
  receipts: Array<Receipt>, };

/** What a bulk edit would do, or did. */
export type DryRun = {
  /** Who changes, and what. */
  changes: Array<DryRunChange>,
  /** What to think about first. */
  warnings: Array<Warning>,
  /** What stands in the way; then nothing is written. */
  problems: Array<DryRunProblem>, };

/** One value that changes for one user. */
export type DryRunChange = {
  /** Whose. */
  user: Owner,
  /** What. */
  what: AuditSubject,
  /** What it is, as a word of the contract. */
  before: string,
  /** What it becomes. */
  after: string, };

/** What stands in the way for one user. */
export type DryRunProblem = {
  /** Whose. */
  user: Owner,
  /** What. */
  problem: ApiProblem, };

/** What holds, for whom, and whether the user may change it. */
export type Effective<T> = {
  /** What holds. */
  value: T,
  /** For which clients it was set. */
  scope: Scope,
  /** Why the user may not change it; nothing if so. */
  lock?: Lock, };

/** What holds for one client; see [`super::resolve`]. */
export type EffectiveSettings = {
  /** Whether it rings. */
  receive: Effective<boolean>,
  /** Whether it may call. */
  make: Effective<boolean>,
  /** How it calls. */
  callMethod: Effective<CallMethod>, };

/** Why a call is over. */
export type EndReason = "here" | "there" | "answeredElsewhere" | "transferred" | "failed" | "unknown";

/** What went wrong, for the UI to put into words. A code is added only when somebody words it. */
export type ErrorCode = "wrongPassword" | "unknownUser" | "forbidden" | "serverNotFound" | "serverUnreachable" | "serverUnavailable" | "certificateInvalid" | "registrationRefused" | "offline" | "fieldInvalid" | "noAccount" | "invalidTarget" | "busy" | "declined" | "noAnswer" | "notFound" | "unavailable" | "numberIncomplete" | "noCodecInCommon" | "securityMismatch" | "callFailed" | "connectionLost" | "noAudio" | "holdRefused" | "transferFailed" | "noMicrophone" | "noSpeaker" | "microphoneRefused" | "deviceLost" | "storageFailed" | "storageNewer" | "storageDamaged" | "keyStoreMissing" | "makingCallsOff" | "notAServer" | "linkInvalid" | "clientTooOld" | "serverTooOld" | "loggedOut" | "unknown";

/** What the server can do for this user; the UI shows nothing that is not here. */
export type Features = {
  /** Do Not Disturb. */
  dnd: boolean,
  /** Calls by desk phone or call-back. */
  callMethods: boolean,
  /** Requests for a change. */
  requests: boolean,
  /** Colleagues with presence. */
  presence: boolean,
  /** Reasons with call records. */
  reasons: boolean, };

/** One forwarding (N9). */
export type Forwarding = {
  /** Whether it works now; the destination is kept while it does not. */
  active: boolean,
  /** Where to. */
  to: Destination, };

/** The user's forwardings (N9). */
export type Forwardings = {
  /** For every call. */
  always?: Forwarding,
  /** While busy. */
  busy?: Forwarding,
  /** After the ring time. */
  noAnswer?: Forwarding,
  /** While no device is registered. */
  unreachable?: Forwarding, };

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
  /** The Call-ID of its INVITE, by which the server's record of it is known again. */
  callId?: string,
  /** The server's record of it, once known: it says why phones rang or did not. */
  record?: CallRecordId,
  /** How it sounded at the end. */
  quality: Quality | null, };

/** Names a call in the history, on this computer and on others. */
export type HistoryId = string;

/**
 * A moment of a hybrid logical clock: wall time that never runs backwards and orders what happened in one millisecond.
 * Moments compare by time, then counter, then node.
 */
export type Hlc = {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  millis: number,
  /** Orders acts of the same millisecond. */
  counter: number,
  /** Whose clock: one number for each client or server node, at most 53 bits so that JavaScript carries it. */
  node: number, };

/** The user's setting for incoming calls. */
export type IncomingDocument = {
  /** Grows with each write of the mode or of one of the clients' own values. */
  revision: Revision,
  /** Who decides. */
  mode: Mode,
  /** Who wrote it last. */
  stamp: Stamp, };

/** A new API key, told once. */
export type IssuedApiKey = {
  /** The key. */
  key: ApiKeyView,
  /** For `Authorization: Bearer`. */
  secret: WireSecret, };

/** A link that was made for somebody, shown once. */
export type IssuedLink = {
  /** What it does. */
  purpose: LinkPurpose,
  /** The link. */
  url: WireSecret,
  /** Until when it works. */
  expires: Timestamp,
  /** Whether it was sent by e-mail. */
  sent: boolean, };

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

/** What an invitation or reset link is for (`GET /links/{token}`). */
export type LinkInfo = {
  /** What it does. */
  purpose: LinkPurpose,
  /** For whom. */
  name: string,
  /** The log-in name. */
  login: string,
  /** Where. */
  organisation: OrganisationName,
  /** How many characters a password needs. */
  passwordLeast: number,
  /** Whether an app that logs in with it has to bring a new password too. */
  passwordChangeNeeded: boolean, };

/** What a link does. */
export type LinkPurpose = "invitation" | "reset" | "provisioning" | "unknown";

/** A number outside that rings beside the devices (N9). */
export type LinkedNumber = {
  /** Whether it rings. */
  active: boolean,
  /** Which, as typed. */
  number: string,
  /** What it is called. */
  name?: string, };

/** Why a control can't be moved by the user. */
export type Lock = {
  /** Who wrote the setting last: an administrator, or the user at a time when that was permitted. */
  author: Author,
  /** When. */
  since: Timestamp,
  /** What the author tells the user. */
  note?: string,
  /** The administrator to turn to: the author, or who took the permission; nothing where it was never given. */
  contact?: Author, };

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

/** The user who is logged in (`GET /me`). */
export type Me = {
  /** Who. */
  id: UserId,
  /** Where. */
  organisation: OrganisationName,
  /** First name. */
  firstName: string,
  /** Last name. */
  lastName: string,
  /** What is typed at log-in. */
  login: string,
  /** E-mail address. */
  email: string,
  /** The personal number. */
  extension?: string,
  /** The role. */
  role: Role,
  /** What may be changed in the own settings. */
  permissions: Permissions,
  /** The language. */
  language: Language,
  /** The time zone by its IANA name: `Europe/Amsterdam`. */
  timeZone: string,
  /** How many minutes clocks there are ahead of UTC now. */
  utcOffsetMinutes: number,
  /** Whether a new password has to be set first. */
  passwordChangeNeeded: boolean,
  /** How long a portal session lasts unused, in minutes; nothing for as long as it wants. */
  idleMinutes?: number,
  /** The organisations that a partner administers beside the own one. */
  administers: Array<OrganisationName>,
  /** Grows with each change. */
  revision: Revision, };

/** How sound reaches the devices of an account (DESIGN §5). */
export type MediaProfile = "webRtc" | "sdes" | "plain" | "best" | "unknown";

/** Who decides (C1). */
export type Mode = "individual" | "enabled" | "disabled" | "unknown";

/** What is known of the way to a device, from its calls (U7). */
export type NetworkTest = {
  /** When it was measured. */
  at: Timestamp,
  /** Packets lost, in hundredths of a per cent. */
  loss: number,
  /** Jitter in milliseconds. */
  jitterMillis: number,
  /** Round trip in milliseconds. */
  roundTripMillis?: number, };

/** The number that is called when none of the devices can be reached (U8). */
export type NetworkUnavailability = {
  /** Which, as typed. */
  number: string,
  /** For how many seconds it rings. */
  ringSeconds: number,
  /** Whether only calls to the user take this way, not those by way of a group. */
  directCallsOnly: boolean, };

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

/** A new number, or what becomes of an old one. */
export type NumberEdit = {
  /** The revision that was seen; nothing for a new number. */
  base?: Revision,
  /** As typed. */
  number: string,
  /** Where calls to it go. */
  to?: Destination,
  /** The trunk that it comes by. */
  trunk?: TrunkId, };

/** A number of the inventory (N8). */
export type NumberEntry = {
  /** Which. */
  id: NumberId,
  /** In international form: `+31200121101`. */
  number: string,
  /** As people in its country write it. */
  written: string,
  /** Where calls to it go; nothing while it is assigned to nobody: then to the organisation's default. */
  to?: Destination,
  /** The name of that. */
  toName?: string,
  /** The trunk that it comes by. */
  trunk?: TrunkId,
  /** Grows with each change. */
  revision: Revision, };

/** How numbers are written on a trunk. */
export type NumberFormat = "e164" | "e164WithoutPlus" | "national" | "unknown";

/** Names a telephone number in the inventory. */
export type NumberId = number;

/** What one registration answered to OPTIONS. */
export type OptionsAnswer = {
  /** Which. */
  registration: RegistrationId,
  /** The status; nothing where it did not answer. */
  status?: number,
  /** After how many milliseconds. */
  millis?: number, };

/** Names an organisation on a server. */
export type OrgId = number;

/** The organisation (`GET /organisation`). */
export type Organisation = {
  /** Which. */
  id: OrgId,
  /** What it is called. */
  name: string,
  /** The SIP domain. */
  domain: string,
  /** The realm, fixed at installation. */
  realm: string,
  /** What may be changed. */
  settings: OrganisationSettings,
  /** Emergency numbers by its country. */
  emergencyNumbers: Array<string>,
  /** Grows with each change. */
  revision: Revision, };

/** Changes to the organisation (`PATCH /organisation`). */
export type OrganisationChange = {
  /** The revision that was seen. */
  base: Revision,
  /** Its name. */
  name?: string,
  /** Everything else, whole. */
  settings?: OrganisationSettings, };

/** An organisation by name. */
export type OrganisationName = {
  /** Which. */
  id: OrgId,
  /** What it is called. */
  name: string, };

/** What may be changed of an organisation. */
export type OrganisationSettings = {
  /** Where it is: dial plan and tones. */
  country: CountryCode,
  /** Area code with its leading zero, for short local numbers. */
  areaCode?: string,
  /** Time zone by its IANA name. */
  timeZone: string,
  /** Language of new users. */
  language: Language,
  /** What calls to the outside show where the user says nothing. */
  callerId: CallerId,
  /** Where calls go to numbers that belong to nobody. */
  unassignedNumbers: Destination,
  /** Whether new users call from their user account (N3). */
  callsFromUserAccount: boolean,
  /** How long things are kept (U15). */
  retention: Retention, };

/** What became of a call. */
export type Outcome = "answered" | "missed" | "answeredElsewhere" | "declined" | "busy" | "noAnswer" | "cancelled" | "failed" | "unknown";

/** The user's setting for outgoing calls. */
export type OutgoingDocument = {
  /** Grows with each write of the mode, the method or of one of the clients' own values. */
  revision: Revision,
  /** Who decides. */
  mode: Mode,
  /** The method for all clients; kept while the mode is another one than *enabled*. */
  callMethod: CallMethod,
  /** Who wrote it last. */
  stamp: Stamp, };

/** What a write of one's own settings gives. */
export type OwnSettings = {
  /** The documents. */
  document: SettingsDocument,
  /** What holds. */
  effective: EffectiveSettings,
  /** What each device made of it. */
  receipts: Array<Receipt>, };

/** Somebody to whom an account belongs. */
export type Owner = {
  /** Who. */
  id: UserId,
  /** The name. */
  name: string, };

/** A part of a long list. */
export type Page<T> = {
  /** The part. */
  items: Array<T>,
  /** How long the list is. */
  total: number, };

/** The other side of a call. */
export type Party = {
  /** The name, where there is one. */
  name: string | null,
  /** The number or address as people write it: `0600127781`, `anna@fiets.example`; empty if withheld. */
  number: string,
  /** What to dial to reach this party, or nothing if the number is withheld. */
  address: string | null, };

/** A new password (`PUT /me/password`, or with a link's token). */
export type PasswordChange = {
  /** The old one; left out with a link. */
  old?: WireSecret,
  /** The new one. */
  new: WireSecret, };

/** What an administrator's reset does beside ending the sessions (U4). */
export type PasswordReset = {
  /** A first password, typed; nothing sends a link. */
  password?: WireSecret,
  /** Whether the user's apps are logged out too. */
  revokeClients: boolean, };

/** What a user may do with the own call settings (C3). */
export type Permission = "configureIncoming" | "configureOutgoing" | "unknown";

/** What the user may change. */
export type Permissions = {
  /** The setting for incoming calls. */
  configureIncoming: boolean,
  /** The setting for outgoing calls. */
  configureOutgoing: boolean,
  /** Who last gave or took a permission; nothing where they are as at first. */
  stamp?: Stamp, };

/** Work and private details (U2). */
export type Personal = {
  /** Employer. */
  employer: string,
  /** Job. */
  job: string,
  /** Numbers at which the person can be reached. */
  numbers: Array<ReachableNumber>,
  /** For administrators only. */
  description: string, };

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
  notices: Array<Notice>,
  /** The server that the user is logged in to, if any. */
  server?: ServerView,
  /** Looking for a server and logging in to it, while that is under way. */
  serverLogIn?: ServerLogIn, };

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

/** Whether somebody can be reached, as colleagues see it. */
export type Presence = "available" | "ringing" | "onCall" | "doNotDisturb" | "notAvailable" | "noPhone" | "unknown";

/** An [`ErrorCode`] with what its words need. */
export type Problem = {
  /** Which sentence. */
  code: ErrorCode,
  /** What stands in the sentence, by name; see the code's documentation. */
  params: Record<string, string>,
  /** Small print behind *Details*, as it came: `486 Busy Here`. */
  details: string | null, };

/** What a user changes of the own profile (U15); what is left out stays. */
export type Profile = {
  /** First name. */
  firstName?: string,
  /** Last name. */
  lastName?: string,
  /** Language of portal and phone. */
  language?: Language, };

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

/** A number at which a person can be reached. */
export type ReachableNumber = {
  /** What it is: `mobile`, `home`. */
  label: string,
  /** The number, as typed. */
  number: string, };

/** Where the user can be reached when available (N5). */
export type ReachedAt = { "kind": "allDevices" } | { "kind": "account",
  /** Which. */
  account: VoipAccountId, } | { "kind": "external",
  /** Which, as typed. */
  number: string, } | { "kind": "unknown" };

/** Why one device rang or did not, or one step of the call plan. */
export type Reason = {
  /** When the call plan decided. */
  at: Timestamp,
  /** Which device; nothing for a step that is about the call. */
  device?: DeviceName,
  /** Whose device. */
  user?: UserId,
  /** Whether it rang. */
  rang: boolean,
  /** Why. */
  cause: Cause,
  /** What stands in the sentence, by name; see the cause's documentation. */
  params: Record<string, string>, };

/** What one of the user's devices made of a change (D5). */
export type Receipt = {
  /** Which device. */
  device: DeviceName,
  /** What it made of it. */
  state: ReceiptState, };

/** How far a change has come at a device. */
export type ReceiptState = { "kind": "applied",
  /** When. */
  at: Timestamp, } | { "kind": "pending",
  /** Since when. */
  since: Timestamp, } | { "kind": "cannotBeTold",
  /** Why. */
  problem: CannotBeToldCause, } | { "kind": "paused" } | { "kind": "stillRings",
  /** Why. */
  because: StillRingsCause, } | { "kind": "unknown" };

/** What of the call records is wanted. */
export type RecordQuery = {
  /** Only this user's. */
  user?: UserId,
  /** Part of a name or number. */
  search?: string,
  /** Only those that started before. */
  before?: Timestamp,
  /** Only those that started then or later. */
  after?: Timestamp,
  /** Only those that nobody answered. */
  missedOnly: boolean,
  /** How many at most; 0 for as many as the server gives. */
  limit: number, };

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

/** Names a registration: one contact of one account. */
export type RegistrationId = string;

/** A registration: one contact of an account. */
export type RegistrationView = {
  /** For removing it. */
  id: RegistrationId,
  /** The client that it belongs to, for apps and browsers. */
  client?: ClientId,
  /** Where it comes from: `192.0.2.41:5061`. */
  address: string,
  /** Over what. */
  transport: Transport,
  /** What the phone says it is. */
  userAgent: string,
  /** When it was last renewed. */
  renewed: Timestamp,
  /** When it ends if it is not renewed. */
  expires: Timestamp, };

/** How long things are kept, in days; nothing for ever (U15). */
export type Retention = {
  /** Call records. */
  recordsDays?: number,
  /** Reasons why devices rang. */
  reasonsDays?: number,
  /** Audit. */
  auditDays?: number, };

/** How often something was written. A write names the revision that it saw. */
export type Revision = number;

/** A ringtone that can be chosen. */
export type Ringtone = {
  /** Its name in settings. */
  id: string,
  /** Its name for people. */
  name: string, };

/** What a user is to the organisation (U3). */
export type Role = "admin" | "accountManagement" | "receptionist" | "callDetails" | "member" | "unknown";

/** For which of the user's clients something is set. */
export type Scope = "thisClient" | "allClients" | "unknown";

/** A password. It can be read from the wire and never written to it, and debug output hides it. */
export type Secret = string;

/** Whether the sound is encrypted. */
export type Security = "pending" | "none" | "encrypted" | "keysInClear" | "unknown";

/** Names a call that the server sets up for a user (call method, DESIGN §6). */
export type ServerCallId = string;

/** Whether the server is there. */
export type ServerConnection = { "state": "connecting" } | { "state": "online",
  /** Since when. */
  since: Timestamp, } | { "state": "offline",
  /** Since when. */
  since: Timestamp,
  /** When it is tried again. */
  retryAt?: Timestamp,
  /** Why. */
  trouble: ServerTrouble, } | { "state": "loggedOut",
  /** Why. */
  trouble: ServerTrouble, } | { "state": "unknown" };

/** What the server refuses or can't do, for the UI to put into words. Params are named with each code. */
export type ServerErrorCode = "notLoggedIn" | "wrongCredentials" | "tooManyTries" | "idleLogOut" | "csrfMissing" | "passwordChangeNeeded" | "userDisabled" | "clientRevoked" | "linkInvalid" | "linkUsed" | "linkReplaced" | "linkExpired" | "clientTooOld" | "serverTooOld" | "forbidden" | "lockedByAdministrator" | "makingCallsOff" | "conflict" | "notFound" | "fieldMissing" | "fieldInvalid" | "fieldTooLong" | "passwordTooShort" | "passwordTooCommon" | "emailTaken" | "loginTaken" | "extensionTaken" | "extensionUsedBefore" | "numberTaken" | "macTaken" | "inUse" | "confirmationNeeded" | "lastAdmin" | "notYourself" | "noDeskPhone" | "deskPhoneNotRegistered" | "noExternalNumber" | "invalidTarget" | "unknownTarget" | "tooManyCalls" | "trunkUnavailable" | "requestSettled" | "requestOpen" | "rateLimited" | "tooLarge" | "malformed" | "alreadySetUp" | "notSetUp" | "storageUnavailable" | "unavailable" | "internal" | "unknown";

/** What the server pushes. */
export type ServerEvent = {
  /** Grows with each event; the events of one client may leave numbers out. */
  revision: Revision,
  /** The server's time, to keep clocks in step. */
  at: Timestamp,
  /** What. */
  kind: ServerEventKind, };

/** What happened. Each kind carries the whole of what it is about, so that the newest one counts. */
export type ServerEventKind = { "kind": "snapshot",
  /** All of it. */
  snapshot: Snapshot, } | { "kind": "settings",
  /** As they hold for this client. */
  settings: OwnSettings, } | { "kind": "dnd",
  /** As it stands. */
  dnd: DndView, } | { "kind": "availability",
  /** As it stands. */
  availability: AvailabilityState, } | { "kind": "telephony",
  /** As it stands. */
  telephony: Telephony, } | { "kind": "me",
  /** As they stand. */
  me: Me, } | { "kind": "presence",
  /** Only those. */
  colleagues: Array<Colleague>, } | { "kind": "colleaguesGone",
  /** Who. */
  users: Array<UserId>, } | { "kind": "registrations",
  /** Which. */
  account: VoipAccountId,
  /** All of its registrations. */
  registrations: Array<RegistrationView>, } | { "kind": "changeRequest",
  /** As it stands. */
  request: ChangeRequest, } | { "kind": "receipts",
  /** All devices. */
  receipts: Array<Receipt>, } | { "kind": "callProgress",
  /** As it stands. */
  call: CallProgress, } | { "kind": "callRecord",
  /** As it went. */
  record: CallRecord, } | { "kind": "userChanged",
  /** As in the table. */
  user: UserRow,
  /** By whom. */
  author: Author, } | { "kind": "userDeleted",
  /** Who. */
  user: UserId, } | { "kind": "accountChanged",
  /** As in the table. */
  account: AccountSummary, } | { "kind": "accountDeleted",
  /** Which. */
  account: VoipAccountId, } | { "kind": "numberChanged",
  /** As it stands. */
  number: NumberEntry, } | { "kind": "numberDeleted",
  /** Which. */
  number: NumberId, } | { "kind": "trunkChanged",
  /** As it stands. */
  trunk: TrunkView, } | { "kind": "trunkDeleted",
  /** Which. */
  trunk: TrunkId, } | { "kind": "organisationChanged",
  /** As it stands. */
  organisation: Organisation, } | { "kind": "looking",
  /** Whose page. */
  user: UserId,
  /** All who look at it. */
  viewers: Array<Author>, } | { "kind": "loggedOut",
  /** Why. */
  problem: ApiProblem, } | { "kind": "unknown" };

/** What the server tells anybody who asks (`GET /hello`). */
export type ServerHello = {
  /** The least protocol that it speaks. */
  protocolMin: number,
  /** The greatest. */
  protocolMax: number,
  /** The program and its version: `bellbird-server 0.1.0`. */
  name: string,
  /** The organisation, where the address that was asked belongs to one. */
  organisation?: OrganisationName,
  /** Its time, to keep clocks in step. */
  now: Timestamp,
  /** Whether it waits to be set up. */
  needsSetUp: boolean,
  /** The fingerprint of the authority that signed its certificate, where that is its own (SHA-256, hexadecimal). */
  authority?: string, };

/** Looking for a server and logging in to it, while that is under way. */
export type ServerLogIn = { "state": "searching",
  /** As typed. */
  server: string, } | { "state": "found",
  /** Its address. */
  server: string,
  /** The organisation there, where the address tells. */
  organisation?: OrganisationName, } | { "state": "loggingIn",
  /** Where. */
  server: string, } | { "state": "newPassword",
  /** Where. */
  server: string,
  /** Whose. */
  login: string,
  /** How many characters it needs, where the server said so. */
  least?: number,
  /** It is on its way. */
  sending: boolean,
  /** Why the last one was not taken. */
  trouble?: ServerTrouble, } | { "state": "failed",
  /** Where. */
  server: string,
  /** Why. */
  trouble: ServerTrouble,
  /** An address that was meant perhaps. */
  suggestion?: string, } | { "state": "unknown" };

/** What went wrong with the server. */
export type ServerTrouble = { "where": "here",
  /** What. */
  problem: Problem, } | { "where": "there",
  /** What. */
  problem: ApiProblem, } | { "where": "unknown" };

/** What the phone shows of the server that its user is logged in to. */
export type ServerView = {
  /** The server's address, as people write it: `bel.fiets.example`. */
  address: string,
  /** Whether it is there. */
  connection: ServerConnection,
  /** The organisation. */
  organisation: OrganisationName,
  /** This client's name there: which of the user's devices is this one. */
  client: ClientId,
  /** The user, as the server said last, with what waits to be sent already in it. */
  me: Me,
  /** The user's profile waits to be sent. */
  profilePending: boolean,
  /** When the server last took a new password or profile of this user in: *Saved*. */
  saved?: Timestamp,
  /** What the server can do; nothing else is shown. */
  features: Features,
  /**Telephony & Audio*. */
  settings: SettingsView,
  /** Do Not Disturb. */
  dnd: DndPanel,
  /** Whether the call plan counts on the user. */
  availability: AvailabilityPanel,
  /** What the call plan does for the user: forwardings, ring time. */
  telephony: Telephony,
  /** Forwardings wait to be sent. */
  forwardingPending: boolean,
  /** Another part of what the call plan does for the user waits to be sent. */
  telephonyPending: boolean,
  /** The user's accounts: apps, desk phones, numbers that are called. */
  accounts: Array<AccountSummary>,
  /** The ways to call that there are, this app first. */
  callMethods: Array<CallMethodChoice>,
  /** Colleagues with state. */
  colleagues: Array<Colleague>,
  /** The user's own requests for a change, newest first. */
  requests: Array<ChangeRequest>,
  /** A request waits to be sent, or to be taken back. */
  requestPending: boolean,
  /** Calls by desk phone or call-back that go on. */
  calls: Array<CallProgress>,
  /** Calls as the server kept them, newest first: those of the user's other devices and those that were held back too. */
  records: Array<CallRecord>,
  /** The page *Why did my phone (not) ring?*, if it is asked for. */
  why?: WhyPage,
  /** What the user wanted last and the server refused, until dismissed. */
  refusal?: ServerTrouble, };

/** How a person logs in to the portal (`POST /sessions`). */
export type SessionRequest = {
  /** Log-in name or e-mail address. */
  login: string,
  /** The password. */
  secret: WireSecret, };

/** What a portal session begins with; the cookie comes beside it. */
export type SessionStart = {
  /** Who is logged in. */
  me: Me,
  /** For the header `X-CSRF-Token` of each write. */
  csrf: string, };

/** A first start (`POST /set-up`, with the one-time link's token). */
export type SetUp = {
  /** The organisation's name. */
  organisation: string,
  /** The SIP domain. */
  domain: string,
  /** Where it is. */
  country: CountryCode,
  /** Time zone by its IANA name. */
  timeZone: string,
  /** The administrator. */
  admin: UserDraft, };

/** What the user wants in the own settings, from one client. */
export type SettingsChange = { "direction": "incoming",
  /** The revision of [`IncomingDocument`] that the user saw. */
  base: Revision,
  /** For which clients. */
  scope: Scope,
  /** Whether they ring; as it is where left out. */
  receive?: boolean, } | { "direction": "outgoing",
  /** The revision of [`OutgoingDocument`] that the user saw. */
  base: Revision,
  /** For which clients. */
  scope: Scope,
  /** Whether they may call; as it is where left out. */
  make?: boolean,
  /** How they call; as it is where left out. */
  callMethod?: CallMethod, } | { "direction": "unknown" };

/** All that decides about calls of one client: the user's two documents, the permissions and the client's own values. */
export type SettingsDocument = {
  /** Calls to the user. */
  incoming: IncomingDocument,
  /** Calls by the user. */
  outgoing: OutgoingDocument,
  /** What the user may change. */
  permissions: Permissions,
  /** The client's own values. */
  client: ClientValues, };

/**Telephony & Audio*: what holds here, with what the user changed and the server does not know yet. */
export type SettingsView = {
  /** What the server said last, with what waits to be sent already in it. */
  own: OwnSettings,
  /**Receive incoming calls* waits to be sent. */
  receivePending: boolean,
  /**Make calls* or the call method waits to be sent. */
  makePending: boolean,
  /** When the server last took a change of this user in: *Saved*. */
  saved?: Timestamp, };

/** SIP credentials, told once. */
export type SipCredentials = {
  /** The user name for authentication. */
  authName: string,
  /** The realm; a challenge with another one is not answered. */
  realm: string,
  /** The secret. */
  secret: WireSecret,
  /** The algorithm of the account. */
  algorithm: DigestAlgorithm, };

/** What came of a SIP test (U7). */
export type SipTest = {
  /** When it was made. */
  at: Timestamp,
  /** How many registrations there are. */
  registrations: number,
  /** What each answered to OPTIONS. */
  answers: Array<OptionsAnswer>,
  /** Whether it takes part in Do Not Disturb. */
  featureEvents?: boolean, };

/** All that a client shows at first. */
export type Snapshot = {
  /** The user. */
  me: Me,
  /** The user's call settings as they hold for this client. */
  settings: OwnSettings,
  /** Do Not Disturb with its receipts. */
  dnd: DndView,
  /** Whether the call plan counts on the user. */
  availability: AvailabilityState,
  /** What the call plan does for the user. */
  telephony: Telephony,
  /** The user's devices. */
  accounts: Array<AccountSummary>,
  /** Colleagues with state. */
  colleagues: Array<Colleague>,
  /** The user's own requests; for those who may answer them all that are open. */
  requests: Array<ChangeRequest>,
  /** Calls by desk phone or call-back that go on. */
  calls: Array<CallProgress>, };

/** Whether the sound is encrypted with keys from SDP (SDES, RFC 4568). */
export type SrtpPolicy = "off" | "optional" | "required" | "unknown";

/** Who wrote something, when, and what for. */
export type Stamp = {
  /** Who. */
  author: Author,
  /** When. */
  since: Timestamp,
  /** What an administrator tells the user beside the lock. */
  note?: string, };

/** Why something still rings. */
export type StillRingsCause = { "kind": "sharedWith",
  /** With whom. */
  name: string, } | { "kind": "unknown" };

/** A party that matches what was typed. */
export type Suggestion = {
  /** Who. */
  party: Party,
  /** The last call with this party. */
  lastCall: Timestamp | null, };

/** What kind of thing was typed into the dial field. */
export type TargetKind = "empty" | "number" | "emergency" | "code" | "address" | "name" | "unknown";

/** What the call plan does for one user. */
export type Telephony = {
  /** What calls to the outside show. */
  callerId: CallerId,
  /** Where colleagues reach the user; nothing for all devices (N4). */
  numberForColleagues?: ReachedAt,
  /** Whether calls go out from the user account: the personal number and name are shown, never the device's (N3). */
  callsFromUserAccount: boolean,
  /** For how many seconds the devices ring. */
  ringSeconds: number,
  /** Where a call goes that nobody answers. */
  noAnswer: Destination,
  /** Whether a second call may ring during a call. */
  callWaiting: boolean,
  /** Forwardings. */
  forwarding: Forwardings,
  /** A number that rings beside the devices. */
  linkedNumber?: LinkedNumber,
  /** What is called when no device can be reached. */
  networkUnavailability?: NetworkUnavailability,
  /** Whether calls that ask for it are answered at once (`Alert-Info`). */
  autoAnswer: boolean,
  /** Which desk phone rings for calls by desk phone; nothing where there is one only. */
  deskPhone?: VoipAccountId,
  /** Which number rings for calls by mobile or landline. */
  callBackNumber?: string, };

/** What a user changes of the own telephony (`PATCH /me/telephony`); what is left out stays, whatever it is by now. */
export type TelephonyChange = {
  /** The forwardings that change; the others stay. */
  forwarding?: Forwardings,
  /** Whether calls go out from the user account. */
  callsFromUserAccount?: boolean,
  /** Which desk phone rings for calls by desk phone. */
  deskPhone?: VoipAccountId, };

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

/** A new trunk, or what becomes of an old one. */
export type TrunkEdit = {
  /** The revision that was seen; nothing for a new trunk. */
  base?: Revision,
  /** All but its secret. */
  settings: TrunkSettings,
  /** The secret; left out the old one stays. */
  secret?: WireSecret, };

/** Whether calls can come and go over a trunk. */
export type TrunkHealth = { "kind": "up",
  /** Since when. */
  since: Timestamp,
  /** The answer to OPTIONS in milliseconds. */
  millis?: number, } | { "kind": "down",
  /** Since when. */
  since: Timestamp,
  /** The SIP status that it answered with, where it did. */
  status?: number, } | { "kind": "unproven" } | { "kind": "off" } | { "kind": "unknown" };

/** Names a trunk. */
export type TrunkId = number;

/** How a trunk stands to its provider. */
export type TrunkLink = { "kind": "registering",
  /** User name. */
  userName: string, } | { "kind": "byAddress",
  /** From where calls are taken: addresses or networks (`192.0.2.0/24`). */
  from: Array<string>, } | { "kind": "unknown" };

/** A trunk, all but its secret. */
export type TrunkSettings = {
  /** What it is called. */
  name: string,
  /** Servers, best first; on failure the next is tried. */
  servers: Array<string>,
  /** Over what. */
  transport: Transport,
  /** How it stands to its provider. */
  link: TrunkLink,
  /** The SIP domain in requests, where it is not the server's name. */
  domain?: string,
  /** Where it says which number was called. */
  calledNumber: CalledNumberFrom,
  /** How numbers go out. */
  outgoingFormat: NumberFormat,
  /** The country by which national numbers are read. */
  country: CountryCode,
  /** What is shown where neither user nor organisation say. */
  callerId?: NumberId,
  /** How many calls at once; nothing for any number. */
  mostCalls?: number,
  /** Whether it is used. */
  active: boolean,
  /** Lower is tried first. */
  order: number, };

/** What a trunk said when it was asked whether it is there. */
export type TrunkTest = {
  /** When it was asked. */
  at: Timestamp,
  /** What came of it. */
  outcome: TrunkTestOutcome,
  /** The same in English words, with what to do. */
  words: string,
  /** The status that it answered OPTIONS or REGISTER with, where it did. */
  status?: number,
  /** After how many milliseconds. */
  millis?: number, };

/** What came of asking a trunk. */
export type TrunkTestOutcome = "works" | "off" | "noPassword" | "wrongPassword" | "refused" | "trouble" | "noAnswer" | "unknownHost" | "noConnection" | "unknown";

/** A trunk as it stands. */
export type TrunkView = {
  /** Which. */
  id: TrunkId,
  /** All but its secret. */
  settings: TrunkSettings,
  /** Whether calls can come and go. */
  health: TrunkHealth,
  /** Calls going on. */
  calls: number,
  /** Grows with each change. */
  revision: Revision, };

/** Changes to a user (`PATCH /users/{id}`); what is left out stays. */
export type UserChange = {
  /** The revision that was seen. */
  base: Revision,
  /** First name. */
  firstName?: string,
  /** Last name. */
  lastName?: string,
  /** E-mail address. */
  email?: string,
  /** What is typed at log-in. */
  login?: string,
  /** Personal number. */
  extension?: string,
  /** Role. */
  role?: Role,
  /** Tab *Personal*, whole. */
  personal?: Personal,
  /** Tab *Telephony*, whole. */
  telephony?: Telephony,
  /** Tab *Language and security*, whole. */
  security?: UserSecurity,
  /** The language alone, for whoever does not know the rest of that tab. */
  language?: Language,
  /** That an extension that belonged to somebody who was deleted may be used again (U15). */
  reuseExtension: boolean, };

/** What came of a new user. */
export type UserCreated = {
  /** The user. */
  user: UserDetail,
  /** The invitation, where no password was typed. */
  invitation?: IssuedLink, };

/** A user, whole (`GET /users/{id}`). */
export type UserDetail = {
  /** As in the table. */
  user: UserRow,
  /** What is typed at log-in. */
  login: string,
  /** Tab *Personal*. */
  personal: Personal,
  /** Tab *Telephony*. */
  telephony: Telephony,
  /** Numbers of the inventory that lead here. */
  numbers: Array<NumberEntry>,
  /** Whether the call plan counts on the user. */
  availability: AvailabilityState,
  /** Do Not Disturb. */
  dnd: DndView,
  /** Tab *Other settings*, app settings: incoming calls. */
  incoming: IncomingDocument,
  /** The same, outgoing calls. */
  outgoing: OutgoingDocument,
  /** The user's clients with their own values and what holds for them. */
  clients: Array<ClientView>,
  /** Tab *Permissions*. */
  permissions: Permissions,
  /** Tab *Devices*. */
  accounts: Array<AccountSummary>,
  /** Tab *Language and security*. */
  security: UserSecurity,
  /** When the user last logged in. */
  lastLogIn?: Timestamp,
  /** API keys. */
  apiKeys: Array<ApiKeyView>,
  /** How the user dials numbers outside (U8). */
  dial?: DialPatterns, };

/** A new user (U2). */
export type UserDraft = {
  /** First name. */
  firstName: string,
  /** Last name. */
  lastName: string,
  /** E-mail address. */
  email: string,
  /** Personal number. */
  extension: string,
  /** What is typed at log-in; nothing for the e-mail address. */
  login?: string,
  /** Role. */
  role: Role,
  /** A first password; nothing sends an invitation. */
  password?: WireSecret,
  /** Language. */
  language: Language,
  /** Work and private details. */
  personal: Personal,
  /** Who of the address book this is; becomes the user (U2). */
  contact?: ContactId,
  /** That an extension that belonged to somebody who was deleted may be used again (U15). */
  reuseExtension: boolean, };

/** Names a person of an organisation. */
export type UserId = number;

/** What of the users is wanted (`GET /users`). */
export type UserQuery = {
  /** Part of a name, an e-mail address or an extension. */
  search?: string,
  /** In which order. */
  sort: UserSort,
  /** The other way round. */
  descending: boolean,
  /** Only this role. */
  role?: Role,
  /** How many to leave out at the beginning. */
  offset: number,
  /** How many at most; 0 for as many as the server gives. */
  limit: number, };

/** A line in the table of users (U1). */
export type UserRow = {
  /** Who. */
  id: UserId,
  /** First name. */
  firstName: string,
  /** Last name. */
  lastName: string,
  /** E-mail address. */
  email: string,
  /** Personal number. */
  extension?: string,
  /** Role. */
  role: Role,
  /** When the user was made. */
  created: Timestamp,
  /** Whether log-in and calls are barred. */
  disabled: boolean,
  /** Whether reachable. */
  presence: Presence,
  /** Grows with each change. */
  revision: Revision, };

/** Language and security of one user (U4, U5). */
export type UserSecurity = {
  /** Language of portal and phone. */
  language: Language,
  /** Time zone by its IANA name; nothing for the organisation's. */
  timeZone?: string,
  /** Country of the location; nothing for the organisation's. */
  country?: CountryCode,
  /** Whether a new password has to be set at the next log-in. */
  passwordChangeNeeded: boolean,
  /** Whether a portal session ends after 10 minutes of inactivity. */
  idleLogOut: boolean,
  /** Whether log-in and calls are barred. */
  disabled: boolean, };

/** In which order users are listed. */
export type UserSort = "name" | "email" | "extension" | "role" | "created" | "unknown";

/** A VoIP account, whole. */
export type VoipAccount = {
  /** As in the table. */
  summary: AccountSummary,
  /** The user name for authentication. */
  authName: string,
  /** The algorithm of its digest. */
  algorithm: DigestAlgorithm,
  /** How sound reaches it. */
  media: MediaProfile,
  /** Its registrations. */
  registrations: Array<RegistrationView>,
  /** Whether its phone takes part in Do Not Disturb (`as-feature-event`); nothing while unknown. */
  featureEvents?: boolean,
  /** When a phone that was not told of Do Not Disturb refused a call without ringing: a suspicion that it has one of its own. */
  suspectedDnd?: Timestamp,
  /** Whether phones may tell Do Not Disturb by action URLs. */
  actionUrls: boolean, };

/** Names the credentials of a device or of a kind of app: a VoIP account. */
export type VoipAccountId = number;

/** What to think about before a change. */
export type Warning = { "kind": "unreachable",
  /** Who. */
  user: Owner, } | { "kind": "numberWithoutPhone",
  /** Which. */
  number: string,
  /** About how many calls a day it gets. */
  callsADay: number, } | { "kind": "methodNotPossible",
  /** Who. */
  user: Owner,
  /** Which method. */
  method: CallMethod, } | { "kind": "unknown" };

/** The page *Why did my phone (not) ring?* */
export type WhyPage = { "state": "asking",
  /** Which call. */
  record: CallRecordId, } | { "state": "known",
  /** The call. */
  record: CallRecord, } | { "state": "failed",
  /** Which call. */
  record: CallRecordId,
  /** Why. */
  trouble: ServerTrouble, } | { "state": "unknown" };

/**
 * A secret on its way between phone and server, inside TLS. Unlike [`Secret`] it can be written to the wire; debug
 * output hides it all the same.
 */
export type WireSecret = string;

/** What a setting should become. */
export type Wish = {
  /** On or off. */
  on?: boolean,
  /** The call method. */
  callMethod?: CallMethod, };
