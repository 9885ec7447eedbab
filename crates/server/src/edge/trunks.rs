//! Trunks: the user agent's accounts for those that register, OPTIONS for those that know us by our address, and how
//! each stands.

use std::collections::{BTreeMap, BTreeSet};

use bellbird_base::{Duration, Instant, Protocol};
use bellbird_contract::Transport;
use bellbird_contract::server::{OrgId, TrunkHealth, TrunkLink, TrunkSettings, TrunkTest, TrunkTestOutcome};
use bellbird_exchange::directory::{Directory, TrunkRouting};
use bellbird_exchange::words::TrunkId;
use bellbird_exchange::{Command, trunk_server};
use bellbird_net::clock;
use bellbird_sip::agent::{
    AccountConfig, AccountCredentials, AccountId, Callers, OptionsEnd, OptionsId, RegistrationFailure,
    RegistrationState,
};
use bellbird_sip::uri::Uri;
use tokio::sync::oneshot;

use super::driver::Driver;
use super::ids::Local as _;
use super::trunk_test::{self, Finding};
use crate::domain::{Change, now};

/// How often a trunk is asked that answers.
const PAUSE: Duration = Duration::from_secs(30);
/// How often one is asked that does not.
const SHORT_PAUSE: Duration = Duration::from_secs(10);
/// How long it has for its answer: longer than three lost datagrams.
const PATIENCE: Duration = Duration::from_secs(8);

/// What is known of trunks besides their settings.
#[derive(Default)]
pub(crate) struct Trunks {
    /// The accounts of the user agent that are registered at trunks.
    accounts: BTreeMap<AccountId, Registering>,
    /// When trunks are asked next whether they are there.
    due: BTreeMap<TrunkId, Instant>,
    asked: BTreeMap<OptionsId, Asked>,
    /// Those that answered once: only of these silence means something.
    proven: BTreeSet<TrunkId>,
}

struct Registering {
    trunk: TrunkId,
    /// Which of its servers.
    server: usize,
    /// How many of them were tried one after the other without waiting.
    tried: usize,
    since: Instant,
    tests: Vec<oneshot::Sender<TrunkTest>>,
}

struct Asked {
    trunk: TrunkId,
    /// Which of its servers.
    server: usize,
    since: Instant,
    test: Option<oneshot::Sender<TrunkTest>>,
}

impl Driver {
    /// Registers at trunks that are new or changed, and no longer at those that are gone.
    pub(super) fn set_trunks(&mut self, directory: &Directory, before: Option<&Directory>) {
        let org = directory.organisation.id;
        let old = |trunk: &TrunkRouting| before.and_then(|before| before.trunks.get(&trunk.id));
        let same = |trunk: &TrunkRouting| {
            old(trunk).is_some_and(|old| old.settings == trunk.settings && old.secret == trunk.secret)
        };
        let stays = |id: &TrunkId| id.organisation() != org || directory.trunks.get(id).is_some_and(same);
        let stale = self.trunks.accounts.extract_if(.., |_, registering| !stays(&registering.trunk));
        let stale: Vec<AccountId> = stale.map(|(account, _)| account).collect();
        for account in stale {
            self.exchange.forget_trunk_account(account);
            // It is there: it was added here.
            self.exchange.agent_mut().remove_account(clock::now(), account).ok();
        }
        self.trunks.due.retain(|id, _| stays(id));
        self.trunks.asked.retain(|_, asked| stays(&asked.trunk));
        self.trunks.proven.retain(stays);
        for trunk in directory.trunks.values().filter(|trunk| !same(trunk)) {
            self.set_trunk(org, trunk);
        }
        self.exchange.settle();
    }

    fn set_trunk(&mut self, org: OrgId, trunk: &TrunkRouting) {
        let health = if trunk.settings.active { TrunkHealth::Unproven } else { TrunkHealth::Off };
        self.memory.lock().trunks.insert((org, trunk.id.outward()), health);
        self.command(Command::TrunkServer(trunk.id, 0));
        // What was known of it holds no longer.
        self.command(Command::TrunkHealth(trunk.id, true));
        if matches!(trunk.settings.link, TrunkLink::ByAddress { .. }) && trunk.settings.active {
            self.trunks.due.insert(trunk.id, clock::now());
        }
        let Some(config) = config(trunk, 0) else { return };
        let agent = self.exchange.agent_mut();
        let account = agent.add_account(clock::now(), config);
        // It was added just now.
        agent.register(clock::now(), account).ok();
        let registering = Registering { trunk: trunk.id, server: 0, tried: 1, since: clock::now(), tests: Vec::new() };
        self.trunks.accounts.insert(account, registering);
        self.exchange.set_trunk_account(account, org, trunk.id);
    }

