//! `GET /api/v1/events`: a snapshot, then what changes, over WebSocket.
//!
//! ```text
//! store → broadcast (bounded) → this client: is it his? → read what it is now → send
//!                 └ too far behind → snapshot
//! ```
//!
//! Only *that* something changed waits for a slow client, in a ring that all share; what it is, is read when it is sent. A
//! client that falls behind by more than the ring holds starts again from a snapshot, so none can make memory grow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use bellbird_contract::server::{
    ApiProblem, Author, ClientMessage, OrgId, Revision, ServerErrorCode, ServerEvent, ServerEventKind, UserId,
};
use tokio::sync::broadcast;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::authorise::{Action, Caller};
use super::{App, Problem};
use crate::domain::{Change, now};
use crate::store::{Missed, Published, StoreError};

/// A client says within this what it has.
const GREETING: Duration = Duration::from_secs(10);
/// A message takes no longer, or the client is gone.
const SENDING: Duration = Duration::from_secs(20);
/// As long as a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);
const PING: Duration = Duration::from_secs(25);
/// Nothing heard for so long, not even a pong.
const SILENCE: Duration = Duration::from_secs(70);
const LONGEST_MESSAGE: usize = 64 * 1024;

/// Which administrators look at which user's page.
#[derive(Default)]
pub(crate) struct Viewers(Mutex<BTreeMap<(OrgId, UserId), Vec<Viewer>>>);

/// A log-in, and who it is.
type Viewer = (String, Author);

impl Viewers {
    fn set(&self, org: OrgId, old: Option<UserId>, new: Option<UserId>, grant: &str, author: &Author) {
        let mut viewers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = old.and_then(|user| viewers.get_mut(&(org, user))) {
            list.retain(|(known, _)| known != grant);
        }
        if let Some(user) = new {
            viewers.entry((org, user)).or_default().push((grant.to_owned(), author.clone()));
        }
        viewers.retain(|_, list| !list.is_empty());
    }

    fn of(&self, org: OrgId, user: UserId) -> Vec<Author> {
        let viewers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        viewers.get(&(org, user)).into_iter().flatten().map(|(_, author)| author.clone()).collect()
    }
}

/// Pushes what changes. The client sends `subscribe` first, with the revision that it has.
#[utoipa::path(get, path = "/events", tag = "events", responses((status = 101, description = "A WebSocket of `ServerEvent`s")))]
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    caller: Caller,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_| Problem::new(ServerErrorCode::Malformed, "This is a WebSocket."))?;
    Ok(upgrade.max_message_size(LONGEST_MESSAGE).on_upgrade(move |socket| async move {
        let mut ending = app.ending.subscribe();
        app.metrics.event_clients.inc();
        let eyes = Eyes { app: Arc::clone(&app), caller };
        let mut client = Client { eyes, socket, told: Revision(0), looking: None };
        let end = tokio::select! {
            end = client.serve() => end,
            // The sender lives as long as the app.
            () = async { drop(ending.wait_for(|ends| *ends).await) } => client.farewell().await,
        };
        if let Err(end) = end {
            tracing::debug!("an event client left: {end:?}");
        }
        client.look(None);
        app.metrics.event_clients.dec();
    }))
}

/// Why a client is served no more.
#[derive(Debug)]
enum End {
    Left,
    Silent,
    LoggedOut,
    Failed,
}

impl From<Problem> for End {
    fn from(_: Problem) -> Self {
        Self::Failed
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        tracing::error!("an event could not be read: {error}");
        Self::Failed
    }
}

struct Client {
    eyes: Eyes,
    socket: WebSocket,
    /// The newest revision that it was told.
    told: Revision,
    looking: Option<UserId>,
}

