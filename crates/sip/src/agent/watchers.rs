//! Subscriptions that others hold with a server's user agent.

use bellbird_base::{Duration, FlowId, Instant};

use super::command::Misuse;
use super::config::AccountId;
use super::context::{Cx, Effect, Owner};
use super::event::Body;
use super::server::{Reply, ServerEvent, asked_expiry};
use super::{Due, UserAgent};
use crate::dialog::Dialog;
use crate::endpoint::{RequestId, ServerId};
use crate::message::{Fields, HeaderName, Message};
use crate::notifier::Watcher;
use crate::status::StatusCode;

/// A name for one subscription that somebody holds with us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatcherId(pub u64);

/// Something that happened to such a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatcherEvent {
    /// A SUBSCRIBE inside it. Answer with [`UserAgent::accept_refresh`], then notify; or refuse with
    /// [`UserAgent::respond`].
    Subscribe {
        /// The request's name.
        request: ServerId,
        /// How long it shall last; zero ends it, `None` leaves that to the package.
        asked: Option<Duration>,
        /// What came along.
        body: Option<Body>,
    },
    /// The subscriber took a NOTIFY (2xx).
    Told {
        /// How many more wait to be sent.
        waiting: usize,
    },
    /// It is over; nothing follows.
    Ended(WatcherEnd),
}

/// Why somebody's subscription ended, where we did not end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatcherEnd {
    /// The subscriber ended it, or fetched once.
    Unsubscribed,
    /// It was not refreshed.
    Expired,
    /// The subscriber refused a NOTIFY with this, or did not answer it.
    Lost(Option<StatusCode>),
}

impl UserAgent {
    /// Accepts a SUBSCRIBE that [`ServerEvent::Request`] told. RFC 6665 wants a [`UserAgent::notify`] at once, and so
    /// do fetches: with nothing granted that one is the last.
    ///
    /// # Errors
    /// Where there is no such account or SUBSCRIBE any more, or where it makes no dialog ([`Misuse::Refused`]): then it
    /// was answered.
    pub fn accept_subscription(
        &mut self,
        now: Instant,
        id: ServerId,
        account: AccountId,
        granted: Duration,
    ) -> Result<WatcherId, Misuse> {
        self.now = self.now.max(now);
        self.known_account(account)?;
        let (flow, request) = self.waiting_subscription(id).ok_or(Misuse::UnknownRequest)?;
        let bytes = request.to_bytes();
        let tag = self.endpoint.to_tag(id).map(str::to_owned).unwrap_or_default();
        let message = Message::parse(&bytes).ok();
        let dialog = message.as_ref().and_then(|message| Dialog::uas(message, &tag).ok());
        let event = (&request.headers).text(HeaderName::Event).map(str::to_owned);
        let (Some(dialog), Some(event)) = (dialog, event) else {
            self.endpoint.refuse(self.now, id, StatusCode::BAD_REQUEST);
            return Err(Misuse::Refused);
        };
        self.last_event_name += 1;
        let watcher_id = WatcherId(self.last_event_name);
        let name = Effect::DialogOf(dialog.call_id.clone(), tag, Owner::Watcher(watcher_id));
        let watcher = self.with_account(account, |cx| Watcher::new(cx, watcher_id, dialog, event, flow, granted));
        self.effects.push(name);
        self.keep_watcher(watcher_id, watcher.ok_or(Misuse::UnknownAccount)?, None);
        self.accept_subscribe(id, flow, account, granted);
        self.settle();
        Ok(watcher_id)
    }

    /// Accepts a SUBSCRIBE inside a subscription ([`WatcherEvent::Subscribe`]). RFC 6665 wants a [`UserAgent::notify`]
    /// at once; with nothing granted that one is the last.
    ///
    /// # Errors
    /// Where there is no such subscription or request any more.
    pub fn accept_refresh(
        &mut self,
        now: Instant,
        watcher: WatcherId,
        request: ServerId,
        granted: Duration,
    ) -> Result<(), Misuse> {
        self.now = self.now.max(now);
        let account = self.watchers.get(&watcher).ok_or(Misuse::UnknownSubscription)?.account;
        let (flow, _) = self.waiting_subscription(request).ok_or(Misuse::UnknownRequest)?;
        self.accept_subscribe(request, flow, account, granted);
        self.with_watcher(watcher, |watcher, cx| watcher.refreshed(cx, granted));
        self.settle();
        Ok(())
    }

