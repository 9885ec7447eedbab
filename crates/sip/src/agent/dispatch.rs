use bellbird_base::{Duration, FlowId};

use super::account::Claim;
use super::auth::Unanswered;
use super::context::{Cx, Effect, Owner};
use super::{ALLOW, FlowEnd, Notification, RegistrationFailure, Reply, SUPPORTED, ServerEvent};
use super::{AccountId, Body, CallEnd, CallId, EndReason, EndedBy, Event, Misuse, UserAgent};
use crate::call::{Arrived, Call, hang_up_surplus, party_of};
use crate::endpoint::{Arrival, EndpointEvent, Failure, RequestId, ServerId};
use crate::message::{Fields, HeaderName, Message, Method, Refusal, Replaces};
use crate::registration;
use crate::status::StatusCode;

impl UserAgent {
    pub(super) fn receive(&mut self, flow: FlowId, bytes: &[u8]) {
        for frame in self.endpoint.frames(self.now, flow, bytes) {
            match Message::parse(&frame) {
                Ok(message) => self.receive_message(flow, &message),
                Err(refusal) => self.receive_garbage(flow, &refusal),
            }
            self.settle();
        }
    }

    fn receive_garbage(&mut self, flow: FlowId, refusal: &Refusal) {
        self.counters.malformed += 1;
        let tag = self.rng.token(12);
        if let Some(mut response) = refusal.response(&tag) {
            self.endpoint.respond_stateless(flow, &mut response);
        }
    }

    fn receive_message(&mut self, flow: FlowId, message: &Message<'_>) {
        match self.endpoint.receive(self.now, flow, message) {
            Arrival::Absorbed => {}
            Arrival::Request(server) => self.receive_request(server, flow, message),
            Arrival::Ack => self.receive_ack(message),
            Arrival::Cancel(server) => self.receive_cancel(server, message),
            Arrival::Response(request) => self.receive_response(request, flow, message),
            Arrival::StraySuccess => self.counters.stray += 1,
        }
    }

    /// Handles what the endpoint found out and what calls want of each other, until nothing is left.
    pub(super) fn settle(&mut self) {
        loop {
            if let Some(event) = self.endpoint.poll_event() {
                self.take_endpoint_event(event);
            } else if !self.effects.is_empty() {
                for effect in core::mem::take(&mut self.effects) {
                    self.take_effect(effect);
                }
            } else {
                return;
            }
        }
    }

    fn take_endpoint_event(&mut self, event: EndpointEvent) {
        match event {
            EndpointEvent::Sent(request, flow) => self.request_sent(request, flow),
            EndpointEvent::Failed(request, failure) => self.request_failed(request, failure),
            EndpointEvent::Silent(request) => self.request_silent(request),
            EndpointEvent::Over(request) => {
                self.inflight.remove(&request);
            }
            EndpointEvent::Unacknowledged(_) | EndpointEvent::FlowOpened(_) => {}
            EndpointEvent::FlowClosed(flow, end) => self.flow_closed(flow, end),
            EndpointEvent::SeenElsewhere(flow) => {
                for account in self.account_ids() {
                    self.with_account(account, |cx| registration::seen_elsewhere(cx, flow));
                }
            }
            EndpointEvent::FlowIdle(flow) => self.flow_idle(flow),
        }
    }

    fn take_effect(&mut self, effect: Effect) {
        match effect {
            Effect::TransferProgress(call, status, reason) => {
                self.with_call(call, |call, cx| call.notify_transfer(cx, status, &reason));
            }
            Effect::Replaced(call) => {
                let end = CallEnd { by: EndedBy::Remote, reason: EndReason::Replaced, status: None, text: None };
                self.with_call(call, |call, cx| call.end_replaced(cx, end));
            }
            Effect::FlowReplaced(account) => {
                let calls: Vec<CallId> =
                    self.calls.values().filter(|call| call.account == account).map(|call| call.id).collect();
                for call in calls {
                    self.with_call(call, Call::refresh_target);
                }
            }
            Effect::DialogOf(call_id, tag, owner) => {
                self.dialogs.insert(call_id, tag, owner);
            }
        }
    }

