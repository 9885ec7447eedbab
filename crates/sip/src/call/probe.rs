//! After the flow that served a call broke: is the peer still there, and does it know our new Contact?

use bellbird_base::Instant;

use super::offer::{PATH_PATIENCE, PATH_RETRY};
use super::{Call, State};
use crate::agent::context::Cx;
use crate::endpoint::RequestId;
use crate::status::StatusCode;

/// ```text
///       the account is registered again       2xx
/// None ─────────────────────────────────► Sent ───► None
///                                          │ ▲ 481, 408, silence, gone for too long: the call is lost
///                         another refusal  ▼ │ after a while
///                                         Later
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// Nothing to find out.
    None,
    /// An UPDATE is out.
    Sent { request: RequestId, give_up: Instant },
    /// The peer could not be reached; it may be on its way back to the server as well.
    Later { at: Instant, give_up: Instant },
}

impl Probe {
    pub(super) fn deadline(self) -> Option<Instant> {
        match self {
            Self::Later { at, .. } => Some(at),
            Self::None | Self::Sent { .. } => None,
        }
    }

    pub(super) fn answered(&mut self, by: RequestId) {
        if matches!(self, Self::Sent { request, .. } if *request == by) {
            *self = Self::None;
        }
    }
}

impl Call {
    /// The account has another flow, and the one that served this call is gone: the peer needs our new Contact.
    pub(crate) fn refresh_target(&mut self, cx: &mut Cx<'_>) {
        let lost = self.flow.is_none_or(|flow| cx.endpoint.flow(flow).is_none());
        if self.via_server && lost {
            self.send_probe(cx, cx.now + PATH_PATIENCE);
        }
    }

    /// A peer without UPDATE gets a re-INVITE, which is tried again and given up as any other.
    fn send_probe(&mut self, cx: &mut Cx<'_>, give_up: Instant) {
        let sent = self.refresh_session(cx);
        if let Some(confirmed) = self.confirmed() {
            confirmed.probe = sent.map_or(Probe::None, |request| Probe::Sent { request, give_up });
        }
    }

    pub(super) fn fire_probe(&mut self, cx: &mut Cx<'_>) {
        let State::Confirmed(confirmed) = &self.state else { return };
        if let Probe::Later { at, give_up } = confirmed.probe
            && at <= cx.now
        {
            self.send_probe(cx, give_up);
        }
    }

    /// The probe was refused, or found no way. What says that the peer is gone for good (RFC 5057 §5.1) ends the call
    /// only at the end, since the peer may have lost its flow at the same moment.
    pub(super) fn probe_refused(&mut self, cx: &mut Cx<'_>, by: RequestId, status: Option<StatusCode>) {
        let Some(confirmed) = self.confirmed() else { return };
        let Probe::Sent { request, give_up } = confirmed.probe else { return };
        if request != by {
            return;
        }
        let at = cx.now + PATH_RETRY;
        confirmed.probe = if at < give_up { Probe::Later { at, give_up } } else { Probe::None };
        let given_up = confirmed.probe == Probe::None;
        if given_up
            && status.is_some_and(|status| matches!(status.code(), 404 | 410 | 416 | 480 | 484 | 485 | 502 | 604))
        {
            self.lost(cx, status);
        }
    }
}
