use std::net::SocketAddr;

use bellbird_base::{Duration, Protocol};

use super::confirmed::Confirmed;
use super::served::RemoteDescription;
use super::session_timer::SessionTimer;
use super::{Call, Peer, State};
use crate::agent::context::{Cx, Effect, Owner};
use crate::agent::{AccountId, Body, CallId, Misuse, Role};
use crate::dialog::Dialog;
use crate::message::NameAddr;
use crate::uri::Uri;

/// How many numbers a restored call leaves out: requests that went out after it was saved.
const CSEQ_HEADROOM: u32 = 1_000;

/// An answered call as plain data, to be stored and to go on with in another process ([`UserAgent::restore_call`]).
///
/// [`UserAgent::restore_call`]: crate::agent::UserAgent::restore_call
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCall {
    /// Call-ID.
    pub call_id: String,
    /// Our From or To, with our tag.
    pub local: String,
    /// The peer's From or To, with its tag.
    pub remote: String,
    /// Sequence number of our last request when this was saved.
    pub local_cseq: u32,
    /// Sequence number of the peer's last request.
    pub remote_cseq: Option<u32>,
    /// The proxies on the way, the nearest first.
    pub route_set: Vec<String>,
    /// The peer's Contact.
    pub remote_target: String,
    /// Whether we made the call.
    pub caller: bool,
    /// Whether it goes over a server of the account.
    pub via_server: bool,
    /// Whether the peer takes UPDATE.
    pub peer_takes_update: bool,
    /// Whether the peer knows session timers.
    pub peer_knows_timer: bool,
    /// The session timer, if one was agreed on.
    pub session: Option<SavedSession>,
    /// The description that we sent last.
    pub local_description: Option<Body>,
    /// The description that the peer sent last and that holds.
    pub remote_description: Option<Body>,
    /// The other end of the flow that served the call.
    pub peer: Option<(Protocol, SocketAddr)>,
}

/// A session timer as plain data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavedSession {
    /// What was agreed on.
    pub interval: Duration,
    /// Whether we refresh.
    pub ours: bool,
    /// What was left of it when this was saved.
    pub left: Duration,
}

impl Call {
    /// The call as plain data; only of one that is answered.
    pub(crate) fn save(&self, cx: &Cx<'_>) -> Option<SavedCall> {
        let State::Confirmed(confirmed) = &self.state else { return None };
        Some(self.saved(cx, &confirmed.dialog, confirmed.caller))
    }

    /// A call that comes in, as it will be once it is answered so; without the session timer, which the 2xx agrees on.
    pub(crate) fn save_answered_with(&self, cx: &Cx<'_>, answer: &Body) -> Option<SavedCall> {
        let State::Alerting(alerting) = &self.state else { return None };
        let remote_description = self.remote.last().cloned();
        let saved = self.saved(cx, &alerting.dialog, false);
        Some(SavedCall { local_description: Some(answer.clone()), remote_description, ..saved })
    }

    fn saved(&self, cx: &Cx<'_>, dialog: &Dialog, caller: bool) -> SavedCall {
        SavedCall {
            call_id: dialog.call_id.clone(),
            local: dialog.local.to_string(),
            remote: dialog.remote.to_string(),
            local_cseq: dialog.local_cseq,
            remote_cseq: dialog.remote_cseq,
            route_set: dialog.route_set.iter().map(Uri::to_string).collect(),
            remote_target: dialog.remote_target.to_string(),
            caller,
            via_server: self.via_server,
            peer_takes_update: self.peer.update,
            peer_knows_timer: self.peer.timer,
            session: self.timer.save(cx.now),
            local_description: self.local_description.clone(),
            remote_description: self.remote.current().cloned(),
            peer: self.peer_address,
        }
    }

    /// Goes on with a call that was saved.
    pub(crate) fn restore(cx: &mut Cx<'_>, id: CallId, account: AccountId, saved: SavedCall) -> Result<Self, Misuse> {
        let dialog = dialog_of(&saved).ok_or(Misuse::BadTarget)?;
        let name = (dialog.call_id.clone(), dialog.local_tag().to_owned());
        let state = State::Confirmed(Box::new(Confirmed::restored(dialog, saved.caller)));
        let mut call = Self::new(id, account, name.0.clone(), state);
        call.via_server = saved.via_server;
        call.peer = Peer { update: saved.peer_takes_update, reliable: false, timer: saved.peer_knows_timer };
        call.local_description = saved.local_description;
        call.remote = RemoteDescription::restored(saved.remote_description);
        call.timer = saved.session.map_or(SessionTimer::Off, |session| SessionTimer::restored(cx.now, session));
        call.peer_address = saved.peer;
        let stream = saved.peer.is_some_and(|(protocol, _)| protocol.is_reliable());
        if let (Role::Server { flow_grace }, true) = (cx.config.role, stream) {
            // Devices come back one after the other when a server does.
            call.orphaned = Some(cx.now + flow_grace * 4);
        }
        cx.effects.push(Effect::DialogOf(name.0, name.1, Owner::Call(id)));
        Ok(call)
    }
}

fn dialog_of(saved: &SavedCall) -> Option<Dialog> {
    let uri = |text: &String| Uri::parse(text).ok();
    Some(Dialog {
        call_id: saved.call_id.clone(),
        local: NameAddr::parse(&saved.local).ok()?.to_owned(),
        remote: NameAddr::parse(&saved.remote).ok()?.to_owned(),
        local_cseq: saved.local_cseq.checked_add(CSEQ_HEADROOM)?,
        remote_cseq: saved.remote_cseq,
        route_set: saved.route_set.iter().map(uri).collect::<Option<_>>()?,
        remote_target: uri(&saved.remote_target)?,
    })
}