    fn on_registration(&mut self, account: AccountId, request: RequestId, run: impl FnOnce(&mut Cx<'_>)) {
        if self.accounts.get(&account).is_some_and(|account| account.registration.awaits(request)) {
            self.with_account(account, run);
        }
    }

    fn account_ids(&self) -> Vec<AccountId> {
        self.accounts.keys().copied().collect()
    }

    fn request_sent(&mut self, request: RequestId, flow: FlowId) {
        let Some(inflight) = self.inflight.get_mut(&request) else { return };
        inflight.flow = Some(flow);
        let (owner, account, uri) = (inflight.owner, inflight.account, inflight.outgoing.route.uri.clone());
        let to_server = self.accounts.get(&account).is_some_and(|account| account.server() == Some(&uri));
        if to_server
            && matches!(owner, Owner::Registration(_) | Owner::Call(_) | Owner::Subscription(_) | Owner::Publication(_))
        {
            self.with_account(account, |cx| registration::sent(cx, flow));
        }
    }

    fn request_failed(&mut self, request: RequestId, failure: Failure) {
        let Some(inflight) = self.inflight.remove(&request) else { return };
        let method = inflight.outgoing.request.method.clone();
        match inflight.owner {
            Owner::Registration(account) => {
                self.on_registration(account, request, |cx| registration::failed(cx, failure));
            }
            Owner::Call(call) => {
                self.with_call(call, |call, cx| call.request_failed(cx, request, &method, failure));
            }
            Owner::Subscription(_) | Owner::Publication(_) | Owner::Watcher(_) => {
                self.event_request_failed(inflight.owner, request)
            }
            Owner::Options(id) => self.options_failed(id, failure),
            Owner::Nobody(_) => {}
        }
    }

    fn request_silent(&mut self, request: RequestId) {
        let Some(Owner::Call(call)) = self.inflight.get(&request).map(|inflight| inflight.owner) else { return };
        self.with_call(call, |call, cx| call.invite_silent(cx, request));
    }

    fn flow_closed(&mut self, flow: FlowId, end: FlowEnd) {
        if self.config.role.is_server() {
            self.held_flows.remove(&flow);
            for call in self.flow_users.calls_of(flow).collect::<Vec<_>>() {
                self.with_call(call, Call::flow_lost);
            }
            self.tell_owner(ServerEvent::FlowClosed(flow, end));
        }
        for id in self.account_ids() {
            if self.accounts.get(&id).is_some_and(|account| account.flow == Some(flow)) {
                self.with_account(id, registration::flow_lost);
            }
        }
    }

    fn flow_idle(&mut self, flow: FlowId) {
        let in_use = self.flow_users.calls_of(flow).next().is_some()
            || self.held_flows.contains(&flow)
            || self.accounts.values().any(|account| account.flow == Some(flow));
        if in_use {
            self.endpoint.touch(self.now, flow);
        } else {
            self.endpoint.close(self.now, flow);
        }
    }

    fn receive_response(&mut self, request: RequestId, flow: FlowId, message: &Message<'_>) {
        let Some(inflight) = self.inflight.get(&request) else { return };
        let (owner, account) = (inflight.owner, inflight.account);
        let Some(status) = message.status() else { return };
        let challenged = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED);
        if challenged {
            match self.answer_challenge(request, flow, message) {
                Ok(()) => return,
                Err(unanswered) => return self.give_up_challenge(request, owner, flow, message, unanswered),
            }
        }
        self.hand_over(request, owner, account, flow, message);
        let keeps = *message.method() == Method::Invite && status.is_success();
        if status.is_final() && !keeps {
            self.forget_request(request);
        }
    }

    /// A request that was sent again under its old name is not forgotten.
    fn forget_request(&mut self, request: RequestId) {
        if !self.endpoint.is_open(request) {
            self.inflight.remove(&request);
        }
    }

    fn hand_over(&mut self, request: RequestId, owner: Owner, account: AccountId, flow: FlowId, message: &Message<'_>) {
        let Some(status) = message.status() else { return };
        match owner {
            Owner::Registration(account) => {
                self.on_registration(account, request, |cx| registration::receive(cx, flow, message, status));
            }
            Owner::Call(call) if self.calls.contains_key(&call) => {
                self.with_call(call, |call, cx| call.receive_response(cx, request, flow, message));
            }
            // The call is over, and another fork answers.
            Owner::Call(_) => {
                if *message.method() == Method::Invite && status.is_success() {
                    self.with_account(account, |cx| hang_up_surplus(cx, request, Some(flow), message));
                }
            }
            Owner::Subscription(_) | Owner::Publication(_) | Owner::Watcher(_) => {
                self.receive_event_response(owner, request, message)
            }
            Owner::Options(id) => self.options_answered(id, message),
            Owner::Nobody(_) => {}
        }
    }

