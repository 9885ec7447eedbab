use std::net::{IpAddr, SocketAddr};

use bellbird_base::{FlowId, Protocol};

use super::{Call, State};
use crate::agent::context::Cx;
use crate::agent::{CallEnd, EndReason, EndedBy, Role};
use crate::message::Body;
use crate::status::StatusCode;
use crate::uri::Uri;

/// What the peer described last, once it holds.
#[derive(Clone, Debug, Default)]
pub(super) struct RemoteDescription {
    holds: Option<Body>,
    offered: Option<Body>,
}

impl RemoteDescription {
    /// The peer offers; it holds when we agree.
    pub(super) fn offered(&mut self, offer: Option<&Body>) {
        self.offered = offer.cloned();
    }

    /// The peer answered: that holds at once.
    pub(super) fn answered(&mut self, answer: &Body) {
        self.holds = Some(answer.clone());
    }

    /// We answered what the peer offered, if it did.
    pub(super) fn agreed(&mut self) {
        if let Some(offer) = self.offered.take() {
            self.holds = Some(offer);
        }
    }

    pub(super) fn current(&self) -> Option<&Body> {
        self.holds.as_ref()
    }

    /// What the peer described last, also where we did not agree yet.
    pub(super) fn last(&self) -> Option<&Body> {
        self.offered.as_ref().or(self.holds.as_ref())
    }

    pub(super) fn restored(holds: Option<Body>) -> Self {
        Self { holds, offered: None }
    }
}

impl Call {
    /// From now on this flow serves the call.
    pub(crate) fn served_by(&mut self, cx: &Cx<'_>, flow: FlowId) {
        self.flow = Some(flow);
        self.orphaned = None;
        if let Some(info) = cx.endpoint.flow(flow) {
            self.peer_address = Some((info.protocol, info.remote));
        }
    }

    /// The other end of the flow that serves, or served, the call.
    pub(crate) fn peer(&self) -> Option<(Protocol, SocketAddr)> {
        self.peer_address
    }

    /// The flow that served the call is gone. Datagrams find their way without; for a stream the device has a while to
    /// come over another one.
    pub(crate) fn flow_lost(&mut self, cx: &mut Cx<'_>) {
        let Role::Server { flow_grace } = cx.config.role else { return };
        let stream = self.peer_address.is_some_and(|(protocol, _)| protocol.is_reliable());
        if stream && !self.has_ended() {
            self.orphaned.get_or_insert(cx.now + flow_grace);
        }
    }

    /// Whether it was restored and its device did not connect yet.
    pub(crate) fn is_orphaned(&self) -> bool {
        self.orphaned.is_some() && self.flow.is_none()
    }

    /// Whether a device with this Contact that came from there is the one at the other end, as far as one can tell.
    pub(crate) fn is_with_device(&self, contact: &Uri, from: IpAddr) -> bool {
        let Some(target) = self.dialog().map(|dialog| &dialog.remote_target) else { return false };
        let same_place = target.host() == contact.host()
            || self.peer_address.is_some_and(|(_, known)| known.ip().to_canonical() == from.to_canonical());
        target.user() == contact.user() && same_place
    }

    /// The device did not come back.
    pub(super) fn abandoned(&mut self, cx: &mut Cx<'_>) {
        let end = CallEnd { by: EndedBy::Network, reason: EndReason::Lost, status: None, text: None };
        match &self.state {
            State::Calling(_) => self.cancel(cx, EndedBy::Network, EndReason::Lost),
            State::Alerting(alerting) => {
                cx.endpoint.refuse(cx.now, alerting.server, StatusCode::TEMPORARILY_UNAVAILABLE);
                self.end(cx, end);
            }
            State::Confirmed(_) => self.leave(cx, end),
            State::Leaving(_) | State::Over => {}
        }
    }

    /// Whether the peer is reached over the flow that it opened, whatever its Contact says: a server's devices are, and
    /// so is a peer that a restored call knows only by its address.
    pub(super) fn goes_back(&self, cx: &Cx<'_>) -> bool {
        let trunk = self.via_server && cx.account.server().is_some();
        let flow_is_gone = match self.flow {
            Some(flow) => cx.endpoint.flow(flow).is_none(),
            None => self.peer_address.is_none_or(|(protocol, _)| protocol.is_reliable()),
        };
        cx.config.role.is_server() && !(trunk && flow_is_gone)
    }

    /// What the CANCEL or BYE shall bear.
    pub(crate) fn say_goodbye(&mut self, reason: &str) {
        self.goodbye = Some(reason.to_owned());
    }
}
