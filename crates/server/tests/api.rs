//! The API over a real socket: every operation, every role, two organisations, the event push.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod person;

use std::collections::BTreeSet;

use bellbird_contract::server::{Role, UserDraft};
use bellbird_server::api::authorise::{Action, TABLE, allows};
use bellbird_server::{admin, auth, demo, domain};
use person::{Server, next, next_any, problem};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_app_logs_in_and_lives_with_its_lock() {
    let server = Server::start().await;
    let linda = server.log_in("linda").await;
    let settings = linda.get("/me/settings").await;
    assert_eq!(settings["effective"]["receive"]["value"], false);
    assert_eq!(settings["effective"]["receive"]["lock"]["author"]["name"], "Marieke Smit");
    let base = settings["document"]["incoming"]["revision"].clone();
    let change = json!({"direction": "incoming", "base": base, "scope": "allClients", "receive": true});
    let refused = linda.send(Method::PUT, "/me/settings", Some(change)).await;
    assert_eq!(problem(&refused), (403, "lockedByAdministrator"), "the page is not the lock");
    let anna = server.log_in("anna").await;
    let change = json!({"direction": "incoming", "base": 1, "scope": "allClients", "receive": false});
    let changed = anna.send(Method::PUT, "/me/settings", Some(change.clone())).await;
    assert_eq!(changed.1["effective"]["receive"]["value"], false);
    let stale = anna.send(Method::PUT, "/me/settings", Some(change)).await;
    assert_eq!(problem(&stale), (409, "conflict"));
    assert_eq!(stale.1["params"]["by"], "Anna Bakker");
}

