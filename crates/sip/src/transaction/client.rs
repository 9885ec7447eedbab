use bellbird_base::{Duration, Instant};

use super::{Backoff, Class, Timer, earliest};
use crate::agent::Timers;

/// What the owner of a client transaction has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientStep {
    /// Nothing.
    Nothing,
    /// Send the request again.
    Retransmit,
    /// Hand the response to the transaction's user.
    Deliver,
    /// Hand the response to the transaction's user and acknowledge it (a refused INVITE).
    DeliverAndAcknowledge,
    /// Send the acknowledgement again.
    Acknowledge,
    /// Tell the transaction's user that nobody answers.
    GiveUp,
}

/// A client INVITE transaction, RFC 3261 §17.1.1 and RFC 6026 §7.2.
#[derive(Clone, Debug)]
pub struct InviteClient {
    timers: Timers,
    reliable: bool,
    state: InviteState,
}

/// ```text
///             1xx               2xx
/// Calling ─────────► Proceeding ─────► Accepted ──── M ───┐
///    │  └───── 2xx ──────│──────────────► ▲ │ 2xx passed  ▼
///    │ 300-699           │ 300-699          on      Terminated
///    ├───────────────────┴─────────────► Completed ── D ──▲
///    └─── B, transport error ─────────────────────────────┘
/// ```
#[derive(Clone, Debug)]
enum InviteState {
    Calling {
        retransmit: Option<Backoff>,
        give_up: Instant,
        wanted: bool,
    },
    /// Without a limit until nobody wants the answer any more.
    Proceeding {
        give_up: Option<Instant>,
    },
    Accepted {
        end: Instant,
    },
    Completed {
        end: Instant,
    },
    Terminated,
}

impl InviteClient {
    /// The machine of an INVITE that is being sent now.
    pub fn new(now: Instant, reliable: bool, timers: Timers) -> Self {
        let retransmit = (!reliable).then(|| Backoff::new(now, timers.t1, Duration::MAX / 4));
        let state = InviteState::Calling { retransmit, give_up: now + timers.patience(), wanted: true };
        Self { timers, reliable, state }
    }

    /// The timer that rings next.
    pub fn deadline(&self) -> Option<(Timer, Instant)> {
        match &self.state {
            InviteState::Calling { retransmit, give_up, .. } => {
                Some(earliest(retransmit.map(|timer| (Timer::A, timer.at)), (Timer::B, *give_up)))
            }
            InviteState::Accepted { end } => Some((Timer::M, *end)),
            InviteState::Completed { end } => Some((Timer::D, *end)),
            InviteState::Proceeding { give_up } => give_up.map(|at| (Timer::B, at)),
            InviteState::Terminated => None,
        }
    }

    /// A response came in.
    pub fn receive(&mut self, now: Instant, class: Class) -> ClientStep {
        match (&self.state, class) {
            (InviteState::Calling { wanted, .. }, Class::Provisional) => {
                let give_up = (!wanted).then(|| now + self.timers.patience());
                self.state = InviteState::Proceeding { give_up };
                ClientStep::Deliver
            }
            (InviteState::Proceeding { .. }, Class::Provisional) => ClientStep::Deliver,
            (InviteState::Calling { .. } | InviteState::Proceeding { .. }, Class::Success) => {
                self.state = InviteState::Accepted { end: now + self.timers.patience() };
                ClientStep::Deliver
            }
            (InviteState::Accepted { .. }, Class::Success) => ClientStep::Deliver,
            (InviteState::Calling { .. } | InviteState::Proceeding { .. }, Class::Refusal) => {
                self.state = self.completed(now);
                ClientStep::DeliverAndAcknowledge
            }
            (InviteState::Completed { .. }, Class::Refusal) => ClientStep::Acknowledge,
            (InviteState::Accepted { .. }, Class::Provisional | Class::Refusal)
            | (InviteState::Completed { .. }, Class::Provisional | Class::Success)
            | (InviteState::Terminated, _) => ClientStep::Nothing,
        }
    }