    pub(super) fn trunk_registration(&mut self, account: AccountId, state: &RegistrationState) {
        let Some(registering) = self.trunks.accounts.get_mut(&account) else { return };
        let Some(finding) = Finding::of_registration(state) else { return };
        let (trunk, millis) = (registering.trunk, millis_since(registering.since));
        if finding.is_up() {
            registering.tried = 1;
        }
        for test in registering.tests.drain(..) {
            // Whoever asked may have given up.
            test.send(finding.test(now(), millis)).ok();
        }
        self.note_health(trunk, &finding, None);
        if let RegistrationState::Retrying { failure, .. } | RegistrationState::Failed(failure) = state
            && asks_for_another(failure)
        {
            self.try_next_server(account);
        }
    }

    /// The other servers are tried at once, one after the other; then the wait before the next attempt holds.
    fn try_next_server(&mut self, account: AccountId) {
        let Some(registering) = self.trunks.accounts.get(&account) else { return };
        let (id, server) = (registering.trunk, registering.server + 1);
        let Some(directory) = self.directory(id.organisation()) else { return };
        let Some(trunk) = directory.trunks.get(&id) else { return };
        let count = trunk.settings.servers.len().max(1);
        let Some(registering) = self.trunks.accounts.get_mut(&account) else { return };
        if registering.tried >= count {
            registering.tried = 1;
            return;
        }
        (registering.tried, registering.server) = (registering.tried + 1, server % count);
        let Some(config) = config(trunk, registering.server) else { return };
        self.command(Command::TrunkServer(id, server % count));
        // It is there: it was added here.
        self.exchange.agent_mut().update_account(clock::now(), account, config).ok();
        self.exchange.settle();
    }

    /// Asks trunks that are due, and takes silence for an answer after a while.
    pub(super) fn look_after_trunks(&mut self) {
        let at = clock::now();
        let silent: Vec<OptionsId> =
            self.trunks.asked.iter().filter(|(_, asked)| at - asked.since >= PATIENCE).map(|(id, _)| *id).collect();
        for id in silent {
            self.trunk_answered(id, &OptionsEnd::NoAnswer);
        }
        let due: Vec<TrunkId> = self.trunks.due.iter().filter(|(_, due)| **due <= at).map(|(id, _)| *id).collect();
        for trunk in due {
            self.trunks.due.insert(trunk, at + PAUSE);
            self.ask_trunk(trunk, 0, None);
        }
    }

    fn ask_trunk(&mut self, id: TrunkId, server: usize, test: Option<oneshot::Sender<TrunkTest>>) {
        let directory = self.directory(id.organisation());
        let trunk = directory.as_ref().and_then(|directory| directory.trunks.get(&id));
        let target = trunk.and_then(|trunk| trunk_server(trunk, server));
        let account = self.exchange.account_of(id.organisation());
        let (Some(target), Some(account)) = (target, account) else { return nobody_to_ask(test) };
        let since = clock::now();
        match self.exchange.agent_mut().ask_options(since, account, &target) {
            Ok(asked) => drop(self.trunks.asked.insert(asked, Asked { trunk: id, server, since, test })),
            Err(_) => nobody_to_ask(test),
        }
        self.exchange.settle();
    }

    pub(super) fn trunk_answered(&mut self, asked: OptionsId, end: &OptionsEnd) {
        let Some(Asked { trunk, server, since, test }) = self.trunks.asked.remove(&asked) else { return };
        let (finding, millis) = (Finding::of_options(end), millis_since(since));
        let directory = self.directory(trunk.organisation());
        let servers = directory.and_then(|directory| Some(directory.trunks.get(&trunk)?.settings.servers.len()));
        if !finding.is_up() && server + 1 < servers.unwrap_or(0) {
            return self.ask_trunk(trunk, server + 1, test);
        }
        if let Some(test) = test {
            // Whoever asked may have given up.
            test.send(finding.test(now(), millis)).ok();
        }
        if finding.is_up() {
            self.command(Command::TrunkServer(trunk, server));
            self.trunks.proven.insert(trunk);
        }
        let pause = if finding.is_up() { PAUSE } else { SHORT_PAUSE };
        self.trunks.due.insert(trunk, clock::now() + pause);
        self.note_health(trunk, &finding, millis);
    }

