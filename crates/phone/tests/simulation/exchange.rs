//! A server of a few lines, with one user: the rules are those of `contract`, the rest is a map.

use std::collections::BTreeMap;

use bellbird_contract::server::{
    AccountKind, AccountSummary, AdminChange, ApiProblem, Author, Availability, AvailabilityState, CallMethod,
    CallOutcome, CallProgress, CallProgressState, CallRecord, CallRecordId, CallRequest, ChangeRequest,
    ChangeRequestDraft, ChangeRequestId, ChangeRequestState, ClientId, ClientMessage, ClientValues, Colleague,
    DeviceName, DeviceState, DigestAlgorithm, DndRegister, DndRequest, DndSource, DndView, Features, LinkInfo,
    LinkPurpose, LogIn, LogInResult, Me, MePhone, Mode, OrgId, OrganisationName, OwnSettings, Owner, PasswordChange,
    Permission, ReachedAt, Revision, Role, ServerCallId, ServerErrorCode, ServerEvent, ServerEventKind, ServerHello,
    SettingsChange, SettingsDocument, SipCredentials, SipServer, Snapshot, Stamp, Telephony, TelephonyChange,
    UserChange, UserId, VoipAccountId, WireSecret, Writer, administer, apply, resolve,
};
use bellbird_contract::{CallDirection, Language, Party, Timestamp, Transport};
use bellbird_phone::{HttpFailure, HttpMethod, HttpRequest, HttpResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const LINDA: &str = "linda";
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const LINK: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const INVITATION: &str = "fedcba9876543210fedcba9876543210";

/// The server. `now` is set before it is asked anything.
pub(crate) struct Exchange {
    pub(crate) now: Timestamp,
    pub(crate) hello: (u32, u32),
    pub(crate) password: String,
    /// A new password has to be chosen first.
    pub(crate) first_password: bool,
    pub(crate) telephony: Telephony,
    pub(crate) first_name: String,
    pub(crate) language: Language,
    pub(crate) withheld: Vec<bool>,
    pub(crate) barred: bool,
    /// Where to register, best first.
    pub(crate) servers: Vec<SipServer>,
    pub(crate) document: SettingsDocument,
    clients: BTreeMap<ClientId, ClientValues>,
    tokens: BTreeMap<String, ClientId>,
    pub(crate) dnd: DndRegister,
    pub(crate) requests: Vec<ChangeRequest>,
    pub(crate) colleagues: Vec<Colleague>,
    revision: Revision,
    /// What is to be pushed to every client that listens.
    pushed: Vec<ServerEventKind>,
    /// What was pushed.
    log: Vec<ServerEvent>,
    /// What was asked, in order, beside what every line begins with.
    pub(crate) asked: Vec<String>,
    pub(crate) applied: Vec<Revision>,
    pub(crate) snapshots: usize,
}

type Reply = Result<Vec<u8>, ApiProblem>;

impl Exchange {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            now,
            hello: (1, 1),
            password: PASSWORD.to_owned(),
            first_password: false,
            telephony: Telephony::default(),
            first_name: "Linda".to_owned(),
            language: Language::default(),
            withheld: Vec::new(),
            barred: false,
            servers: vec![by(Transport::Udp, 5060)],
            document: SettingsDocument::initial(now),
            clients: BTreeMap::new(),
            tokens: BTreeMap::new(),
            dnd: DndRegister::default(),
            requests: Vec::new(),
            colleagues: Vec::new(),
            revision: Revision(1),
            pushed: Vec::new(),
            log: Vec::new(),
            asked: Vec::new(),
            applied: Vec::new(),
            snapshots: 0,
        }
    }

    pub(crate) fn admin(&self) -> Writer {
        Writer { author: Author { user: Some(UserId(1)), name: "Petra".into(), role: Role::Admin }, at: self.now }
    }

    /// An administrator sets the mode for outgoing calls and takes the permission.
    pub(crate) fn lock_outgoing(&mut self, mode: Mode, note: &str) {
        let note = Some(note.to_owned());
        self.administer(&AdminChange::Outgoing { base: None, mode, call_method: None, note });
        self.administer(&AdminChange::Permission { permission: Permission::ConfigureOutgoing, granted: false });
    }

    pub(crate) fn administer(&mut self, change: &AdminChange) {
        self.document = administer(&self.document, change, &self.admin()).unwrap();
        self.tell_settings();
    }

    /// A key of the desk phone.
    pub(crate) fn press_dnd(&mut self, on: bool) {
        let by = DndSource::DeskPhone { account: VoipAccountId(203) };
        self.dnd.act_now(on, None, by, self.now, 1);
        self.tell_dnd();
    }

    /// Everything but the new password is refused from now on.
    pub(crate) fn bar_until_password(&mut self) {
        self.barred = true;
    }

    pub(crate) fn revoke(&mut self) {
        self.tokens.clear();
        let problem =
            ApiProblem::new(ServerErrorCode::ClientRevoked, "Petra logged this client out.").with("by", "Petra");
        self.pushed.push(ServerEventKind::LoggedOut { problem });
    }

    pub(crate) fn record(&mut self, id: &str) -> CallRecord {
        let record = CallRecord {
            id: CallRecordId::from(id),
            direction: CallDirection::Incoming,
            from: Party { name: None, number: "0201234567".into(), address: None },
            dialled: "601".into(),
            to: None,
            caller: None,
            users: vec![UserId(3)],
            call_ids: Vec::new(),
            started: self.now,
            answered: None,
            ended: Some(self.now),
            outcome: CallOutcome::HeldBack,
            answered_by: None,
            why: Vec::new(),
        };
        self.pushed.push(ServerEventKind::CallRecord { record: Box::new(record.clone()) });
        record
    }

    /// An administrator changes the user's telephony.
    pub(crate) fn set_telephony(&mut self, telephony: Telephony) {
        self.telephony = telephony.clone();
        self.pushed.push(ServerEventKind::Telephony { telephony: Box::new(telephony) });
    }

    pub(crate) fn set_language(&mut self, language: Language) {
        self.language = language;
        self.pushed.push(ServerEventKind::Me { me: Box::new(self.me()) });
    }

    /// A call that is over and that these legs were of.
    pub(crate) fn record_of(&mut self, id: &str, caller: Option<UserId>, call_ids: &[&str]) {
        let mut record = self.record(id);
        self.pushed.pop();
        (record.caller, record.direction) = (caller, CallDirection::Outgoing);
        record.call_ids = call_ids.iter().map(|&id| id.to_owned()).collect();
        self.pushed.push(ServerEventKind::CallRecord { record: Box::new(record) });
    }

    pub(crate) fn call_goes(&mut self, state: CallProgressState) {
        self.pushed.push(ServerEventKind::CallProgress { call: progress("602", state) });
    }

    fn tell_settings(&mut self) {
        // Each client gets its own values with it: see `event`.
        let settings = Box::new(self.own(&ClientValues::default()));
        self.pushed.push(ServerEventKind::Settings { settings });
    }

    fn tell_dnd(&mut self) {
        let dnd = self.dnd_view();
        self.pushed.push(ServerEventKind::Dnd { dnd });
    }

    /// What is to be pushed, once.
    pub(crate) fn take_pushed(&mut self) -> Vec<ServerEvent> {
        let kinds = std::mem::take(&mut self.pushed);
        let events: Vec<ServerEvent> = kinds.into_iter().map(|kind| self.numbered(kind)).collect();
        self.log.extend(events.iter().cloned());
        events
    }

    fn numbered(&mut self, kind: ServerEventKind) -> ServerEvent {
        self.revision = self.revision.next();
        ServerEvent { revision: self.revision, at: self.now, kind }
    }

    /// An event as this client gets it.
    pub(crate) fn event(&self, event: &ServerEvent, token: &str) -> String {
        let mut event = event.clone();
        if let (ServerEventKind::Settings { settings }, Some(client)) = (&mut event.kind, self.tokens.get(token)) {
            **settings = self.own(&self.clients[client]);
        }
        serde_json::to_string(&event).unwrap()
    }

    /// What a client says on its channel, and what it gets for it.
    pub(crate) fn hear(&mut self, token: &str, text: &str) -> Vec<String> {
        match serde_json::from_str(text).unwrap() {
            ClientMessage::Subscribe { since: Some(since) } => {
                let missed = self.log.iter().filter(|event| event.revision > since);
                missed.map(|event| self.event(event, token)).collect()
            }
            ClientMessage::Subscribe { since: None } => {
                self.snapshots += 1;
                let snapshot = Box::new(self.snapshot(token));
                let event = self.numbered(ServerEventKind::Snapshot { snapshot });
                vec![serde_json::to_string(&event).unwrap()]
            }
            ClientMessage::Applied { revision } => {
                self.applied.push(revision);
                Vec::new()
            }
            ClientMessage::Look { .. } | ClientMessage::Unknown => Vec::new(),
        }
    }

    pub(crate) fn knows(&self, token: &str) -> bool {
        self.tokens.contains_key(token)
    }

    pub(crate) fn answer(&mut self, request: &HttpRequest) -> Result<HttpResponse, HttpFailure> {
        if request.server.host != "bel.fiets.example" {
            return Err(HttpFailure::NotFound);
        }
        let path = request.path.strip_prefix("/api/v1").unwrap();
        if !matches!(path, "/hello" | "/me/phone" | "/me/records?limit=100" | "/colleagues") {
            self.asked.push(format!("{} {path}", request.method.name()));
        }
        let token = request.headers.iter().find(|(name, _)| *name == "Authorization");
        let token = token.map(|(_, value)| value.strip_prefix("Bearer ").unwrap().to_owned());
        Ok(match self.route(request.method, path, token.as_deref(), &request.body) {
            Ok(body) => HttpResponse { status: 200, body },
            Err(problem) => HttpResponse { status: problem.status, body: json(&problem) },
        })
    }

    fn route(&mut self, method: HttpMethod, path: &str, token: Option<&str>, body: &[u8]) -> Reply {
        use HttpMethod::{Delete, Get, Patch, Post, Put};
        match (method, path) {
            (Get, "/hello") => return Ok(json(&self.greeting())),
            (Get, path) if path.strip_prefix("/links/") == Some(LINK) => return Ok(json(&self.link())),
            (Get, path) if path.strip_prefix("/links/") == Some(INVITATION) => {
                return Ok(json(&LinkInfo { purpose: LinkPurpose::Invitation, ..self.link() }));
            }
            (Post, path) if path.strip_prefix("/links/") == Some(INVITATION) => return self.accept(&parsed(body)?),
            (Post, "/log-in") => return self.log_in(&parsed(body)?),
            _ => {}
        }
        let known = token.and_then(|token| self.tokens.get(token)).cloned();
        let client = known.ok_or_else(|| ApiProblem::new(ServerErrorCode::ClientRevoked, "").with("by", "Petra"))?;
        match (method, path) {
            (Delete, "/sessions/current") => drop(self.tokens.remove(token.unwrap_or_default())),
            (Get, "/me/phone") => return Ok(json(&self.me_phone())),
            (Get, "/colleagues") => return Ok(json(&self.colleagues)),
            (Get, "/me/records?limit=100") => return Ok(json(&Vec::<CallRecord>::new())),
            (Get, "/calls/held/why") => return Ok(json(&self.record("held"))),
            (Get, "/me/settings") => return Ok(json(&self.own(&self.clients[&client]))),
            (Put, "/me/settings") => return self.change(&client, &parsed(body)?),
            (Patch, "/me/telephony") => return self.change_telephony(&parsed(body)?),
            (Patch, "/me") => return self.change_me(parsed(body)?),
            (Put, "/me/dnd") => return self.set_dnd(client, &parsed(body)?),
            (Post, "/me/calls") => return self.call(&client, &parsed(body)?),
            (Post, "/me/requests") => return self.ask(parsed(body)?),
            _ => return Err(ApiProblem::new(ServerErrorCode::NotFound, "")),
        }
        Ok(Vec::new())
    }

    fn greeting(&self) -> ServerHello {
        ServerHello {
            protocol_min: self.hello.0,
            protocol_max: self.hello.1,
            name: "fake".into(),
            organisation: Some(organisation()),
            now: self.now,
            needs_set_up: false,
            authority: None,
        }
    }

    fn log_in(&mut self, log_in: &LogIn) -> Reply {
        if log_in.login != LINDA || ![self.password.as_str(), LINK].contains(&log_in.secret.expose()) {
            return Err(ApiProblem::new(ServerErrorCode::WrongCredentials, "").with("login", &*log_in.login));
        }
        if self.first_password {
            let new = log_in.new_password.as_ref();
            let new = new.ok_or_else(|| ApiProblem::new(ServerErrorCode::PasswordChangeNeeded, "").with("least", "10"));
            self.set_password(new?)?;
        }
        let fresh = || ClientId(format!("00000000-0000-4000-8000-0000000000{:02}", self.clients.len() + 1));
        let client = log_in.client.id.clone().unwrap_or_else(fresh);
        self.clients.entry(client.clone()).or_default();
        let token = format!("token-{}-{}", client, self.asked.len());
        self.tokens.insert(token.clone(), client.clone());
        let sip = SipCredentials {
            auth_name: "204".into(),
            realm: "fiets.example".into(),
            secret: WireSecret::new("sip secret"),
            algorithm: DigestAlgorithm::Sha256,
        };
        Ok(json(&LogInResult { device_token: WireSecret::new(token), client, sip, me: self.me_phone() }))
    }

    fn me_phone(&self) -> MePhone {
        MePhone {
            user: UserId(3),
            display_name: "Linda de Vries".into(),
            extension: Some("601".into()),
            address_of_record: "601@fiets.example".into(),
            domain: "fiets.example".into(),
            servers: self.servers.clone(),
            ice_servers: Vec::new(),
            emergency_numbers: vec!["112".into(), "144".into()],
            country: None,
            portal: None,
            features: Features { dnd: true, call_methods: true, requests: true, presence: true, reasons: true },
        }
    }

    fn set_password(&mut self, new: &WireSecret) -> Result<(), ApiProblem> {
        if new.expose().len() < 10 {
            return Err(ApiProblem::new(ServerErrorCode::PasswordTooShort, "").with("least", "10"));
        }
        (self.password, self.first_password) = (new.expose().to_owned(), false);
        Ok(())
    }

    fn accept(&mut self, change: &PasswordChange) -> Reply {
        self.set_password(&change.new).map(|()| Vec::new())
    }

    fn change_telephony(&mut self, change: &TelephonyChange) -> Reply {
        self.telephony = change.applied(&self.telephony);
        Ok(json(&self.telephony))
    }

    fn change_me(&mut self, change: UserChange) -> Reply {
        self.first_name = change.first_name.unwrap_or_else(|| self.first_name.clone());
        self.language = change.language.unwrap_or(self.language);
        Ok(json(&self.me()))
    }

    fn link(&self) -> LinkInfo {
        LinkInfo {
            purpose: LinkPurpose::Provisioning,
            name: "Linda".into(),
            login: LINDA.into(),
            organisation: organisation(),
            password_least: 10,
            password_change_needed: self.first_password,
        }
    }

    fn change(&mut self, client: &ClientId, change: &SettingsChange) -> Reply {
        let who =
            Writer { author: Author { user: Some(UserId(3)), name: "Linda".into(), role: Role::Member }, at: self.now };
        let seen = SettingsDocument { client: self.clients[client], ..self.document.clone() };
        let next = apply(&seen, change, &who).map_err(|code| ApiProblem::new(code, "").with("by", "Petra"))?;
        self.clients.insert(client.clone(), next.client);
        self.document = SettingsDocument { client: ClientValues::default(), ..next };
        self.tell_settings();
        Ok(json(&self.own(&self.clients[client])))
    }

    fn set_dnd(&mut self, client: ClientId, request: &DndRequest) -> Reply {
        let until = request.end.as_ref().and_then(|end| end.moment(self.now, 60));
        let act = bellbird_contract::server::DndAct {
            stamp: request.stamp.unwrap(),
            on: request.on,
            until,
            by: DndSource::App { client },
        };
        self.dnd.admit(act, self.now);
        self.tell_dnd();
        Ok(json(&self.dnd_view()))
    }

    fn call(&mut self, client: &ClientId, request: &CallRequest) -> Reply {
        let make = resolve(&SettingsDocument { client: self.clients[client], ..self.document.clone() }).make.value;
        if !make {
            return Err(ApiProblem::new(ServerErrorCode::MakingCallsOff, ""));
        }
        self.withheld.push(request.withhold_number);
        Ok(json(&progress(&request.target, CallProgressState::RingingYou)))
    }

    fn ask(&mut self, asked: ChangeRequestDraft) -> Reply {
        let request = ChangeRequest {
            id: ChangeRequestId(self.requests.len() as u64 + 1),
            user: Owner { id: UserId(3), name: "Linda".into() },
            extension: None,
            at: self.now,
            asked,
            set_by: None,
            locked_with: 0,
            state: ChangeRequestState::Open,
            revision: Revision(1),
        };
        self.requests.push(request.clone());
        Ok(json(&request))
    }

    fn own(&self, client: &ClientValues) -> OwnSettings {
        let document = SettingsDocument { client: *client, ..self.document.clone() };
        OwnSettings { effective: resolve(&document), document, receipts: Vec::new() }
    }

    fn dnd_view(&self) -> DndView {
        let state = self.dnd.state.clone();
        DndView { on: state.is_on(self.now), until: state.ends(self.now), state, receipts: Vec::new() }
    }

    fn snapshot(&self, token: &str) -> Snapshot {
        let desk_phone = AccountSummary {
            id: VoipAccountId(203),
            number: "203".into(),
            name: "Desk".into(),
            kind: AccountKind::DeskPhone { mac: None },
            owners: Vec::new(),
            state: DeviceState::Registered { count: 1 },
            last_seen: None,
            revision: Revision(1),
        };
        Snapshot {
            me: self.me(),
            settings: self.own(&self.clients[&self.tokens[token]]),
            dnd: self.dnd_view(),
            availability: AvailabilityState {
                availability: Availability::Available { at: ReachedAt::AllDevices },
                stamp: Stamp::initial(self.now),
            },
            telephony: self.telephony.clone(),
            accounts: vec![desk_phone],
            colleagues: self.colleagues.clone(),
            requests: self.requests.clone(),
            calls: Vec::new(),
        }
    }

    fn me(&self) -> Me {
        Me {
            id: UserId(3),
            organisation: organisation(),
            first_name: self.first_name.clone(),
            last_name: "de Vries".into(),
            login: LINDA.into(),
            email: "linda@fiets.example".into(),
            extension: Some("601".into()),
            role: Role::Member,
            permissions: self.document.permissions.clone(),
            language: self.language,
            time_zone: "Europe/Amsterdam".into(),
            utc_offset_minutes: 60,
            password_change_needed: false,
            idle_minutes: None,
            administers: Vec::new(),
            revision: Revision(1),
        }
    }
}

/// Sets a call method for all clients, as the user would.
pub(crate) fn by_desk_phone() -> AdminChange {
    AdminChange::Outgoing { base: None, mode: Mode::Enabled, call_method: Some(CallMethod::DeskPhone), note: None }
}

pub(crate) fn by(transport: Transport, port: u16) -> SipServer {
    SipServer { transport, host: "10.0.0.9".into(), port: Some(port) }
}

fn progress(target: &str, state: CallProgressState) -> CallProgress {
    CallProgress {
        id: ServerCallId::from("c1"),
        target: Party { name: None, number: target.to_owned(), address: None },
        via: DeviceName::DeskPhone { account: VoipAccountId(203), number: "203".into(), name: "Desk".into() },
        state,
    }
}

fn organisation() -> OrganisationName {
    OrganisationName { id: OrgId(1), name: "Fietsen".into() }
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiProblem> {
    serde_json::from_slice(body).map_err(|error| ApiProblem::new(ServerErrorCode::Malformed, error.to_string()))
}
