//! News of the machine: its addresses and routes changed, or it slept.

#[cfg(target_os = "linux")]
mod netlink;
mod sleep;
mod snapshot;

use std::sync::Arc;

use bellbird_base::Duration;
use tokio::time;

use crate::clock;
use crate::handle::{NetEvent, Shared};
use sleep::SleepDetector;
use snapshot::Snapshot;

/// How long the network has to be quiet before a change counts.
const QUIET: Duration = Duration::from_millis(200);
/// A network that never gets quiet is looked at after this.
const RESTLESS: Duration = Duration::from_millis(600);
/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(1);

pub(crate) fn start(shared: &Arc<Shared>) {
    shared.spawn(watch_network(Arc::clone(shared)));
    shared.spawn(watch_sleep(Arc::clone(shared)));
}

async fn watch_network(shared: Arc<Shared>) {
    let mut alarm = Alarm::new();
    let mut before = Snapshot::take();
    loop {
        alarm.rings().await;
        // An address that comes brings routes with it, one message each: wait until they are all there.
        time::timeout(RESTLESS, async { while time::timeout(QUIET, alarm.rings()).await.is_ok() {} }).await.ok();
        let after = Snapshot::take();
        if after != before {
            before = after;
            tracing::info!("the network changed");
            shared.resolver.start_afresh();
            shared.report(NetEvent::NetworkChanged).await;
        }
    }
}

async fn watch_sleep(shared: Arc<Shared>) {
    let mut detector = SleepDetector::new(clock::now(), TICK);
    let mut tick = time::interval(TICK);
    tick.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Some(slept) = detector.observe(clock::now()) {
            tracing::info!(seconds = slept.as_secs(), "the machine slept, or this program did");
            shared.resolver.start_afresh();
            shared.report(NetEvent::Resumed).await;
        }
    }
}

/// Rings when something about the network may have changed.
enum Alarm {
    #[cfg(target_os = "linux")]
    Netlink(netlink::RouteSocket),
    Clock(time::Interval),
}

impl Alarm {
    #[cfg(target_os = "linux")]
    fn new() -> Self {
        match netlink::RouteSocket::open() {
            Ok(socket) => Self::Netlink(socket),
            Err(error) => {
                tracing::info!("the system does not tell of changes of the network ({error}): looking regularly");
                Self::clock()
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn new() -> Self {
        Self::clock()
    }

    fn clock() -> Self {
        Self::Clock(time::interval(Duration::from_secs(2)))
    }

    async fn rings(&mut self) {
        let broken = match self {
            #[cfg(target_os = "linux")]
            Self::Netlink(socket) => socket.changed().await.err(),
            Self::Clock(interval) => {
                interval.tick().await;
                None::<std::io::Error>
            }
        };
        if let Some(error) = broken {
            tracing::warn!("the system tells no more of changes of the network ({error}): looking regularly");
            *self = Self::clock();
        }
    }
}
