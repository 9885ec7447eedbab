use bellbird_base::{Duration, Instant};

use super::account::Account;
use super::command::{Invite, Misuse};
use super::config::{AccountConfig, AccountId};
use super::event::{Body, CallId};
use super::server::Reply;
use super::{Due, UserAgent};
use crate::call::{Call, Origin, digit_body};
use crate::message::Replaces;
use crate::registration;
use crate::status::StatusCode;
use crate::uri::Uri;

impl UserAgent {
    /// Adds an account. It does not register before [`UserAgent::register`].
    pub fn add_account(&mut self, now: Instant, config: AccountConfig) -> AccountId {
        self.now = self.now.max(now);
        self.last_account += 1;
        let id = AccountId(self.last_account);
        let call_id = self.rng.token(24);
        self.accounts.insert(id, Account::new(id, config, call_id));
        id
    }

    /// Changes an account; one that is registered, or failed to, registers anew.
    ///
    /// # Errors
    /// Where there is no such account.
    pub fn update_account(&mut self, now: Instant, id: AccountId, config: AccountConfig) -> Result<(), Misuse> {
        self.now = self.now.max(now);
        self.known_account(id)?;
        let wanted = self.accounts.get(&id).is_some_and(|account| account.registration.wants_update());
        self.with_account(id, registration::unregister);
        self.with_account(id, |cx| {
            if let Some(flow) = cx.account.flow.take() {
                cx.endpoint.keep_alive(cx.now, flow, None);
            }
        });
        let call_id = self.rng.token(24);
        self.accounts.insert(id, Account::new(id, config, call_id));
        self.deadlines.set(&Due::Registration(id), None);
        if wanted {
            self.with_account(id, registration::register);
        }
        self.settle();
        Ok(())
    }

