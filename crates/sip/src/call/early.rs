//! Offers of the peer before the call is answered: UPDATE (RFC 3311 §5.2) and PRACK (RFC 3262 §5), as RFC 6337 reads them.

use super::{Call, State};
use crate::agent::context::Cx;
use crate::agent::{Body, CallEvent, Misuse};
use crate::endpoint::ServerId;
use crate::message::Message;
use crate::status::StatusCode;

/// The exchanges of an early dialog.
///
/// ```text
///      answer in a reliable response       offer in UPDATE or PRACK
/// Open ─────────────────────────────► Done ────────────────────────► Received
///                                           answered or refused ──► Renewed ──► Received
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EarlyExchange {
    /// The INVITE's own exchange is not complete.
    Open,
    /// It is.
    Done,
    /// The peer's next offer is with the user.
    Received(Carrier),
    /// There was a further one: the description of the 2xx is older, and counts for nothing.
    Renewed,
}

/// What brought the offer, and takes the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Prack(ServerId),
    Update(ServerId),
}

impl Carrier {
    pub(super) const fn server(self) -> ServerId {
        match self {
            Self::Prack(server) | Self::Update(server) => server,
        }
    }
}

impl EarlyExchange {
    /// Why no offer can be taken now. `ours`: the offer that is open is ours, which is glare.
    pub(super) const fn unready(self, ours: bool) -> Option<StatusCode> {
        match (self, ours) {
            (Self::Done | Self::Renewed, _) => None,
            (Self::Open, true) => Some(StatusCode::REQUEST_PENDING),
            (Self::Open, false) | (Self::Received(_), _) => Some(StatusCode::SERVER_INTERNAL_ERROR),
        }
    }

    pub(super) const fn is_received(self) -> bool {
        matches!(self, Self::Received(_))
    }
}

impl Call {
    /// The exchange of the early dialog that this request belongs to, with whether the offer that is open there is ours.
    /// One offer at a time is given to the user, over all early dialogs of a call.
    fn early_exchange(&mut self, message: &Message<'_>) -> Option<(&mut EarlyExchange, bool)> {
        match &mut self.state {
            State::Alerting(alerting) => {
                let ours = !alerting.offered && alerting.described;
                Some((&mut alerting.exchange, ours))
            }
            State::Calling(calling) => calling.early_exchange(message),
            State::Confirmed(_) | State::Leaving(_) | State::Over => None,
        }
    }

    /// Gives the peer's offer to the user, or says why not.
    pub(super) fn receive_early_offer(
        &mut self,
        cx: &mut Cx<'_>,
        carrier: Carrier,
        message: &Message<'_>,
        offer: Body,
    ) -> Result<(), StatusCode> {
        let id = self.id;
        let (exchange, ours) = self.early_exchange(message).ok_or(StatusCode::CALL_DOES_NOT_EXIST)?;
        if let Some(status) = exchange.unready(ours) {
            return Err(status);
        }
        *exchange = EarlyExchange::Received(carrier);
        cx.call_event(id, CallEvent::Offer(offer));
        Ok(())
    }

    /// The early exchange that waits for the user, if one does; it counts as done from now on.
    fn take_early_offer(&mut self) -> Option<Carrier> {
        let exchange = match &mut self.state {
            State::Alerting(alerting) => &mut alerting.exchange,
            State::Calling(calling) => calling.received_exchange()?,
            State::Confirmed(_) | State::Leaving(_) | State::Over => return None,
        };
        let EarlyExchange::Received(carrier) = *exchange else { return None };
        *exchange = EarlyExchange::Renewed;
        Some(carrier)
    }

    /// The user answers the offer of an UPDATE or PRACK, or refuses it.
    pub(super) fn respond_to_early_offer(
        &mut self,
        cx: &mut Cx<'_>,
        answer: Result<Body, StatusCode>,
    ) -> Result<(), Misuse> {
        let carrier = self.take_early_offer().ok_or(Misuse::WrongState)?;
        match answer {
            Ok(body) => {
                let mut response = match carrier {
                    Carrier::Update(server) => self.full_response(cx, server, StatusCode::OK),
                    Carrier::Prack(server) => cx.endpoint.response(server, StatusCode::OK),
                };
                response.set_body(Some(&body));
                cx.endpoint.respond(cx.now, carrier.server(), &response);
                self.local_description = Some(body);
            }
            Err(status) => self.refuse(cx, carrier.server(), status),
        }
        self.after_prack(cx);
        Ok(())
    }

    /// The call ends, or another early dialog became the call: nobody answers this offer any more.
    pub(super) fn drop_early_offer(&mut self, cx: &mut Cx<'_>) {
        if let Some(carrier) = self.take_early_offer() {
            cx.endpoint.refuse(cx.now, carrier.server(), StatusCode::REQUEST_TERMINATED);
        }
    }
}
