//! What goes over the wire stays readable for older and newer programs.

use bellbird_contract::{
    AccountSettings, AudioSettings, CallId, CallState, Command, ErrorCode, HistoryEntry, PhoneView, Preferences,
    Problem, Registration, SrtpPolicy, Transport,
};
use serde_json::{Value, from_value, json, to_value};

#[test]
fn commands_of_the_first_release_are_understood() {
    let dial: Command = from_value(json!({"type": "dial", "target": "601"})).unwrap();
    assert_eq!(dial, Command::Dial { target: "601".to_owned(), account: None, withhold: false });
    let hold: Command = from_value(json!({"type": "hold", "call": 3})).unwrap();
    assert_eq!(hold, Command::Hold { call: CallId(3) });
    let add: Command = from_value(json!({
        "type": "addAccount",
        "account": {"settings": {"domain": "fiets.example", "userName": "linda"}, "secret": "hunter2"},
    }))
    .unwrap();
    let Command::AddAccount { account } = add else { panic!("{add:?}") };
    assert_eq!(account.settings.transport, Transport::Automatic);
    assert_eq!(account.settings.srtp, SrtpPolicy::Optional);
    assert_eq!(account.secret.unwrap().expose(), "hunter2");
}

#[test]
fn unknown_command_is_read_as_unknown() {
    let command: Command = from_value(json!({"type": "teleport", "to": "Mars"})).unwrap();
    assert_eq!(command, Command::Unknown);
}

#[test]
fn unknown_values_of_enums_are_read_as_unknown() {
    assert_eq!(from_value::<Transport>(json!("quic")).unwrap(), Transport::Unknown);
    assert_eq!(from_value::<ErrorCode>(json!("solarFlare")).unwrap(), ErrorCode::Unknown);
    let state: CallState = from_value(json!({"kind": "levitating", "height": 3})).unwrap();
    assert_eq!(state, CallState::Unknown);
    let registration: Registration = from_value(json!({"state": "paused", "until": 3})).unwrap();
    assert_eq!(registration, Registration::Unknown);
}

#[test]
fn unknown_fields_are_ignored_and_missing_ones_have_their_default() {
    let settings: AccountSettings =
        from_value(json!({"domain": "fiets.example", "userName": "linda", "colour": "red"})).unwrap();
    assert_eq!(settings.codecs, []);
    assert_eq!(from_value::<AudioSettings>(json!({})).unwrap(), AudioSettings::default());
    assert_eq!(from_value::<Preferences>(json!({"theme": "dark", "font": "x"})).unwrap().language, Default::default());
}

#[test]
fn kept_history_of_the_first_release_is_understood() {
    let kept = json!({
        "id": "0a1b", "account": 1, "direction": "incoming", "party": {"number": "602"},
        "startedAt": 1_000, "endedAt": 2_000, "outcome": "missed", "seen": false,
    });
    let entry: HistoryEntry = from_value(kept).unwrap();
    assert_eq!(entry.party.number, "602");
    assert_eq!(entry.answered_at, None);
}

#[test]
fn view_is_written_in_camel_case() {
    let view = to_value(PhoneView::default()).unwrap();
    for field in ["defaultAccount", "accountTest", "lookUp", "emergencyNumbers"] {
        assert!(view.get(field).is_some(), "{field}");
    }
    assert_eq!(view["audio"]["settings"]["noiseSuppression"], Value::Bool(true));
    let problem = Problem::new(ErrorCode::WrongPassword).with("address", "linda@fiets.example");
    assert_eq!(
        to_value(problem).unwrap(),
        json!({"code": "wrongPassword", "params": {"address": "linda@fiets.example"}, "details": null})
    );
}