#[tokio::test(flavor = "multi_thread")]
async fn do_not_disturb_and_locks_are_pushed_and_missed_ones_follow() {
    let server = Server::start().await;
    let (anna, marieke) = (server.log_in("anna").await, server.log_in("marieke").await);
    let mut events = anna.events(None).await;
    let snapshot = next(&mut events, "snapshot").await;
    assert_eq!(snapshot["kind"]["snapshot"]["me"]["login"], "anna");
    anna.send(Method::PUT, "/me/dnd", Some(json!({"on": true}))).await;
    let pushed = next(&mut events, "dnd").await;
    assert_eq!(pushed["kind"]["dnd"]["on"], true);
    drop(events);
    let lock = json!({"what": "incoming", "mode": "disabled", "note": "Not today"});
    let user = format!("/users/{}/settings", server.user("anna").await);
    assert_eq!(marieke.send(Method::PUT, &user, Some(lock)).await.0, StatusCode::OK);
    let mut again = anna.events(pushed["revision"].as_u64()).await;
    let missed = next(&mut again, "settings").await;
    assert_eq!(missed["kind"]["settings"]["effective"]["receive"]["value"], false);
    assert!(missed["revision"].as_u64() > pushed["revision"].as_u64());
    let client = anna.get("/me/clients").await[0]["settings"]["client"].as_str().unwrap().to_owned();
    let gone = anna.send(Method::DELETE, &format!("/me/clients/{client}"), None).await;
    assert_eq!(gone.0, StatusCode::NO_CONTENT);
    next(&mut again, "loggedOut").await;
    assert_eq!(problem(&anna.send(Method::GET, "/me", None).await), (401, "clientRevoked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_second_learns_who_was_first() {
    let server = Server::start().await;
    let marieke = server.log_in("marieke").await;
    let settings = marieke.get("/trunks").await[0]["settings"].clone();
    let phone = json!({"base": 1, "number": "240", "name": "Kitchen", "kind": {"kind": "deskPhone"}, "owners": []});
    for (method, path, change) in [
        (Method::PUT, "/numbers/1".to_owned(), json!({"base": 1, "number": "+31200121000", "to": {"kind": "hangUp"}})),
        (Method::PUT, "/trunks/1".to_owned(), json!({"base": 1, "settings": settings})),
        (Method::PUT, "/accounts/4".to_owned(), phone),
        (Method::PATCH, "/organisation".to_owned(), json!({"base": 1, "name": "Fietsen"})),
        (Method::PATCH, format!("/users/{}", server.user("tom").await), json!({"base": 1, "firstName": "Thomas"})),
    ] {
        let first = marieke.send(method.clone(), &path, Some(change.clone())).await;
        assert_eq!(first.0, StatusCode::OK, "{path}: {}", first.1);
        let second = marieke.send(method, &path, Some(change)).await;
        assert_eq!(problem(&second), (409, "conflict"), "{path}");
        assert_eq!(second.1["params"]["by"], "Marieke Smit", "{path}");
    }
    let stale = json!({"users": [{"user": server.user("tom").await, "outgoing": 1}],
        "changes": [{"what": "outgoing", "mode": "enabled"}]});
    let tried = marieke.send(Method::POST, "/users/bulk?dry_run=true", Some(stale)).await.1;
    assert_eq!(tried["problems"][0]["problem"]["params"]["by"], "Marieke Smit", "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_hear_of_a_lock_that_another_one_set() {
    let server = Server::start().await;
    let (marieke, els) = (server.log_in("marieke").await, server.log_in("els").await);
    let mut events = els.events(None).await;
    next(&mut events, "snapshot").await;
    let tom = server.user("tom").await;
    let lock = json!({"what": "incoming", "mode": "disabled"});
    marieke.send(Method::PUT, &format!("/users/{tom}/settings"), Some(lock)).await;
    let heard = next(&mut events, "userChanged").await;
    assert_eq!(heard["kind"]["user"]["id"].as_u64(), Some(tom));
    assert_eq!(heard["kind"]["author"]["name"], "Marieke Smit");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_is_told_with_whose_it_is_and_what_is_free() {
    let server = Server::start().await;
    let marieke = server.log_in("marieke").await;
    let tom = format!("/users/{}", server.user("tom").await);
    let change = |field: &str, value: &str| json!({"base": 1, field: value});
    let taken = marieke.send(Method::PATCH, &tom, Some(change("extension", "604"))).await;
    assert_eq!(problem(&taken), (409, "extensionTaken"));
    let params = &taken.1["params"];
    assert_eq!(
        (&params["extension"], &params["owner"], &params["free"]),
        (&json!("604"), &json!("Marieke Smit"), &json!("608"))
    );
    let taken = marieke.send(Method::PATCH, &tom, Some(change("email", "anna@fiets.example"))).await;
    assert_eq!(taken.1["params"]["owner"], "Anna Bakker");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_tells_each_part_that_changed_in_words() {
    let server = Server::start().await;
    let marieke = server.log_in("marieke").await;
    let path = format!("/users/{}", server.user("tom").await);
    let mut telephony = marieke.get(&path).await["telephony"].clone();
    telephony["ringSeconds"] = json!(45);
    telephony["noAnswer"] = json!({"kind": "user", "user": server.user("linda").await});
    let changed = marieke.send(Method::PATCH, &path, Some(json!({"base": 1, "telephony": telephony}))).await;
    assert_eq!(changed.0, StatusCode::OK, "{}", changed.1);
    let entries = marieke.get("/audit?what=telephony").await;
    assert!(entries[2].is_null(), "only what changed: {entries}");
    let told = |at: usize| (entries[at]["field"].clone(), entries[at]["before"].clone(), entries[at]["after"].clone());
    assert_eq!(told(0), (json!("ringSeconds"), json!("20"), json!("45")));
    assert_eq!(told(1), (json!("noAnswer"), json!("hangUp"), json!("601")));

    telephony["callerId"] = json!({"kind": "perCountry", "numbers": [{"country": "NL", "number": 1}]});
    telephony["deskPhone"] = json!(1);
    marieke.send(Method::PATCH, &path, Some(json!({"base": 2, "telephony": telephony}))).await;
    let away = json!({"kind": "available", "at": {"kind": "external", "number": "06 0012 1234"}});
    marieke.send(Method::PUT, &format!("{path}/availability"), Some(away)).await;
    let phone = json!({"base": 1, "number": "240", "name": "Kitchen", "kind": {"kind": "deskPhone"}, "owners": []});
    assert_eq!(marieke.send(Method::PUT, "/accounts/4", Some(phone)).await.0, StatusCode::OK);
    let all = marieke.get("/audit").await;
    let after = |field: &str| {
        let entry = all.as_array().unwrap().iter().find(|entry| entry["field"] == field);
        entry.unwrap_or_else(|| panic!("{field}: {all}"))["after"].as_str().unwrap().to_owned()
    };
    assert_eq!(after("callerId"), "perCountry NL +31200121000");
    assert_eq!((after("deskPhone"), after("name")), ("203".to_owned(), "Kitchen".to_owned()));
    assert_eq!(all[2]["after"], "available 06 0012 1234", "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_what_the_table_says_on_every_operation() {
    let server = Server::start().await;
    let people = [
        ("marieke", Role::Admin),
        ("els", Role::AccountManagement),
        ("femke", Role::Receptionist),
        ("priya", Role::CallDetails),
        ("anna", Role::Member),
    ];
    for (login, role) in people {
        let person = server.log_in(login).await;
        for (method, path, action) in TABLE {
            // Logging out ends the loop's own log-in.
            if (*method, *path) == ("DELETE", "/sessions/current") {
                continue;
            }
            let path = path.replace("{id}", "99999").replace("{client}", "none").replace("{registration}", "none");
            let answer = person.send(method.parse().unwrap(), &path, None).await;
            let refused = answer.1["code"] == "forbidden";
            assert_eq!(refused, !allows(role, *action), "{role:?} {method} {path}: {answer:?}");
            assert!(answer.0.as_u16() < 500, "{method} {path}: {answer:?}");
        }
    }
    assert!(allows(Role::CallDetails, Action::ReadRecords) && !allows(Role::Receptionist, Action::ReadRecords));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_described_operation_is_in_the_table_and_none_answers_a_stranger() {
    let server = Server::start().await;
    let description: Value = reqwest::get(format!("{}/openapi.json", server.base)).await.unwrap().json().await.unwrap();
    let mut described = BTreeSet::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            described.insert((method.to_uppercase(), path.trim_start_matches("/api/v1").to_owned()));
        }
    }
    let open = ["/hello", "/log-in", "/sessions", "/links/{token}", "/set-up/{token}"];
    let guarded: BTreeSet<_> =
        TABLE.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    described.retain(|(_, path)| !open.contains(&path.as_str()));
    assert_eq!(described, guarded);
    let stranger = server.with_token("bbd_nobody");
    for (method, path) in guarded {
        let path = path.replace("{id}", "1").replace("{client}", "a").replace("{registration}", "a");
        let answer = stranger.send(method.parse().unwrap(), &path, None).await;
        assert_eq!(problem(&answer), (401, "clientRevoked"), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaks_between_two_organisations() {
    let server = Server::start().await;
    let new = admin::organisation("Other", "other.example", &"NL".into(), "Europe/Amsterdam");
    let org = server.store.create_organisation(new, domain::now()).await.unwrap();
    let draft: UserDraft = serde_json::from_value(json!({
        "firstName": "Olga", "lastName": "Other", "email": "olga@other.example", "extension": "601", "role": "admin"
    }))
    .unwrap();
    let hash = auth::Passwords::new().unwrap().hash(&bellbird_contract::Secret::new(demo::PASSWORD)).await.unwrap();
    server.store.create_user(&domain::Actor::server(org, domain::now()), draft, Some(hash)).await.unwrap();
    let olga = server.log_in("olga@other.example").await;
    for path in
        ["/users", "/colleagues", "/accounts", "/numbers", "/trunks", "/audit", "/calls", "/requests", "/organisation"]
    {
        let answer = olga.send(Method::GET, path, None).await;
        assert_eq!(answer.0, StatusCode::OK, "{path}");
        let words = answer.1.to_string();
        for secret in ["Linda", "Marieke", "Voorbeeld", "fiets.example", "+3120", "Demo trunk"] {
            assert!(!words.contains(secret), "{path} tells {secret}: {words}");
        }
    }
    let mut events = olga.events(None).await;
    next(&mut events, "snapshot").await;
    let anna = server.log_in("anna").await;
    anna.send(Method::PUT, "/me/dnd", Some(json!({"on": true}))).await;
    olga.send(Method::PUT, "/me/dnd", Some(json!({"on": true}))).await;
    let first = next_any(&mut events).await;
    assert!(first["kind"]["dnd"]["on"] == true || first["kind"]["colleagues"][0]["name"] == "Olga Other", "{first}");
    assert_eq!(problem(&olga.send(Method::GET, "/users/4", None).await), (404, "notFound"));
    let guest = olga.http.get(format!("{}/users", server.base)).bearer_auth(&olga.token).header("x-organisation", "1");
    assert_eq!(guest.send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_needs_its_cookie_its_csrf_token_and_its_own_origin() {
    let server = Server::start().await;
    let body = json!({"login": "marieke", "secret": demo::PASSWORD});
    let start = server.http.post(format!("{}/sessions", server.base)).json(&body).send().await.unwrap();
    let cookie = start.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let csrf = start.json::<Value>().await.unwrap()["csrf"].as_str().unwrap().to_owned();
    let put = || {
        let url = format!("{}/me/dnd", server.base);
        server.http.put(url).header("cookie", &cookie).json(&json!({"on": true}))
    };
    assert_eq!(put().send().await.unwrap().status(), StatusCode::FORBIDDEN, "without the token");
    let elsewhere = put().header("x-csrf-token", &csrf).header("origin", "https://evil.example");
    assert_eq!(elsewhere.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(put().header("x-csrf-token", &csrf).send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_user_sets_a_password_once_and_guessing_is_slowed_down() {
    let server = Server::start().await;
    let marieke = server.log_in("marieke").await;
    let draft = json!({"firstName": "Ruben", "lastName": "Mulder", "email": "ruben@fiets.example", "extension": "611"});
    let created = marieke.send(Method::POST, "/users", Some(draft)).await;
    assert_eq!(created.0, StatusCode::CREATED, "{created:?}");
    let url = created.1["invitation"]["url"].as_str().unwrap();
    let link = format!("/links/{}", url.split('#').nth(1).unwrap());
    let password = json!({"new": "a long enough one"});
    let stranger = server.with_token("bbd_nobody");
    assert_eq!(stranger.send(Method::POST, &link, Some(json!({"new": "short"}))).await.1["code"], "passwordTooShort");
    assert_eq!(stranger.send(Method::POST, &link, Some(password.clone())).await.0, StatusCode::NO_CONTENT);
    assert_eq!(problem(&stranger.send(Method::POST, &link, Some(password)).await), (410, "linkUsed"));
    let guess = json!({"login": "ruben@fiets.example", "secret": "wrong"});
    let mut codes = Vec::new();
    for _ in 0..11 {
        let answer = stranger.send(Method::POST, "/sessions", Some(guess.clone())).await;
        codes.push(answer.1["code"].as_str().unwrap().to_owned());
    }
    assert_eq!(codes[0], "wrongCredentials");
    assert_eq!(codes[10], "tooManyTries");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_password_is_chosen_where_the_app_logs_in() {
    let server = Server::start().await;
    let marieke = server.log_in("marieke").await;
    let tom = format!("/users/{}", server.user("tom").await);
    let mut security = marieke.get(&tom).await["security"].clone();
    security["passwordChangeNeeded"] = json!(true);
    let changed = marieke.send(Method::PATCH, &tom, Some(json!({"base": 1, "security": security}))).await;
    assert_eq!(changed.0, StatusCode::OK, "{}", changed.1);
    let stranger = server.with_token("");
    let log_in = |secret: &str, new: Option<&str>| {
        let client = json!({"name": "Test", "version": "1", "protocol": 1});
        let body = json!({"login": "tom", "secret": secret, "newPassword": new, "client": client});
        stranger.send(Method::POST, "/log-in", Some(body))
    };
    let refused = log_in(demo::PASSWORD, None).await;
    assert_eq!(problem(&refused), (403, "passwordChangeNeeded"));
    assert_eq!(refused.1["params"]["least"], "10");
    assert_eq!(problem(&log_in(demo::PASSWORD, Some("short")).await), (422, "passwordTooShort"));
    assert_eq!(log_in(demo::PASSWORD, Some(demo::PASSWORD)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem(&log_in("not the first one", Some("tall green bicycle")).await), (401, "wrongCredentials"));
    let answer = log_in(demo::PASSWORD, Some("tall green bicycle")).await;
    assert_eq!(answer.0, StatusCode::OK, "{}", answer.1);
    let person = server.with_token(answer.1["deviceToken"].as_str().unwrap());
    assert_eq!(person.get("/me").await["passwordChangeNeeded"], false);
    assert_eq!(problem(&log_in(demo::PASSWORD, None).await), (401, "wrongCredentials"));
    assert_eq!(log_in("tall green bicycle", None).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provisioning_link_is_not_used_up_by_an_app_that_has_to_ask_for_a_password_first() {
    let server = Server::start().await;
    let marieke = server.log_in("marieke").await;
    let tom = format!("/users/{}", server.user("tom").await);
    let issued = marieke.send(Method::POST, &format!("{tom}/links"), Some(json!({"purpose": "provisioning"}))).await.1;
    let url = issued["url"].as_str().unwrap_or_else(|| panic!("{issued}"));
    let token = url.split('#').nth(1).unwrap().split('&').next().unwrap().to_owned();
    let mut security = marieke.get(&tom).await["security"].clone();
    security["passwordChangeNeeded"] = json!(true);
    marieke.send(Method::PATCH, &tom, Some(json!({"base": 1, "security": security}))).await;
    let stranger = server.with_token("");
    assert_eq!(stranger.get(&format!("/links/{token}")).await["passwordChangeNeeded"], true);
    let log_in = |new: Option<&str>| {
        let client = json!({"name": "Test", "version": "1", "protocol": 1});
        let body = json!({"login": "tom", "secret": token, "newPassword": new, "client": client});
        stranger.send(Method::POST, "/log-in", Some(body))
    };
    assert_eq!(problem(&log_in(None).await), (403, "passwordChangeNeeded"));
    assert_eq!(problem(&log_in(Some("short")).await), (422, "passwordTooShort"));
    assert_eq!(log_in(Some("tall green bicycle")).await.0, StatusCode::OK);
    assert_eq!(problem(&log_in(None).await), (410, "linkUsed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_changes_of_telephony_and_profile_leaves_the_rest_as_it_is_by_now() {
    let server = Server::start().await;
    let (anna, marieke) = (server.log_in("anna").await, server.log_in("marieke").await);
    let user = format!("/users/{}", server.user("anna").await);
    let mut telephony = anna.get("/me/telephony").await;
    telephony["ringSeconds"] = json!(45);
    let base = marieke.get(&user).await["user"]["revision"].clone();
    marieke.send(Method::PATCH, &user, Some(json!({"base": base, "telephony": telephony}))).await;
    let to = json!({"always": {"active": true, "to": {"kind": "external", "number": "0612345678"}}});
    let change = json!({"forwarding": to, "callsFromUserAccount": false});
    let changed = anna.send(Method::PATCH, "/me/telephony", Some(change)).await;
    assert_eq!(changed.0, StatusCode::OK, "{}", changed.1);
    assert_eq!(changed.1["ringSeconds"], 45);
    assert_eq!(changed.1["callsFromUserAccount"], false);
    assert_eq!(changed.1["forwarding"]["always"]["to"]["number"], "0612345678");
    let base = anna.get("/me").await["revision"].clone();
    let me = anna.send(Method::PATCH, "/me", Some(json!({"base": base, "firstName": "Ann", "language": "en"}))).await;
    assert_eq!((&me.1["firstName"], &me.1["language"]), (&json!("Ann"), &json!("en")), "{}", me.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_who_becomes_unreachable_and_which_number_loses_its_last_phone() {
    let server = Server::start().await;
    let marieke = server.log_in("marieke").await;
    let els = server.user("els").await;
    let number = json!({"number": "+31200121109", "to": {"kind": "user", "user": els}});
    assert_eq!(marieke.send(Method::POST, "/numbers", Some(number)).await.0, StatusCode::CREATED);
    let edit = json!({"users": [{"user": els}], "changes": [{"what": "incoming", "mode": "disabled"}]});
    let dry = marieke.send(Method::POST, "/users/bulk?dry_run=true", Some(edit)).await;
    let kinds: Vec<&str> = dry.1["warnings"].as_array().unwrap().iter().filter_map(|it| it["kind"].as_str()).collect();
    assert_eq!(kinds, ["unreachable", "numberWithoutPhone"], "{dry:?}");
    let settings = marieke.get(&format!("/users/{els}/settings")).await;
    assert_eq!(settings["document"]["incoming"]["mode"], "individual");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_no_longer_works_says_why() {
    let server = Server::start().await;
    let marieke = server.log_in("marieke").await;
    let path = format!("/users/{}/links", server.user("tom").await);
    let mut links = Vec::new();
    for _ in 0..2 {
        let made = marieke.send(Method::POST, &path, Some(json!({"purpose": "invitation"}))).await;
        links.push(format!("/links/{}", made.1["url"].as_str().unwrap().split('#').nth(1).unwrap()));
    }
    let stranger = server.with_token("bbd_nobody");
    let replaced = stranger.send(Method::GET, &links[0], None).await;
    assert_eq!(problem(&replaced), (410, "linkReplaced"));
    assert!(replaced.1["params"]["at"].as_str().is_some(), "{replaced:?}");
    assert_eq!(stranger.get(&links[1]).await["login"], "tom");
    let password = json!({"new": "tom chose this one"});
    assert_eq!(stranger.send(Method::POST, &links[1], Some(password)).await.0, StatusCode::NO_CONTENT);
    assert_eq!(problem(&stranger.send(Method::GET, &links[1], None).await), (410, "linkUsed"));
    assert_eq!(problem(&stranger.send(Method::GET, "/links/bbl_nobody", None).await), (410, "linkInvalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_edit_their_own_profile_and_nothing_that_is_an_administrators() {
    let server = Server::start().await;
    let (marieke, linda) = (server.log_in("marieke").await, server.log_in("linda").await);
    let path = format!("/users/{}", server.user("linda").await);
    let personal =
        |job: &str, words: &str| json!({"employer": "Bikes", "job": job, "numbers": [], "description": words});
    let noted = json!({"base": 1, "personal": personal("Sales", "On leave in May")});
    assert_eq!(marieke.send(Method::PATCH, &path, Some(noted)).await.0, StatusCode::OK);
    let profile = linda.get("/me/profile").await;
    assert_eq!((&profile["personal"]["job"], &profile["personal"]["description"]), (&json!("Sales"), &json!("")));
    assert_eq!(profile["dial"]["national"], "0");
    let own = json!({"base": 2, "personal": personal("Buying", "")});
    assert_eq!(linda.send(Method::PATCH, "/me", Some(own)).await.0, StatusCode::OK);
    let personal = marieke.get(&path).await["personal"].clone();
    assert_eq!((&personal["job"], &personal["description"]), (&json!("Buying"), &json!("On leave in May")));
    let role = json!({"base": 3, "role": "admin"});
    assert_eq!(problem(&linda.send(Method::PATCH, "/me", Some(role)).await), (403, "forbidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_show_their_own_numbers_and_nobody_elses() {
    let server = Server::start().await;
    let linda = server.log_in("linda").await;
    let numbers = server.log_in("marieke").await.get("/numbers").await;
    let id = |number: &str| {
        let all = numbers.as_array().unwrap();
        all.iter().find(|entry| entry["number"] == number).unwrap()["id"].clone()
    };
    let mut telephony = linda.get("/me/telephony").await;
    for (number, status) in [("+31200121101", StatusCode::OK), ("+31200121102", StatusCode::FORBIDDEN)] {
        telephony["callerId"] = json!({"kind": "number", "number": id(number)});
        assert_eq!(linda.send(Method::PUT, "/me/telephony", Some(telephony.clone())).await.0, status, "{number}");
        telephony["callerId"] = json!({"kind": "perCountry", "numbers": [{"country": "NL", "number": id(number)}]});
        assert_eq!(linda.send(Method::PUT, "/me/telephony", Some(telephony.clone())).await.0, status, "{number}");
    }
    telephony["callerId"] = json!({"kind": "accountDefault"});
    assert_eq!(linda.send(Method::PUT, "/me/telephony", Some(telephony)).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_manages_accounts_assigns_numbers_and_adds_none() {
    let server = Server::start().await;
    let (marieke, els) = (server.log_in("marieke").await, server.log_in("els").await);
    // As people of the organisation's country write it.
    let made = marieke.send(Method::POST, "/numbers", Some(json!({"number": "020 012 11 09"}))).await;
    assert_eq!(made.1["number"], "+31200121109", "{made:?}");
    let path = format!("/numbers/{}", made.1["id"]);
    let to = json!({"kind": "user", "user": server.user("tom").await});
    let assigned = els.send(Method::PUT, &path, Some(json!({"base": 1, "number": "020 012 11 09", "to": to}))).await;
    assert_eq!(assigned.1["toName"], "Tom Hughes", "{assigned:?}");
    let other = els.send(Method::PUT, &path, Some(json!({"base": 2, "number": "+31200121110"}))).await;
    assert_eq!(other.0, StatusCode::FORBIDDEN, "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_the_address_book_becomes_a_user_and_employers_are_found() {
    let server = Server::start().await;
    let marieke = server.log_in("marieke").await;
    let details = |employer: &str| json!({"employer": employer, "job": "Mechanic", "numbers": [], "description": ""});
    let person = |base: Option<u64>, employer: &str| {
        let details = details(employer);
        json!({"base": base, "firstName": "Ruben", "lastName": "Mulder", "email": "", "personal": details})
    };
    let made = marieke.send(Method::POST, "/contacts", Some(person(None, "Wheel Works"))).await;
    assert_eq!(made.0, StatusCode::CREATED, "{made:?}");
    let path = format!("/contacts/{}", made.1["id"]);
    let changed = marieke.send(Method::PUT, &path, Some(person(Some(1), "Spokes"))).await;
    assert_eq!(changed.1["revision"], 2, "{changed:?}");
    assert_eq!(problem(&marieke.send(Method::PUT, &path, Some(person(Some(1), "Hubs"))).await), (409, "conflict"));
    assert_eq!(marieke.get("/employers").await, json!(["Spokes", "Voorbeeld Bikes"]));
    let draft = json!({"firstName": "Ruben", "lastName": "Mulder", "email": "ruben@fiets.example", "extension": "611",
        "personal": details("Spokes"), "contact": made.1["id"]});
    let user = marieke.send(Method::POST, "/users", Some(draft)).await;
    assert_eq!(user.1["user"]["personal"]["job"], "Mechanic", "{user:?}");
    assert_eq!(marieke.get("/contacts").await, json!([]));
    assert_eq!(marieke.get("/audit?what=contact").await[0]["field"], "personal.employer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_administers_what_he_was_given_and_is_a_guest_there() {
    let server = Server::start().await;
    let new = admin::organisation("Other", "other.example", &"NL".into(), "Europe/Amsterdam");
    let org = server.store.create_organisation(new, domain::now()).await.unwrap();
    let partner =
        admin::Partner { home: demo::DOMAIN.into(), login: "femke".into(), domain: "other.example".into(), end: false };
    admin::partner(&server.store, &partner).await.unwrap();
    let femke = server.log_in("femke").await;
    assert_eq!(problem(&femke.send(Method::GET, "/users", None).await), (403, "forbidden"), "at home a receptionist");
    let there = server.log_in("femke").await.acting_in(org.0);
    let me = there.get("/me").await;
    assert_eq!((&me["organisation"]["name"], &me["role"]), (&json!("Other"), &json!("admin")), "{me}");
    assert_eq!(there.get("/users").await["total"], 0);
    let mut events = there.events(None).await;
    let snapshot = next(&mut events, "snapshot").await;
    assert_eq!(snapshot["kind"]["snapshot"]["colleagues"], json!([]), "nobody of home is a colleague there");
    let olga = json!({"firstName": "Olga", "lastName": "Other", "email": "olga@other.example", "extension": "601"});
    assert_eq!(there.send(Method::POST, "/users", Some(olga)).await.0, StatusCode::CREATED);
    assert_eq!(next(&mut events, "userChanged").await["kind"]["user"]["firstName"], "Olga");
    assert_eq!(there.get("/audit").await[0]["author"]["name"], "Femke Jansen (Voorbeeld Bikes)");
    assert_eq!(there.send(Method::GET, "/me/profile", None).await.0, StatusCode::FORBIDDEN);
    admin::partner(&server.store, &admin::Partner { end: true, ..partner }).await.unwrap();
    assert_eq!(problem(&there.send(Method::GET, "/users", None).await), (404, "notFound"));
}