impl Client {
    async fn serve(&mut self) -> Result<(), End> {
        // Listening begins before the snapshot is read: nothing falls in between.
        let mut changes = self.eyes.app.store.subscribe();
        let since = timeout(GREETING, self.greeting()).await.map_err(|_| End::Silent)??;
        self.begin(since).await?;
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                change = changes.recv() => self.changed(change).await?,
                message = self.socket.recv() => {
                    heard = Instant::now();
                    self.received(message.and_then(Result::ok).ok_or(End::Left)?)?;
                }
                _ = ping.tick() => {
                    if heard.elapsed() > SILENCE {
                        return Err(End::Silent);
                    }
                    self.still_logged_in().await?;
                    self.send_message(Message::Ping(Default::default())).await?;
                }
            }
        }
    }

    /// The server ends: the client comes back by itself.
    async fn farewell(&mut self) -> Result<(), End> {
        let words = CloseFrame { code: close_code::AWAY, reason: "the server restarts".into() };
        timeout(FAREWELL, self.send_message(Message::Close(Some(words)))).await.unwrap_or(Err(End::Silent))
    }

    async fn greeting(&mut self) -> Result<Option<Revision>, End> {
        loop {
            let message = self.socket.recv().await.and_then(Result::ok).ok_or(End::Left)?;
            let Message::Text(text) = message else { continue };
            if let Ok(ClientMessage::Subscribe { since }) = serde_json::from_str(&text) {
                return Ok(since);
            }
        }
    }

    async fn begin(&mut self, since: Option<Revision>) -> Result<(), End> {
        let org = self.eyes.caller.org();
        match since {
            Some(since) => match self.eyes.app.store.missed(org, since).await? {
                Missed::Changes(changes) => {
                    self.told = since;
                    for (revision, change) in changes {
                        self.tell(revision, &change).await?;
                    }
                    Ok(())
                }
                Missed::TooMuch => self.snapshot().await,
            },
            None => self.snapshot().await,
        }
    }

    async fn snapshot(&mut self) -> Result<(), End> {
        // The revision is read first: what changes meanwhile is told once more, which harms nobody.
        let revision = self.eyes.app.store.revision(self.eyes.caller.org()).await?;
        let snapshot = Box::new(self.eyes.app.snapshot(&self.eyes.caller).await?);
        self.eyes.app.metrics.snapshots.inc();
        self.told = revision;
        self.send(revision, ServerEventKind::Snapshot { snapshot }).await
    }

    async fn changed(&mut self, change: Result<Arc<Published>, broadcast::error::RecvError>) -> Result<(), End> {
        match change {
            Ok(published) if published.org == self.eyes.caller.org() => {
                // Already part of the snapshot; what is not stored has no revision of its own.
                if published.revision <= self.told && is_stored(&published.change) {
                    return Ok(());
                }
                self.tell(published.revision, &published.change).await
            }
            Ok(_) => Ok(()),
            Err(broadcast::error::RecvError::Lagged(_)) => self.snapshot().await,
            Err(broadcast::error::RecvError::Closed) => Err(End::Left),
        }
    }

    async fn tell(&mut self, revision: Revision, change: &Change) -> Result<(), End> {
        self.told = self.told.max(revision);
        if let Change::LoggedOut { user, client } = change {
            return self.logged_out(revision, *user, client.as_ref()).await;
        }
        self.notice_own_role(change).await?;
        match self.eyes.render(change).await {
            Ok(kinds) => {
                for kind in kinds {
                    self.send(revision, kind).await?;
                }
                Ok(())
            }
            // It was deleted since; that is told by itself.
            Err(StoreError::NotFound(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A session can end, or run out unused, while its page is open: this socket is no use of it.
    async fn still_logged_in(&mut self) -> Result<(), End> {
        let hash = self.eyes.caller.hash.clone();
        if self.eyes.app.store.grant(hash, now()).await?.is_some_and(|(_, user)| !user.disabled) {
            return Ok(());
        }
        let problem = ApiProblem::new(ServerErrorCode::IdleLogOut, "You were logged out. Log in again.");
        self.send(self.told, ServerEventKind::LoggedOut { problem }).await?;
        Err(End::LoggedOut)
    }

    /// The role that counts is the one that the user has now.
    async fn notice_own_role(&mut self, change: &Change) -> Result<(), End> {
        let own = self.eyes.caller.stored.id;
        if matches!(change, Change::User { user, .. } if *user == own) && self.eyes.caller.actor.user() == Some(own) {
            self.eyes.caller.actor.author.role = self.eyes.app.store.user(self.eyes.caller.org(), own).await?.role;
        }
        Ok(())
    }

    async fn logged_out(
        &mut self,
        revision: Revision,
        user: UserId,
        client: Option<&bellbird_contract::server::ClientId>,
    ) -> Result<(), End> {
        let mine = self.eyes.caller.actor.user() == Some(user)
            && (client.is_none() || client == self.eyes.caller.grant.client.as_ref());
        if !mine {
            return Ok(());
        }
        let problem = ApiProblem::new(ServerErrorCode::ClientRevoked, "You were logged out. Log in again.");
        self.send(revision, ServerEventKind::LoggedOut { problem }).await?;
        Err(End::LoggedOut)
    }

    fn received(&mut self, message: Message) -> Result<(), End> {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(End::Left),
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) => return Ok(()),
        };
        match serde_json::from_str(&text) {
            Ok(ClientMessage::Applied { .. }) => {
                if let Some(client) = &self.eyes.caller.grant.client {
                    self.eyes.app.edge.applied(self.eyes.caller.stored.org, self.eyes.caller.stored.id, client, now());
                }
            }
            Ok(ClientMessage::Look { user }) if self.eyes.caller.may(Action::ManageUsers) => self.look(user),
            Ok(ClientMessage::Look { .. } | ClientMessage::Subscribe { .. } | ClientMessage::Unknown) | Err(_) => {}
        }
        Ok(())
    }

    fn look(&mut self, user: Option<UserId>) {
        let org = self.eyes.caller.org();
        let old = std::mem::replace(&mut self.looking, user);
        self.eyes.app.viewers.set(org, old, user, &self.eyes.caller.grant.id, &self.eyes.caller.actor.author);
        for user in [old, user].into_iter().flatten() {
            self.eyes.app.store.publish(Published { org, revision: self.told, change: Change::Looking { user } });
        }
    }

    async fn send(&mut self, revision: Revision, kind: ServerEventKind) -> Result<(), End> {
        let event = ServerEvent { revision, at: now(), kind };
        let text = serde_json::to_string(&event).map_err(|_| End::Failed)?;
        self.send_message(Message::Text(text.into())).await
    }

    async fn send_message(&mut self, message: Message) -> Result<(), End> {
        match timeout(SENDING, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Left),
            Err(_) => Err(End::Silent),
        }
    }
}

