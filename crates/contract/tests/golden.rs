//! What the first protocol version wrote is read by this one, whole; and what a newer one may write does not stop it.
//!
//! The files in `tests/golden/v1` are as they were when that version came out. They are not to be edited: a new version
//! gets a folder of its own beside them.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use bellbird_contract::server::{
    AccountEdit, AccountSecret, AdminChange, ApiProblem, AuditEntry, BulkEdit, CallRecord, CallRequest,
    ChangeRequestAnswer, ClientMessage, DndAct, DndRequest, DryRun, LogIn, LogInResult, Organisation, Page,
    ServerErrorCode, ServerEvent, ServerEventKind, ServerHello, SessionStart, SettingsChange, SipTest, TrunkView,
    UserChange, UserDetail, UserDraft, UserRow, VoipAccount,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What becomes of a golden value: read and written again.
type Replay = fn(Value) -> Result<Value, serde_json::Error>;

const FILES: &[(&str, Replay)] = &[
    ("hello", replay::<ServerHello>),
    ("logIn", replay::<LogIn>),
    ("logInResult", replay::<LogInResult>),
    ("sessionStart", replay::<SessionStart>),
    ("event", replay::<ServerEvent>),
    ("clientMessage", replay::<ClientMessage>),
    ("settingsChange", replay::<SettingsChange>),
    ("adminChange", replay::<AdminChange>),
    ("dndRequest", replay::<DndRequest>),
    ("dndAct", replay::<DndAct>),
    ("problem", replay::<ApiProblem>),
    ("callRecord", replay::<CallRecord>),
    ("callRequest", replay::<CallRequest>),
    ("userPage", replay::<Page<UserRow>>),
    ("userDetail", replay::<UserDetail>),
    ("userDraft", replay::<UserDraft>),
    ("userChange", replay::<UserChange>),
    ("bulkEdit", replay::<BulkEdit>),
    ("dryRun", replay::<DryRun>),
    ("voipAccount", replay::<VoipAccount>),
    ("accountEdit", replay::<AccountEdit>),
    ("accountSecret", replay::<AccountSecret>),
    ("sipTest", replay::<SipTest>),
    ("trunk", replay::<TrunkView>),
    ("organisation", replay::<Organisation>),
    ("audit", replay::<AuditEntry>),
    ("requestAnswer", replay::<ChangeRequestAnswer>),
];

const NEWER: &str = "fromTheFuture";

#[test]
fn first_protocol_is_read_and_nothing_of_it_is_lost() {
    for (name, replay) in FILES {
        for golden in golden(name) {
            let again = replay(golden.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_contains(name, &again, &golden);
        }
    }
}

#[test]
fn every_golden_file_is_replayed() {
    let mut there: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    there.sort();
    let mut replayed: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
    replayed.sort_unstable();
    assert_eq!(there, replayed);
}

#[test]
fn fields_that_a_newer_version_adds_are_ignored() {
    for (name, replay) in FILES {
        for golden in golden(name) {
            let newer = with_more_fields(&golden);
            let again = replay(newer).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(without_more_params(again), replay(golden).unwrap(), "{name}");
        }
    }
}

#[test]
fn values_that_a_newer_version_adds_are_read_as_unknown_wherever_a_word_stands() {
    for (name, replay) in FILES {
        for golden in golden(name) {
            for pointer in words(&golden, String::new()) {
                let mut newer = golden.clone();
                *newer.pointer_mut(&pointer).unwrap() = json!(NEWER);
                replay(newer).unwrap_or_else(|error| panic!("{name} {pointer}: {error}"));
            }
        }
    }
}

#[test]
fn event_of_a_newer_version_is_read_as_unknown() {
    let event: ServerEvent =
        serde_json::from_value(json!({"revision": 3, "at": 4, "kind": {"kind": "voicemail", "count": 2}})).unwrap();
    assert_eq!(event.kind, ServerEventKind::Unknown);
}

#[test]
fn problem_says_on_the_wire_what_its_code_says() {
    for code in [ServerErrorCode::LockedByAdministrator, ServerErrorCode::NotLoggedIn, ServerErrorCode::Internal] {
        let problem = ApiProblem::new(code, "");
        let word = serde_json::to_value(code).unwrap();
        assert_eq!(problem.kind, format!("urn:bellbird:problem:{}", word.as_str().unwrap()));
    }
}

fn replay<T: DeserializeOwned + Serialize>(value: Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_value::<T>(value)?)
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

fn golden(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    let values: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(!values.is_empty(), "{name}");
    values
}

/// All of `golden` is in `again`, which may have more.
fn assert_contains(at: &str, again: &Value, golden: &Value) {
    match (again, golden) {
        (Value::Object(again), Value::Object(golden)) => {
            for (key, value) in golden {
                let place = format!("{at}.{key}");
                assert_contains(&place, again.get(key).unwrap_or_else(|| panic!("{place} is lost")), value);
            }
        }
        (Value::Array(again), Value::Array(golden)) => {
            assert_eq!(again.len(), golden.len(), "{at}");
            for (again, golden) in again.iter().zip(golden) {
                assert_contains(at, again, golden);
            }
        }
        (again, golden) => assert_eq!(again, golden, "{at}"),
    }
}

fn with_more_fields(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let more = fields.iter().map(|(key, value)| (key.clone(), with_more_fields(value)));
            more.chain([(NEWER.to_owned(), json!(NEWER))]).collect()
        }
        Value::Array(items) => items.iter().map(with_more_fields).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Params are a map: what is added there stays.
fn without_more_params(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(key, _)| key != NEWER)
            .map(|(key, value)| (key, without_more_params(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_more_params).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// Pointers to all strings: enums' words, and texts, for which any string will do.
fn words(value: &Value, at: String) -> Vec<String> {
    match value {
        Value::String(_) => vec![at],
        Value::Object(fields) => fields.iter().flat_map(|(key, value)| words(value, format!("{at}/{key}"))).collect(),
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(i, value)| words(value, format!("{at}/{i}"))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
