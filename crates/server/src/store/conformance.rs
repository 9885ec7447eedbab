//! What every storage has to do, whichever database is below: run over both by `tests/storage.rs`.
//!
//! Each function takes an empty or used storage, makes an organisation of its own and panics where something is wrong.

#![expect(clippy::unwrap_used, reason = "a suite for tests")]

use bellbird_contract::Language;
use bellbird_contract::Timestamp;
use bellbird_contract::server::{
    AdminChange, AuditQuery, AuditSubject, BulkEdit, BulkUser, CallRecordId, ChangeRequestAnswer, ChangeRequestDraft,
    ContactEdit, CountryCode, Direction, DndAct, DndSource, Hlc, Mode, Permission, Personal, Revision, Role, Scope,
    SettingsChange, UserChange, UserDraft, UserId, VoipAccountId,
};

use super::{Binding, ConfirmedCall, DeadLink, GrantKind, Missed, NewGrant, Refusal, Store, StoreError};
use crate::auth::{TokenHash, new_id};
use crate::domain::Actor;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// Runs all of it.
pub async fn all(store: &Store) {
    isolation(store).await;
    users(store).await;
    contacts(store).await;
    settings(store).await;
    bulk(store).await;
    dnd(store).await;
    requests(store).await;
    tokens(store).await;
    promises(store).await;
    outbox(store).await;
    crowd(store).await;
}

/// An organisation with an administrator, of whom the actor is one.
pub async fn shop(store: &Store) -> Actor {
    let domain = format!("{}.example", new_id().unwrap());
    let new = crate::admin::organisation("Shop", &domain, &CountryCode("NL".into()), "Europe/Amsterdam");
    let org = store.create_organisation(new, NOW).await.unwrap();
    let server = Actor::server(org, NOW);
    let draft = UserDraft { role: Role::Admin, ..draft("600") };
    let admin = store.create_user(&server, draft, None).await.unwrap();
    let author = bellbird_contract::server::Author { user: Some(admin.id), name: admin.name(), role: Role::Admin };
    Actor { author, ..server }
}

/// Someone with this extension.
pub fn draft(extension: &str) -> UserDraft {
    UserDraft {
        first_name: "Nr".into(),
        last_name: extension.into(),
        email: format!("{extension}@shop.example"),
        extension: extension.into(),
        login: None,
        role: Role::Member,
        password: None,
        language: Language::System,
        personal: Personal::default(),
        contact: None,
        reuse_extension: false,
    }
}

async fn member(store: &Store, actor: &Actor, extension: &str) -> UserId {
    store.create_user(actor, draft(extension), None).await.unwrap().id
}

/// Same ids, same addresses, and nothing of one in the other.
pub async fn isolation(store: &Store) {
    let (one, other) = (shop(store).await, shop(store).await);
    let linda = member(store, &one, "601").await;
    assert!(matches!(store.user(other.org, linda).await, Err(StoreError::NotFound(_))));
    let twin = member(store, &other, "601").await;
    assert_eq!(linda, twin, "ids are counted by organisation");
    store.act_dnd(&one, linda, true, None, DndSource::Api).await.unwrap();
    assert!(!store.dnd(other.org, twin).await.unwrap().is_on(NOW));
    assert!(
        store
            .audit(other.org, AuditQuery::default())
            .await
            .unwrap()
            .iter()
            .all(|entry| { entry.what != AuditSubject::DoNotDisturb })
    );
}