/// What one client may see, and how it looks now.
struct Eyes {
    app: Arc<App>,
    caller: Caller,
}

impl Eyes {
    /// What a change is to this client; nothing if it is none of his business.
    async fn render(&self, change: &Change) -> Result<Vec<ServerEventKind>, StoreError> {
        let (app, org) = (&self.app, self.caller.org());
        let own = |user: UserId| self.caller.actor.user() == Some(user);
        let manages = self.caller.may(Action::ManageUsers);
        // In the portal, everybody's; an app shows its own user's.
        let watches = self.caller.may(Action::ReadRecords) && self.caller.grant.client.is_none();
        Ok(match change {
            Change::Settings { user, author } => {
                let mut kinds = Vec::new();
                if own(*user) {
                    let stored = app.store.settings(org, *user).await?;
                    let settings = app.own_settings(org, *user, &stored, self.caller.grant.client.as_ref());
                    kinds.push(ServerEventKind::Settings { settings: Box::new(settings) });
                }
                if let Some(author) = author.clone().filter(|_| manages) {
                    kinds.push(self.user_changed(*user, author).await?);
                }
                kinds
            }
            Change::Dnd { user } => {
                let state = app.store.dnd(org, *user).await?;
                let mut kinds = self.colleague(*user).await?;
                if own(*user) {
                    kinds.insert(0, ServerEventKind::Dnd { dnd: app.dnd_view(org, *user, state) });
                }
                kinds
            }
            Change::Availability { user } => {
                let mut kinds = self.colleague(*user).await?;
                if own(*user) {
                    let availability = app.store.user(org, *user).await?.profile.availability;
                    kinds.insert(0, ServerEventKind::Availability { availability });
                }
                kinds
            }
            Change::Telephony { user } if own(*user) => {
                let telephony = Box::new(app.store.user(org, *user).await?.profile.telephony);
                vec![ServerEventKind::Telephony { telephony }]
            }
            Change::User { user, author } => {
                let mut kinds = self.colleague(*user).await?;
                if own(*user) {
                    kinds.push(ServerEventKind::Me { me: Box::new(app.me(&self.caller).await.map_err(failed)?) });
                }
                if manages {
                    kinds.push(self.user_changed(*user, author.clone()).await?);
                }
                kinds
            }
            Change::UserDeleted { user } => {
                let mut kinds = vec![ServerEventKind::ColleaguesGone { users: vec![*user] }];
                if manages {
                    kinds.push(ServerEventKind::UserDeleted { user: *user });
                }
                kinds
            }
            Change::Presence { user } => self.colleague(*user).await?,
            Change::Account { account } => {
                let account = app.store.account(org, *account).await?;
                let mine = account.owners.iter().any(|owner| own(owner.id));
                let account = app.summary(org, &account);
                if mine || manages { vec![ServerEventKind::AccountChanged { account }] } else { Vec::new() }
            }
            Change::AccountDeleted { account } => vec![ServerEventKind::AccountDeleted { account: *account }],
            Change::Registrations { account } => {
                let stored = app.store.account(org, *account).await?;
                let registrations = app.edge.registrations(org, *account);
                let mine = stored.owners.iter().any(|owner| own(owner.id));
                let kind = ServerEventKind::Registrations { account: *account, registrations };
                if mine || manages { vec![kind] } else { Vec::new() }
            }
            Change::Number { number } if manages => {
                let all = app.store.numbers(org).await?;
                let number = all.into_iter().find(|entry| entry.id == *number);
                number.map(|number| ServerEventKind::NumberChanged { number }).into_iter().collect()
            }
            Change::NumberDeleted { number } if manages => vec![ServerEventKind::NumberDeleted { number: *number }],
            Change::Trunk { trunk } if manages => {
                let trunk = app.store.trunks(org).await?.into_iter().find(|known| known.id == *trunk);
                trunk.map(|trunk| ServerEventKind::TrunkChanged { trunk: app.trunk(org, trunk) }).into_iter().collect()
            }
            Change::TrunkDeleted { trunk } if manages => vec![ServerEventKind::TrunkDeleted { trunk: *trunk }],
            Change::Organisation if manages => {
                let organisation = Box::new(app.store.organisation(org).await?.view());
                vec![ServerEventKind::OrganisationChanged { organisation }]
            }
            Change::Request { request, user } if manages || own(*user) => {
                vec![ServerEventKind::ChangeRequest { request: app.store.request(org, *request).await? }]
            }
            Change::Record { record, users } if watches || users.iter().any(|user| own(*user)) => {
                let record = Box::new(app.store.record(org, record.clone()).await?);
                vec![ServerEventKind::CallRecord { record }]
            }
            Change::Receipts { user } if own(*user) => {
                vec![ServerEventKind::Receipts { receipts: app.edge.receipts(org, *user) }]
            }
            Change::CallProgress { user, call } if own(*user) => {
                vec![ServerEventKind::CallProgress { call: (**call).clone() }]
            }
            Change::Looking { user } if manages => {
                vec![ServerEventKind::Looking { user: *user, viewers: app.viewers.of(org, *user) }]
            }
            Change::Telephony { .. }
            | Change::Number { .. }
            | Change::NumberDeleted { .. }
            | Change::Trunk { .. }
            | Change::TrunkDeleted { .. }
            | Change::Organisation
            | Change::Request { .. }
            | Change::Record { .. }
            | Change::Receipts { .. }
            | Change::CallProgress { .. }
            | Change::Looking { .. }
            | Change::LoggedOut { .. }
            | Change::Unknown => Vec::new(),
        })
    }

    /// What administrators hear of a change of somebody.
    async fn user_changed(&self, user: UserId, author: Author) -> Result<ServerEventKind, StoreError> {
        let stored = self.app.store.user(self.caller.org(), user).await?;
        Ok(ServerEventKind::UserChanged { user: self.app.row(&stored).await.map_err(failed)?, author })
    }

    async fn colleague(&self, user: UserId) -> Result<Vec<ServerEventKind>, StoreError> {
        let org = self.caller.org();
        let (stored, dnd) = (self.app.store.user(org, user).await?, self.app.store.dnd(org, user).await?);
        Ok(vec![ServerEventKind::Presence { colleagues: vec![self.app.colleague(&stored, &dnd, now())] }])
    }
}

fn failed(problem: Problem) -> StoreError {
    StoreError::Unavailable(problem.into_inner().title)
}

fn is_stored(change: &Change) -> bool {
    !matches!(
        change,
        Change::Presence { .. }
            | Change::Registrations { .. }
            | Change::Receipts { .. }
            | Change::CallProgress { .. }
            | Change::Looking { .. }
    )
}
