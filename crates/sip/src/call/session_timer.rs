use bellbird_base::{Duration, Instant};

use super::{Call, SavedSession};
use crate::agent::context::Cx;
use crate::endpoint::ServerId;
use crate::message::{Fields, HeaderName, Message, Refresher, Response, SessionExpires};
use crate::status::StatusCode;

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

impl Call {
    /// Keeps the session's interval; whoever asks for the change refreshes from now on.
    pub(super) fn asked_session(&self, cx: &Cx<'_>) -> Option<SessionExpires> {
        let interval = self.timer.interval().or(cx.config.session.interval)?;
        let refresher = (self.timer != SessionTimer::Off).then_some(Refresher::Uac);
        Some(SessionExpires { interval: u32::try_from(interval.as_secs()).unwrap_or(u32::MAX), refresher })
    }

    /// RFC 4028 §6: an interval below ours is refused.
    pub(super) fn interval_too_small(&self, cx: &mut Cx<'_>, server: ServerId, message: &Message<'_>) -> bool {
        let minimum = cx.config.session.minimum.as_secs();
        let asked = message.session_expires().map(|session| u64::from(session.interval));
        if asked.is_none_or(|asked| asked >= minimum) || !message.has_token(HeaderName::Supported, "timer") {
            return false;
        }
        let mut response = cx.endpoint.response(server, StatusCode::SESSION_INTERVAL_TOO_SMALL);
        response.headers.set(HeaderName::MinSe, minimum);
        cx.endpoint.respond(cx.now, server, &response);
        true
    }

    /// What session timer a 2xx to this request agrees on (RFC 4028 §9).
    pub(super) fn session_for(cx: &Cx<'_>, request: &Message<'_>) -> Option<SessionExpires> {
        let peer_knows = request.has_token(HeaderName::Supported, "timer");
        match request.session_expires() {
            Some(session) => {
                let refresher = session.refresher.unwrap_or(if peer_knows { Refresher::Uac } else { Refresher::Uas });
                Some(SessionExpires { interval: session.interval, refresher: Some(refresher) })
            }
            None => cx.config.session.interval.filter(|_| peer_knows).map(|interval| SessionExpires {
                interval: u32::try_from(interval.as_secs()).unwrap_or(u32::MAX),
                refresher: Some(Refresher::Uas),
            }),
        }
    }

    pub(super) fn start_session(&mut self, cx: &Cx<'_>, session: Option<SessionExpires>) {
        self.timer = session.map_or(SessionTimer::Off, |session| {
            SessionTimer::agreed(cx.now, seconds(session.interval), session.refresher == Some(Refresher::Uas))
        });
    }

    /// Says in a 2xx what session timer holds from now on.
    pub(super) fn write_session(&self, response: &mut Response) {
        let (refresher, interval) = match self.timer {
            SessionTimer::Off => return,
            SessionTimer::Ours { interval, .. } => (Refresher::Uas, interval),
            SessionTimer::Theirs { interval, .. } => (Refresher::Uac, interval),
        };
        let interval = u32::try_from(interval.as_secs()).unwrap_or(u32::MAX);
        response.headers.set(HeaderName::SessionExpires, SessionExpires { interval, refresher: Some(refresher) });
        if refresher == Refresher::Uac {
            response.headers.set(HeaderName::Require, "timer");
        }
    }

    /// Reads from a 2xx what session timer holds from now on.
    pub(super) fn agree_on_timer(&mut self, cx: &Cx<'_>, success: &Message<'_>, asked: bool) {
        self.timer = match success.session_expires().filter(|_| asked) {
            Some(session) => {
                let ours = session.refresher != Some(Refresher::Uas);
                SessionTimer::agreed(cx.now, seconds(session.interval), ours)
            }
            None => SessionTimer::Off,
        };
    }
}

/// Peers may name absurd intervals.
fn seconds(interval: u32) -> Duration {
    Duration::from_secs(u64::from(interval).clamp(30, 86_400))
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
