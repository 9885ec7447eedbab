use std::net::SocketAddr;

use bellbird_base::{Duration, Instant};

use crate::config::LatchPolicy;

/// A source that was heard less than this ago does not yield to another.
const SILENCE: Duration = Duration::from_millis(500);
/// So long after a change of address packets from the old one may still be under way.
const GRACE: Duration = Duration::from_secs(1);

/// Where one component's packets go to and whose are believed (symmetric RTP, RFC 4961).
///
/// ```text
///           first valid packet                  renegotiated to another address
///   Open ────────────────────────▶ Bound ───────────────────────────────────────▶ Open
///                                   │ ▲
///                                   └─┘ the same source goes on from another address after a silence
/// ```
/// Bound to one address, packets from all others are dropped. A peer whose NAT gives it another port in mid-call is
/// followed if its packets go on where they stopped: who is not on the path knows neither SSRC nor sequence number.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Path {
    signalled: Option<SocketAddr>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Packets from the former source are heard for a while, but do not bind the path to where it just left.
    Open {
        former: Option<(SocketAddr, Instant)>,
    },
    Bound {
        source: SocketAddr,
        heard: Instant,
    },
}

impl Default for State {
    fn default() -> Self {
        Self::Open { former: None }
    }
}

/// What becomes of a packet by where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It comes from where it should.
    Accepted,
    /// It comes from elsewhere, and that is where we send from now on.
    Latched,
    /// It comes from somebody else.
    Rejected,
}

impl Path {
    /// A new description of the peer's. The same address again opens nothing: a refresh is no chance for attackers.
    pub(crate) fn renegotiate(&mut self, now: Instant, signalled: Option<SocketAddr>) {
        if self.signalled != signalled {
            let former = match self.state {
                State::Bound { source, .. } => Some((source, now + GRACE)),
                State::Open { former } => former,
            };
            *self = Self { signalled, state: State::Open { former } };
        }
    }

    /// Where to send.
    pub(crate) fn destination(&self) -> Option<SocketAddr> {
        match self.state {
            State::Open { .. } => self.signalled,
            State::Bound { source, .. } => Some(source),
        }
    }

    /// Judges the source of an otherwise valid packet. `goes_on`: it is of the SSRC that we hear and follows on.
    pub(crate) fn admit(&mut self, policy: LatchPolicy, source: SocketAddr, now: Instant, goes_on: bool) -> Admission {
        let admission = match self.state {
            State::Bound { source: bound, .. } if bound == source => Admission::Accepted,
            State::Bound { heard, .. } if goes_on && now - heard >= SILENCE => self.stranger(policy, source),
            State::Bound { .. } => Admission::Rejected,
            State::Open { .. } if self.signalled == Some(source) => Admission::Accepted,
            State::Open { former: Some((former, until)) } if former == source && now < until => {
                return Admission::Accepted;
            }
            State::Open { .. } => self.stranger(policy, source),
        };
        if admission != Admission::Rejected {
            self.state = State::Bound { source, heard: now };
        }
        admission
    }

    /// Whether packets from this address would be accepted without any change.
    pub(crate) fn is_from_peer(&self, source: SocketAddr) -> bool {
        self.destination() == Some(source)
    }

    fn stranger(&self, policy: LatchPolicy, source: SocketAddr) -> Admission {
        let same_host = self.signalled.is_some_and(|signalled| signalled.ip() == source.ip());
        match policy {
            LatchPolicy::Once => Admission::Latched,
            LatchPolicy::SameHost if same_host => Admission::Latched,
            LatchPolicy::SameHost | LatchPolicy::Never => Admission::Rejected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], port))
    }

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn open() -> Path {
        let mut path = Path::default();
        path.renegotiate(at(0), Some(address(1, 4_000)));
        path
    }

    #[test]
    fn first_source_is_taken_and_all_others_are_not() {
        let mut path = open();
        assert_eq!(path.admit(LatchPolicy::Once, address(9, 7), at(0), false), Admission::Latched);
        assert_eq!(path.admit(LatchPolicy::Once, address(1, 4_000), at(10_000), false), Admission::Rejected);
        assert_eq!(path.admit(LatchPolicy::Once, address(9, 7), at(10_000), false), Admission::Accepted);
        assert_eq!(path.destination(), Some(address(9, 7)));
    }

    #[test]
    fn peer_that_sends_from_its_address_can_not_be_pushed_aside() {
        let mut path = open();
        assert_eq!(path.admit(LatchPolicy::Once, address(1, 4_000), at(0), false), Admission::Accepted);
        assert_eq!(path.admit(LatchPolicy::Once, address(9, 7), at(60_000), false), Admission::Rejected);
    }

    #[test]
    fn peer_behind_a_rebound_nat_is_followed_after_a_silence_only_if_it_goes_on() {
        let mut path = open();
        path.admit(LatchPolicy::Once, address(9, 7), at(0), true);
        assert_eq!(path.admit(LatchPolicy::Once, address(9, 8), at(400), true), Admission::Rejected);
        assert_eq!(path.admit(LatchPolicy::Once, address(9, 8), at(600), false), Admission::Rejected);
        assert_eq!(path.admit(LatchPolicy::Once, address(9, 8), at(600), true), Admission::Latched);
    }

    #[test]
    fn policy_limits_who_may_be_latched_on_to() {
        assert_eq!(open().admit(LatchPolicy::Never, address(1, 9), at(0), true), Admission::Rejected);
        assert_eq!(open().admit(LatchPolicy::SameHost, address(2, 4_000), at(0), true), Admission::Rejected);
        assert_eq!(open().admit(LatchPolicy::SameHost, address(1, 9), at(0), true), Admission::Latched);
    }

    #[test]
    fn late_packets_from_the_old_address_do_not_bind_the_path_to_it() {
        let mut path = open();
        path.admit(LatchPolicy::Once, address(1, 4_000), at(0), true);
        path.renegotiate(at(10), Some(address(2, 5_000)));
        assert_eq!(path.admit(LatchPolicy::Once, address(1, 4_000), at(20), true), Admission::Accepted);
        assert_eq!(path.destination(), Some(address(2, 5_000)));
        assert_eq!(path.admit(LatchPolicy::Once, address(2, 5_000), at(40), true), Admission::Accepted);
        assert_eq!(path.admit(LatchPolicy::Once, address(1, 4_000), at(60), true), Admission::Rejected);
    }

    #[test]
    fn only_another_address_in_the_description_opens_the_path_again() {
        let mut path = open();
        path.admit(LatchPolicy::Once, address(9, 7), at(0), true);
        path.renegotiate(at(1), Some(address(1, 4_000)));
        assert_eq!(path.admit(LatchPolicy::Once, address(8, 8), at(1), true), Admission::Rejected);
        path.renegotiate(at(1), Some(address(1, 5_000)));
        assert_eq!(path.destination(), Some(address(1, 5_000)));
        assert_eq!(path.admit(LatchPolicy::Once, address(8, 8), at(2), true), Admission::Latched);
    }
}
