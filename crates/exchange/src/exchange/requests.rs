use bellbird_base::Duration;
use bellbird_sip::agent::{InboundRequest, Reply, ServerId, WatcherEnd, WatcherEvent, WatcherId};
use bellbird_sip::message::{Body, Fields, HeaderName, Method, Request};
use bellbird_sip::status::StatusCode;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Answer, Exchange};
use crate::directory::{AccountRouting, Directory, Internal};
use crate::guard::{Access, Proved};
use crate::notifier::feature::{self, Asked};
use crate::notifier::{Package, Subject, Watching};
use crate::registrar::{Change, Register, Registered};
use crate::routing::FeatureAct;
use crate::words::{CannotBeToldCause, DndSource, UserId, VoipAccountId};
use crate::{Event, Output};

/// The methods that a server takes outside a dialog.
const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY, REGISTER, SUBSCRIBE, PUBLISH";
/// The packages that one may subscribe to.
const EVENTS: &str = "as-feature-event, dialog, presence, reg, message-summary";
/// Phones ask for 2147483647 s, and mean *as long as it goes*.
const MAX_SUBSCRIPTION: Duration = Duration::from_secs(3600);
const DEFAULT_SUBSCRIPTION: Duration = Duration::from_secs(3600);

impl Exchange {
    pub(super) fn request(&mut self, inbound: InboundRequest) {
        match inbound.request.method {
            Method::Options => self.options(&inbound),
            Method::Invite => self.invite(inbound),
            Method::Register => self.proved(&inbound, Self::register),
            Method::Subscribe => self.proved(&inbound, Self::subscribe),
            Method::Publish => self.proved(&inbound, Self::publish),
            Method::Refer => self.reply(inbound.id, Reply::new(StatusCode::DECLINE)),
            Method::Message
            | Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Info
            | Method::Notify
            | Method::Prack
            | Method::Update
            | Method::Other(_) => {
                let reply = Reply::new(StatusCode::METHOD_NOT_ALLOWED).with(HeaderName::Allow, ALLOW);
                self.reply(inbound.id, reply);
            }
        }
    }

    fn options(&mut self, inbound: &InboundRequest) {
        let reply = Reply::new(StatusCode::OK)
            .with(HeaderName::Allow, ALLOW)
            .with(HeaderName::AllowEvents, EVENTS)
            .with(HeaderName::Accept, "application/sdp");
        self.reply(inbound.id, reply);
    }

    /// The organisation that a request is for: the one whose domain it names, or the only one there is.
    pub(super) fn directory_for(&self, request: &Request) -> Option<Arc<Directory>> {
        let named = request.uri.host().map(|host| host.as_str().to_owned());
        let from = (&request.headers).address(HeaderName::From);
        let from = from.and_then(|from| from.uri.host().map(|host| host.as_str().to_owned()));
        let has = |domain: &Option<String>| {
            let domain = domain.as_deref()?;
            self.served.values().find(|served| served.directory.organisation.domain.eq_ignore_ascii_case(domain))
        };
        let only = self.served.values().next().filter(|_| self.served.len() == 1);
        has(&named).or_else(|| has(&from)).or(only).map(|served| Arc::clone(&served.directory))
    }

    pub(super) fn check(&mut self, directory: &Directory, inbound: &InboundRequest) -> Access {
        let (source, registrar) = (inbound.via.remote.ip(), &self.registrar);
        let known = |account| registrar.is_known_at(account, source);
        self.gate.check(self.now, directory, &inbound.request, source, known)
    }

    /// Goes on only with who proved to be an account.
    fn proved(&mut self, inbound: &InboundRequest, go_on: fn(&mut Self, &InboundRequest, &Arc<Directory>, Proved)) {
        let Some(directory) = self.directory_for(&inbound.request) else {
            return self
                .reply(inbound.id, Reply::new(StatusCode::NOT_FOUND).saying("Nobody is served under this domain"));
        };
        match self.check(&directory, inbound) {
            Access::Granted(proved) => go_on(self, inbound, &directory, proved),
            Access::Denied(reply) => self.reply(inbound.id, reply),
        }
    }

    fn register(&mut self, inbound: &InboundRequest, directory: &Arc<Directory>, proved: Proved) {
        let to = (&inbound.request.headers).address(HeaderName::To);
        let user = to.and_then(|to| to.uri.user_text().map(|user| user.into_owned())).unwrap_or_default();
        let own =
            directory.accounts.get(&proved.account).is_some_and(|account| is_address_of(account, &user, directory));
        if !own {
            let reply = Reply::new(StatusCode::FORBIDDEN).saying("This password is another account's");
            return self.reply(inbound.id, reply);
        }
        let register = Register {
            request: &inbound.request,
            flow: inbound.flow,
            via: inbound.via,
            organisation: directory.organisation.id,
            account: proved.account,
            client: proved.client.as_ref(),
        };
        let Registered { reply, changes, former_flows } = self.registrar.register(self.clock.time(self.now), &register);
        for former in former_flows {
            self.agent.move_flow(self.now, former, inbound.flow);
        }
        for change in &changes {
            if let Change::Saved(binding) = change {
                self.agent.adopt_flow(self.now, inbound.flow, &binding.contact);
            }
        }
        let stores = self.take_changes(changes);
        self.answer_when_stored(inbound.id, Answer::Reply(reply), stores);
    }