    /// A timer rang.
    pub fn fire(&mut self, now: Instant, timer: Timer) -> ClientStep {
        match timer {
            Timer::A => {
                if let InviteState::Calling { retransmit: Some(backoff), .. } = &mut self.state {
                    *backoff = backoff.next(now);
                    return ClientStep::Retransmit;
                }
                ClientStep::Nothing
            }
            Timer::B => self.give_up(),
            Timer::D | Timer::M => {
                self.state = InviteState::Terminated;
                ClientStep::Nothing
            }
            Timer::E | Timer::F | Timer::G | Timer::H | Timer::I | Timer::J | Timer::K | Timer::L => {
                ClientStep::Nothing
            }
        }
    }

    /// The flow broke. In Completed and Accepted that is nothing to tell.
    pub fn transport_failed(&mut self) -> ClientStep {
        self.give_up()
    }

    /// Nobody wants the answer any more: gives up when none comes within 64·T1, as after a CANCEL (RFC 3261 §9.1).
    pub fn limit(&mut self, now: Instant) {
        match &mut self.state {
            InviteState::Calling { wanted, .. } => *wanted = false,
            InviteState::Proceeding { give_up } => *give_up = give_up.or(Some(now + self.timers.patience())),
            InviteState::Accepted { .. } | InviteState::Completed { .. } | InviteState::Terminated => {}
        }
    }

    /// Whether a response that is not final has come, so that a CANCEL may be sent (RFC 3261 §9.1).
    pub fn is_proceeding(&self) -> bool {
        matches!(self.state, InviteState::Proceeding { .. })
    }

    /// Whether no final response has come.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, InviteState::Calling { .. } | InviteState::Proceeding { .. })
    }

    /// Whether it can be forgotten.
    pub fn is_over(&self) -> bool {
        matches!(self.state, InviteState::Terminated)
    }

    fn give_up(&mut self) -> ClientStep {
        let pending = self.is_pending();
        self.state = InviteState::Terminated;
        if pending { ClientStep::GiveUp } else { ClientStep::Nothing }
    }

    fn completed(&self, now: Instant) -> InviteState {
        if self.reliable {
            return InviteState::Terminated;
        }
        // Timer D has to be at least 32 s, and at least as long as the peer's timer H.
        InviteState::Completed { end: now + self.timers.patience() }
    }
}

/// A client transaction of another request than INVITE, RFC 3261 §17.1.2.
#[derive(Clone, Debug)]
pub struct NonInviteClient {
    timers: Timers,
    reliable: bool,
    state: NonInviteState,
}

/// ```text
///           1xx               200-699
/// Trying ─────────► Proceeding ───────► Completed ── K ──► Terminated
///    ├─ 200-699 ───────│─────────────────► ▲                  ▲
///    └─ F, transport error ────────────────────────────────────┘
/// ```
#[derive(Clone, Debug)]
enum NonInviteState {
    Trying { retransmit: Option<Backoff>, give_up: Instant },
    Proceeding { retransmit: Option<Backoff>, give_up: Instant },
    Completed { end: Instant },
    Terminated,
}

impl NonInviteClient {
    /// The machine of a request that is being sent now.
    pub fn new(now: Instant, reliable: bool, timers: Timers) -> Self {
        let retransmit = (!reliable).then(|| Backoff::new(now, timers.t1, timers.t2));
        let state = NonInviteState::Trying { retransmit, give_up: now + timers.patience() };
        Self { timers, reliable, state }
    }

    /// The timer that rings next.
    pub fn deadline(&self) -> Option<(Timer, Instant)> {
        match &self.state {
            NonInviteState::Trying { retransmit, give_up } | NonInviteState::Proceeding { retransmit, give_up } => {
                Some(earliest(retransmit.map(|timer| (Timer::E, timer.at)), (Timer::F, *give_up)))
            }
            NonInviteState::Completed { end } => Some((Timer::K, *end)),
            NonInviteState::Terminated => None,
        }
    }

