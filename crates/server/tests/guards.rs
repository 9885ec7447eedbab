//! What keeps a server usable: action URLs, measures of requests, links that work once, who was first, slow clients.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod person;

use bellbird_contract::server::{
    AuditSubject, CallOutcome, CallRecord, CallRecordId, OrgId, RecordQuery, Retention, UserId,
};
use bellbird_contract::{CallDirection, Party};
use bellbird_server::auth::TokenHash;
use bellbird_server::domain::{Actor, Change, now};
use bellbird_server::store::Published;
use person::{Server, Socket, next, problem};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_phones_action_url_sets_do_not_disturb_and_repeating_it_changes_nothing() {
    let server = Server::start().await;
    let (anna, marieke) = (server.log_in("anna").await, server.log_in("marieke").await);
    let (id, urls) = phone_of(&server, "anna").await;
    let shown = marieke.get(&format!("/accounts/{id}")).await.to_string();
    assert!(!shown.contains("bba_"), "told once only: {shown}");
    assert!(shown.contains("\"actionUrls\":true"));
    assert_eq!(server.call(Method::GET, &urls.on).await, (200, String::new()));
    assert_eq!(anna.get("/me/dnd").await["on"], true);
    assert_eq!(anna.get("/me/dnd").await["state"]["act"]["by"]["kind"], "actionUrl");
    // With an end that the key knows nothing of.
    let until = json!({"on": true, "end": {"kind": "after", "minutes": 30}});
    let set = anna.send(Method::PUT, "/me/dnd", Some(until)).await;
    assert_eq!(set.0, StatusCode::OK, "{set:?}");
    let before = anna.get("/me/dnd").await;
    assert_eq!(server.call(Method::POST, &urls.on).await, (200, String::new()));
    assert_eq!(anna.get("/me/dnd").await["until"], before["until"], "the phone was told, and says it too");
    assert_eq!(server.call(Method::POST, &urls.off).await, (200, String::new()));
    assert_eq!(anna.get("/me/dnd").await["on"], false);
    let audit = server.store.audit(OrgId(1), bellbird_contract::server::AuditQuery::default()).await.unwrap();
    let by_phone = audit.iter().filter(|entry| entry.what == AuditSubject::DoNotDisturb);
    assert_eq!(by_phone.count(), 3, "repeating wrote nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_action_url_tells_nothing_and_a_right_one_is_served_whatever_others_try() {
    let server = Server::start().await;
    let marieke = server.log_in("marieke").await;
    let (id, old) = phone_of(&server, "anna").await;
    let renewed = marieke.send(Method::POST, &format!("/accounts/{id}/action-urls"), None).await;
    assert_eq!(renewed.0, StatusCode::OK, "{renewed:?}");
    let new = renewed.1[0]["url"].as_str().unwrap().to_owned();
    assert_eq!(server.call(Method::GET, &old.on).await, (404, String::new()), "the old one is over");
    let nonsense = new.replace("/on/", "/perhaps/");
    assert_eq!(server.call(Method::GET, &nonsense).await, (404, String::new()));
    let mut last = 0;
    for _ in 0..400 {
        last = server.call(Method::GET, &old.on).await.0;
    }
    assert_eq!(last, 429, "guessing is slowed down");
    assert_eq!(server.call(Method::GET, &new).await, (200, String::new()), "and holds up nobody who knows");
    let mut own = 0;
    for _ in 0..40 {
        own = server.call(Method::GET, &new).await.0;
    }
    assert_eq!(own, 429, "a phone that runs wild has a measure of its own");
    let deleted = marieke.send(Method::DELETE, &format!("/accounts/{id}"), None).await;
    assert_eq!(deleted.0, StatusCode::NO_CONTENT);
    assert_ne!(server.call(Method::GET, &new).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_proof_are_slowed_down_and_whoever_is_logged_in_goes_on() {
    let server = Server::start().await;
    let (anna, stranger) = (server.log_in("anna").await, server.with_token("bbd_nobody"));
    let slowed = async |path: &str| {
        for _ in 0..6_000 {
            let url = format!("{}{path}", server.base);
            let answer = server.http.get(url).bearer_auth(&stranger.token).send().await.unwrap();
            if answer.status() == StatusCode::TOO_MANY_REQUESTS {
                assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
                let body: Value = answer.json().await.unwrap();
                assert_eq!(body["code"], "rateLimited");
                return;
            }
        }
        panic!("{path} was never slowed down");
    };
    slowed("/hello").await;
    slowed("/me").await;
    assert_eq!(anna.send(Method::GET, "/me", None).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_works_until_it_is_revoked() {
    let server = Server::start().await;
    let anna = server.log_in("anna").await;
    let made = anna.send(Method::POST, "/me/api-keys", Some(json!({"name": "Payroll"}))).await.1;
    let key = server.with_token(made["secret"].as_str().unwrap());
    assert_eq!(key.get("/me").await["login"], "anna");
    assert_eq!(anna.get("/me/api-keys").await[0]["name"], "Payroll");
    let dnd = key.send(Method::PUT, "/me/dnd", Some(json!({"on": true}))).await;
    assert_eq!(dnd.1["state"]["act"]["by"]["kind"], "api");
    let path = format!("/me/api-keys/{}", made["key"]["id"]);
    assert_eq!(anna.send(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(key.send(Method::GET, "/me", None).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_link_works_once_ends_sessions_and_leaves_apps_alone() {
    let server = Server::start().await;
    let (anna, marieke) = (server.log_in("anna").await, server.log_in("marieke").await);
    let session = server.session("anna").await;
    let user = server.user("anna").await;
    let link = marieke.send(Method::POST, &format!("/users/{user}/links"), Some(json!({"purpose": "reset"}))).await.1;
    let token = link["url"].as_str().unwrap().split('#').nth(1).unwrap().to_owned();
    let stranger = server.with_token("bbd_nobody");
    assert_eq!(stranger.get(&format!("/links/{token}")).await["purpose"], "reset");
    let password = json!({"new": "quite another one"});
    let used = stranger.send(Method::POST, &format!("/links/{token}"), Some(password.clone())).await;
    assert_eq!(used.0, StatusCode::NO_CONTENT, "{used:?}");
    let again = stranger.send(Method::POST, &format!("/links/{token}"), Some(password)).await;
    assert_eq!(problem(&again), (410, "linkUsed"));
    assert_eq!(server.with_cookie(&session).await, StatusCode::UNAUTHORIZED, "sessions end");
    assert_eq!(anna.send(Method::GET, "/me", None).await.0, StatusCode::OK, "apps stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_ten_idle_minutes_where_it_is_set_and_an_app_never_does() {
    let server = Server::start().await;
    let (anna, marieke) = (server.log_in("anna").await, server.log_in("marieke").await);
    let user = server.user("anna").await;
    let detail = marieke.get(&format!("/users/{user}")).await;
    let mut security = detail["security"].clone();
    security["idleLogOut"] = json!(true);
    let change = json!({"base": detail["user"]["revision"], "security": security});
    let changed = marieke.send(Method::PATCH, &format!("/users/{user}"), Some(change)).await;
    assert_eq!(changed.0, StatusCode::OK, "{changed:?}");
    let session = server.session("anna").await;
    let grant = |token: &str, minutes: u64| {
        let at = now().after(std::time::Duration::from_secs(60 * minutes));
        server.store.grant(TokenHash::of(token), at)
    };
    assert!(grant(&session, 9).await.unwrap().is_some());
    assert!(grant(&session, 11).await.unwrap().is_none());
    assert!(grant(&anna.token, 60 * 24 * 30).await.unwrap().is_some(), "a phone stays logged in");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_second_is_told_who_was_first() {
    let server = Server::start().await;
    let (marieke, els) = (server.log_in("marieke").await, server.log_in("els").await);
    let (id, _) = phone_of(&server, "anna").await;
    let first = marieke.get("/numbers").await[0].clone();
    let number = json!({"base": first["revision"], "number": first["number"], "to": {"kind": "hangUp"}});
    let trunk = marieke.get("/trunks").await[0].clone();
    let mut settings = trunk["settings"].clone();
    settings["name"] = json!("Another");
    let trunk_edit = json!({"base": trunk["revision"], "settings": settings});
    let account = json!({"base": marieke.get(&format!("/accounts/{id}")).await["summary"]["revision"], "name": "Desk",
        "kind": {"kind": "deskPhone"}});
    let organisation = json!({"base": marieke.get("/organisation").await["revision"], "name": "Fietsen"});
    let edits = [
        (&els, Method::PUT, format!("/numbers/{}", first["id"]), number, "Els"),
        (&marieke, Method::PUT, format!("/trunks/{}", trunk["id"]), trunk_edit, "Marieke"),
        (&els, Method::PUT, format!("/accounts/{id}"), account, "Els"),
        (&marieke, Method::PATCH, "/organisation".to_owned(), organisation, "Marieke"),
    ];
    for (who, method, path, edit, name) in edits {
        let done = who.send(method.clone(), &path, Some(edit.clone())).await;
        assert_eq!(done.0, StatusCode::OK, "{path}: {done:?}");
        let late = marieke.send(method, &path, Some(edit)).await;
        assert_eq!(problem(&late), (409, "conflict"), "{path}");
        let by = late.1["params"]["by"].as_str().unwrap();
        assert!(by.starts_with(name), "{path}: {by}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_too_slowly_is_caught_up_by_a_snapshot() {
    let server = Server::start().await;
    let anna = server.log_in("anna").await;
    let mut events: Socket = anna.events(None).await;
    let first = next(&mut events, "snapshot").await;
    assert_eq!(first["kind"]["snapshot"]["dnd"]["on"], false);
    anna.send(Method::PUT, "/me/dnd", Some(json!({"on": true}))).await;
    let user = UserId(server.user("linda").await);
    // More than the ring holds, faster than any socket takes it.
    for _ in 0..5_000 {
        let change = Change::Presence { user };
        let revision = bellbird_contract::server::Revision(0);
        server.store.publish(Published { org: OrgId(1), revision, change });
    }
    let again = next(&mut events, "snapshot").await;
    assert_eq!(again["kind"]["snapshot"]["dnd"]["on"], true, "nothing is missing from it");
    assert!(again["kind"]["snapshot"]["colleagues"].as_array().unwrap().iter().any(|it| it["id"] == user.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_reasons_and_audit_are_forgotten_when_their_time_is_over() {
    let server = Server::start().await;
    let org = OrgId(1);
    let actor = Actor::server(org, now());
    let days = |days: u64| bellbird_contract::Timestamp(now().0 - days * 86_400_000);
    for (id, age) in [("old", 40), ("new", 10)] {
        server.store.keep_record(&actor, record(id, days(age))).await.unwrap();
    }
    let organisation = server.store.organisation(org).await.unwrap();
    let retention = Retention { records_days: Some(30), reasons_days: Some(5), audit_days: Some(30) };
    let settings = bellbird_contract::server::OrganisationSettings { retention, ..organisation.document.settings };
    let change = bellbird_contract::server::OrganisationChange {
        base: organisation.document.revision,
        name: None,
        settings: Some(settings),
    };
    server.store.change_organisation(&actor, change).await.unwrap();
    server.store.forget_old(org, now()).await.unwrap();
    let left = server.store.records(org, RecordQuery::default()).await.unwrap();
    let ids: Vec<&str> =
        left.iter().map(|record| record.id.as_str()).filter(|id| ["old", "new"].contains(id)).collect();
    assert_eq!(ids, ["new"]);
    let record = server.store.record(org, CallRecordId("new".to_owned())).await.unwrap();
    assert!(record.why.is_empty(), "reasons are kept for a shorter time");
    let month = now().after(std::time::Duration::from_secs(31 * 86_400));
    server.store.forget_old(org, month).await.unwrap();
    assert!(server.store.audit(org, Default::default()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_what_is_going_on_and_no_names() {
    let server = Server::start().await;
    let anna = server.log_in("anna").await;
    let mut events = anna.events(None).await;
    next(&mut events, "snapshot").await;
    let text = server.call(Method::GET, &server.base.replace("/api/v1", "/metrics")).await.1;
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("bellbird_{name} ")));
        line.unwrap_or_else(|| panic!("{name} is missing: {text}")).split(' ').nth(1).unwrap().parse::<f64>().unwrap()
    };
    assert!(value("log_ins_total") >= 1.0 && value("event_clients") == 1.0);
    assert!(value("commit_writes_count") >= 1.0 && value("commit_seconds_sum") > 0.0);
    for name in ["calls", "registrations", "relay_packets_total", "refused_requests_total"] {
        assert_eq!(value(name), 0.0, "{name}");
    }
    assert!(!text.contains("anna") && !text.contains("fiets"));
}

struct Urls {
    on: String,
    off: String,
}

/// A new desk phone of a user, and its action URLs.
async fn phone_of(server: &Server, login: &str) -> (u64, Urls) {
    let marieke = server.log_in("marieke").await;
    let owner = server.user(login).await;
    let edit = json!({"name": "Desk", "kind": {"kind": "deskPhone"}, "owners": [owner]});
    let made = marieke.send(Method::POST, "/accounts", Some(edit)).await;
    assert_eq!(made.0, StatusCode::CREATED, "{made:?}");
    let url = |on: bool| {
        let urls = made.1["actionUrls"].as_array().unwrap();
        urls.iter().find(|url| url["on"] == on).unwrap()["url"].as_str().unwrap().to_owned()
    };
    (
        made.1["account"]["summary"]["id"].as_u64().unwrap(),
        Urls { on: server.at(&url(true)), off: server.at(&url(false)) },
    )
}

fn record(id: &str, started: bellbird_contract::Timestamp) -> CallRecord {
    let party = || Party { name: None, number: "602".to_owned(), address: None };
    let why: Vec<bellbird_contract::server::Reason> =
        serde_json::from_value(json!([{"at": 1, "rang": true, "cause": "rang"}])).unwrap();
    CallRecord {
        id: CallRecordId(id.to_owned()),
        direction: CallDirection::Outgoing,
        from: party(),
        dialled: "602".to_owned(),
        to: Some(party()),
        caller: Some(UserId(1)),
        users: vec![UserId(1)],
        call_ids: Vec::new(),
        started,
        answered: None,
        ended: Some(started),
        outcome: CallOutcome::NoAnswer,
        answered_by: None,
        why,
    }
}
