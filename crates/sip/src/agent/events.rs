//! Subscriptions and publications of a user agent.

use bellbird_base::Instant;

use super::command::{Misuse, Publish, Subscribe};
use super::config::AccountId;
use super::context::{Cx, Owner};
use super::event::{Body, PublicationId, SubscriptionId};
use super::{Due, UserAgent};
use crate::endpoint::{RequestId, ServerId};
use crate::message::{Message, Method};
use crate::publication::Publication;
use crate::status::StatusCode;
use crate::subscription::Subscription;

impl UserAgent {
    /// Subscribes to somebody's state; refreshed until [`UserAgent::unsubscribe`] or the notifier's refusal.
    ///
    /// # Errors
    /// Where there is no such account.
    pub fn subscribe(&mut self, now: Instant, account: AccountId, wish: Subscribe) -> Result<SubscriptionId, Misuse> {
        self.now = self.now.max(now);
        self.known_account(account)?;
        self.last_event_name += 1;
        let id = SubscriptionId(self.last_event_name);
        let subscription = self.with_account(account, |cx| Subscription::start(cx, id, account, wish));
        self.keep_subscription(id, subscription.ok_or(Misuse::UnknownAccount)?);
        self.settle();
        Ok(id)
    }

    /// Gives a subscription up.
    ///
    /// # Errors
    /// Where there is no such subscription any more.
    pub fn unsubscribe(&mut self, now: Instant, id: SubscriptionId) -> Result<(), Misuse> {
        self.now = self.now.max(now);
        if self.subscriptions.get(&id).is_none_or(Subscription::has_ended) {
            return Err(Misuse::UnknownSubscription);
        }
        self.with_subscription(id, Subscription::unsubscribe);
        self.settle();
        Ok(())
    }

    /// Publishes state; refreshed until [`UserAgent::unpublish`] or the server's refusal.
    ///
    /// # Errors
    /// Where there is no such account.
    pub fn publish(&mut self, now: Instant, account: AccountId, wish: Publish) -> Result<PublicationId, Misuse> {
        self.now = self.now.max(now);
        self.known_account(account)?;
        self.last_event_name += 1;
        let id = PublicationId(self.last_event_name);
        let publication = self.with_account(account, |cx| Publication::start(cx, id, account, wish));
        self.keep_publication(id, publication.ok_or(Misuse::UnknownAccount)?);
        self.settle();
        Ok(id)
    }

    /// Publishes other state in place of the last.
    ///
    /// # Errors
    /// Where there is no such publication any more.
    pub fn republish(&mut self, now: Instant, id: PublicationId, body: Body) -> Result<(), Misuse> {
        self.now = self.now.max(now);
        if self.publications.get(&id).is_none_or(Publication::has_ended) {
            return Err(Misuse::UnknownSubscription);
        }
        self.with_publication(id, |publication, cx| publication.republish(cx, body));
        self.settle();
        Ok(())
    }

    /// Withdraws a publication.
    ///
    /// # Errors
    /// Where there is no such publication any more.
    pub fn unpublish(&mut self, now: Instant, id: PublicationId) -> Result<(), Misuse> {
        self.now = self.now.max(now);
        if self.publications.get(&id).is_none_or(Publication::has_ended) {
            return Err(Misuse::UnknownSubscription);
        }
        self.with_publication(id, Publication::unpublish);
        self.settle();
        Ok(())
    }

    pub(super) fn fire_event(&mut self, due: Due) {
        match due {
            Due::Subscription(id) => {
                self.with_subscription(id, Subscription::fire);
            }
            Due::Publication(id) => {
                self.with_publication(id, Publication::fire);
            }
            Due::Registration(_) | Due::Call(_) | Due::Watcher(_) => {}
        }
    }

    fn keep_subscription(&mut self, id: SubscriptionId, subscription: Subscription) {
        self.deadlines.set(&Due::Subscription(id), subscription.deadline());
        self.subscriptions.insert(id, subscription);
    }

    fn keep_publication(&mut self, id: PublicationId, publication: Publication) {
        self.deadlines.set(&Due::Publication(id), publication.deadline());
        self.publications.insert(id, publication);
    }

    pub(super) fn event_request_failed(&mut self, owner: Owner, request: RequestId) {
        match owner {
            Owner::Subscription(id) => {
                self.with_subscription(id, |subscription, cx| subscription.request_failed(cx, request));
            }
            Owner::Publication(id) => {
                self.with_publication(id, |publication, cx| publication.request_failed(cx, request));
            }
            Owner::Watcher(id) => self.watcher_request_failed(id, request),
            Owner::Registration(_) | Owner::Call(_) | Owner::Options(_) | Owner::Nobody(_) => {}
        }
    }

    pub(super) fn receive_event_response(&mut self, owner: Owner, request: RequestId, message: &Message<'_>) {
        match owner {
            Owner::Subscription(id) => {
                self.with_subscription(id, |subscription, cx| subscription.receive_response(cx, request, message));
            }
            Owner::Publication(id) => {
                self.with_publication(id, |publication, cx| publication.receive_response(cx, request, message));
            }
            Owner::Watcher(id) => self.watcher_response(id, request, message),
            Owner::Registration(_) | Owner::Call(_) | Owner::Options(_) | Owner::Nobody(_) => {}
        }
    }

    pub(super) fn next_event_cseq(&mut self, owner: Owner) -> Option<u32> {
        match owner {
            Owner::Subscription(id) => self.subscriptions.get_mut(&id).map(Subscription::next_cseq),
            Owner::Publication(id) => self.publications.get_mut(&id).map(Publication::next_cseq),
            Owner::Watcher(id) => self.watchers.get_mut(&id).map(crate::notifier::Watcher::next_cseq),
            Owner::Registration(_) | Owner::Call(_) | Owner::Options(_) | Owner::Nobody(_) => None,
        }
    }

    pub(super) fn receive_in_subscription(&mut self, id: SubscriptionId, server: ServerId, message: &Message<'_>) {
        if *message.method() != Method::Notify {
            return self.endpoint.refuse(self.now, server, StatusCode::METHOD_NOT_ALLOWED);
        }
        self.with_subscription(id, |subscription, cx| subscription.receive_notify(cx, server, message));
    }

    fn with_subscription<T>(
        &mut self,
        id: SubscriptionId,
        run: impl FnOnce(&mut Subscription, &mut Cx<'_>) -> T,
    ) -> Option<T> {
        let mut subscription = self.subscriptions.remove(&id)?;
        let result = self.with_account(subscription.account, |cx| run(&mut subscription, cx));
        if subscription.is_over() {
            self.deadlines.set(&Due::Subscription(id), None);
            self.dialogs.forget(Owner::Subscription(id));
        } else {
            self.keep_subscription(id, subscription);
        }
        result
    }

    fn with_publication<T>(
        &mut self,
        id: PublicationId,
        run: impl FnOnce(&mut Publication, &mut Cx<'_>) -> T,
    ) -> Option<T> {
        let mut publication = self.publications.remove(&id)?;
        let result = self.with_account(publication.account, |cx| run(&mut publication, cx));
        if publication.is_over() {
            self.deadlines.set(&Due::Publication(id), None);
        } else {
            self.keep_publication(id, publication);
        }
        result
    }
}
