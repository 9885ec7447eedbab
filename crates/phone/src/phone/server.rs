//! The server's part in the phone: its account, and what it decides about calls.

use bellbird_base::{Duration, Instant};
use bellbird_contract::server::{CallMethod, ClientId, DigestAlgorithm, MePhone, Profile, SipServer};
use bellbird_contract::{
    AccountDraft, AccountId, AccountSettings, Command, ErrorCode, Language, Problem, Secret, TargetKind, Transport,
};
use bellbird_sip::agent::{self, FlowEnd, IncomingCall, RegistrationFailure, RegistrationState};

use super::Phone;
use crate::account::{Account, tidy};
use crate::emergency::Emergency;
use crate::io::StoreRequest;
use crate::problem;
use crate::server::{
    Effect, EventsId, EventsInput, HttpFailure, HttpId, HttpResponse, LoadedServer, NewAccount, ServerPin,
};
use crate::target::{Home, Target};

/// For so long after an emergency call whoever calls back has to get through (DESIGN §6a).
const CALL_BACK: Duration = Duration::from_secs(3600);

/// How long to rest after a first round among the server's addresses; doubled each time, up to eight minutes.
const ROUND: Duration = Duration::from_secs(30);

/// What was noted of the server's part last.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Whether Do Not Disturb was on.
    dnd: bool,
    /// When an emergency call was made from here.
    pub(super) emergency_call: Option<Instant>,
    /// How many records the server had told when calls that are over were last looked for among them; nothing once
    /// another call is over.
    pub(super) linked: Option<u64>,
    /// How far the search among the server's addresses is.
    pub(super) search: Search,
    /// Accounts whose log-in is over and that a call still goes over.
    retiring: Vec<AccountId>,
    /// Whom to believe from now on; nothing where the driver was told.
    pub(super) pin: Option<Option<ServerPin>>,
}

/// How far the search among the server's addresses is.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Those that were tried in vain in this round.
    tried: usize,
    /// Rounds in vain.
    rounds: u32,
    /// When the next round may begin; until then the account tries its last address as any other does.
    rests_until: Option<Instant>,
}

impl Search {
    /// Notes that one of so many addresses did not answer; whether another one is tried now.
    fn goes_on(&mut self, now: Instant, ways: usize) -> bool {
        if self.rests_until.is_some_and(|until| now < until) {
            return false;
        }
        self.rests_until = None;
        self.tried += 1;
        if self.tried < ways {
            return true;
        }
        let rest = ROUND.saturating_mul(1 << self.rounds.min(4));
        *self = Self { tried: 0, rounds: self.rounds + 1, rests_until: Some(now + rest) };
        false
    }
}

impl Phone {
    pub(super) fn server_command(&mut self, command: &Command) {
        self.server.at(self.now, self.clock).handle_command(command);
    }

    pub(super) fn server_answered(&mut self, now: Instant, id: HttpId, answer: &Result<HttpResponse, HttpFailure>) {
        self.now = now;
        self.changed();
        self.server.at(now, self.clock).answered(id, answer);
    }

    pub(super) fn server_event(&mut self, now: Instant, id: EventsId, event: EventsInput) {
        self.now = now;
        self.changed();
        self.server.at(now, self.clock).events(id, event);
    }

    pub(super) fn rebuild_server(&mut self) {
        self.changed();
        self.back_to_the_best();
        self.server.at(self.now, self.clock).rebuild();
    }

    pub(super) fn wake_server(&mut self) {
        if self.server.wakes().is_some_and(|at| at <= self.now) {
            self.changed();
            self.server.at(self.now, self.clock).wake_up();
        }
    }

    pub(super) fn load_server(&mut self, loaded: Option<Box<LoadedServer>>, client: Option<ClientId>) {
        self.server.at(self.now, self.clock).load(loaded.map(|loaded| *loaded), client);
        // Whom to believe has to be known before an account opens a flow.
        self.serve();
    }

    /// Does what the server's side asks for; whether it asked for anything.
    pub(super) fn serve(&mut self) -> bool {
        let mut served = false;
        while let Some(effect) = self.server.next_effect() {
            served = true;
            match effect {
                Effect::Output(output) => self.outputs.push_back(*output),
                Effect::Pin(pin) => self.presence.pin = Some(pin),
                Effect::LoggedIn(account) => self.take_server_account(*account),
                Effect::PhoneChanged(phone) => self.server_account_changed(&phone),
                Effect::LoggedOut(account) => self.presence.retiring.push(account),
                Effect::BackOnline => self.register_again(),
            }
        }
        served
    }