    /// A response came in.
    pub fn receive(&mut self, now: Instant, class: Class) -> ClientStep {
        match (&self.state, class) {
            (NonInviteState::Trying { retransmit, give_up }, Class::Provisional) => {
                let retransmit = retransmit.map(|backoff| backoff.slowed(now));
                self.state = NonInviteState::Proceeding { retransmit, give_up: *give_up };
                ClientStep::Deliver
            }
            (NonInviteState::Proceeding { .. }, Class::Provisional) => ClientStep::Deliver,
            (NonInviteState::Trying { .. } | NonInviteState::Proceeding { .. }, Class::Success | Class::Refusal) => {
                self.state = self.completed(now);
                ClientStep::Deliver
            }
            (NonInviteState::Completed { .. } | NonInviteState::Terminated, _) => ClientStep::Nothing,
        }
    }

    /// A timer rang.
    pub fn fire(&mut self, now: Instant, timer: Timer) -> ClientStep {
        match timer {
            Timer::E => match &mut self.state {
                NonInviteState::Trying { retransmit: Some(backoff), .. }
                | NonInviteState::Proceeding { retransmit: Some(backoff), .. } => {
                    *backoff = backoff.next(now);
                    ClientStep::Retransmit
                }
                NonInviteState::Trying { retransmit: None, .. }
                | NonInviteState::Proceeding { retransmit: None, .. }
                | NonInviteState::Completed { .. }
                | NonInviteState::Terminated => ClientStep::Nothing,
            },
            Timer::F => self.give_up(),
            Timer::K => {
                self.state = NonInviteState::Terminated;
                ClientStep::Nothing
            }
            Timer::A | Timer::B | Timer::D | Timer::G | Timer::H | Timer::I | Timer::J | Timer::L | Timer::M => {
                ClientStep::Nothing
            }
        }
    }

    /// The flow broke.
    pub fn transport_failed(&mut self) -> ClientStep {
        self.give_up()
    }

    /// Whether it can be forgotten.
    pub fn is_over(&self) -> bool {
        matches!(self.state, NonInviteState::Terminated)
    }

    fn give_up(&mut self) -> ClientStep {
        let pending = matches!(self.state, NonInviteState::Trying { .. } | NonInviteState::Proceeding { .. });
        self.state = NonInviteState::Terminated;
        if pending { ClientStep::GiveUp } else { ClientStep::Nothing }
    }

