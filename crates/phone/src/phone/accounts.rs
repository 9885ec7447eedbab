//! Accounts: added, changed, tried, registered.

use bellbird_base::{Duration, Instant, Protocol};
use bellbird_contract::{
    AccountDraft, AccountId, AccountSettings, AccountTest, CallId, ErrorCode, Problem, Registration, Secret, Transport,
};
use bellbird_sip::agent::{self, Registered, RegistrationFailure, RegistrationState};

use super::Phone;
use crate::account::{Account, Reach, address, agent_config, server, tidy, transport};
use crate::io::{LoadedAccount, StoreRequest};
use crate::problem;
use crate::target::Home;

/// How long a server gets to answer one attempt of a trial.
const ATTEMPT: Duration = Duration::from_secs(8);
/// How long a trial that passed stays registered after the page is gone.
const PUT_AWAY: Duration = Duration::from_secs(5);
/// What is tried after DNS said nothing useful: encrypted first, datagrams last.
const FALLBACKS: [Transport; 3] = [Transport::Tls, Transport::Tcp, Transport::Udp];

/// The trial of a draft: registers and keeps nothing. A draft that passed stays registered until it is added, which
/// takes the registration over, or until the trial is put away.
#[derive(Debug)]
pub(super) enum Trial {
    Running {
        draft: Draft,
        agent: agent::AccountId,
        attempt: usize,
        until: Instant,
        first: Option<Problem>,
    },
    Passed(Passed),
    /// Passed, and no longer shown: still there to be taken over until then.
    PutAway(Passed, Instant),
    Failed(Problem),
}

#[derive(Debug)]
pub(super) struct Passed {
    draft: Draft,
    agent: agent::AccountId,
    registered: Registered,
}

#[derive(Clone, Debug)]
pub(super) struct Draft {
    settings: AccountSettings,
    home: Home,
    secret: Option<Secret>,
}

impl Trial {
    pub(super) fn view(&self) -> Option<AccountTest> {
        match self {
            Self::Running { .. } => Some(AccountTest::Running),
            Self::Passed(Passed { draft, registered, .. }) => Some(AccountTest::Passed {
                settings: draft.settings_over(registered.protocol),
                secure: registered.protocol.is_secure(),
            }),
            Self::PutAway(..) => None,
            Self::Failed(problem) => Some(AccountTest::Failed { problem: problem.clone() }),
        }
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Running { until, .. } | Self::PutAway(_, until) => Some(*until),
            Self::Passed(_) | Self::Failed(_) => None,
        }
    }

    /// The user agent's account and its registration, if exactly this was tried and passed.
    fn passed_with(
        &self,
        settings: &AccountSettings,
        secret: Option<&Secret>,
    ) -> Option<(agent::AccountId, Registered)> {
        let (Self::Passed(passed) | Self::PutAway(passed, _)) = self else { return None };
        let Passed { draft, agent, registered } = passed;
        let same = draft.secret.as_ref() == secret
            && (draft.settings == *settings || draft.settings_over(registered.protocol) == *settings);
        same.then(|| (*agent, registered.clone()))
    }
}

impl Draft {
    /// With the transport that was found to work.
    fn settings_over(&self, protocol: Protocol) -> AccountSettings {
        AccountSettings { transport: transport(protocol), ..self.settings.clone() }
    }
}

impl Phone {
    pub(super) fn add_account(&mut self, draft: &AccountDraft) {
        let (settings, home) = match tidy(draft) {
            Ok(tidied) => tidied,
            Err(problem) => return self.refuse(problem),
        };
        let tried = self.trial.as_ref().and_then(|trial| trial.passed_with(&settings, draft.secret.as_ref()));
        match tried {
            Some(_) => self.trial = None,
            None => self.end_trial(),
        }
        let id = self.fresh_account_id();
        self.store(StoreRequest::SaveAccount(id, settings.clone()));
        if let Some(secret) = &draft.secret {
            self.store(StoreRequest::SaveSecret(id, secret.clone()));
        }
        match tried {
            Some((agent, registered)) => {
                self.keep_account(id, agent, settings, home, draft.secret.clone(), None);
                self.registration_changed(agent, RegistrationState::Registered(registered));
            }
            None => self.start_account(id, settings, home, draft.secret.clone(), None),
        }
    }

    pub(super) fn take_account(&mut self, loaded: LoadedAccount) {
        let draft = AccountDraft { settings: loaded.settings, secret: loaded.secret };
        match tidy(&draft) {
            Ok((settings, home)) => self.start_account(loaded.id, settings, home, draft.secret, loaded.pin),
            Err(problem) => self.notice(problem, Instant::FAR_FUTURE),
        }
    }

