use super::UserAgent;
use super::context::Owner;
use super::event::SubscriptionId;
use crate::endpoint::{RequestId, ServerId};
use crate::message::Message;
use crate::status::StatusCode;

impl UserAgent {
    pub(super) fn event_request_failed(&mut self, _owner: Owner, _request: RequestId) {}

    pub(super) fn receive_event_response(&mut self, _owner: Owner, _request: RequestId, _message: &Message<'_>) {}

    pub(super) fn next_event_cseq(&mut self, _owner: Owner) -> Option<u32> {
        None
    }

    pub(super) fn receive_in_subscription(&mut self, _id: SubscriptionId, server: ServerId, _message: &Message<'_>) {
        self.endpoint.refuse(self.now, server, StatusCode::CALL_DOES_NOT_EXIST);
    }
}