    /// Chooses the language here, and on the server for the user's other devices (U5).
    pub(super) fn set_language(&mut self, language: Language) {
        self.set_preferences(|preferences| preferences.language = language);
        if self.server.language().is_some() {
            let profile = Profile { language: Some(language), ..Profile::default() };
            self.server_command(&Command::EditProfile { profile });
        }
    }

    /// The language follows the person. Whoever never chose one on the server keeps what was chosen here.
    fn follow_language(&mut self) {
        let told = self.server.language().filter(|language| !matches!(language, Language::System | Language::Unknown));
        if let Some(language) = told.filter(|language| *language != self.preferences.language) {
            self.set_preferences(|preferences| preferences.language = language);
        }
    }

    /// Notes of calls that are over which record the server has of them.
    fn link_records(&mut self) {
        let told = self.server.records_told();
        if self.presence.linked.replace(told) == Some(told) {
            return;
        }
        for entry in self.history.link(|call_id| self.server.record_of(call_id).cloned()) {
            self.store(StoreRequest::SaveHistory(entry));
        }
    }

    /// Brings what follows from the server's state up to date.
    pub(super) fn follow_server(&mut self) {
        self.follow_language();
        self.link_records();
        let dnd = self.server.at(self.now, self.clock).dnd_is_on();
        if core::mem::replace(&mut self.presence.dnd, dnd) != dnd {
            let account = self.server.account();
            let ringing = self.calls.iter_mut().filter(|call| call.is_incoming() && Some(call.account) == account);
            ringing.for_each(|call| call.silenced = dnd);
        }
        let busy = |account: AccountId| self.calls.iter().any(|call| call.account == account && !call.is_over());
        let (waiting, over) = self.presence.retiring.iter().copied().partition(|account| busy(*account));
        self.presence.retiring = waiting;
        let over: Vec<AccountId> = over;
        for account in over {
            self.remove_account(account);
        }
    }

    /// The server answers over HTTP, so its registrar will too: calls arrive again before the next try was due.
    fn register_again(&mut self) {
        let account = self.server.account();
        let Some(agent) = self.accounts.iter().find(|it| Some(it.id) == account).map(|it| it.agent) else { return };
        if matches!(self.agent.registration(agent), Some(RegistrationState::Retrying { .. })) {
            self.presence.search = Search::default();
            let _ = self.agent.register(self.now, agent);
        }
    }

    /// The server's addresses are tried one after the other, best first, without a pause; after the last one the account
    /// waits as any other, and begins anew. Whether another one is tried now.
    pub(super) fn fail_over(&mut self, agent: agent::AccountId, failure: &RegistrationFailure) -> bool {
        let Some((id, ways)) =
            self.server_ways().filter(|(id, _)| self.account(*id).is_some_and(|it| it.agent == agent))
        else {
            return false;
        };
        if !is_worth_another(failure) || !self.presence.search.goes_on(self.now, ways.len()) {
            return false;
        }
        let now = self.account(id).and_then(|account| ways.iter().position(|way| way.is_of(&account.settings)));
        let next = now.map_or(0, |at| (at + 1) % ways.len());
        self.go_by(id, ways[next].clone());
        true
    }

    /// The server's account is registered: the next trouble begins with a fresh round.
    pub(super) fn answered_from(&mut self, agent: agent::AccountId) {
        if self.server.account().and_then(|id| self.account(id)).is_some_and(|account| account.agent == agent) {
            self.presence.search = Search::default();
        }
    }

    /// Somewhere else, or later, the best address may be there again.
    fn back_to_the_best(&mut self) {
        self.presence.search = Search::default();
        let Some((id, ways)) = self.server_ways() else { return };
        let best = ways.first().filter(|best| self.account(id).is_some_and(|account| !best.is_of(&account.settings)));
        if let Some(best) = best.cloned() {
            self.go_by(id, best);
        }
    }

    fn go_by(&mut self, id: AccountId, Way { server, transport }: Way) {
        let Some(held) = self.account(id).map(|account| account.settings.clone()) else { return };
        self.edit_account(id, &AccountDraft { settings: AccountSettings { server, transport, ..held }, secret: None });
    }