    pub(super) fn edit_account(&mut self, id: AccountId, draft: &AccountDraft) {
        self.end_trial();
        let (settings, home) = match tidy(draft) {
            Ok(tidied) => tidied,
            Err(problem) => return self.refuse(problem),
        };
        let instance = self.instance_of(id);
        let Some(account) = self.accounts.iter_mut().find(|account| account.id == id) else { return };
        // Whoever types another server or a new password may have another realm.
        let unpinned = account.pin.is_some() && (draft.secret.is_some() || account.home != home);
        if unpinned {
            account.pin = None;
        }
        if let Some(secret) = draft.secret.clone() {
            account.secret = Some(secret);
        }
        let (secret, pin) = (account.secret.as_ref(), account.pin.as_deref());
        let Some(config) = agent_config(&settings, &home, secret, pin, instance.as_deref()) else { return };
        account.settings = settings;
        account.home = home;
        account.reach = Reach::Unknown;
        account.registration = Registration::Off;
        let agent = account.agent;
        let _ = self.agent.update_account(self.now, agent, config);
        self.store(StoreRequest::SaveAccount(id, draft_settings(&self.accounts, id)));
        if unpinned {
            self.store(StoreRequest::SavePin(id, None));
        }
        if let Some(secret) = &draft.secret {
            self.store(StoreRequest::SaveSecret(id, secret.clone()));
        }
        self.register(id);
    }

    pub(super) fn remove_account(&mut self, id: AccountId) {
        let Some(at) = self.accounts.iter().position(|account| account.id == id) else { return };
        let calls: Vec<CallId> = self.calls.iter().filter(|call| call.account == id).map(|call| call.id).collect();
        for call in calls {
            self.hang_up(call);
        }
        let account = self.accounts.remove(at);
        let _ = self.agent.remove_account(self.now, account.agent);
        self.store(StoreRequest::DeleteAccount(id));
        if self.preferences.default_account == Some(id) {
            self.set_preferences(|preferences| preferences.default_account = None);
        }
    }

    pub(super) fn register(&mut self, id: AccountId) {
        let wanted = self.config.register;
        let Some(account) = self.account(id).filter(|account| wanted && account.settings.register) else { return };
        let _ = self.agent.register(self.now, account.agent);
    }

    pub(super) fn fresh_account_id(&self) -> AccountId {
        let used = self.accounts.iter().map(|account| account.id.0);
        let remembered = self.history.entries().iter().map(|entry| entry.account.0);
        AccountId(used.chain(remembered).max().unwrap_or(0).saturating_add(1))
    }

    pub(super) fn start_account(
        &mut self,
        id: AccountId,
        settings: AccountSettings,
        home: Home,
        secret: Option<Secret>,
        pin: Option<String>,
    ) {
        let instance = self.instance_of(id);
        let Some(config) = agent_config(&settings, &home, secret.as_ref(), pin.as_deref(), instance.as_deref()) else {
            return;
        };
        let agent = self.agent.add_account(self.now, config);
        self.keep_account(id, agent, settings, home, secret, pin);
        self.register(id);
    }

    fn keep_account(
        &mut self,
        id: AccountId,
        agent: agent::AccountId,
        settings: AccountSettings,
        home: Home,
        secret: Option<Secret>,
        pin: Option<String>,
    ) {
        let registration = Registration::Off;
        self.accounts.push(Account { id, agent, settings, secret, pin, registration, reach: Reach::Unknown, home });
    }

    /// Remembers a realm that was answered with SHA-256, once.
    fn pin(&mut self, agent: agent::AccountId) {
        let Some(realm) = self.agent.sha256_realm(agent).map(str::to_owned) else { return };
        let Some(account) = self.accounts.iter_mut().find(|account| account.agent == agent) else { return };
        if account.pin.as_deref() != Some(realm.as_str()) {
            account.pin = Some(realm.clone());
            let id = account.id;
            self.store(StoreRequest::SavePin(id, Some(realm)));
        }
    }

    pub(super) fn registration_changed(&mut self, agent: agent::AccountId, state: RegistrationState) {
        if matches!(&self.trial, Some(Trial::Running { agent: tried, .. }) if *tried == agent) {
            return self.trial_went(state);
        }
        if matches!(state, RegistrationState::Registered(_)) {
            self.pin(agent);
            self.answered_from(agent);
        }
        if let RegistrationState::Retrying { failure, .. } | RegistrationState::Failed(failure) = &state
            && self.fail_over(agent, failure)
        {
            return;
        }
        let (now, clock) = (self.clock.at(self.now), self.clock);
        let Some(account) = self.accounts.iter_mut().find(|account| account.agent == agent) else { return };
        let failed = |account: &Account, failure: &RegistrationFailure, retry_at| Registration::Failed {
            since: if let Registration::Failed { since, .. } = account.registration { since } else { now },
            problem: problem::of_registration(failure, &address(&account.settings), &account.server()),
            retry_at,
        };
        match state {
            // The server still has us until it says otherwise.
            RegistrationState::Unregistering => {}
            RegistrationState::Unregistered => account.registration = Registration::Off,
            RegistrationState::Registering => account.registration = Registration::Registering,
            RegistrationState::Registered(registered) => {
                account.reach = Reach::Flow(registered.flow, registered.protocol);
                let before = &account.registration;
                account.registration = Registration::Registered {
                    since: if let Registration::Registered { since, .. } = before { *since } else { now },
                    transport: transport(registered.protocol),
                    secure: registered.protocol.is_secure(),
                };
            }
            RegistrationState::Retrying { failure, at } => {
                account.reach = reach_after(&failure);
                account.registration = failed(account, &failure, Some(clock.at(at)));
            }
            RegistrationState::Failed(failure) => {
                account.reach = reach_after(&failure);
                account.registration = failed(account, &failure, None);
            }
        }
    }