    /// Tells those who look, and routing. One that never answered OPTIONS may be one that answers none: it is still
    /// called.
    fn note_health(&mut self, trunk: TrunkId, finding: &Finding, millis: Option<u32>) {
        let (since, up, status) = (now(), finding.is_up(), finding.status);
        let key = (trunk.organisation(), trunk.outward());
        let before = self.memory.lock().trunks.get(&key).cloned();
        let health = match (&before, up) {
            (Some(TrunkHealth::Up { since, .. }), true) => TrunkHealth::Up { since: *since, millis },
            (Some(TrunkHealth::Down { since, .. }), false) => TrunkHealth::Down { since: *since, status },
            (_, true) => TrunkHealth::Up { since, millis },
            (_, false) => TrunkHealth::Down { since, status },
        };
        self.memory.lock().trunks.insert(key, health);
        let silent = finding.outcome == TrunkTestOutcome::NoAnswer && !self.trunks.proven.contains(&trunk);
        let registers = self.trunks.accounts.values().any(|registering| registering.trunk == trunk);
        self.command(Command::TrunkHealth(trunk, up || (silent && !registers)));
        let was_up = matches!(before, Some(TrunkHealth::Up { .. }));
        let was_down = matches!(before, Some(TrunkHealth::Down { .. }));
        if (up && !was_up) || (!up && !was_down) {
            self.publish(trunk.organisation(), Change::Trunk { trunk: trunk.outward() });
        }
    }

    /// Asks a trunk for whoever wants to know: REGISTER where it registers, else OPTIONS.
    pub(super) fn test_trunk(&mut self, id: TrunkId, done: oneshot::Sender<TrunkTest>) {
        let Some(directory) = self.directory(id.organisation()) else { return };
        let Some(trunk) = directory.trunks.get(&id) else { return };
        let account = self.trunks.accounts.iter_mut().find(|(_, registering)| registering.trunk == id);
        match (&trunk.settings.link, account) {
            (_, _) if !trunk.settings.active => drop(done.send(trunk_test::not_asked(now(), TrunkTestOutcome::Off))),
            (_, Some((account, registering))) => {
                let account = *account;
                registering.since = clock::now();
                registering.tests.push(done);
                // It is there: it was added here.
                self.exchange.agent_mut().register(clock::now(), account).ok();
                self.exchange.settle();
            }
            (TrunkLink::Registering { .. }, None) => {
                drop(done.send(trunk_test::not_asked(now(), TrunkTestOutcome::NoPassword)));
            }
            (TrunkLink::ByAddress { .. } | TrunkLink::Unknown, None) => self.ask_trunk(id, 0, Some(done)),
        }
    }
}

/// What is written there is no server's address.
fn nobody_to_ask(test: Option<oneshot::Sender<TrunkTest>>) {
    if let Some(test) = test {
        // Whoever asked may have given up.
        test.send(trunk_test::not_asked(now(), TrunkTestOutcome::UnknownHost)).ok();
    }
}

fn millis_since(since: Instant) -> Option<u32> {
    u32::try_from((clock::now() - since).as_millis()).ok()
}

/// Whether another server might do better.
fn asks_for_another(failure: &RegistrationFailure) -> bool {
    match failure {
        RegistrationFailure::Unavailable(..)
        | RegistrationFailure::NoAnswer
        | RegistrationFailure::Resolve(_)
        | RegistrationFailure::Connection(_) => true,
        RegistrationFailure::WrongPassword
        | RegistrationFailure::NoPassword
        | RegistrationFailure::UntrustedChallenge
        | RegistrationFailure::Refused(..) => false,
    }
}

/// The account of one that registers; none where it does not, or lacks something.
fn config(trunk: &TrunkRouting, server: usize) -> Option<AccountConfig> {
    let settings: &TrunkSettings = &trunk.settings;
    let TrunkLink::Registering { user_name } = &settings.link else { return None };
    let server = settings.servers.get(server).filter(|_| settings.active)?.trim_start_matches("sip:");
    let proxy = Uri::parse(&format!("sip:{server}")).ok()?;
    let host = proxy.host()?.as_str().to_owned();
    let domain = settings.domain.clone().unwrap_or(host);
    let address = Uri::sip(Some(user_name), &domain, None).ok()?;
    let credentials = AccountCredentials {
        username: user_name.clone(),
        password: trunk.secret.clone()?,
        realm: None,
        sha256_only: false,
    };
    Some(AccountConfig {
        outbound_proxy: Some(proxy),
        protocol: protocol(settings.transport),
        credentials: Some(credentials),
        callers: Callers::Servers,
        ..AccountConfig::new(address)
    })
}

fn protocol(transport: Transport) -> Option<Protocol> {
    match transport {
        Transport::Udp => Some(Protocol::Udp),
        Transport::Tcp => Some(Protocol::Tcp),
        Transport::Tls => Some(Protocol::Tls),
        Transport::Ws | Transport::Wss | Transport::Automatic | Transport::Unknown => None,
    }
}