    /// Sends a challenged request again with credentials, if it is for us to do so.
    fn answer_challenge(&mut self, id: RequestId, flow: FlowId, message: &Message<'_>) -> Result<(), Unanswered> {
        let Some(inflight) = self.inflight.get(&id) else { return Err(Unanswered::Untrusted) };
        let (owner, account, answered) = (inflight.owner, inflight.account, inflight.answered);
        let mut outgoing = inflight.outgoing.clone();
        if self.given_up(owner, message) {
            return Err(Unanswered::Untrusted);
        }
        let trusted = self.accounts.get(&account).is_some_and(|account| account.trusts_flow(flow, &self.endpoint));
        let request = &mut outgoing.request;
        self.with_account(account, |cx| cx.account.auth.answer(message, request, trusted, answered, cx.rng))
            .unwrap_or(Err(Unanswered::Untrusted))?;
        let cseq = self.next_cseq(owner, id, message);
        outgoing.request.headers.set(HeaderName::CSeq, format!("{cseq} {}", message.method()));
        outgoing.route.flow = Some(flow);
        if let Some(inflight) = self.inflight.get_mut(&id) {
            inflight.answered += 1;
            inflight.outgoing = outgoing.clone();
        }
        self.endpoint.resend(self.now, id, outgoing);
        Ok(())
    }

    /// Whether nobody wants the answer any more: an INVITE that was cancelled.
    fn given_up(&self, owner: Owner, message: &Message<'_>) -> bool {
        let Owner::Call(call) = owner else { return false };
        *message.method() == Method::Invite && self.calls.get(&call).is_none_or(Call::has_ended)
    }

    fn next_cseq(&mut self, owner: Owner, request: RequestId, message: &Message<'_>) -> u32 {
        let next = message.cseq().sequence + 1;
        match owner {
            Owner::Registration(account) => {
                self.accounts.get_mut(&account).map_or(next, |account| account.registration.next_cseq())
            }
            Owner::Call(call) => self.calls.get_mut(&call).map_or(next, |call| call.next_cseq(request, message)),
            Owner::Subscription(_) | Owner::Publication(_) | Owner::Watcher(_) => {
                self.next_event_cseq(owner).unwrap_or(next)
            }
            Owner::Options(_) | Owner::Nobody(_) => next,
        }
    }

    fn give_up_challenge(
        &mut self,
        request: RequestId,
        owner: Owner,
        flow: FlowId,
        message: &Message<'_>,
        unanswered: Unanswered,
    ) {
        let account = self.inflight.get(&request).map(|inflight| inflight.account);
        match owner {
            Owner::Registration(account) => {
                let failure = match unanswered {
                    Unanswered::NoLogin => RegistrationFailure::NoPassword,
                    Unanswered::Untrusted => RegistrationFailure::UntrustedChallenge,
                    Unanswered::WrongPassword => RegistrationFailure::WrongPassword,
                };
                self.on_registration(account, request, |cx| registration::unauthorized(cx, failure));
            }
            Owner::Call(call) => {
                let wrong = unanswered == Unanswered::WrongPassword;
                self.with_call(call, |call, cx| {
                    call.unauthorized(cx, wrong, message);
                    call.receive_response(cx, request, flow, message);
                });
            }
            Owner::Subscription(_)
            | Owner::Publication(_)
            | Owner::Watcher(_)
            | Owner::Options(_)
            | Owner::Nobody(_) => {
                if let Some(account) = account {
                    self.hand_over(request, owner, account, flow, message);
                }
            }
        }
        self.forget_request(request);
    }

    fn receive_ack(&mut self, message: &Message<'_>) {
        match self.owner_of(message) {
            Some(Owner::Call(call)) => {
                self.with_call(call, |call, cx| {
                    if call.is_with(message) {
                        call.receive_ack(cx, message);
                    }
                });
            }
            Some(
                Owner::Registration(_)
                | Owner::Subscription(_)
                | Owner::Publication(_)
                | Owner::Watcher(_)
                | Owner::Options(_)
                | Owner::Nobody(_),
            )
            | None => {
                self.counters.stray += 1;
            }
        }
    }

    fn receive_cancel(&mut self, server: ServerId, message: &Message<'_>) {
        if self.cancel_waiting(server) {
            return;
        }
        let owner = self.endpoint.to_tag(server).and_then(|tag| self.dialogs.owner(message.call_id(), tag));
        let Some(Owner::Call(call)) = owner else { return };
        self.with_call(call, |call, cx| {
            if call.is_alerting_on(server) {
                call.caller_gave_up(cx, message);
            } else {
                call.cancel_reinvite(cx, server);
            }
        });
    }

    fn owner_of(&self, message: &Message<'_>) -> Option<Owner> {
        let tag = message.to().tag()?;
        self.dialogs.owner(message.call_id(), tag)
    }

