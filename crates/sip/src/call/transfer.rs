use bellbird_base::{Duration, Instant};

use super::identity::party;
use super::{Call, State};
use crate::agent::context::Cx;
use crate::agent::{CallEvent, Misuse};
use crate::endpoint::{RequestId, ServerId};
use crate::message::{Body, Fields, HeaderName, Message, Method, Replaces};
use crate::status::StatusCode;
use crate::uri::Uri;

/// How long news about a transfer may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// A transfer that we asked the peer for (RFC 3515, RFC 5589).
///
/// ```text
/// None ── REFER ──► Asked ── 2xx, NOTIFY ──► Running ── final NOTIFY, patience ──► None
///                     └── refusal ──► None
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    None,
    Asked(RequestId),
    Running { give_up: Instant },
}

impl Transfer {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::None | Self::Asked(_) => None,
            Self::Running { give_up } => Some(*give_up),
        }
    }
}

/// A transfer that the peer asked us for.
#[derive(Clone, Debug)]
pub(super) struct Referral {
    target: Uri,
    referred_by: Option<String>,
    /// The `id` of its implicit subscription: the REFER's sequence number.
    id: u32,
    /// Whether the peer wants news (RFC 4488 lets it say no).
    notify: bool,
    /// Whether the user accepted it.
    accepted: bool,
}

/// What a call to a transfer's target needs.
pub(crate) struct ReferredTo {
    pub(crate) target: Uri,
    pub(crate) replaces: Option<String>,
    pub(crate) referred_by: Option<String>,
}

impl Call {
    /// Asks the peer to call somebody else.
    pub(crate) fn transfer(&mut self, cx: &mut Cx<'_>, target: &Uri) -> Result<(), Misuse> {
        if self.confirmed().is_none_or(|confirmed| confirmed.transfer != Transfer::None) {
            return Err(Misuse::WrongState);
        }
        let identity = cx.account.identity();
        let request = self.request(cx, Method::Refer, |refer| {
            refer
                .headers
                .push(HeaderName::Contact, "")
                .push(HeaderName::ReferTo, format!("<{target}>"))
                .push(HeaderName::ReferredBy, format!("<{}>", identity.uri))
                .push(HeaderName::Supported, "norefersub");
        });
        if let (Some(request), Some(confirmed)) = (request, self.confirmed()) {
            confirmed.transfer = Transfer::Asked(request);
        }
        Ok(())
    }

    /// The URI with Replaces that makes somebody take our place in this call (RFC 3891 §5).
    pub(crate) fn replacing_uri(&self) -> Option<Uri> {
        let State::Confirmed(confirmed) = &self.state else { return None };
        let dialog = &confirmed.dialog;
        let replaces = format!("{};to-tag={};from-tag={}", dialog.call_id, dialog.remote_tag(), dialog.local_tag());
        // The Contact leads to the right device, where the transferred party can reach it: without a proxy between us.
        let direct = dialog.route_set.is_empty() || dialog.remote_target.param("gr").is_some();
        let base = if direct { &dialog.remote_target } else { &dialog.remote.uri };
        Some(base.without_headers().with_header("Replaces", &replaces))
    }

    /// What the Replaces of an INVITE says that takes our peer's place in this call.
    pub(crate) fn replaces_value(&self) -> Option<String> {
        let State::Confirmed(confirmed) = &self.state else { return None };
        let dialog = &confirmed.dialog;
        Some(format!("{};to-tag={};from-tag={}", dialog.call_id, dialog.remote_tag(), dialog.local_tag()))
    }

    /// Whether this is the dialog that a Replaces names.
    pub(crate) fn is_named_by(&self, replaces: &Replaces<'_>) -> bool {
        self.dialogs().any(|dialog| {
            dialog.call_id == replaces.call_id
                && dialog.local_tag() == replaces.to_tag
                && (dialog.remote_tag() == replaces.from_tag
                    || dialog.remote_tag().is_empty() && replaces.from_tag == "0")
        })
    }

