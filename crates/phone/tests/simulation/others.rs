//! Accounts, links, look-ups, the end.

use bellbird_base::{Duration, Instant};
use bellbird_contract::{
    AccountTest, AudioSettings, CallState, Command, Connectivity, EndReason, ErrorCode, Registration, TargetKind,
    Theme, Transport,
};
use bellbird_phone::{Input, StoreRequest};
use bellbird_testkit::Link;

use crate::desk::{ALICE, BOB, Office, address, registering};

#[test]
fn registrar_that_does_not_answer_leaves_the_phone_offline_and_trying() {
    let mut office = Office::quiet();
    let account = office.desk(ALICE).view.accounts[0].id;
    office.command(ALICE, Command::RemoveAccount { id: account });
    office.command(ALICE, Command::AddAccount { account: registering("10.0.0.9", Transport::Udp) });
    assert_eq!(office.desk(ALICE).view.accounts[0].registration, Registration::Registering);
    office.wait(ALICE, "it has failed", |desk| {
        matches!(desk.view.accounts[0].registration, Registration::Failed { retry_at: Some(_), .. })
    });
    let Registration::Failed { problem, .. } = &office.desk(ALICE).view.accounts[0].registration else { panic!() };
    assert_eq!(problem.code, ErrorCode::ServerUnreachable);
    assert_eq!(problem.params["address"], "dora@10.0.0.9");
    assert!(matches!(office.desk(ALICE).view.connectivity, Connectivity::Offline { .. }));
}

#[test]
fn trial_of_a_draft_is_told_and_keeps_nothing() {
    let mut office = Office::quiet();
    office.command(ALICE, Command::TestAccount { account: registering("no such host", Transport::Udp) });
    let Some(AccountTest::Failed { problem }) = &office.desk(ALICE).view.account_test else { panic!() };
    assert_eq!((problem.code, problem.params["field"].as_str()), (ErrorCode::FieldInvalid, "domain"));
    office.command(ALICE, Command::TestAccount { account: registering("fiets.example", Transport::Udp) });
    office.0.run_for(Duration::from_secs(1));
    let Some(AccountTest::Failed { problem }) = &office.desk(ALICE).view.account_test else { panic!() };
    assert_eq!(problem.code, ErrorCode::ServerNotFound);
    office.command(ALICE, Command::TestAccount { account: registering("10.0.0.9", Transport::Udp) });
    assert_eq!(office.desk(ALICE).view.account_test, Some(AccountTest::Running));
    office.0.run_for(Duration::from_secs(9));
    let Some(AccountTest::Failed { problem }) = &office.desk(ALICE).view.account_test else { panic!() };
    assert_eq!(problem.code, ErrorCode::ServerUnreachable);
    assert_eq!(office.desk(ALICE).view.accounts.len(), 1);
    office.command(ALICE, Command::CancelAccountTest);
    assert_eq!(office.desk(ALICE).view.account_test, None);
}

#[test]
fn secret_goes_to_the_key_store_and_into_no_view() {
    let mut office = Office::quiet();
    office.command(ALICE, Command::AddAccount { account: registering("10.0.0.9", Transport::Udp) });
    let saved =
        |request: &StoreRequest| matches!(request, StoreRequest::SaveSecret(_, secret) if secret.expose() == "hunter2");
    assert!(office.desk(ALICE).stored.iter().any(saved));
    assert!(!format!("{:?}", office.desk(ALICE).view).contains("hunter2"));
    assert!(!format!("{:?}", office.desk(ALICE).phone).contains("hunter2"));
}

#[test]
fn choices_are_kept() {
    let mut office = Office::quiet();
    office.command(ALICE, Command::SetTheme { theme: Theme::Dark });
    let settings = AudioSettings { noise_suppression: false, ..AudioSettings::default() };
    office.command(ALICE, Command::SetAudio { settings: settings.clone() });
    let stored = &office.desk(ALICE).stored;
    assert!(stored.contains(&StoreRequest::SaveAudio(settings)));
    let kept = |request: &StoreRequest| matches!(request, StoreRequest::SavePreferences(it) if it.theme == Theme::Dark);
    assert!(stored.iter().any(kept));
}

#[test]
fn link_fills_the_dial_field_and_calls_nobody() {
    let mut office = Office::quiet();
    office.command(ALICE, Command::OpenLink { link: "tel:+31-20-0128840".to_owned() });
    assert_eq!(office.desk(ALICE).view.link.as_deref(), Some("+31200128840"));
    assert!(office.desk(ALICE).view.calls.is_empty());
    office.command(ALICE, Command::LookUp { text: "+31200128840".to_owned() });
    assert_eq!(
        (office.desk(ALICE).view.link.clone(), office.desk(ALICE).view.look_up.kind),
        (None, TargetKind::Number)
    );
}

#[test]
fn nothing_new_makes_no_new_view() {
    let mut office = Office::quiet();
    let views = office.desk(ALICE).views;
    office.0.run_for(Duration::from_secs(600));
    office.command(ALICE, Command::Swap);
    assert_eq!(office.desk(ALICE).views, views);
}

#[test]
fn quitting_hangs_up_before_it_is_done() {
    let mut office = Office::quiet();
    office.talk(ALICE, BOB);
    office.command(ALICE, Command::Quit);
    office.wait(ALICE, "it is done", |desk| desk.finished);
    office.wait_state(BOB, &CallState::Ended { reason: EndReason::There, problem: None });
    office.dial(BOB, address(ALICE));
    office.0.run_for(Duration::from_secs(2));
    assert!(office.desk(ALICE).view.calls.iter().all(|call| matches!(call.state, CallState::Ended { .. })));
}

#[test]
fn call_goes_on_when_the_network_changes() {
    let mut office = Office::quiet();
    office.talk(ALICE, BOB);
    let now = office.0.now();
    office.0.nodes[ALICE].input(&mut office.0.network, Input::NetworkChanged(now));
    office.0.run_for(Duration::from_secs(10));
    assert_eq!(office.desk(ALICE).states(), [CallState::Active]);
    assert_eq!(office.desk(BOB).states(), [CallState::Active]);
}

#[test]
fn clock_that_is_set_moves_what_is_shown_and_nothing_else() {
    let mut office = Office::new(3, Link::PERFECT);
    let later = bellbird_contract::Timestamp(2_000_000_000);
    office.0.nodes[ALICE].input(&mut office.0.network, Input::Clock(Instant::ORIGIN, later));
    office.dial(ALICE, address(BOB));
    assert!(office.desk(ALICE).call().started_at >= later);
}