    fn receive_request(&mut self, server: ServerId, flow: FlowId, message: &Message<'_>) {
        if !self.is_served(server, message) {
            return;
        }
        match (message.to().tag(), self.owner_of(message)) {
            (Some(_), Some(Owner::Call(call))) => self.receive_in_call(call, server, flow, message),
            (Some(_), Some(Owner::Subscription(subscription))) => {
                self.receive_in_subscription(subscription, server, message)
            }
            (Some(_), Some(Owner::Watcher(watcher))) => self.receive_in_watcher(watcher, server, flow, message),
            (Some(_), _) if *message.method() == Method::Notify => self.receive_unsolicited(server, flow, message),
            (Some(_), _) => self.endpoint.refuse(self.now, server, StatusCode::CALL_DOES_NOT_EXIST),
            (None, _) if self.config.role.is_server() => self.hand_up(server, flow, message),
            (None, _) => self.receive_outside(server, flow, message),
        }
    }

    /// Whether a request can be served at all (RFC 3261 §8.2); one that can't is answered here.
    fn is_served(&mut self, server: ServerId, message: &Message<'_>) -> bool {
        let Err(refusal) = self.capabilities.check(message) else { return true };
        let mut response = self.endpoint.response(server, refusal.status);
        refusal.hint(&mut response);
        self.endpoint.respond(self.now, server, &response);
        false
    }

    fn receive_in_call(&mut self, call: CallId, server: ServerId, flow: FlowId, message: &Message<'_>) {
        let handled = self.with_call(call, |call, cx| {
            if !call.is_with(message) {
                return false;
            }
            call.receive_request(cx, server, flow, message);
            true
        });
        if handled != Some(true) {
            self.endpoint.refuse(self.now, server, StatusCode::CALL_DOES_NOT_EXIST);
        }
    }

    fn receive_outside(&mut self, server: ServerId, flow: FlowId, message: &Message<'_>) {
        match message.method() {
            Method::Invite => self.receive_invite(server, flow, message),
            Method::Options => self.receive_options(server, flow, message),
            Method::Notify => self.receive_unsolicited(server, flow, message),
            Method::Message => self.receive_text(server, flow, message),
            Method::Refer => self.endpoint.refuse(self.now, server, StatusCode::DECLINE),
            Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Info
            | Method::Prack
            | Method::Update
            | Method::Register
            | Method::Subscribe
            | Method::Publish
            | Method::Other(_) => self.endpoint.refuse(self.now, server, StatusCode::CALL_DOES_NOT_EXIST),
        }
    }

    /// The account that a request outside a dialog is for.
    pub(super) fn account_for(&self, flow: FlowId, message: &Message<'_>) -> Option<AccountId> {
        let user = message.uri().and_then(|uri| uri.user());
        let dialled = message.to().uri.user();
        let claim = |account: &super::account::Account| {
            account.takes(flow, user, &self.endpoint).max(account.takes(flow, dialled, &self.endpoint))
        };
        let staying = self.accounts.values().filter(|account| !self.leaving_accounts.contains(&account.id));
        let best = staying.map(|account| (claim(account), account.id));
        let best = best.max_by_key(|(claim, id)| (*claim, core::cmp::Reverse(*id)));
        best.filter(|(claim, _)| *claim != Claim::None).map(|(_, id)| id)
    }

    fn receive_invite(&mut self, server: ServerId, flow: FlowId, message: &Message<'_>) {
        let Some(account) = self.account_for(flow, message) else {
            self.counters.unclaimed += 1;
            return self.endpoint.refuse(self.now, server, StatusCode::NOT_FOUND);
        };
        self.take_invite(account, server, flow, message);
    }

    /// Makes an INVITE a call, or refuses it.
    pub(super) fn take_invite(
        &mut self,
        account: AccountId,
        server: ServerId,
        flow: FlowId,
        message: &Message<'_>,
    ) -> Option<CallId> {
        if let Err(reply) = self.check_invite(message) {
            self.send_reply(server, *reply);
            return None;
        }
        let replaces = match self.replaced_call(message) {
            Ok(replaces) => replaces,
            Err(status) => {
                self.endpoint.refuse(self.now, server, status);
                return None;
            }
        };
        self.last_call += 1;
        let id = CallId(self.last_call);
        let arrived = Arrived { server, flow, message, replaces };
        let call = self.with_account(account, |cx| Call::incoming(cx, id, account, &arrived)).flatten()?;
        self.keep_call(call, None);
        Some(id)
    }