    fn server_ways(&self) -> Option<(AccountId, Vec<Way>)> {
        let phone = self.server.phone()?;
        Some((self.server.account()?, phone.servers.iter().map(Way::to).collect()))
    }

    fn take_server_account(&mut self, new: NewAccount) {
        let NewAccount { sip, phone, account } = new;
        let secret = Secret::new(sip.secret.expose());
        let auth_name = Some(sip.auth_name).filter(|name| !name.is_empty());
        let Some((settings, home)) = settings_from(&phone, auth_name) else {
            let problem = Problem::new(ErrorCode::RegistrationRefused).with("server", phone.domain);
            return self.refuse(problem.detailed("the server names no address to register"));
        };
        let pin = (sip.algorithm != DigestAlgorithm::Md5 && !sip.realm.is_empty()).then_some(sip.realm);
        // Secret, realm and instance may be others than at the last log-in: the account is made anew under its old name.
        let known = account.filter(|account| self.accounts.iter().any(|it| it.id == *account));
        if let Some(old) = known.and_then(|id| self.accounts.iter().position(|it| it.id == id)) {
            let old = self.accounts.remove(old);
            let _ = self.agent.remove_account(self.now, old.agent);
        }
        let id = known.unwrap_or_else(|| self.fresh_account_id());
        self.presence.retiring.retain(|retiring| *retiring != id);
        self.server.at(self.now, self.clock).set_account(id);
        self.store(StoreRequest::SaveAccount(id, settings.clone()));
        self.store(StoreRequest::SaveSecret(id, secret.clone()));
        self.store(StoreRequest::SavePin(id, pin.clone()));
        if self.preferences.default_account.is_none() {
            self.set_preferences(|preferences| preferences.default_account = Some(id));
        }
        self.start_account(id, settings, home, Some(secret), pin);
    }

    fn server_account_changed(&mut self, phone: &MePhone) {
        let Some(id) = self.server.account() else { return };
        let Some(account) = self.account(id) else { return };
        let Some((wanted, _)) = settings_from(phone, account.settings.auth_name.clone()) else { return };
        let held = account.settings.clone();
        let settings = AccountSettings { srtp: held.srtp, codecs: held.codecs.clone(), ..wanted };
        // The one of its addresses that answers stays, as long as the server names it.
        let settings = match phone.servers.iter().map(Way::to).find(|way| way.is_of(&held)) {
            Some(Way { server, transport }) => AccountSettings { server, transport, ..settings },
            None => settings,
        };
        if settings != account.settings {
            self.edit_account(id, &AccountDraft { settings, secret: None });
        }
    }

    /// Of the server's own account the user chooses how sound is sent, and nothing else.
    pub(super) fn edit_any_account(&mut self, id: AccountId, mut draft: AccountDraft) {
        let held = self.account(id).filter(|_| self.server.account() == Some(id));
        if let Some(held) = held.map(|account| account.settings.clone()) {
            draft.settings = AccountSettings { srtp: draft.settings.srtp, codecs: draft.settings.codecs, ..held };
            draft.secret = None;
        }
        self.edit_account(id, &draft);
    }

    /// `+sip.instance`: the server's account bears the name that the server gave this client.
    pub(super) fn instance_of(&self, id: AccountId) -> Option<String> {
        let of_server = self.server.account() == Some(id);
        self.server.instance().filter(|_| of_server).or_else(|| self.config.instance_id.clone())
    }

    /// The numbers that always dial here.
    pub(super) fn emergency(&self) -> Emergency {
        match self.server.emergency_numbers() {
            Some(numbers) => Emergency::Told(numbers.to_vec()),
            None => Emergency::Country(self.preferences.country),
        }
    }

    /// Whether this is an emergency number, also where it is written as an address at the account's domain.
    pub(super) fn is_emergency(&self, target: &Target, account: Option<AccountId>) -> bool {
        if target.kind() == TargetKind::Emergency {
            return true;
        }
        let Some(home) = self.home_of(account) else { return false };
        let Some(uri) = target.uri(home) else { return false };
        let Some(user) = uri.as_ref().user_text() else { return false };
        self.emergency().is(&user) && home.address_of(&user).is_some_and(|number| number.as_str() == uri.as_str())
    }