    pub(super) fn receive_refer_response(&mut self, cx: &mut Cx<'_>, request: RequestId, message: &Message<'_>) {
        let Some(status) = message.status().filter(|status| status.is_final()) else { return };
        let id = self.id;
        let Some(confirmed) = self.confirmed().filter(|confirmed| confirmed.transfer == Transfer::Asked(request))
        else {
            return;
        };
        let silent = message.text(HeaderName::ReferSub).is_some_and(|value| value.eq_ignore_ascii_case("false"));
        if status.is_success() && !silent {
            confirmed.transfer = Transfer::Running { give_up: cx.now + PATIENCE };
        } else {
            confirmed.transfer = Transfer::None;
            cx.call_event(id, CallEvent::TransferProgress { status });
        }
    }

    pub(super) fn refer_failed(&mut self, cx: &mut Cx<'_>, request: RequestId) {
        let id = self.id;
        let Some(confirmed) = self.confirmed().filter(|confirmed| confirmed.transfer == Transfer::Asked(request))
        else {
            return;
        };
        confirmed.transfer = Transfer::None;
        cx.call_event(id, CallEvent::TransferProgress { status: StatusCode::REQUEST_TIMEOUT });
    }

    pub(super) fn fire_transfer(&mut self, cx: &mut Cx<'_>) {
        let id = self.id;
        let Some(confirmed) = self.confirmed() else { return };
        if confirmed.transfer.deadline().is_some_and(|at| at <= cx.now) {
            confirmed.transfer = Transfer::None;
            cx.call_event(id, CallEvent::TransferProgress { status: StatusCode::REQUEST_TIMEOUT });
        }
    }

    /// News about a transfer of ours.
    pub(super) fn receive_notify(&mut self, cx: &mut Cx<'_>, server: ServerId, message: &Message<'_>) {
        let id = self.id;
        let refer = message.event().is_some_and(|event| event.package.eq_ignore_ascii_case("refer"));
        let running = self.confirmed().is_some_and(|confirmed| confirmed.transfer != Transfer::None);
        if !refer || !running {
            let status = if refer { StatusCode::CALL_DOES_NOT_EXIST } else { StatusCode::BAD_EVENT };
            return self.refuse(cx, server, status);
        }
        self.refuse(cx, server, StatusCode::OK);
        let ended = message.subscription_state().is_some_and(|state| state.state.eq_ignore_ascii_case("terminated"));
        let fragment = str::from_utf8(message.body()).ok().and_then(status_of_fragment);
        let over = ended || fragment.is_some_and(StatusCode::is_final);
        if let Some(confirmed) = self.confirmed() {
            let running = Transfer::Running { give_up: cx.now + PATIENCE };
            confirmed.transfer = if over { Transfer::None } else { running };
        }
        let status = match fragment {
            Some(status) if status.is_provisional() && ended => Some(StatusCode::REQUEST_TERMINATED),
            None if ended => Some(StatusCode::REQUEST_TERMINATED),
            other => other,
        };
        if let Some(status) = status {
            cx.call_event(id, CallEvent::TransferProgress { status });
        }
    }

    /// The peer asks us to call somebody else. It is accepted at once, as far as SIP goes; the user's word follows as
    /// news.
    pub(super) fn receive_refer(&mut self, cx: &mut Cx<'_>, server: ServerId, message: &Message<'_>) {
        let id = self.id;
        let Some(confirmed) = self.confirmed() else {
            return self.refuse(cx, server, StatusCode::CALL_DOES_NOT_EXIST);
        };
        if confirmed.referral.is_some() {
            return self.refuse(cx, server, StatusCode::REQUEST_PENDING);
        }
        let Some(target) = message.address(HeaderName::ReferTo).filter(|address| is_call(&address.uri)) else {
            return self.refuse(cx, server, StatusCode::BAD_REQUEST);
        };
        let silent = message.text(HeaderName::ReferSub).is_some_and(|value| value.eq_ignore_ascii_case("false"));
        let referral = Referral {
            target: target.uri.to_owned(),
            referred_by: message.text(HeaderName::ReferredBy).map(str::to_owned),
            id: message.cseq().sequence,
            notify: !silent,
            accepted: false,
        };
        let attended = target.uri.header("Replaces").is_some();
        let event = CallEvent::TransferRequested {
            target: referral.target.without_headers(),
            attended,
            referred_by: message.address(HeaderName::ReferredBy).map(|address| party(&address)),
        };
        confirmed.referral = Some(referral);
        let mut response = self.full_response(cx, server, StatusCode::ACCEPTED);
        if silent {
            response.headers.push(HeaderName::ReferSub, "false");
        }
        cx.endpoint.respond(cx.now, server, &response);
        self.notify_transfer(cx, StatusCode::TRYING, "Trying");
        cx.call_event(id, event);
    }