    fn subscribe(&mut self, inbound: &InboundRequest, directory: &Arc<Directory>, proved: Proved) {
        let headers = &inbound.request.headers;
        let target = inbound.request.uri.user().unwrap_or_default().to_owned();
        let asked = read_body(&inbound.request);
        let device = asked.as_ref().ok().and_then(|asked| asked.device.clone()).unwrap_or_else(|| target.clone());
        let package = headers.event().and_then(|event| Package::named(event.package, &device));
        let Some(package) = package else {
            return self.reply(inbound.id, Reply::new(StatusCode::BAD_EVENT).with(HeaderName::AllowEvents, EVENTS));
        };
        let Some(subject) = subject(directory, &package, &target, proved.account) else {
            return self
                .reply(inbound.id, Reply::new(StatusCode::NOT_FOUND).saying("Nobody to watch under this number"));
        };
        let organisation = directory.organisation.id;
        let Some(account) = self.account_of(organisation) else { return };
        let granted = granted(headers.expires().map(|seconds| Duration::from_secs(seconds.into())));
        let acts = match (&package, asked) {
            (Package::Feature { .. }, Ok(asked)) => asked.acts,
            (Package::Feature { .. }, Err(())) => {
                return self.reply(inbound.id, Reply::new(StatusCode::BAD_REQUEST).saying("Unreadable body"));
            }
            (Package::Dialog | Package::Presence | Package::Reg | Package::MessageSummary, _) => Vec::new(),
        };
        let Ok(id) = self.agent.accept_subscription(self.now, inbound.id, account, granted) else { return };
        self.notifier.add(self.now, id, Watching::new(organisation, proved.account, subject, package));
        if let Subject::User(user) = subject {
            self.acts(user, acts, proved.account);
        }
    }

    fn acts(&mut self, user: UserId, acts: Vec<FeatureAct>, account: VoipAccountId) -> BTreeSet<crate::StoreId> {
        acts.into_iter().map(|act| self.feature(user, act, DndSource::DeskPhone { account })).collect()
    }

    /// Cisco's way to tell Do Not Disturb.
    fn publish(&mut self, inbound: &InboundRequest, directory: &Arc<Directory>, proved: Proved) {
        let headers = &inbound.request.headers;
        if headers.event().is_none_or(|event| !event.package.eq_ignore_ascii_case("presence")) {
            return self.reply(inbound.id, Reply::new(StatusCode::BAD_EVENT).with(HeaderName::AllowEvents, "presence"));
        }
        let user = directory.accounts.get(&proved.account).and_then(AccountRouting::user);
        let user = user.and_then(|user| directory.users.get(&user));
        let (Some(user), Ok(asked)) = (user, read_body(&inbound.request)) else {
            return self.reply(inbound.id, Reply::new(StatusCode::FORBIDDEN));
        };
        let published = !inbound.request.body.is_empty();
        let on = asked.acts.contains(&FeatureAct::Dnd(true));
        // A phone publishes its state again and again: only a change is an act.
        let changes = published && on != user.is_on_dnd(self.clock.time(self.now));
        let acts = if changes { vec![FeatureAct::Dnd(on)] } else { Vec::new() };
        let stores = self.acts(user.id, acts, proved.account);
        let granted = granted(headers.expires().map(|seconds| Duration::from_secs(seconds.into())));
        let reply = Reply::new(StatusCode::OK)
            .with(HeaderName::Expires, granted.as_secs())
            .with(HeaderName::SipEtag, format!("a{}", proved.account));
        self.answer_when_stored(inbound.id, Answer::Reply(reply), stores);
    }

    pub(super) fn watcher(&mut self, id: WatcherId, event: WatcherEvent) {
        match event {
            WatcherEvent::Subscribe { request, asked, body } => self.resubscribe(id, request, asked, body),
            WatcherEvent::Told { waiting } => {
                if waiting == 0 {
                    self.notifier.taken(id, self.clock.time(self.now));
                    self.tell_receipt(id);
                }
            }
            WatcherEvent::Ended(end) => {
                let lost = match end {
                    WatcherEnd::Lost(None) => Some(CannotBeToldCause::NoAnswer),
                    WatcherEnd::Lost(Some(_)) => Some(CannotBeToldCause::Refused),
                    WatcherEnd::Unsubscribed | WatcherEnd::Expired => None,
                };
                self.notifier.remove(id, lost);
            }
        }
    }

