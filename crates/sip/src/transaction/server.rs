use bellbird_base::Instant;

use super::{Backoff, Class, Timer, earliest};
use crate::agent::Timers;

/// What the owner of a server transaction has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerStep {
    /// Nothing.
    Nothing,
    /// Send the last response (again).
    Respond,
    /// Hand the ACK to the transaction's user: it belongs to a 2xx.
    DeliverAck,
    /// Tell the transaction's user that the ACK to a refusal never came.
    GiveUp,
}

/// A server INVITE transaction, RFC 3261 §17.2.1 and RFC 6026 §7.1.
#[derive(Clone, Debug)]
pub struct InviteServer {
    timers: Timers,
    reliable: bool,
    state: InviteState,
}

/// ```text
///             2xx
/// Proceeding ───────► Accepted ──────────────── L ──► Terminated
///    │  ▲ INVITE:        INVITE: nothing                 ▲  ▲
///    │  └ last 1xx       ACK: to the user                │  │
///    │ 300-699                     ACK                   │  │
///    └──────────────► Completed ───────► Confirmed ── I ─┘  │
///                      G: again  └────────────── H ─────────┘
/// ```
#[derive(Clone, Debug)]
enum InviteState {
    Proceeding,
    Accepted { end: Instant },
    Completed { retransmit: Option<Backoff>, give_up: Instant },
    Confirmed { end: Instant },
    Terminated,
}

impl InviteServer {
    /// The machine of an INVITE that came in now.
    pub fn new(reliable: bool, timers: Timers) -> Self {
        Self { timers, reliable, state: InviteState::Proceeding }
    }

    /// The timer that rings next.
    pub fn deadline(&self) -> Option<(Timer, Instant)> {
        match &self.state {
            InviteState::Accepted { end } => Some((Timer::L, *end)),
            InviteState::Completed { retransmit, give_up } => {
                Some(earliest(retransmit.map(|timer| (Timer::G, timer.at)), (Timer::H, *give_up)))
            }
            InviteState::Confirmed { end } => Some((Timer::I, *end)),
            InviteState::Proceeding | InviteState::Terminated => None,
        }
    }

    /// The user wants to respond. 2xx may be sent again in Accepted: the user repeats it until the ACK comes.
    pub fn respond(&mut self, now: Instant, class: Class) -> ServerStep {
        match (&self.state, class) {
            (InviteState::Proceeding, Class::Provisional) => ServerStep::Respond,
            (InviteState::Proceeding, Class::Success) => {
                self.state = InviteState::Accepted { end: now + self.timers.patience() };
                ServerStep::Respond
            }
            (InviteState::Accepted { .. }, Class::Success) => ServerStep::Respond,
            (InviteState::Proceeding, Class::Refusal) => {
                let retransmit = (!self.reliable).then(|| Backoff::new(now, self.timers.t1, self.timers.t2));
                self.state = InviteState::Completed { retransmit, give_up: now + self.timers.patience() };
                ServerStep::Respond
            }
            (InviteState::Accepted { .. }, Class::Provisional | Class::Refusal)
            | (InviteState::Completed { .. } | InviteState::Confirmed { .. } | InviteState::Terminated, _) => {
                ServerStep::Nothing
            }
        }
    }

    /// The INVITE came in again.
    pub fn receive_again(&mut self) -> ServerStep {
        match self.state {
            InviteState::Proceeding | InviteState::Completed { .. } => ServerStep::Respond,
            InviteState::Accepted { .. } | InviteState::Confirmed { .. } | InviteState::Terminated => {
                ServerStep::Nothing
            }
        }
    }

    /// An ACK came in.
    pub fn receive_ack(&mut self, now: Instant) -> ServerStep {
        match self.state {
            InviteState::Completed { .. } => {
                self.state = if self.reliable {
                    InviteState::Terminated
                } else {
                    InviteState::Confirmed { end: now + self.timers.t4 }
                };
                ServerStep::Nothing
            }
            InviteState::Accepted { .. } => ServerStep::DeliverAck,
            InviteState::Proceeding | InviteState::Confirmed { .. } | InviteState::Terminated => ServerStep::Nothing,
        }
    }

    /// A timer rang.
    pub fn fire(&mut self, now: Instant, timer: Timer) -> ServerStep {
        match timer {
            Timer::G => {
                if let InviteState::Completed { retransmit: Some(backoff), .. } = &mut self.state {
                    *backoff = backoff.next(now);
                    return ServerStep::Respond;
                }
                ServerStep::Nothing
            }
            Timer::H => {
                self.state = InviteState::Terminated;
                ServerStep::GiveUp
            }
            Timer::I | Timer::L => {
                self.state = InviteState::Terminated;
                ServerStep::Nothing
            }
            Timer::A | Timer::B | Timer::D | Timer::E | Timer::F | Timer::J | Timer::K | Timer::M => {
                ServerStep::Nothing
            }
        }
    }

    /// Whether no final response was given yet.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, InviteState::Proceeding)
    }

    /// Whether a refusal was given whose ACK has not come.
    pub fn is_unacknowledged(&self) -> bool {
        matches!(self.state, InviteState::Completed { .. })
    }

    /// Whether it can be forgotten.
    pub fn is_over(&self) -> bool {
        matches!(self.state, InviteState::Terminated)
    }
}