    /// Ends an account's calls, unregisters and forgets it.
    ///
    /// # Errors
    /// Where there is no such account.
    pub fn remove_account(&mut self, now: Instant, id: AccountId) -> Result<(), Misuse> {
        self.now = self.now.max(now);
        self.known_account(id)?;
        let calls: Vec<CallId> = self.calls.values().filter(|call| call.account == id).map(|call| call.id).collect();
        for call in calls {
            self.with_call(call, |call, cx| call.hang_up(cx));
        }
        let subscriptions = self.subscriptions.iter().filter(|(_, one)| one.account == id && !one.has_ended());
        for subscription in subscriptions.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.unsubscribe(now, subscription)?;
        }
        let publications = self.publications.iter().filter(|(_, one)| one.account == id && !one.has_ended());
        for publication in publications.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.unpublish(now, publication)?;
        }
        self.with_account(id, registration::unregister);
        self.settle();
        self.leaving_accounts.insert(id);
        self.forget_left_accounts();
        Ok(())
    }

    /// Registers an account now, also one that failed for good.
    ///
    /// # Errors
    /// Where there is no such account.
    pub fn register(&mut self, now: Instant, id: AccountId) -> Result<(), Misuse> {
        self.now = self.now.max(now);
        self.known_account(id)?;
        self.with_account(id, registration::register);
        self.settle();
        Ok(())
    }

    /// Removes an account's binding.
    ///
    /// # Errors
    /// Where there is no such account.
    pub fn unregister(&mut self, now: Instant, id: AccountId) -> Result<(), Misuse> {
        self.now = self.now.max(now);
        self.known_account(id)?;
        self.with_account(id, registration::unregister);
        self.settle();
        Ok(())
    }

    /// Calls somebody.
    ///
    /// # Errors
    /// Where there is no such account, the call to be replaced is not answered, or the target can't be called.
    pub fn invite(&mut self, now: Instant, account: AccountId, invite: Invite) -> Result<CallId, Misuse> {
        self.now = self.now.max(now);
        self.known_account(account)?;
        let replaces = match invite.replaces {
            Some(call) => {
                let value = self.calls.get(&call).ok_or(Misuse::UnknownCall)?.replaces_value();
                Some(value.ok_or(Misuse::WrongState)?)
            }
            None => None,
        };
        self.place(account, invite, replaces, None, None)
    }

    fn place(
        &mut self,
        account: AccountId,
        invite: Invite,
        replaces: Option<String>,
        referred_by: Option<String>,
        reports_to: Option<CallId>,
    ) -> Result<CallId, Misuse> {
        self.last_call += 1;
        let id = CallId(self.last_call);
        let (call_id, tag) = (self.rng.token(24), self.rng.token(12));
        let origin = Origin { call_id, tag, replaces, referred_by, reports_to };
        let call = self.with_account(account, |cx| Call::invite(cx, id, account, invite, origin));
        self.keep_call(call.unwrap_or(Err(Misuse::UnknownAccount))?, None);
        self.settle();
        Ok(id)
    }

    pub(super) fn command<T>(
        &mut self,
        now: Instant,
        id: CallId,
        run: impl FnOnce(&mut Call, &mut super::Cx<'_>) -> Result<T, Misuse>,
    ) -> Result<T, Misuse> {
        self.now = self.now.max(now);
        if self.calls.get(&id).is_none_or(Call::has_ended) {
            return Err(Misuse::UnknownCall);
        }
        let result = self.with_call(id, run).unwrap_or(Err(Misuse::UnknownCall));
        self.settle();
        result
    }

    /// Tells the caller that it rings here (180); with a body, that media flows already (183).
    ///
    /// # Errors
    /// Where the call does not come in, or is answered.
    pub fn ring(&mut self, now: Instant, call: CallId, early: Option<Body>) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| call.ring(cx, early))
    }

    /// Answers a call. The body is the answer to the caller's offer, or an offer if there was none; it may be missing if
    /// `ring` gave it.
    ///
    /// # Errors
    /// Where the call does not come in or is answered, or there is no description at all.
    pub fn answer(&mut self, now: Instant, call: CallId, body: Option<Body>) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| call.answer(cx, body))
    }

    /// Refuses a call that comes in.
    ///
    /// # Errors
    /// Where the call does not come in, or the status is no refusal.
    pub fn reject(
        &mut self,
        now: Instant,
        call: CallId,
        status: StatusCode,
        reason: Option<String>,
    ) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| call.reject(cx, status, reason))
    }

    /// Sends a caller elsewhere (302).
    ///
    /// # Errors
    /// Where the call does not come in, or there is no target.
    pub fn redirect(&mut self, now: Instant, call: CallId, targets: &[Uri]) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| call.redirect(cx, targets))
    }

    /// Ends a call as its state demands: CANCEL, BYE, or 603 for one that comes in.
    ///
    /// # Errors
    /// Where there is no such call any more.
    pub fn hang_up(&mut self, now: Instant, call: CallId) -> Result<(), Misuse> {
        self.command(now, call, Call::hang_up)
    }

    /// The same, with a Reason (RFC 3326) in the CANCEL or BYE: `SIP;cause=200;text="Call completed elsewhere"`.
    ///
    /// # Errors
    /// Where there is no such call any more.
    pub fn hang_up_because(&mut self, now: Instant, call: CallId, reason: &str) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| {
            call.say_goodbye(reason);
            call.hang_up(cx)
        })
    }

    /// Refuses a call that comes in, in any words and with any fields: Reason, Retry-After, Contact.
    ///
    /// # Errors
    /// Where the call does not come in, or the status is no refusal.
    pub fn refuse(&mut self, now: Instant, call: CallId, reply: &Reply) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| call.refuse_with(cx, reply))
    }

    /// Offers the peer another session by re-INVITE, as soon as no other exchange is open.
    ///
    /// # Errors
    /// Where the call is not answered.
    pub fn reinvite(&mut self, now: Instant, call: CallId, offer: Body) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| call.reinvite(cx, offer))
    }

    /// Asks the peer for an offer (a re-INVITE without one): `CallEvent::Offer` or `OfferRejected` follows.
    ///
    /// # Errors
    /// Where the call is not answered, or an exchange is open.
    pub fn ask_offer(&mut self, now: Instant, call: CallId) -> Result<(), Misuse> {
        self.command(now, call, Call::ask_offer)
    }

    /// The same by UPDATE, where the peer knows that.
    ///
    /// # Errors
    /// Where the call is not answered.
    pub fn update(&mut self, now: Instant, call: CallId, offer: Body) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| call.update(cx, offer))
    }

    /// Answers [`CallEvent::Offer`](super::CallEvent::Offer), or refuses it.
    ///
    /// # Errors
    /// Where no offer is open.
    pub fn respond_to_offer(
        &mut self,
        now: Instant,
        call: CallId,
        answer: Result<Body, StatusCode>,
    ) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| call.respond_to_offer(cx, answer))
    }

    /// Gives the offer that [`CallEvent::OfferNeeded`](super::CallEvent::OfferNeeded) asked for, or refuses.
    ///
    /// # Errors
    /// Where the call is not answered.
    pub fn provide_offer(&mut self, now: Instant, call: CallId, offer: Result<Body, StatusCode>) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| call.provide_offer(cx, offer))
    }

    /// Asks the peer to call somebody else instead (blind transfer).
    ///
    /// # Errors
    /// Where the call is not answered, a transfer is under way, or the target can't be called.
    pub fn transfer(&mut self, now: Instant, call: CallId, target: &Uri) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| {
            let target = cx.account.callable(target).ok_or(Misuse::BadTarget)?;
            call.transfer(cx, &target)
        })
    }

    /// Connects the peers of two calls (attended transfer): the first one's peer calls the other's in our place.
    ///
    /// # Errors
    /// Where one of the calls is not answered, or a transfer is under way.
    pub fn transfer_to_call(&mut self, now: Instant, call: CallId, other: CallId) -> Result<(), Misuse> {
        let target = self.calls.get(&other).ok_or(Misuse::UnknownCall)?.replacing_uri().ok_or(Misuse::WrongState)?;
        self.command(now, call, |call, cx| call.transfer(cx, &target))
    }

    /// Calls whom the peer wants us to call (`CallEvent::TransferRequested`); the peer hears how it goes.
    ///
    /// # Errors
    /// Where no transfer was asked for.
    pub fn accept_transfer(&mut self, now: Instant, call: CallId, offer: Option<Body>) -> Result<CallId, Misuse> {
        let account = self.calls.get(&call).ok_or(Misuse::UnknownCall)?.account;
        let referred = self.command(now, call, |call, _| call.accept_transfer())?;
        let invite = Invite::new(referred.target, offer);
        let placed = self.place(account, invite, referred.replaces, referred.referred_by, Some(call));
        if placed.is_err() {
            self.command(now, call, |call, cx| {
                call.notify_transfer(cx, StatusCode::UNSUPPORTED_URI_SCHEME, "Unsupported URI Scheme");
                Ok(())
            })?;
        }
        placed
    }

    /// The call of ours that a transfer's target shall take the place of, where the peer asked for an attended one.
    pub fn transfer_replaces(&self, call: CallId) -> Option<CallId> {
        let replaces = self.calls.get(&call)?.transfer_replaces()?;
        self.find_replaced(&Replaces::parse(&replaces).ok()?)
    }

    /// Tells the peer that asked for a transfer how it goes, where a call of another kind than
    /// [`UserAgent::accept_transfer`] makes does it. A final status ends it.
    ///
    /// # Errors
    /// Where there is no such call any more.
    pub fn report_transfer(&mut self, now: Instant, call: CallId, status: StatusCode) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| {
            call.notify_transfer(cx, status, status.reason());
            Ok(())
        })
    }

    /// Does not call whom the peer wants us to call.
    ///
    /// # Errors
    /// Where no transfer was asked for.
    pub fn refuse_transfer(&mut self, now: Instant, call: CallId) -> Result<(), Misuse> {
        self.command(now, call, Call::refuse_transfer)
    }

    /// Sends an INFO with this body.
    ///
    /// # Errors
    /// Where the call is not answered.
    pub fn send_info(&mut self, now: Instant, call: CallId, body: &Body) -> Result<(), Misuse> {
        self.command(now, call, |call, cx| call.send_info(cx, body))
    }

    /// Tells a digit by INFO (`application/dtmf-relay`).
    ///
    /// # Errors
    /// Where the call is not answered.
    pub fn send_digit_info(
        &mut self,
        now: Instant,
        call: CallId,
        digit: char,
        duration: Duration,
    ) -> Result<(), Misuse> {
        self.send_info(now, call, &digit_body(digit, duration))
    }
}