    /// A refresh, or a key: a key has to prove again whose it is.
    fn resubscribe(&mut self, id: WatcherId, request: ServerId, asked: Option<Duration>, body: Option<Body>) {
        let Some(watching) = self.notifier.get(id).cloned() else {
            return self.reply(request, Reply::new(StatusCode::CALL_DOES_NOT_EXIST));
        };
        let feature = matches!(watching.package, Package::Feature { .. });
        let read = body.filter(|_| feature).map_or_else(|| feature::read(b""), |body| feature::read(&body.bytes));
        let Ok(Asked { device, acts }) = read else {
            return self.reply(request, Reply::new(StatusCode::BAD_REQUEST).saying("Unreadable body"));
        };
        if !acts.is_empty()
            && let Err(reply) = self.prove_key(&watching, request)
        {
            return self.reply(request, *reply);
        }
        let now = self.now;
        let pressed: Vec<FeatureAct> = acts.into_iter().filter(|act| !self.notifier.is_echo(now, id, act)).collect();
        let stores = match watching.subject {
            Subject::User(user) => self.acts(user, pressed, watching.watcher),
            Subject::Account(_) => BTreeSet::new(),
        };
        self.answer_when_stored(request, Answer::Refresh { watcher: id, granted: granted(asked), device }, stores);
    }

    fn prove_key(&mut self, watching: &Watching, request: ServerId) -> Result<(), Box<Reply>> {
        let gone = || Box::new(Reply::new(StatusCode::CALL_DOES_NOT_EXIST));
        let (flow, received) = self.agent.waiting_request(request).ok_or_else(gone)?;
        let via = self.agent.flow(flow).ok_or_else(gone)?;
        let served = self.served.get(&watching.organisation).ok_or_else(gone)?;
        let directory = Arc::clone(&served.directory);
        let inbound = InboundRequest { id: request, flow, via, account: None, request: received };
        match self.check(&directory, &inbound) {
            Access::Granted(proved) if proved.account == watching.watcher => Ok(()),
            Access::Granted(_) => Err(Box::new(Reply::new(StatusCode::FORBIDDEN))),
            Access::Denied(reply) => Err(Box::new(reply)),
        }
    }

    pub(super) fn end_watcher(&mut self, id: WatcherId, reason: &str) {
        let _ = self.agent.end_watcher(self.now, id, reason, None);
        self.notifier.remove(id, None);
    }

    pub(super) fn registrations_changed(&mut self, organisation: crate::words::OrgId, account: VoipAccountId) {
        let bindings = self.registrar.of(account).cloned().collect();
        self.outputs.push_back(Output::Event(Event::Registrations(account, bindings)));
        let now = self.now;
        self.notifier.changed(now, organisation, |watching| {
            watching.package == Package::Reg && watching.subject == Subject::Account(account)
        });
        let owners = self.served.get(&organisation).and_then(|served| served.directory.accounts.get(&account));
        for user in owners.map(|account| account.owners.clone()).unwrap_or_default() {
            self.user_changed(user);
        }
    }
}

/// Whom an account may register as: its login, its number, its client's login, its user's number.
fn is_address_of(account: &AccountRouting, user: &str, directory: &Directory) -> bool {
    let same = |known: Option<&AccountRouting>| known.is_some_and(|known| known.id == account.id);
    let personal = account.user().and_then(|owner| directory.users.get(&owner));
    account.login == user
        || account.number.as_deref() == Some(user)
        || same(directory.account_by_login(user))
        || same(directory.account_by_address(user))
        || personal.is_some_and(|owner| owner.numbers.iter().any(|number| number == user))
}

fn subject(directory: &Directory, package: &Package, target: &str, watcher: VoipAccountId) -> Option<Subject> {
    match package {
        // Keys are one's own, whatever the Request-URI says.
        Package::Feature { .. } => directory.accounts.get(&watcher)?.user().map(Subject::User),
        Package::MessageSummary => Some(Subject::Account(watcher)),
        Package::Reg => {
            let account = directory.account_by_address(target).filter(|account| account.id == watcher);
            Some(Subject::Account(account?.id))
        }
        Package::Dialog | Package::Presence => match directory.internal(target)? {
            Internal::User(user) => Some(Subject::User(user)),
            Internal::Account(account) => {
                directory.accounts.get(&account)?.user().map(Subject::User).or(Some(Subject::Account(account)))
            }
        },
    }
}

fn granted(asked: Option<Duration>) -> Duration {
    asked.unwrap_or(DEFAULT_SUBSCRIPTION).min(MAX_SUBSCRIPTION)
}

fn read_body(request: &Request) -> Result<Asked, ()> {
    feature::read(&request.body).map_err(|_| ())
}
