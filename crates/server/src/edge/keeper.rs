//! Makes durable what the exchange wants kept, in the order in which it wants it.
//!
//! Requests are handed to the storage one after the other without waiting for each other, so that one commit carries
//! many; the storage keeps their order.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bellbird_contract::server::{
    AuditSource, Author, CallRecord, Destination, DndSource, Forwarding, OrgId, Telephony, UserId,
};
use bellbird_exchange::directory::{Directory, Internal};
use bellbird_exchange::node::SessionId;
use bellbird_exchange::{ForwardKind, NotStored, StoreId, StoreRequest};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::driver::Report;
use super::ids::{self, Local as _};
use super::memory::{CATCHING_UP, SharedMemory};
use super::saved;
use crate::domain::{Actor, now};
use crate::store::{ConfirmedCall, Refusal, Store, StoreError};

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

enum Job {
    Work(Work),
    /// Told once all before it is done.
    Marker(tokio::sync::oneshot::Sender<()>),
}

/// The way to the storage.
pub(crate) struct Keeper {
    store: Store,
    memory: SharedMemory,
    reports: mpsc::WeakUnboundedSender<Report>,
    work: mpsc::UnboundedSender<Job>,
    /// Whose calls these are, and tells the calls of this life from those of another.
    calls: Arc<Mutex<BTreeMap<SessionId, OrgId>>>,
    life: String,
}

impl Keeper {
    /// Starts the task that hands requests on. `life` names this run of the program.
    pub(crate) fn start(
        store: Store,
        memory: SharedMemory,
        reports: mpsc::WeakUnboundedSender<Report>,
        life: String,
    ) -> Self {
        let (work, queue) = mpsc::unbounded_channel();
        tokio::spawn(carry_out(queue));
        Self { store, memory, reports, work, calls: Arc::default(), life }
    }

    /// Keeps this, and reports once it is.
    /// `record`: what the record of a saved call will say.
    pub(crate) fn keep(&self, id: StoreId, request: StoreRequest, record: Option<CallRecord>) {
        let act_of = match &request {
            StoreRequest::Dnd { user, .. } | StoreRequest::Forward { user, .. } => Some(user.organisation()),
            StoreRequest::SaveBinding(_)
            | StoreRequest::RemoveBinding(_)
            | StoreRequest::SaveCall { .. }
            | StoreRequest::RemoveCall(_) => None,
        };
        let done = self.kept(request, record);
        let (reports, store, memory) = (self.reports.clone(), self.store.clone(), self.memory.clone());
        self.push(async move {
            let result = done.await.map_err(|error| refusal(&error));
            if let (Some(org), Ok(())) = (act_of, &result) {
                holds(&store, &memory, org).await;
            }
            if let Some(reports) = reports.upgrade() {
                // At the end nobody listens.
                reports.send(Report::Stored(id, result)).ok();
            }
        });
    }

    /// Keeps the record of a call.
    pub(crate) fn record(&self, org: OrgId, record: CallRecord) {
        let store = self.store.clone();
        self.push(async move {
            if let Err(error) = store.keep_record(&Actor::server(org, now()), record).await {
                tracing::error!("the record of a call could not be kept: {error}");
            }
        });
    }

    /// Forgets calls of an earlier life, which go on under new names.
    pub(crate) fn forget_calls(&self, org: OrgId, ids: Vec<String>) {
        for id in ids {
            let store = self.store.clone();
            self.push(async move {
                if let Err(error) = store.drop_call(org, id).await {
                    tracing::error!("a call could not be forgotten: {error}");
                }
            });
        }
    }

    /// Says when all that was asked for until now is kept.
    pub(crate) fn when_kept(&self, done: tokio::sync::oneshot::Sender<()>) {
        self.work.send(Job::Marker(done)).ok();
    }

    fn push(&self, work: impl Future<Output = ()> + Send + 'static) {
        // The task ends with the last sender only.
        self.work.send(Job::Work(Box::pin(work))).ok();
    }

