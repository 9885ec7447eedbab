use std::io;
use std::net::SocketAddr;

use bellbird_base::{Protocol, Seed};
use bellbird_contract::{CallId, Command, Levels, PhoneView};
use bellbird_media::{Negotiated, QualityReport};
use bellbird_net::{ListenError, NetHandle, clock};
use thiserror::Error;
use tokio::sync::mpsc;

use crate::config::EngineConfig;
use crate::driver::{Driver, Parts, Report};
use crate::keeper::{Keeper, KeeperEvent};
use crate::rtp::RtpThread;
use crate::secrets::random_bytes;
use crate::sound::SoundThread;

/// Why the engine can't start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A thread or its means of waking up could not be had.
    #[error("the phone can't start: {0}")]
    System(#[from] io::Error),
    /// A port to listen on could not be had.
    #[error("the phone can't listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: ListenError,
    },
}

/// What the engine tells its shell.
#[derive(Debug)]
pub enum EngineEvent {
    /// The phone runs and listens on these, as `udp:127.0.0.1:5060`. Said first and once.
    Ready(Vec<String>),
    /// Everything that a UI shows, whole.
    View(Box<PhoneView>),
    /// How loud it is, some 20 times a second while a call or a trial goes on.
    Levels(Levels),
    /// What two sides of a call agreed on.
    Negotiated(CallId, Negotiated),
    /// How a call sounds, once a second; `last` for the figures of the whole call.
    Quality {
        /// Which call.
        call: CallId,
        /// The figures.
        report: Box<QualityReport>,
        /// Whether its sound is over.
        last: bool,
    },
    /// The file that stands in for the microphone came to its end.
    PlayedOut,
    /// Calls have ended, accounts are unregistered, everything is written. Nothing follows.
    Finished,
}

/// A running phone. Dropping it ends it at once; [`Command::Quit`] ends it in good order.
#[derive(Debug)]
pub struct Engine {
    reports: mpsc::UnboundedSender<Report>,
}

impl Engine {
    /// Starts a phone on the tokio runtime that this is called in.
    ///
    /// # Errors
    /// See [`StartError`]. Missing sound devices and a database that can't be read are no errors: the phone says so in
    /// its view and goes on.
    pub async fn start(config: EngineConfig) -> Result<(Self, mpsc::UnboundedReceiver<EngineEvent>), StartError> {
        let (report, mut reports) = mpsc::unbounded_channel();
        let (events, told) = mpsc::unbounded_channel();
        let (net, net_events) = NetHandle::start(config.net.clone());
        let listening = listen(&net, &config.listen).await?;
        let rtp = {
            let report = report.clone();
            RtpThread::start(config.rtp_ports, clock::now, move |event| drop(report.send(Report::Rtp(event))))?
        };
        let sound = {
            let report = report.clone();
            let tell = move |event| drop(report.send(Report::Sound(event)));
            SoundThread::start(config.sound.clone(), rtp.waker(), tell)?
        };
        let keeper = {
            let report = report.clone();
            Keeper::start(config.memory.clone(), move |event| drop(report.send(Report::Keeper(event))))?
        };
        let (loaded, instance, early) = first_load(&mut reports).await;
        early.into_iter().for_each(|earlier| drop(report.send(earlier)));
        events.send(EngineEvent::Ready(listening)).ok();
        let seed = Seed::new(random_bytes()?);
        let engine = Self { reports: report.clone() };
        let parts =
            Parts { config, loaded, instance, seed, net, net_events, reports, report, events, keeper, rtp, sound };
        tokio::spawn(Driver::new(parts).run());
        Ok((engine, told))
    }

    /// Does what the user wants; what comes of it is in the next view.
    pub fn command(&self, command: Command) {
        self.report(Report::Command(command));
    }

    /// Refuses an incoming call with a status of one's own choosing, 400 to 699.
    pub fn reject(&self, call: CallId, status: u16) {
        self.report(Report::Reject(call, status));
    }

    fn report(&self, report: Report) {
        if self.reports.send(report).is_err() {
            tracing::debug!("the phone has ended");
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.report(Report::Abandon);
    }
}

async fn listen(net: &NetHandle, wanted: &[(Protocol, SocketAddr)]) -> Result<Vec<String>, StartError> {
    let mut listening = Vec::new();
    for &(protocol, address) in wanted {
        let bound = net.listen(protocol, address).await.map_err(|source| StartError::Listen { address, source })?;
        listening.push(format!("{}:{bound}", protocol.via_name().to_lowercase()));
    }
    Ok(listening)
}

/// Waits for what had been kept; what else was reported meanwhile comes back in order.
async fn first_load(reports: &mut mpsc::UnboundedReceiver<Report>) -> (bellbird_phone::Loaded, String, Vec<Report>) {
    let mut earlier = Vec::new();
    while let Some(report) = reports.recv().await {
        if let Report::Keeper(KeeperEvent::Loaded(loaded, instance)) = report {
            return (*loaded, instance, earlier);
        }
        earlier.push(report);
    }
    (bellbird_phone::Loaded::default(), String::new(), earlier)
}