    fn home_of(&self, account: Option<AccountId>) -> Option<&Home> {
        self.account_or_default(account).map(|account| &account.home)
    }

    fn account_or_default(&self, account: Option<AccountId>) -> Option<&Account> {
        match account {
            Some(id) => self.account(id),
            None => self.default_account(),
        }
    }

    /// Why this may not be called: *Make calls* is off for the server's account. Emergency numbers always dial.
    pub(super) fn making_calls_off(&self, target: &Target, account: Option<AccountId>) -> Option<Problem> {
        let id = self.account_or_default(account)?.id;
        let make = self.server.settings().filter(|_| self.server.account() == Some(id))?.make;
        let callable = !matches!(target.kind(), TargetKind::Empty | TargetKind::Name);
        if make.value || !callable || self.is_emergency(target, account) {
            return None;
        }
        let (by, since, note) = self.server.outgoing_author()?;
        let shown = target.shown(self.home_of(account)).unwrap_or_default();
        let problem = Problem::new(ErrorCode::MakingCallsOff)
            .with("target", shown)
            .with("by", by)
            .with("since", since.0.to_string());
        Some(match note {
            Some(note) => problem.with("note", note),
            None => problem,
        })
    }

    /// Hands a call to the server where the user calls by another phone; whether it did.
    pub(super) fn server_calls(&mut self, target: &Target, account: AccountId, withhold: bool) -> bool {
        if self.server.account() != Some(account) {
            return false;
        }
        let method = self.server.settings().map_or(CallMethod::Softphone, |settings| settings.call_method.value);
        let by_server = matches!(method, CallMethod::DeskPhone | CallMethod::Mobile);
        if let Some(shown) = target.shown(None).filter(|_| by_server) {
            self.server.at(self.now, self.clock).call(&shown, withhold);
            return true;
        }
        false
    }

    /// Whether *Receive incoming calls* is off, and this is not one of the calls that ring in spite of it: the user's own
    /// call that was moved here or is being set up, and whoever calls back after an emergency call.
    pub(super) fn receives_no_calls(&self, incoming: &IncomingCall) -> bool {
        let own = incoming.replaces.is_some() || (incoming.auto_answer.is_some() && incoming.from.asserted);
        let call_back = self.presence.emergency_call.is_some_and(|at| self.now.since(at) < CALL_BACK);
        let off = self.server.settings().is_some_and(|settings| !settings.receive.value);
        off && !own && !call_back
    }
}

/// The account as it would have been typed.
fn settings_from(phone: &MePhone, auth_name: Option<String>) -> Option<(AccountSettings, Home)> {
    let address = phone.address_of_record.trim_start_matches("sip:");
    let (user, domain) = address.split_once('@').unwrap_or((address, phone.domain.as_str()));
    let server = phone.servers.first();
    let settings = AccountSettings {
        domain: if phone.domain.is_empty() { domain.to_owned() } else { phone.domain.clone() },
        user_name: user.to_owned(),
        display_name: Some(phone.display_name.clone()).filter(|name| !name.is_empty()),
        server: server.map(written),
        transport: server.map_or_else(Default::default, |server| server.transport),
        auth_name,
        ..AccountSettings::default()
    };
    tidy(&AccountDraft { settings, secret: None }).ok()
}

/// One of the addresses that the server names for calls.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Way {
    server: Option<String>,
    transport: Transport,
}

impl Way {
    fn to(server: &SipServer) -> Self {
        Self { server: Some(written(server)), transport: server.transport }
    }

    fn is_of(&self, settings: &AccountSettings) -> bool {
        (&self.server, self.transport) == (&settings.server, settings.transport)
    }
}

/// Whether another address may do better. What shows a wrong certificate is not evaded: that would lead to where anybody
/// can listen.
const fn is_worth_another(failure: &RegistrationFailure) -> bool {
    let forged = matches!(failure, RegistrationFailure::Connection(FlowEnd::BadCertificate));
    let busy = matches!(failure, RegistrationFailure::Unavailable(..));
    busy || (problem::is_offline(failure) && !forged)
}

fn written(server: &SipServer) -> String {
    match server.port {
        Some(port) if !server.host.contains("://") => format!("{}:{port}", server.host),
        _ => server.host.clone(),
    }
}