/// Unique values, revisions, the last administrator, extensions that were somebody's.
pub async fn users(store: &Store) {
    let actor = shop(store).await;
    let linda = member(store, &actor, "601").await;
    let taken = store.create_user(&actor, UserDraft { email: "x@shop.example".into(), ..draft("601") }, None).await;
    assert!(matches!(taken, Err(StoreError::Taken { field: "extension", .. })), "{taken:?}");
    let change = |base| UserChange { base, last_name: Some("Bakker".into()), ..no_change() };
    let changed = store.change_user(&actor, linda, change(Revision(1))).await.unwrap();
    assert_eq!((changed.name().as_str(), changed.revision), ("Nr Bakker", Revision(2)));
    let stale = store.change_user(&actor, linda, change(Revision(1))).await;
    assert!(matches!(&stale, Err(StoreError::Conflict { by, revision: 2 }) if by == "Nr 600"), "{stale:?}");
    let admin = actor.user().unwrap();
    let fall = UserChange { base: Revision(1), role: Some(Role::Member), ..no_change() };
    let last = store.change_user(&actor, admin, fall).await;
    assert!(matches!(last, Err(StoreError::Refused(Refusal::LastAdmin))), "{last:?}");
    assert_eq!(store.user(actor.org, admin).await.unwrap().role, Role::Admin, "a refused write leaves nothing behind");
    store.delete_user(&actor, linda).await.unwrap();
    let again = store.create_user(&actor, draft("601"), None).await;
    assert!(
        matches!(&again, Err(StoreError::Taken { field: "extensionUsedBefore", by: Some(by), .. }) if by == "Nr Bakker")
    );
    store.create_user(&actor, UserDraft { reuse_extension: true, ..draft("601") }, None).await.unwrap();
}

