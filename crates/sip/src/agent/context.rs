use std::collections::{BTreeMap, VecDeque};

use bellbird_base::{FlowId, Instant, Rng};

use super::account::Account;
use super::config::{AccountId, Config};
use super::event::{CallEvent, CallId, Event, OptionsId, PublicationId, SubscriptionId};
use super::watchers::WatcherId;
use crate::endpoint::{ContactTemplate, Endpoint, Outgoing, RequestId, Route};
use crate::message::{HeaderName, Method, Request};
use crate::status::StatusCode;

/// Who gets the responses to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    Registration(AccountId),
    Call(CallId),
    Subscription(SubscriptionId),
    Publication(PublicationId),
    Watcher(WatcherId),
    Options(OptionsId),
    /// Nobody: the BYE of a fork that was not wanted.
    Nobody(AccountId),
}

/// A request whose final response has not come.
#[derive(Clone, Debug)]
pub(crate) struct Inflight {
    pub(crate) owner: Owner,
    pub(crate) account: AccountId,
    pub(crate) outgoing: Outgoing,
    /// Challenges answered so far.
    pub(crate) answered: u8,
    /// The flow that it went over last.
    pub(crate) flow: Option<FlowId>,
    /// Tags of 2xx that were acknowledged and hung up because another one was first.
    pub(crate) surplus: Vec<String>,
}

/// What one part of the agent asks of another.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// A call that a transfer made got on: tell the one who asked for the transfer.
    TransferProgress(CallId, StatusCode, String),
    /// This call is replaced by another one that was just answered.
    Replaced(CallId),
    /// An account registered over another flow than before.
    FlowReplaced(AccountId),
    /// A dialog is known by these from now on.
    DialogOf(String, String, Owner),
}

/// What a call, a registration or a subscription works with while it handles something.
pub(crate) struct Cx<'a> {
    pub(crate) now: Instant,
    pub(crate) config: &'a Config,
    pub(crate) endpoint: &'a mut Endpoint,
    pub(crate) rng: &'a mut Rng,
    pub(crate) account: &'a mut Account,
    pub(crate) inflight: &'a mut BTreeMap<RequestId, Inflight>,
    pub(crate) events: &'a mut VecDeque<Event>,
    pub(crate) effects: &'a mut Vec<Effect>,
}

impl Cx<'_> {
    pub(crate) fn call_event(&mut self, call: CallId, event: CallEvent) {
        self.events.push_back(Event::Call(call, event));
    }

    /// Sends a request; the credentials that the account's server asked for go along from the start.
    pub(crate) fn send(
        &mut self,
        owner: Owner,
        request: Request,
        route: Route,
        contact: Option<ContactTemplate>,
    ) -> RequestId {
        self.send_out(owner, Outgoing { request, route, contact, has_alternative: false })
    }

    /// Sends a request, perhaps one whose owner wants to hear that nobody answers before timer B tells.
    pub(crate) fn send_out(&mut self, owner: Owner, outgoing: Outgoing) -> RequestId {
        let Outgoing { mut request, route, contact, has_alternative } = outgoing;
        if !self.config.user_agent.is_empty() {
            request.headers.set(HeaderName::UserAgent, &self.config.user_agent);
        }
        let flow = route.flow;
        let trusted = self.account.trusts_route(&route, self.endpoint);
        if trusted && !matches!(request.method, Method::Ack | Method::Cancel) {
            self.account.auth.authorize(&mut request);
        }
        let outgoing = Outgoing { request, route, contact, has_alternative };
        let is_ack = outgoing.request.method == Method::Ack;
        let id = self.endpoint.send(self.now, outgoing.clone());
        if !is_ack {
            let account = self.account.id;
            self.inflight.insert(id, Inflight { owner, account, outgoing, answered: 0, flow, surplus: Vec::new() });
        }
        id
    }
}