    pub(super) fn try_account(&mut self, draft: &AccountDraft) {
        self.end_trial();
        match tidy(draft) {
            Ok((settings, home)) => {
                let draft = Draft { settings, home, secret: draft.secret.clone() };
                self.attempt(draft, 0, None);
            }
            Err(problem) => self.trial = Some(Trial::Failed(problem)),
        }
    }

    pub(super) fn end_trial(&mut self) {
        let (draft, agent) = match self.trial.take() {
            Some(Trial::Running { draft, agent, .. }) => (draft, agent),
            Some(Trial::Passed(passed) | Trial::PutAway(passed, _)) => (passed.draft, passed.agent),
            Some(Trial::Failed(_)) | None => return,
        };
        let _ = self.agent.remove_account(self.now, agent);
        // Unregistering the trial may take away the binding of an account with the same address.
        let same = self.accounts.iter().find(|account| address(&account.settings) == address(&draft.settings));
        if let Some(id) = same.map(|account| account.id) {
            self.register(id);
        }
    }

    /// Puts the trial away. One that passed is most likely added in the next moment.
    pub(super) fn cancel_trial(&mut self) {
        match self.trial.take() {
            Some(Trial::Passed(passed)) => self.trial = Some(Trial::PutAway(passed, self.now + PUT_AWAY)),
            trial => {
                self.trial = trial;
                self.end_trial();
            }
        }
    }

    pub(super) fn trial_is_due(&mut self) {
        match &self.trial {
            Some(Trial::Running { until, .. }) if *until <= self.now => {
                self.changed();
                self.attempt_failed(&RegistrationFailure::NoAnswer);
            }
            Some(Trial::PutAway(_, until)) if *until <= self.now => self.end_trial(),
            Some(_) | None => {}
        }
    }

    fn attempt(&mut self, draft: Draft, attempt: usize, first: Option<Problem>) {
        let mut settings = draft.settings.clone();
        if let Some(fallback) = attempt.checked_sub(1).and_then(|at| FALLBACKS.get(at)) {
            settings.transport = *fallback;
        }
        let taken = self.accounts.iter().any(|account| address(&account.settings) == address(&settings));
        // Without the instance where it would take the place of a registration that stands.
        let instance = self.config.instance_id.as_deref().filter(|_| !taken);
        let Some(config) = agent_config(&settings, &draft.home, draft.secret.as_ref(), None, instance) else { return };
        let agent = self.agent.add_account(self.now, config);
        let _ = self.agent.register(self.now, agent);
        self.trial = Some(Trial::Running { draft, agent, attempt, until: self.now + ATTEMPT, first });
    }

    fn trial_went(&mut self, state: RegistrationState) {
        match state {
            RegistrationState::Registered(registered) => self.trial_passed(registered),
            RegistrationState::Retrying { failure, .. } | RegistrationState::Failed(failure) => {
                self.attempt_failed(&failure);
            }
            RegistrationState::Unregistered | RegistrationState::Registering | RegistrationState::Unregistering => {}
        }
    }

    fn trial_passed(&mut self, registered: Registered) {
        let Some(Trial::Running { draft, agent, .. }) = self.trial.take() else { return };
        self.trial = Some(Trial::Passed(Passed { draft, agent, registered }));
    }

    /// Goes on to the next transport where no server was reached and the user left it to us.
    fn attempt_failed(&mut self, failure: &RegistrationFailure) {
        let Some(Trial::Running { draft, agent, attempt, first, .. }) = self.trial.take() else { return };
        let _ = self.agent.remove_account(self.now, agent);
        let problem = problem::of_registration(failure, &address(&draft.settings), &server(&draft.settings));
        let first = first.unwrap_or(problem.clone());
        let ours = matches!(draft.settings.transport, Transport::Automatic | Transport::Unknown);
        let hopeless =
            matches!(failure, RegistrationFailure::Resolve(_)) || problem.code == ErrorCode::CertificateInvalid;
        if ours && problem::is_offline(failure) && !hopeless && attempt < FALLBACKS.len() {
            self.attempt(draft, attempt + 1, Some(first));
        } else if problem::is_offline(failure) {
            self.trial = Some(Trial::Failed(first));
        } else {
            self.trial = Some(Trial::Failed(problem));
        }
    }
}

const fn reach_after(failure: &RegistrationFailure) -> Reach {
    if problem::is_offline(failure) { Reach::Nowhere } else { Reach::Unknown }
}

fn draft_settings(accounts: &[Account], id: AccountId) -> AccountSettings {
    accounts.iter().find(|account| account.id == id).map(|account| account.settings.clone()).unwrap_or_default()
}