fn no_change() -> UserChange {
    serde_json::from_str(r#"{"base": 1}"#).unwrap()
}

/// People of the address book, with revisions; who becomes a user is one alone.
pub async fn contacts(store: &Store) {
    let (actor, other) = (shop(store).await, shop(store).await);
    let edit = |base, employer: &str| ContactEdit {
        base,
        first_name: "Ruben".into(),
        last_name: "Mulder".into(),
        email: String::new(),
        personal: Personal { employer: employer.into(), ..Personal::default() },
    };
    let ruben = store.create_contact(&actor, edit(None, "Hubs")).await.unwrap();
    let changed = store.change_contact(&actor, ruben.id, edit(Some(Revision(1)), "Spokes")).await.unwrap();
    assert_eq!((changed.revision, changed.personal.employer.as_str()), (Revision(2), "Spokes"));
    let stale = store.change_contact(&actor, ruben.id, edit(Some(Revision(1)), "Rims")).await;
    assert!(matches!(&stale, Err(StoreError::Conflict { by, .. }) if by == "Nr 600"), "{stale:?}");
    assert_eq!(store.employers(actor.org).await.unwrap(), ["Spokes"]);
    let elsewhere = store.change_contact(&other, ruben.id, edit(None, "Rims")).await;
    assert!(matches!(elsewhere, Err(StoreError::NotFound(_))), "{elsewhere:?}");
    let user = UserDraft { contact: Some(ruben.id), ..draft("601") };
    store.create_user(&actor, user.clone(), None).await.unwrap();
    assert_eq!(store.contacts(actor.org).await.unwrap(), []);
    let gone = UserDraft { email: "x@shop.example".into(), extension: "602".into(), ..user };
    assert!(matches!(store.create_user(&actor, gone, None).await, Err(StoreError::NotFound(_))));
}

/// The lock is here, and a stale write says who was first.
pub async fn settings(store: &Store) {
    let actor = shop(store).await;
    let linda = member(store, &actor, "601").await;
    let author = bellbird_contract::server::Author { user: Some(linda), name: "Nr 601".into(), role: Role::Member };
    let own = Actor { author, client: Some("client-a".into()), ..actor.clone() };
    let change = |base| SettingsChange::Incoming { base, scope: Scope::ThisClient, receive: Some(false) };
    let stored = store.change_own_settings(&own, linda, change(Revision(1))).await.unwrap();
    assert_eq!(stored.for_client(Some(&"client-a".into())).client.receive, Some(false));
    assert_eq!(stored.for_client(Some(&"client-b".into())).client.receive, None);
    let stale = store.change_own_settings(&own, linda, change(Revision(1))).await;
    assert!(matches!(&stale, Err(StoreError::Conflict { by, .. }) if by == "Nr 601"), "{stale:?}");
    let revoke = AdminChange::Permission { permission: Permission::ConfigureIncoming, granted: false };
    store.administer_settings(&actor, one(linda, vec![revoke]), false).await.unwrap();
    let locked = store.change_own_settings(&own, linda, change(Revision(2))).await;
    assert!(matches!(locked, Err(StoreError::Refused(Refusal::NoPermission))), "{locked:?}");
}

fn one(user: UserId, changes: Vec<AdminChange>) -> BulkEdit {
    BulkEdit { users: vec![BulkUser { user, incoming: None, outgoing: None }], changes }
}

/// A dry run changes nothing; one problem undoes all.
pub async fn bulk(store: &Store) {
    let actor = shop(store).await;
    let (linda, anna) = (member(store, &actor, "601").await, member(store, &actor, "602").await);
    let off = AdminChange::Incoming { base: None, mode: Mode::Disabled, note: None };
    let chosen = |user, incoming| BulkUser { user, incoming, outgoing: None };
    let both = |seen| BulkEdit { users: vec![chosen(linda, None), chosen(anna, seen)], changes: vec![off.clone()] };
    let dry = store.administer_settings(&actor, both(None), true).await.unwrap();
    assert_eq!(dry.users.len(), 2);
    let now = |user| store.settings(actor.org, user);
    assert_eq!(now(linda).await.unwrap().document.incoming.mode, Mode::Individual, "a dry run changes nothing");
    let stale = store.administer_settings(&actor, both(Some(Revision(9))), false).await.unwrap();
    assert_eq!(stale.problems.len(), 1);
    assert_eq!(now(linda).await.unwrap().document.incoming.mode, Mode::Individual, "all or nothing");
    store.administer_settings(&actor, both(Some(Revision(1))), false).await.unwrap();
    assert_eq!(now(linda).await.unwrap().document.incoming.mode, Mode::Disabled);
    assert_eq!(now(anna).await.unwrap().document.incoming.mode, Mode::Disabled);
}

/// An older act loses, a repeated one too.
pub async fn dnd(store: &Store) {
    let actor = shop(store).await;
    let linda = member(store, &actor, "601").await;
    let act = |millis, on| DndAct {
        stamp: Hlc { millis, counter: 0, node: 7 },
        on,
        until: None,
        by: DndSource::App { client: "a".into() },
    };
    assert!(store.merge_dnd(&actor, linda, act(NOW.0 - 1_000, true)).await.unwrap().is_on(NOW));
    assert!(store.merge_dnd(&actor, linda, act(NOW.0 - 2_000, false)).await.unwrap().is_on(NOW), "an older act loses");
    assert!(!store.act_dnd(&actor, linda, false, None, DndSource::StarCode).await.unwrap().is_on(NOW));
    assert!(
        !store.merge_dnd(&actor, linda, act(NOW.0 - 1_000, true)).await.unwrap().is_on(NOW),
        "a repeated act is none"
    );
}

/// Asked once, answered once, and what was asked for happens.
pub async fn requests(store: &Store) {
    let actor = shop(store).await;
    let linda = member(store, &actor, "601").await;
    let draft = ChangeRequestDraft { direction: Direction::Incoming, wish: None, text: "Please".into() };
    let request = store.ask(&actor, linda, draft.clone()).await.unwrap();
    assert!(matches!(store.ask(&actor, linda, draft).await, Err(StoreError::Taken { field: "request", .. })));
    store.answer(&actor, request.id, ChangeRequestAnswer::Accept).await.unwrap();
    assert_eq!(store.settings(actor.org, linda).await.unwrap().document.incoming.mode, Mode::Enabled);
    let again = store.answer(&actor, request.id, ChangeRequestAnswer::Permit).await;
    assert!(matches!(again, Err(StoreError::Refused(Refusal::AlreadySettled))), "{again:?}");
}

/// Tokens run out by time and without use; a link works once; a new password ends sessions.
pub async fn tokens(store: &Store) {
    let actor = shop(store).await;
    let linda = member(store, &actor, "601").await;
    let grant = |kind, secret: &str| NewGrant {
        hash: TokenHash::of(&format!("{secret}{}", actor.org)),
        id: format!("{secret}-id"),
        user: linda,
        kind,
        expires: Some(Timestamp(NOW.0 + 60_000)),
        idle_millis: Some(10_000),
        words: "csrf".into(),
    };
    let session = grant(GrantKind::Session, "session");
    store.begin_session(&actor, session.clone(), "192.0.2.1".into()).await.unwrap();
    let found = |millis| store.grant(session.hash.clone(), Timestamp(NOW.0 + millis));
    assert!(found(9_999).await.unwrap().is_some());
    assert!(found(10_000).await.unwrap().is_none(), "unused for too long");
    store.touch(actor.org, session.id.clone(), Timestamp(NOW.0 + 55_000)).await.unwrap();
    assert!(found(59_999).await.unwrap().is_some());
    assert!(found(60_000).await.unwrap().is_none(), "too old");
    let link = grant(GrantKind::Reset, "link");
    store.issue(&actor, link.clone()).await.unwrap();
    assert_eq!(store.use_link(&actor, link.hash.clone(), "hash".into()).await.unwrap(), linda);
    assert!(found(1).await.unwrap().is_none(), "a new password ends sessions");
    let again = store.use_link(&actor, link.hash.clone(), "hash".into()).await;
    assert!(matches!(again, Err(StoreError::Refused(Refusal::Link(DeadLink::Used { at: NOW })))), "{again:?}");
    links(store, &actor, &grant).await;
    let identities = store.identities("601@SHOP.example".into(), "192.0.2.1".into()).await.unwrap();
    assert!(identities.iter().all(|identity| identity.user.email == "601@shop.example"));
}

/// A link that does not work says why: used, too old, replaced by a newer one, or never given out.
async fn links(store: &Store, actor: &Actor, grant: &impl Fn(GrantKind, &str) -> NewGrant) {
    let why = async |link: &NewGrant, millis| match store.link(link.hash.clone(), Timestamp(NOW.0 + millis)).await {
        Err(StoreError::Refused(Refusal::Link(dead))) => Some(dead),
        found => found.map(|_| None).unwrap(),
    };
    let lasting = |name| NewGrant { idle_millis: None, ..grant(GrantKind::Invitation, name) };
    let (first, second) = (lasting("first"), lasting("second"));
    store.issue(actor, first.clone()).await.unwrap();
    assert_eq!(why(&first, 0).await, None);
    store.issue(actor, second.clone()).await.unwrap();
    assert_eq!(why(&first, 0).await, Some(DeadLink::Replaced { at: NOW }));
    assert_eq!(why(&second, 59_999).await, None);
    assert_eq!(why(&second, 60_000).await, Some(DeadLink::Expired));
    store.tidy_tokens(Timestamp(NOW.0 + 60_001)).await.unwrap();
    assert_eq!(why(&second, 60_001).await, Some(DeadLink::Expired), "also once it is forgotten");
    let app = NewGrant { idle_millis: None, ..grant(GrantKind::Provisioning, "app") };
    store.issue(actor, app.clone()).await.unwrap();
    store.use_provisioning(app.hash.clone(), NOW).await.unwrap();
    assert_eq!(why(&app, 0).await, Some(DeadLink::Used { at: NOW }));
    assert_eq!(why(&lasting("nobody's"), 0).await, Some(DeadLink::Invalid));
    store.tidy_tokens(Timestamp(NOW.0 + 91 * 86_400_000)).await.unwrap();
    assert_eq!(why(&app, 0).await, Some(DeadLink::Invalid), "long ago");
}

/// Registrations and calls are there again, until they have ended.
pub async fn promises(store: &Store) {
    let actor = shop(store).await;
    let binding = |key: &str, expires| Binding {
        account: VoipAccountId(3),
        key: key.into(),
        expires: Timestamp(expires),
        document: serde_json::json!({"contact": "sip:a@192.0.2.9"}),
    };
    store.keep_binding(actor.org, binding("a", NOW.0 + 10), NOW).await.unwrap();
    store.keep_binding(actor.org, binding("a", NOW.0 + 20), NOW).await.unwrap();
    store.keep_binding(actor.org, binding("b", NOW.0 + 5), NOW).await.unwrap();
    let left = store.bindings(actor.org, Timestamp(NOW.0 + 10)).await.unwrap();
    assert_eq!(left, [binding("a", NOW.0 + 20)]);
    store.drop_binding(actor.org, VoipAccountId(3), "a".into()).await.unwrap();
    assert!(store.bindings(actor.org, NOW).await.unwrap().is_empty());
    let call = ConfirmedCall { id: "c1".into(), document: serde_json::json!({"cseq": 4}) };
    store.keep_call(actor.org, call.clone(), NOW).await.unwrap();
    assert_eq!(store.confirmed_calls(actor.org).await.unwrap(), [call]);
    store.drop_call(actor.org, "c1".into()).await.unwrap();
    assert!(store.confirmed_calls(actor.org).await.unwrap().is_empty());
    let missing = store.record(actor.org, CallRecordId("none".into())).await;
    assert!(matches!(missing, Err(StoreError::NotFound(_))));
}

/// Who was away learns what he missed, in order; who was away too long begins again.
pub async fn outbox(store: &Store) {
    let actor = shop(store).await;
    let mut listener = store.subscribe();
    let since = store.revision(actor.org).await.unwrap();
    let linda = member(store, &actor, "601").await;
    store.act_dnd(&actor, linda, true, None, DndSource::Api).await.unwrap();
    let Missed::Changes(changes) = store.missed(actor.org, since).await.unwrap() else {
        panic!("two are not too much")
    };
    let revisions: Vec<u64> = changes.iter().map(|(revision, _)| revision.0).collect();
    assert_eq!(revisions, [since.0 + 1, since.0 + 2]);
    let first = listener.recv().await.unwrap();
    assert_eq!((first.revision.0, &first.change), (since.0 + 1, &changes[0].1));
    assert_eq!(
        store.missed(actor.org, Revision(since.0 + 99)).await.unwrap(),
        Missed::TooMuch,
        "a revision from the future"
    );
    store.tidy_outbox(Timestamp(NOW.0 + 90_000_000)).await.unwrap();
    assert_eq!(store.missed(actor.org, since).await.unwrap(), Missed::TooMuch);
}

/// Many at once: nobody's write is lost, and each has its own revision.
pub async fn crowd(store: &Store) {
    let actor = shop(store).await;
    let before = store.revision(actor.org).await.unwrap();
    let tasks: Vec<_> = (0..64)
        .map(|index| {
            let (store, actor) = (store.clone(), actor.clone());
            tokio::spawn(async move { member(&store, &actor, &format!("{}", 1_000 + index)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.users(actor.org).await.unwrap().len(), 65);
    assert_eq!(store.revision(actor.org).await.unwrap().0, before.0 + 64);
}

/// Two nodes over one database: each hears of all changes, in one order, whoever made them.
pub async fn nodes(one: &Store, other: &Store) {
    let actor = shop(one).await;
    let before = one.revision(actor.org).await.unwrap();
    let mut listeners = [one.subscribe(), other.subscribe()];
    let tasks: Vec<_> = (0..40)
        .map(|index| {
            let (store, actor) = (if index % 2 == 0 { one } else { other }.clone(), actor.clone());
            tokio::spawn(async move { member(&store, &actor, &format!("{}", 1_000 + index)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for listener in &mut listeners {
        let mut heard = Vec::new();
        while heard.len() < 40 {
            let published = listener.recv().await.unwrap();
            // Making the organisation itself is told late to the node that did not.
            if published.org == actor.org && published.revision > before {
                heard.push(published.revision.0);
            }
        }
        assert_eq!(heard, (before.0 + 1..=before.0 + 40).collect::<Vec<_>>());
    }
}
