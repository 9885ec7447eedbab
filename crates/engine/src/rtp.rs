//! One thread for all RTP: it owns the media sessions and their sockets.
//!
//! ```text
//! socket → Session (SRTP, RTP) → ring → sound thread
//! sound thread → ring → Session (RTP, SRTP) → socket
//! ```
//!
//! It blocks in one `poll` for all sockets, timers, commands and the sound thread's frames, so that a packet is never
//! late because an async task was busy elsewhere.

mod leg;
mod packet;
mod sockets;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use bellbird_base::{Duration, Instant, Seed};
use bellbird_contract::CallId;
use bellbird_media::{Component, Negotiated, QualityReport, SessionConfig};
use mio::{Events, Poll, Token, Waker};

pub(crate) use leg::LegRings;
pub(crate) use packet::{FromSound, Payload, ToSound};
pub use sockets::PortRange;

use leg::Leg;

/// The token of the waker; a leg's tokens are its number times two, plus one for RTCP.
const WAKE: Token = Token(0);
/// How often the driver is told how a call sounds.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// What the driver asks of the thread.
pub(crate) enum RtpCommand {
    /// Makes a session and its sockets on this address.
    Open {
        /// Whose.
        call: CallId,
        /// Where to receive.
        address: IpAddr,
        /// The session's configuration; its addresses are filled in here.
        configure: Box<dyn FnOnce(std::net::SocketAddr, std::net::SocketAddr) -> SessionConfig + Send>,
        /// Randomness.
        seed: Seed,
        /// The rings to the sound thread.
        rings: LegRings,
    },
    /// Asks for an offer.
    Offer(CallId),
    /// Asks for the answer to this offer.
    Answer(CallId, String),
    /// Gives the answer to our offer.
    AcceptAnswer(CallId, String),
    /// Forgets the pending offer.
    Rollback(CallId),
    /// Holds or resumes with the next offer.
    Hold(CallId, bool),
    /// Takes new sockets on this address; the next offer tells the peer.
    Move(CallId, IpAddr),
    /// Sends a digit as RTP events.
    Digit(CallId, char, Duration),
    /// Gives the address of the host that the SDP named.
    Resolved(CallId, IpAddr),
    /// Says goodbye and forgets the session.
    Close(CallId),
    /// Ends the thread.
    Quit,
}

/// What the thread tells the driver.
#[derive(Debug)]
pub(crate) enum RtpEvent {
    /// Our offer, or why there is none.
    Offer(CallId, Result<String, String>),
    /// Our answer, or the status and words of the refusal.
    Answer(CallId, Result<String, bellbird_media::SdpRefusal>),
    /// The peer's answer was taken, or why not.
    Accepted(CallId, Result<(), bellbird_media::SdpRefusal>),
    /// What an exchange came to.
    Negotiated(CallId, Negotiated),
    /// The peer pressed a digit.
    Digit(CallId, char),
    /// The peer takes no digits in RTP: they must go another way.
    DigitRefused(CallId, char),
    /// How the call sounds, once a second; `last` is the one at the end.
    Report {
        /// Which call.
        call: CallId,
        /// The figures.
        report: Box<QualityReport>,
        /// Whether the session is over.
        last: bool,
    },
    /// No sockets could be had.
    Failed(CallId, io::Error),
    /// The SDP names a host: resolve it.
    ResolveHost(CallId, String),
}

/// The driver's end of the thread.
pub(crate) struct RtpThread {
    commands: mpsc::Sender<RtpCommand>,
    waker: Arc<Waker>,
    thread: Option<thread::JoinHandle<()>>,
}

impl RtpThread {
    /// Starts the thread. `events` is called on it and must not block.
    pub(crate) fn start(
        ports: PortRange,
        now: impl Fn() -> Instant + Send + 'static,
        events: impl FnMut(RtpEvent) + Send + 'static,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let (commands, received) = mpsc::channel();
        let worker =
            Worker { poll, ports, now, events, commands: received, legs: BTreeMap::new(), next_leg: 1, running: true };
        let thread = thread::Builder::new().name("bellbird-rtp".into()).spawn(move || worker.run())?;
        Ok(Self { commands, waker, thread: Some(thread) })
    }

    /// Gives a command. A thread that has ended takes none, and nothing is left to be done then.
    pub(crate) fn command(&self, command: RtpCommand) {
        if self.commands.send(command).is_ok() {
            self.wake();
        }
    }

    /// What wakes the thread when a frame lies in a ring; a system call and no lock.
    pub(crate) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!("the RTP thread can't be woken: {error}");
        }
    }
}