    fn completed(&self, now: Instant) -> NonInviteState {
        if self.reliable {
            return NonInviteState::Terminated;
        }
        NonInviteState::Completed { end: now + self.timers.t4 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets the machine's timers ring until nothing is left; gives each step with its time in ms.
    fn run<T>(
        machine: &mut T,
        deadline: impl Fn(&T) -> Option<(Timer, Instant)>,
        fire: impl Fn(&mut T, Instant, Timer) -> ClientStep,
    ) -> Vec<(u64, ClientStep)> {
        let mut steps = Vec::new();
        while let Some((timer, at)) = deadline(machine) {
            steps.push((at.as_millis(), fire(machine, at, timer)));
        }
        steps
    }

    fn run_invite(machine: &mut InviteClient) -> Vec<(u64, ClientStep)> {
        run(machine, InviteClient::deadline, InviteClient::fire)
    }

    fn run_other(machine: &mut NonInviteClient) -> Vec<(u64, ClientStep)> {
        run(machine, NonInviteClient::deadline, NonInviteClient::fire)
    }

    #[test]
    fn invite_is_retransmitted_with_doubling_intervals_until_timer_b() {
        let mut machine = InviteClient::new(Instant::ORIGIN, false, Timers::default());
        let steps = run_invite(&mut machine);
        let times: Vec<u64> = steps.iter().map(|step| step.0).collect();
        assert_eq!(times, [500, 1500, 3500, 7500, 15500, 31500, 32000]);
        assert_eq!(steps.last().unwrap().1, ClientStep::GiveUp);
        assert!(machine.is_over());
    }

    #[test]
    fn invite_over_a_stream_is_sent_once() {
        let mut machine = InviteClient::new(Instant::ORIGIN, true, Timers::default());
        assert_eq!(run_invite(&mut machine), [(32_000, ClientStep::GiveUp)]);
    }

    #[test]
    fn provisional_response_stops_all_timers_of_an_invite() {
        let mut machine = InviteClient::new(Instant::ORIGIN, false, Timers::default());
        assert_eq!(machine.receive(Instant::ORIGIN, Class::Provisional), ClientStep::Deliver);
        assert_eq!(machine.deadline(), None);
        assert!(machine.is_proceeding());
    }

    #[test]
    fn every_success_of_a_forked_invite_is_delivered_until_timer_m() {
        let mut machine = InviteClient::new(Instant::ORIGIN, false, Timers::default());
        assert_eq!(machine.receive(Instant::ORIGIN, Class::Success), ClientStep::Deliver);
        assert_eq!(machine.receive(Instant::ORIGIN, Class::Success), ClientStep::Deliver);
        assert_eq!(machine.receive(Instant::ORIGIN, Class::Refusal), ClientStep::Nothing);
        assert_eq!(run_invite(&mut machine), [(32_000, ClientStep::Nothing)]);
        assert!(machine.is_over());
    }

    #[test]
    fn repeated_refusal_is_acknowledged_again_but_delivered_once() {
        let mut machine = InviteClient::new(Instant::ORIGIN, false, Timers::default());
        assert_eq!(machine.receive(Instant::ORIGIN, Class::Refusal), ClientStep::DeliverAndAcknowledge);
        assert_eq!(machine.receive(Instant::ORIGIN, Class::Refusal), ClientStep::Acknowledge);
        assert_eq!(machine.receive(Instant::ORIGIN, Class::Success), ClientStep::Nothing);
        run_invite(&mut machine);
        assert!(machine.is_over());
    }

    #[test]
    fn other_requests_are_retransmitted_at_most_every_t2_until_timer_f() {
        let mut machine = NonInviteClient::new(Instant::ORIGIN, false, Timers::default());
        let times: Vec<u64> = run_other(&mut machine).iter().map(|step| step.0).collect();
        assert_eq!(times, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, 32000]);
    }

    #[test]
    fn provisional_response_slows_retransmission_to_t2() {
        let mut machine = NonInviteClient::new(Instant::ORIGIN, false, Timers::default());
        machine.receive(Instant::ORIGIN, Class::Provisional);
        assert_eq!(machine.deadline(), Some((Timer::E, Instant::ORIGIN + Duration::from_secs(4))));
    }

    #[test]
    fn final_response_lingers_for_t4_over_udp_and_not_at_all_over_streams() {
        let mut datagrams = NonInviteClient::new(Instant::ORIGIN, false, Timers::default());
        datagrams.receive(Instant::ORIGIN, Class::Success);
        assert_eq!(run_other(&mut datagrams), [(5_000, ClientStep::Nothing)]);
        let mut stream = NonInviteClient::new(Instant::ORIGIN, true, Timers::default());
        stream.receive(Instant::ORIGIN, Class::Success);
        assert!(stream.is_over());
    }

    #[test]
    fn broken_flow_is_told_only_while_an_answer_is_awaited() {
        let mut waiting = NonInviteClient::new(Instant::ORIGIN, false, Timers::default());
        assert_eq!(waiting.transport_failed(), ClientStep::GiveUp);
        let mut accepted = InviteClient::new(Instant::ORIGIN, false, Timers::default());
        accepted.receive(Instant::ORIGIN, Class::Success);
        assert_eq!(accepted.transport_failed(), ClientStep::Nothing);
    }
}