    /// What stands in the Replaces of the target that the peer named.
    pub(crate) fn transfer_replaces(&self) -> Option<String> {
        let State::Confirmed(confirmed) = &self.state else { return None };
        let target = &confirmed.referral.as_ref()?.target;
        target.as_ref().header("Replaces").map(|value| value.into_owned())
    }

    /// The user goes along with the transfer: whom to call.
    pub(crate) fn accept_transfer(&mut self) -> Result<ReferredTo, Misuse> {
        let confirmed = self.confirmed().ok_or(Misuse::WrongState)?;
        let referral = confirmed.referral.as_mut().filter(|referral| !referral.accepted).ok_or(Misuse::WrongState)?;
        referral.accepted = true;
        Ok(ReferredTo {
            target: referral.target.without_headers(),
            replaces: referral.target.as_ref().header("Replaces").map(|value| value.into_owned()),
            referred_by: referral.referred_by.clone(),
        })
    }

    /// The user does not.
    pub(crate) fn refuse_transfer(&mut self, cx: &mut Cx<'_>) -> Result<(), Misuse> {
        let confirmed = self.confirmed().ok_or(Misuse::WrongState)?;
        if confirmed.referral.as_ref().is_none_or(|referral| referral.accepted) {
            return Err(Misuse::WrongState);
        }
        self.notify_transfer(cx, StatusCode::DECLINE, StatusCode::DECLINE.reason());
        Ok(())
    }

    /// Tells the peer how the call to its target is going.
    pub(crate) fn notify_transfer(&mut self, cx: &mut Cx<'_>, status: StatusCode, reason: &str) {
        let Some(confirmed) = self.confirmed() else { return };
        let over = status.is_final();
        let referral = if over { confirmed.referral.take() } else { confirmed.referral.clone() };
        let Some(referral) = referral.filter(|referral| referral.notify) else { return };
        let state = if over { "terminated;reason=noresource" } else { "active;expires=180" };
        let body = Body::new("message/sipfrag;version=2.0", format!("SIP/2.0 {status} {reason}\r\n"));
        self.request(cx, Method::Notify, |notify| {
            notify
                .headers
                .push(HeaderName::Contact, "")
                .push(HeaderName::Event, format!("refer;id={}", referral.id))
                .push(HeaderName::SubscriptionState, state);
            notify.set_body(Some(&body));
        });
    }

    /// The peer does not want news any more.
    pub(super) fn receive_notify_response(&mut self, message: &Message<'_>) {
        let gone = matches!(message.status(), Some(StatusCode::CALL_DOES_NOT_EXIST | StatusCode::BAD_EVENT));
        if let Some(referral) = self.confirmed().and_then(|confirmed| confirmed.referral.as_mut()).filter(|_| gone) {
            referral.notify = false;
        }
    }
}

fn is_call(uri: &crate::uri::UriRef<'_>) -> bool {
    let method = uri.param("method").unwrap_or("INVITE");
    (uri.scheme().is_sip() || uri.scheme() == crate::uri::Scheme::Tel) && method.eq_ignore_ascii_case("INVITE")
}

/// `SIP/2.0 180 Ringing`, the first line of a sipfrag (RFC 3420).
fn status_of_fragment(fragment: &str) -> Option<StatusCode> {
    let code = fragment.trim_start().strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
    StatusCode::new(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_read_from_a_fragment() {
        assert_eq!(status_of_fragment("SIP/2.0 200 OK\r\n"), StatusCode::new(200));
        assert_eq!(status_of_fragment("SIP/2.0 603"), StatusCode::new(603));
        assert_eq!(status_of_fragment("HTTP/1.1 200 OK"), None);
    }
}