/// A server transaction of another request than INVITE, RFC 3261 §17.2.2.
#[derive(Clone, Debug)]
pub struct NonInviteServer {
    timers: Timers,
    reliable: bool,
    state: NonInviteState,
}

/// ```text
///         1xx               200-699
/// Trying ─────► Proceeding ─────────► Completed ── J ──► Terminated
///    └── 200-699 ──────────────────────► ▲ request again: last response
/// ```
#[derive(Clone, Debug)]
enum NonInviteState {
    Trying,
    Proceeding,
    Completed { end: Instant },
    Terminated,
}

impl NonInviteServer {
    /// The machine of a request that came in now.
    pub fn new(reliable: bool, timers: Timers) -> Self {
        Self { timers, reliable, state: NonInviteState::Trying }
    }

    /// The timer that rings next.
    pub fn deadline(&self) -> Option<(Timer, Instant)> {
        match &self.state {
            NonInviteState::Completed { end } => Some((Timer::J, *end)),
            NonInviteState::Trying | NonInviteState::Proceeding | NonInviteState::Terminated => None,
        }
    }

    /// The user wants to respond.
    pub fn respond(&mut self, now: Instant, class: Class) -> ServerStep {
        match (&self.state, class) {
            (NonInviteState::Trying | NonInviteState::Proceeding, Class::Provisional) => {
                self.state = NonInviteState::Proceeding;
                ServerStep::Respond
            }
            (NonInviteState::Trying | NonInviteState::Proceeding, Class::Success | Class::Refusal) => {
                self.state = if self.reliable {
                    NonInviteState::Terminated
                } else {
                    NonInviteState::Completed { end: now + self.timers.patience() }
                };
                ServerStep::Respond
            }
            (NonInviteState::Completed { .. } | NonInviteState::Terminated, _) => ServerStep::Nothing,
        }
    }

    /// The request came in again.
    pub fn receive_again(&mut self) -> ServerStep {
        match self.state {
            NonInviteState::Proceeding | NonInviteState::Completed { .. } => ServerStep::Respond,
            NonInviteState::Trying | NonInviteState::Terminated => ServerStep::Nothing,
        }
    }

    /// A timer rang.
    pub fn fire(&mut self, timer: Timer) -> ServerStep {
        match timer {
            Timer::J => self.state = NonInviteState::Terminated,
            Timer::A
            | Timer::B
            | Timer::D
            | Timer::E
            | Timer::F
            | Timer::G
            | Timer::H
            | Timer::I
            | Timer::K
            | Timer::L
            | Timer::M => {}
        }
        ServerStep::Nothing
    }

    /// Whether no final response was given yet.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, NonInviteState::Trying | NonInviteState::Proceeding)
    }

    /// Whether it can be forgotten.
    pub fn is_over(&self) -> bool {
        matches!(self.state, NonInviteState::Terminated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bellbird_base::Duration;

    fn machine() -> InviteServer {
        InviteServer::new(false, Timers::default())
    }

    #[test]
    fn refusal_is_repeated_until_the_ack_comes() {
        let mut server = machine();
        assert_eq!(server.respond(Instant::ORIGIN, Class::Refusal), ServerStep::Respond);
        let (timer, at) = server.deadline().unwrap();
        assert_eq!((timer, at.as_millis()), (Timer::G, 500));
        assert_eq!(server.fire(at, timer), ServerStep::Respond);
        assert_eq!(server.receive_ack(at), ServerStep::Nothing);
        let (timer, at) = server.deadline().unwrap();
        assert_eq!((timer, at.as_millis()), (Timer::I, 5_500));
        server.fire(at, timer);
        assert!(server.is_over());
    }

    #[test]
    fn missing_ack_to_a_refusal_is_told_after_timer_h() {
        let mut server = machine();
        server.respond(Instant::ORIGIN, Class::Refusal);
        let mut last = ServerStep::Nothing;
        let mut end = Instant::ORIGIN;
        while let Some((timer, at)) = server.deadline() {
            last = server.fire(at, timer);
            end = at;
        }
        assert_eq!(last, ServerStep::GiveUp);
        assert_eq!(end.since(Instant::ORIGIN), Duration::from_secs(32));
    }

    #[test]
    fn accepted_invite_absorbs_retransmissions_and_passes_the_ack_on() {
        let mut server = machine();
        assert_eq!(server.respond(Instant::ORIGIN, Class::Success), ServerStep::Respond);
        assert_eq!(server.receive_again(), ServerStep::Nothing);
        assert_eq!(server.receive_ack(Instant::ORIGIN), ServerStep::DeliverAck);
        assert_eq!(server.respond(Instant::ORIGIN, Class::Success), ServerStep::Respond);
        assert_eq!(server.respond(Instant::ORIGIN, Class::Refusal), ServerStep::Nothing);
        assert_eq!(server.deadline().unwrap().0, Timer::L);
    }

    #[test]
    fn repeated_request_gets_the_last_response_again() {
        let mut server = NonInviteServer::new(false, Timers::default());
        assert_eq!(server.receive_again(), ServerStep::Nothing);
        server.respond(Instant::ORIGIN, Class::Success);
        assert_eq!(server.receive_again(), ServerStep::Respond);
        let (timer, at) = server.deadline().unwrap();
        assert_eq!(at.as_millis(), 32_000);
        server.fire(timer);
        assert!(server.is_over());
    }
}