    fn accept_subscribe(&mut self, id: ServerId, flow: FlowId, account: AccountId, granted: Duration) {
        let contact = self.with_account(account, |cx| {
            let (info, address) = (cx.endpoint.flow(flow)?, cx.endpoint.contact_address(flow)?);
            cx.account.contact(false, false).on(info, address)
        });
        let mut reply = Reply::new(StatusCode::OK).with(HeaderName::Expires, granted.as_secs());
        if let Some(contact) = contact.flatten() {
            reply = reply.with(HeaderName::Contact, contact);
        }
        self.send_reply(id, reply);
    }

    /// Tells a subscriber what there is. Notifications go one after the other; where more than a few wait the oldest
    /// are dropped, so a body has to say the whole state. `pending`: nobody decided yet whether he may know.
    ///
    /// # Errors
    /// Where there is no such subscription any more.
    pub fn notify(&mut self, now: Instant, id: WatcherId, pending: bool, body: Option<Body>) -> Result<(), Misuse> {
        self.on_watcher(now, id, |watcher, cx| watcher.notify(cx, pending, body))
    }

    /// Ends a subscription from our side, with a reason of RFC 6665 §4.1.3 (`deactivated`, `noresource`, `rejected`).
    /// Nothing follows.
    ///
    /// # Errors
    /// Where there is no such subscription any more.
    pub fn end_watcher(&mut self, now: Instant, id: WatcherId, reason: &str, body: Option<Body>) -> Result<(), Misuse> {
        self.on_watcher(now, id, |watcher, cx| watcher.end(cx, reason, body))
    }

    fn on_watcher(
        &mut self,
        now: Instant,
        id: WatcherId,
        run: impl FnOnce(&mut Watcher, &mut Cx<'_>),
    ) -> Result<(), Misuse> {
        self.now = self.now.max(now);
        if self.watchers.get(&id).is_none_or(Watcher::has_ended) {
            return Err(Misuse::UnknownSubscription);
        }
        self.with_watcher(id, run);
        self.settle();
        Ok(())
    }

    pub(super) fn with_watcher<T>(
        &mut self,
        id: WatcherId,
        run: impl FnOnce(&mut Watcher, &mut Cx<'_>) -> T,
    ) -> Option<T> {
        let mut watcher = self.watchers.remove(&id)?;
        let flow = watcher.flow();
        let result = self.with_account(watcher.account, |cx| run(&mut watcher, cx));
        if watcher.is_over() {
            self.flow_users.moved(Owner::Watcher(id), flow, None);
            self.deadlines.set(&Due::Watcher(id), None);
            self.dialogs.forget(Owner::Watcher(id));
        } else {
            self.keep_watcher(id, watcher, flow);
        }
        result
    }

    fn keep_watcher(&mut self, id: WatcherId, watcher: Watcher, flow: Option<FlowId>) {
        self.flow_users.moved(Owner::Watcher(id), flow, watcher.flow());
        self.deadlines.set(&Due::Watcher(id), watcher.deadline());
        self.watchers.insert(id, watcher);
    }

    /// A request inside a subscription that somebody holds with us.
    pub(super) fn receive_in_watcher(&mut self, id: WatcherId, server: ServerId, flow: FlowId, message: &Message<'_>) {
        if *message.method() != crate::message::Method::Subscribe {
            return self.endpoint.refuse(self.now, server, StatusCode::METHOD_NOT_ALLOWED);
        }
        match self.with_watcher(id, |watcher, cx| watcher.receive_subscribe(cx, flow, message)) {
            Some(Ok(())) => {
                self.wait_for_answer(server, flow, message);
                let (asked, body) = (asked_expiry(message), Body::of(message));
                let event = WatcherEvent::Subscribe { request: server, asked, body };
                self.tell_owner(ServerEvent::Watcher(id, event));
            }
            Some(Err(status)) => self.endpoint.refuse(self.now, server, status),
            None => self.endpoint.refuse(self.now, server, StatusCode::CALL_DOES_NOT_EXIST),
        }
    }

    pub(super) fn watcher_response(&mut self, id: WatcherId, request: RequestId, message: &Message<'_>) {
        self.with_watcher(id, |watcher, cx| watcher.receive_response(cx, request, message));
    }

    pub(super) fn watcher_request_failed(&mut self, id: WatcherId, request: RequestId) {
        self.with_watcher(id, |watcher, cx| watcher.request_failed(cx, request));
    }
}