impl Drop for RtpThread {
    fn drop(&mut self) {
        self.command(RtpCommand::Quit);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the RTP thread had panicked");
        }
    }
}

struct Worker<N, E> {
    poll: Poll,
    ports: PortRange,
    now: N,
    events: E,
    commands: mpsc::Receiver<RtpCommand>,
    legs: BTreeMap<CallId, Leg>,
    next_leg: usize,
    running: bool,
}

impl<N: Fn() -> Instant, E: FnMut(RtpEvent)> Worker<N, E> {
    fn run(mut self) {
        bellbird_device::ask_for_real_time();
        let mut ready = Events::with_capacity(64);
        while self.running {
            let wait = self.next_deadline().map(|deadline| deadline.since((self.now)()));
            match self.poll.poll(&mut ready, wait) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::error!("the RTP thread can't wait for packets: {error}");
                    return;
                }
            }
            ready.iter().for_each(|event| self.receive(event.token()));
            while let Ok(command) = self.commands.try_recv() {
                self.carry_out(command);
            }
            self.tick();
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.legs.values().map(Leg::deadline).min()
    }

    fn receive(&mut self, Token(token): Token) {
        let component = if token % 2 == 0 { Component::Rtp } else { Component::Rtcp };
        let now = &self.now;
        if let Some((&call, leg)) = self.legs.iter_mut().find(|(_, leg)| leg.number() == token / 2) {
            leg.receive(now, component, &mut |event| (self.events)(event.of(call)));
        }
    }

    fn tick(&mut self) {
        let now = (self.now)();
        for (&call, leg) in &mut self.legs {
            leg.send_frames(now);
            leg.pass_time(now, &mut |event| (self.events)(event.of(call)));
        }
    }

    fn carry_out(&mut self, command: RtpCommand) {
        let now = (self.now)();
        match command {
            RtpCommand::Open { call, address, configure, seed, rings } => {
                let number = self.next_leg;
                self.next_leg += 1;
                match Leg::open(&self.poll, self.ports, number, address, configure, seed, rings, now) {
                    Ok(leg) => drop(self.legs.insert(call, leg)),
                    Err(error) => (self.events)(RtpEvent::Failed(call, error)),
                }
            }
            RtpCommand::Offer(call) => self.exchange(call, |leg| leg.offer(now), RtpEvent::Offer),
            RtpCommand::Answer(call, offer) => self.exchange(call, |leg| leg.answer(now, &offer), RtpEvent::Answer),
            RtpCommand::AcceptAnswer(call, answer) => {
                self.exchange(call, |leg| leg.accept_answer(now, &answer), RtpEvent::Accepted);
            }
            RtpCommand::Rollback(call) => self.with(call, Leg::rollback),
            RtpCommand::Hold(call, hold) => self.with(call, |leg| leg.set_hold(hold)),
            RtpCommand::Move(call, address) => self.change_address(call, address),
            RtpCommand::Digit(call, digit, duration) => {
                let refused = self.legs.get_mut(&call).is_some_and(|leg| !leg.send_digit(now, digit, duration));
                if refused {
                    (self.events)(RtpEvent::DigitRefused(call, digit));
                }
            }
            RtpCommand::Resolved(call, address) => self.with(call, |leg| leg.resolved(now, address)),
            RtpCommand::Close(call) => self.close(call, now),
            RtpCommand::Quit => {
                self.running = false;
                let calls: Vec<CallId> = self.legs.keys().copied().collect();
                calls.into_iter().for_each(|call| self.close(call, now));
            }
        }
    }

    fn with(&mut self, call: CallId, act: impl FnOnce(&mut Leg)) {
        if let Some(leg) = self.legs.get_mut(&call) {
            act(leg);
        }
    }

    fn exchange<T>(
        &mut self,
        call: CallId,
        act: impl FnOnce(&mut Leg) -> T,
        event: impl FnOnce(CallId, T) -> RtpEvent,
    ) {
        if let Some(leg) = self.legs.get_mut(&call) {
            let outcome = act(leg);
            (self.events)(event(call, outcome));
        }
    }

    fn change_address(&mut self, call: CallId, address: IpAddr) {
        let Some(leg) = self.legs.get_mut(&call) else { return };
        if let Err(error) = leg.change_address(&self.poll, self.ports, address) {
            (self.events)(RtpEvent::Failed(call, error));
        }
    }

    fn close(&mut self, call: CallId, now: Instant) {
        if let Some(mut leg) = self.legs.remove(&call) {
            let report = Box::new(leg.close(&self.poll, now));
            (self.events)(RtpEvent::Report { call, report, last: true });
        }
    }
}
