//! The running SIP side: its start, and what the API asks of it.

use std::net::SocketAddr;
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use bellbird_base::{Protocol, Seed};
use bellbird_contract::Timestamp;
use bellbird_contract::server::{
    CallProgress, ClientId, NetworkTest, OptionsAnswer, OrgId, Receipt, RegistrationId, RegistrationView, Revision,
    ServerCallId, ServerErrorCode, SipTest, TrunkHealth, TrunkId, TrunkTest, UserId, VoipAccountId,
};
use bellbird_exchange::{Exchange, ExchangeConfig};
use bellbird_net::{NetConfig, NetHandle, clock};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::config::EdgeConfig;
use super::driver::{Driver, Parts, Report, Resumed};
use super::keeper::Keeper;
use super::media::MediaPort;
use super::memory::{CATCHING_UP, SharedMemory};
use super::probe::Probe;
use super::{CallOrder, Edge, Figures, PhoneState, saved, trunk_test, watcher};
use crate::auth::new_id;
use crate::domain::{Change, now};
use crate::relay::{Relay, RelayConfig};
use crate::store::{Published, Store};

/// Whose clock stamps acts of keys: the storage's own is 0.
const NODE: u64 = 1;
/// How long a device has to answer OPTIONS.
const PATIENCE: StdDuration = StdDuration::from_secs(4);
/// How long a trunk has for its answer.
const TRUNK_PATIENCE: StdDuration = StdDuration::from_secs(6);
/// When OPTIONS over datagrams is sent again (RFC 3261 §17.1.2).
const REPEATS: [StdDuration; 2] = [StdDuration::from_millis(500), StdDuration::from_millis(1_000)];
/// Flows that peers may open.
const MOST_FLOWS: usize = 50_000;

/// The SIP side. It ends when the last clone of this is dropped.
#[derive(Clone)]
pub struct SipEdge {
    memory: SharedMemory,
    reports: mpsc::UnboundedSender<Report>,
    store: Store,
    relay: Relay,
}

impl SipEdge {
    /// Takes up what an earlier life left, and listens. Says where: a port that was 0 is the system's choice.
    ///
    /// # Errors
    /// Where the storage can't be read, or a socket can't be opened.
    pub async fn start(config: EdgeConfig, store: Store) -> anyhow::Result<(Self, Vec<(Protocol, SocketAddr)>)> {
        // Listening begins before anything is read: nothing falls in between.
        let changes = store.subscribe();
        let directories = watcher::all(&store).await?;
        let (net, net_events) = NetHandle::start(net_config(&config));
        let (reports, queue) = mpsc::unbounded_channel();
        let memory = SharedMemory::default();
        let keeper = Keeper::start(store.clone(), memory.clone(), reports.downgrade(), new_id()?);
        let relay = Relay::new(RelayConfig {
            address: config.media_address.or(config.public_address),
            ports: config.media_ports,
            loopback: config.is_loopback(),
        });
        let mut driver = Driver::new(Parts {
            exchange: Exchange::new(
                ExchangeConfig { node: NODE, ..ExchangeConfig::default() },
                &seed()?,
                clock::now(),
                now(),
            ),
            net: net.clone(),
            net_events,
            reports: queue,
            store: store.clone(),
            keeper,
            memory: memory.clone(),
            media: MediaPort::new(relay.clone()),
            public_address: config.public_address,
        });
        let known = directories.keys().copied().collect();
        restore(&mut driver, &store, directories).await?;
        let mut listening = Vec::new();
        for (protocol, address) in config.listen {
            listening.push((protocol, net.listen(protocol, address).await?));
        }
        tokio::spawn(watcher::watch(store.clone(), changes, known, reports.downgrade()));
        tokio::spawn(driver.run());
        Ok((Self { memory, reports, store, relay }, listening))
    }

    async fn ask<R>(&self, report: impl FnOnce(oneshot::Sender<R>) -> Report) -> Option<R> {
        let (done, answer) = oneshot::channel();
        self.reports.send(report(done)).ok()?;
        answer.await.ok()
    }
}

async fn restore(
    driver: &mut Driver,
    store: &Store,
    directories: std::collections::BTreeMap<OrgId, std::sync::Arc<bellbird_exchange::directory::Directory>>,
) -> anyhow::Result<()> {
    let (mut bindings, mut calls, mut old) = (Vec::new(), Vec::new(), Vec::new());
    for org in directories.keys().copied() {
        let stored = store.bindings(org, now()).await?;
        bindings.extend(stored.into_iter().filter_map(|binding| saved::read_binding(org, binding)));
        let stored = store.confirmed_calls(org).await?;
        old.push((org, stored.iter().map(|call| call.id.clone()).collect::<Vec<_>>()));
        let read = stored.into_iter().filter_map(|call| saved::read_call(org, call.document));
        calls.extend(read.map(|(kept, record)| Resumed { kept, record }));
    }
    tracing::info!("{} registrations and {} calls go on", bindings.len(), calls.len());
    driver.restore(directories, bindings, calls);
    for (org, ids) in old {
        driver.keeper.forget_calls(org, ids);
    }
    Ok(())
}

fn net_config(config: &EdgeConfig) -> NetConfig {
    NetConfig { identity: config.identity.clone(), max_accepted: MOST_FLOWS, watch: false, ..NetConfig::default() }
}