    fn kept(
        &self,
        request: StoreRequest,
        record: Option<CallRecord>,
    ) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>> {
        let store = self.store.clone();
        match request {
            StoreRequest::SaveBinding(binding) => {
                Box::pin(
                    async move { store.keep_binding(binding.organisation, saved::binding(&binding)?, now()).await },
                )
            }
            StoreRequest::RemoveBinding(id) => {
                let (org, account, key) = (id.account.organisation(), id.account.outward(), saved::key(&id.key));
                Box::pin(async move { store.drop_binding(org, account, key).await })
            }
            StoreRequest::SaveCall { session, kept } => {
                let organisation = kept.organisation;
                self.calls().insert(session, organisation);
                let id = self.call_id(session);
                Box::pin(async move {
                    let call = ConfirmedCall { id, document: saved::call(&kept, record)? };
                    store.keep_call(organisation, call, now()).await
                })
            }
            StoreRequest::RemoveCall(session) => {
                let (org, id) = (self.calls().remove(&session), self.call_id(session));
                Box::pin(async move {
                    match org {
                        Some(org) => store.drop_call(org, id).await,
                        // It was never answered.
                        None => Ok(()),
                    }
                })
            }
            StoreRequest::Dnd { user, act } => {
                let (org, directory) = (user.organisation(), self.directory(user));
                Box::pin(async move {
                    let actor = actor(&store, user, &act.by, directory.as_deref()).await?;
                    let by = ids::act_outward(act);
                    store.merge_dnd(&Actor { org, ..actor }, user.outward(), by).await.map(drop)
                })
            }
            StoreRequest::Forward { user, kind, target, by } => {
                let directory = self.directory(user);
                Box::pin(async move {
                    let actor = actor(&store, user, &by, directory.as_deref()).await?;
                    let mut telephony = store.user(actor.org, user.outward()).await?.profile.telephony;
                    set_forwarding(&mut telephony, kind, target, directory.as_deref());
                    store.set_telephony(&actor, user.outward(), telephony).await.map(drop)
                })
            }
        }
    }

    fn directory(&self, user: UserId) -> Option<Arc<Directory>> {
        self.memory.lock().directories.get(&user.organisation()).cloned()
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, BTreeMap<SessionId, OrgId>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call_id(&self, session: SessionId) -> String {
        format!("{}-{}", self.life, session.0)
    }
}

async fn carry_out(mut queue: mpsc::UnboundedReceiver<Job>) {
    let mut under_way: FuturesUnordered<Work> = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            work = queue.recv() => match work {
                Some(Job::Work(work)) => under_way.push(work),
                Some(Job::Marker(done)) => {
                    while under_way.next().await.is_some() {}
                    // Whoever asked may have given up waiting.
                    done.send(()).ok();
                }
                None => break,
            },
            Some(()) = under_way.next(), if !under_way.is_empty() => {}
        }
    }
    // What was asked for is kept, also at the end.
    while under_way.next().await.is_some() {}
}

/// What a key or a star code did holds for the next call once the phone is told so.
async fn holds(store: &Store, memory: &SharedMemory, org: OrgId) {
    if let Ok(revision) = store.revision(org).await {
        timeout(CATCHING_UP, memory.has_reached(org, revision)).await.ok();
    }
}

fn refusal(error: &StoreError) -> NotStored {
    match error {
        StoreError::Refused(Refusal::NoPermission) => NotStored::Forbidden,
        StoreError::NotFound(_)
        | StoreError::Taken { .. }
        | StoreError::Conflict { .. }
        | StoreError::Refused(Refusal::LastAdmin | Refusal::AlreadySettled | Refusal::Link(_))
        | StoreError::Invalid { .. }
        | StoreError::Unavailable(_)
        | StoreError::Migration(_)
        | StoreError::Io(_)
        | StoreError::Newer { .. }
        | StoreError::Malformed(_)
        | StoreError::Exists(_) => {
            tracing::error!("what the SIP side has to keep could not be kept: {error}");
            NotStored::Failed
        }
    }
}

/// The user himself, by his phone.
async fn actor(
    store: &Store,
    user: UserId,
    by: &DndSource,
    directory: Option<&Directory>,
) -> Result<Actor, StoreError> {
    let org = user.organisation();
    let stored = store.user(org, user.outward()).await?;
    let account = match by {
        DndSource::DeskPhone { account } => directory.and_then(|directory| directory.accounts.get(account)),
        DndSource::App { .. }
        | DndSource::StarCode
        | DndSource::ActionUrl
        | DndSource::Portal { .. }
        | DndSource::Api
        | DndSource::Unknown => None,
    };
    let number = account.and_then(|account| account.number.clone()).unwrap_or_default();
    let author = Author { user: Some(stored.id), name: stored.name(), role: stored.role };
    Ok(Actor { author, from: AuditSource::DeskPhone { number }, ..Actor::server(org, now()) })
}

/// A key names a number as dialled: a colleague's, a device's, or one outside.
fn set_forwarding(telephony: &mut Telephony, kind: ForwardKind, target: Option<String>, directory: Option<&Directory>) {
    let slot = match kind {
        ForwardKind::Always => &mut telephony.forwarding.always,
        ForwardKind::Busy => &mut telephony.forwarding.busy,
        ForwardKind::NoAnswer => &mut telephony.forwarding.no_answer,
        ForwardKind::Unreachable => &mut telephony.forwarding.unreachable,
    };
    match target {
        Some(number) => {
            let to = match directory.and_then(|directory| directory.internal(&number)) {
                Some(Internal::User(user)) => Destination::User { user: user.outward() },
                Some(Internal::Account(account)) => Destination::Account { account: account.outward() },
                None => Destination::External { number },
            };
            *slot = Some(Forwarding { active: true, to });
        }
        // Where it led stays known.
        None => {
            if let Some(known) = slot {
                known.active = false;
            }
        }
    }
}