    /// Whether there is room for another call, and its body is one that we know.
    fn check_invite(&self, message: &Message<'_>) -> Result<(), Box<Reply>> {
        if self.calls.len() >= self.config.limits.calls {
            let server = self.config.role.is_server();
            let busy = Reply::new(if server { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::BUSY_HERE });
            return Err(Box::new(if server { busy.after(Duration::from_secs(10)) } else { busy }));
        }
        if !message.body().is_empty() && !has_description(message) {
            let reply = Reply::new(StatusCode::UNSUPPORTED_MEDIA_TYPE).with(HeaderName::Accept, "application/sdp");
            return Err(Box::new(reply));
        }
        Ok(())
    }

    /// RFC 3891 §3.
    fn replaced_call(&self, message: &Message<'_>) -> Result<Option<CallId>, StatusCode> {
        let Some(replaces) = message.replaces() else { return Ok(None) };
        let call = self.find_replaced(&replaces).and_then(|call| self.calls.get(&call));
        match call {
            Some(call) if call.has_ended() => Err(StatusCode::DECLINE),
            Some(call) if call.is_confirmed() && replaces.early_only => Err(StatusCode::BUSY_HERE),
            Some(call) if call.is_confirmed() || call.is_calling() => Ok(Some(call.id)),
            Some(_) | None => Err(StatusCode::CALL_DOES_NOT_EXIST),
        }
    }

    /// The call with the dialog that a Replaces names.
    pub(super) fn find_replaced(&self, replaces: &Replaces<'_>) -> Option<CallId> {
        let named = |replaces: &Replaces<'_>| {
            let Some(Owner::Call(call)) = self.dialogs.owner(replaces.call_id, replaces.to_tag) else { return None };
            self.calls.get(&call).filter(|call| call.is_named_by(replaces)).map(|call| call.id)
        };
        // Whoever watches a device knows its leg as the device sees it (RFC 4235): the tags change places.
        let seen_from_device = Replaces { to_tag: replaces.from_tag, from_tag: replaces.to_tag, ..*replaces };
        named(replaces).or_else(|| self.config.role.is_server().then(|| named(&seen_from_device)).flatten())
    }

    fn receive_options(&mut self, server: ServerId, flow: FlowId, message: &Message<'_>) {
        let status = match self.account_for(flow, message) {
            Some(_) => StatusCode::OK,
            None if self.accounts.is_empty() => StatusCode::NOT_FOUND,
            None => StatusCode::OK,
        };
        let mut response = self.endpoint.response(server, status);
        response
            .headers
            .set(HeaderName::Allow, ALLOW)
            .set(HeaderName::Supported, SUPPORTED)
            .set(HeaderName::Accept, "application/sdp");
        self.endpoint.respond(self.now, server, &response);
    }

    /// A NOTIFY that nothing of ours asked for. Only the account's own server is believed.
    fn receive_unsolicited(&mut self, server: ServerId, flow: FlowId, message: &Message<'_>) {
        let trusts =
            |id: &AccountId| self.accounts.get(id).is_some_and(|account| account.trusts_flow(flow, &self.endpoint));
        let account = self.account_for(flow, message).filter(trusts);
        match (account, message.event()) {
            (Some(account), Some(event)) if message.to().tag().is_none() => {
                self.endpoint.refuse(self.now, server, StatusCode::OK);
                let news = Notification { event: event.package.to_owned(), body: Body::of(message) };
                self.events.push_back(Event::Notify(account, news));
            }
            (Some(_), None) => self.endpoint.refuse(self.now, server, StatusCode::BAD_EVENT),
            (_, _) => self.endpoint.refuse(self.now, server, StatusCode::CALL_DOES_NOT_EXIST),
        }
    }

    fn receive_text(&mut self, server: ServerId, flow: FlowId, message: &Message<'_>) {
        let Some(account) = self.account_for(flow, message) else {
            return self.endpoint.refuse(self.now, server, StatusCode::NOT_FOUND);
        };
        let trusted = self.accounts.get(&account).is_some_and(|account| account.trusts_flow(flow, &self.endpoint));
        self.endpoint.refuse(self.now, server, StatusCode::OK);
        if let Some(body) = Body::of(message) {
            self.events.push_back(Event::Message(account, party_of(message, trusted), body));
        }
    }

    /// The account that a command names.
    pub(super) fn known_account(&self, account: AccountId) -> Result<(), Misuse> {
        let known = self.accounts.contains_key(&account) && !self.leaving_accounts.contains(&account);
        if known { Ok(()) } else { Err(Misuse::UnknownAccount) }
    }
}

fn has_description(message: &Message<'_>) -> bool {
    message.parts().any(|part| part.content_type.is_some_and(|found| found.is("application/sdp")))
}