fn seed() -> anyhow::Result<Seed> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("there is no randomness: {error}"))?;
    Ok(Seed::new(bytes))
}

#[async_trait]
impl Edge for SipEdge {
    fn figures(&self) -> Figures {
        let (relay_packets, relay_strays) = self.relay.packets();
        let memory = self.memory.lock();
        let registrations: usize = memory.registrations.values().map(Vec::len).sum();
        let up = |health: &TrunkHealth| matches!(health, TrunkHealth::Up { .. });
        Figures {
            calls: memory.sessions,
            registrations: registrations as u64,
            trunks: memory.trunks.iter().map(|((org, trunk), health)| (*org, *trunk, up(health))).collect(),
            alarms: memory.alarms,
            relay_packets,
            relay_strays,
            relay_ports: self.relay.open_ports() as u64,
        }
    }

    fn suspected_dnd(&self, org: OrgId, account: VoipAccountId) -> Option<Timestamp> {
        self.memory.lock().suspected.get(&(org, account)).copied()
    }

    async fn end(&self) {
        self.ask(Report::End).await;
    }

    async fn caught_up(&self, org: OrgId, revision: Revision) {
        // Whoever waits goes on in any case: the worst is a second try.
        timeout(CATCHING_UP, self.memory.has_reached(org, revision)).await.ok();
    }

    fn phones(&self, org: OrgId, user: UserId) -> PhoneState {
        self.memory.lock().phones.get(&(org, user)).copied().unwrap_or_default()
    }

    fn registrations(&self, org: OrgId, account: VoipAccountId) -> Vec<RegistrationView> {
        self.memory.lock().registrations.get(&(org, account)).cloned().unwrap_or_default()
    }

    fn feature_events(&self, org: OrgId, account: VoipAccountId) -> Option<bool> {
        self.memory.lock().feature_events(org, account)
    }

    fn receipts(&self, org: OrgId, user: UserId) -> Vec<Receipt> {
        self.memory.lock().receipts(org, user)
    }

    fn applied(&self, org: OrgId, user: UserId, client: &ClientId, at: Timestamp) {
        let revision = {
            let mut memory = self.memory.lock();
            memory.applied.entry((org, user)).or_default().insert(client.clone(), at);
            memory.directories.get(&org).map_or(Revision(0), |directory| directory.revision)
        };
        self.store.publish(Published { org, revision, change: Change::Receipts { user } });
    }

    async fn remove_registration(&self, org: OrgId, account: VoipAccountId, registration: RegistrationId) -> bool {
        self.ask(|done| Report::RemoveRegistration(org, account, registration, done)).await.unwrap_or(false)
    }

    async fn sip_test(&self, org: OrgId, account: VoipAccountId) -> SipTest {
        let at = now();
        let probes = self.ask(|done| Report::Probe(org, account, done)).await.unwrap_or_default();
        let answers = futures_util::future::join_all(probes.into_iter().map(answer));
        let repeat = async {
            for pause in REPEATS {
                sleep(pause).await;
                self.reports.send(Report::Repeat).ok();
            }
            std::future::pending::<()>().await;
        };
        let answers: Vec<OptionsAnswer> = tokio::select! {
            answers = answers => answers,
            () = repeat => Vec::new(),
        };
        let registrations = u32::try_from(answers.len()).unwrap_or(u32::MAX);
        SipTest { at, registrations, answers, feature_events: self.feature_events(org, account) }
    }

    async fn network_test(&self, org: OrgId, account: VoipAccountId) -> Option<NetworkTest> {
        self.ask(Report::Measure).await;
        self.memory.lock().network.get(&(org, account)).cloned()
    }

    fn trunk(&self, org: OrgId, trunk: TrunkId) -> (TrunkHealth, u32) {
        let memory = self.memory.lock();
        let health = memory.trunks.get(&(org, trunk)).cloned().unwrap_or(TrunkHealth::Unproven);
        (health, memory.trunk_calls.get(&(org, trunk)).copied().unwrap_or(0))
    }

    async fn trunk_test(&self, org: OrgId, trunk: TrunkId) -> Result<TrunkTest, ServerErrorCode> {
        let asked = self.ask(|done| Report::TestTrunk(org, trunk, done));
        match timeout(TRUNK_PATIENCE, asked).await {
            Ok(tested) => tested.ok_or(ServerErrorCode::Unavailable),
            Err(_) => Ok(trunk_test::silent(now())),
        }
    }

    async fn start_call(&self, org: OrgId, order: CallOrder) -> Result<CallProgress, ServerErrorCode> {
        self.ask(|done| Report::StartCall(org, order, done)).await.unwrap_or(Err(ServerErrorCode::Unavailable))
    }

    fn calls(&self, org: OrgId, user: UserId) -> Vec<CallProgress> {
        self.memory.lock().calls.get(&(org, user)).cloned().unwrap_or_default()
    }

    async fn cancel_call(&self, org: OrgId, user: UserId, call: &ServerCallId) -> bool {
        let his = self.memory.lock().owns(org, user, call);
        his && self.reports.send(Report::CancelCall(call.clone())).is_ok()
    }
}

/// What a registration answered, or that it did not.
async fn answer(probe: Probe) -> OptionsAnswer {
    let silent = OptionsAnswer { registration: probe.registration, status: None, millis: None };
    match timeout(PATIENCE, probe.answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) | Err(_) => silent,
    }
}
