use bellbird_base::{Duration, Instant};

use super::SavedSession;

/// A call's session timer.
///
/// ```text
///       2xx with Session-Expires, refresher is us      half of it over: refresh
/// Off ───────────────────────────────────────────► Ours ──────────┐
///  │                                                ▲─────────────┘
///  └── refresher is the peer ──► Theirs ── nothing came: the call is lost
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SessionTimer {
    /// Not agreed.
    #[default]
    Off,
    /// We refresh at this instant; the session expires at `end`.
    Ours { refresh: Instant, end: Instant, interval: Duration },
    /// The peer refreshes; without that the call is lost at this instant.
    Theirs { end: Instant, interval: Duration },
}

/// What a session timer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionStep {
    Refresh,
    Expired,
}

impl SessionTimer {
    /// Starts over with what an INVITE's or UPDATE's 2xx agreed on.
    pub(crate) fn agreed(now: Instant, interval: Duration, ours: bool) -> Self {
        // Hung up a little early, so that the BYE comes before the proxies forget the call (RFC 4028 §10).
        let margin = Duration::from_secs(32).min(interval / 3);
        let end = now + interval - margin;
        if ours { Self::Ours { refresh: now + interval / 2, end, interval } } else { Self::Theirs { end, interval } }
    }

    /// As plain data.
    pub(crate) fn save(&self, now: Instant) -> Option<SavedSession> {
        match *self {
            Self::Off => None,
            Self::Ours { end, interval, .. } => Some(SavedSession { interval, ours: true, left: end.since(now) }),
            Self::Theirs { end, interval } => Some(SavedSession { interval, ours: false, left: end.since(now) }),
        }
    }

    /// From plain data; a refresh of ours comes soon, since some time went by.
    pub(crate) fn restored(now: Instant, saved: SavedSession) -> Self {
        let SavedSession { interval, ours, left } = saved;
        let end = now + left;
        if ours {
            Self::Ours { refresh: now + left.min(interval / 2) / 4, end, interval }
        } else {
            Self::Theirs { end, interval }
        }
    }

    pub(crate) fn interval(&self) -> Option<Duration> {
        match self {
            Self::Off => None,
            Self::Ours { interval, .. } | Self::Theirs { interval, .. } => Some(*interval),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Off => None,
            Self::Ours { refresh, .. } => Some(*refresh),
            Self::Theirs { end, .. } => Some(*end),
        }
    }

    pub(crate) fn fire(&mut self, now: Instant) -> Option<SessionStep> {
        if self.deadline()? > now {
            return None;
        }
        match *self {
            Self::Off => None,
            Self::Ours { end, interval, .. } => {
                // Until the refresh succeeds the session still ends in time.
                *self = Self::Theirs { end, interval };
                Some(SessionStep::Refresh)
            }
            Self::Theirs { .. } => {
                *self = Self::Off;
                Some(SessionStep::Expired)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refresher_refreshes_at_half_time_and_gives_up_before_the_end() {
        let mut timer = SessionTimer::agreed(Instant::ORIGIN, Duration::from_secs(90), true);
        let half = Instant::ORIGIN + Duration::from_secs(45);
        assert_eq!(timer.fire(half - Duration::from_secs(1)), None);
        assert_eq!(timer.fire(half), Some(SessionStep::Refresh));
        let end = timer.deadline().unwrap();
        assert_eq!(end.as_millis(), 60_000);
        assert_eq!(timer.fire(end), Some(SessionStep::Expired));
        assert_eq!(timer.deadline(), None);
    }
}
