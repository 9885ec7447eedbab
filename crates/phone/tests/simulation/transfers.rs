//! Handing calls over.

use bellbird_base::Duration;
use bellbird_contract::{CallState, Command, Consultation, EndReason, ErrorCode, Outcome};

use crate::desk::{ALICE, BOB, CAROL, Office, address};

const TRANSFERRED: CallState = CallState::Ended { reason: EndReason::Transferred, problem: None };

fn incoming(state: &CallState) -> bool {
    matches!(state, CallState::Incoming { .. })
}

#[test]
fn call_is_handed_over_without_asking() {
    let mut office = Office::quiet();
    office.talk(ALICE, BOB);
    let call = office.desk(ALICE).call().id;
    office.command(ALICE, Command::TransferBlind { call, target: address(CAROL).to_owned() });
    assert_eq!(office.desk(ALICE).call().transfer.as_ref().unwrap().target.number, "carol@10.0.0.3");
    office.wait(CAROL, "it rings", |desk| desk.view.calls.last().is_some_and(|call| incoming(&call.state)));
    let theirs = office.desk(CAROL).call().id;
    office.command(CAROL, Command::Answer { call: theirs });
    office.wait_state(ALICE, &TRANSFERRED);
    office.wait_state(CAROL, &CallState::Active);
    office.wait_state(BOB, &CallState::Active);
    assert_eq!(office.desk(BOB).call().party.number, "carol@10.0.0.3");
    office.0.run_for(Duration::from_secs(6));
    assert_eq!(office.desk(BOB).view.calls.len(), 1);
    assert_eq!(office.desk(ALICE).view.history[0].outcome, Outcome::Answered);
}

#[test]
fn failed_transfer_leaves_the_call_here_and_is_told() {
    let mut office = Office::quiet();
    office.talk(ALICE, BOB);
    let call = office.desk(ALICE).call().id;
    office.command(ALICE, Command::TransferBlind { call, target: address(CAROL).to_owned() });
    office.wait(CAROL, "it rings", |desk| desk.view.calls.last().is_some_and(|call| incoming(&call.state)));
    let theirs = office.desk(CAROL).call().id;
    office.command(CAROL, Command::Decline { call: theirs });
    office.wait(ALICE, "the failure is told", |desk| desk.call().problem.is_some());
    let call = office.desk(ALICE).call();
    assert_eq!(call.problem.as_ref().unwrap().code, ErrorCode::TransferFailed);
    assert!(call.transfer.is_none() && !matches!(call.state, CallState::Ended { .. }));
}

#[test]
fn call_is_handed_over_after_asking() {
    let mut office = Office::quiet();
    office.talk(BOB, ALICE);
    let waiting = office.desk(ALICE).call().id;
    office.command(ALICE, Command::TransferAskFirst { call: waiting, target: address(CAROL).to_owned() });
    office.wait_state(BOB, &CallState::TheyHold);
    office.wait(CAROL, "it rings", |desk| desk.view.calls.last().is_some_and(|call| incoming(&call.state)));
    let theirs = office.desk(CAROL).call().id;
    office.command(CAROL, Command::Answer { call: theirs });
    office.wait_state(ALICE, &CallState::Active);
    let asked = office.desk(ALICE).call().clone();
    assert_eq!(asked.consultation, Some(Consultation::Asking { call: waiting }));
    assert!(asked.can.complete_transfer);
    office.command(ALICE, Command::CompleteTransfer { call: asked.id });
    office.wait(ALICE, "both calls are over", |desk| desk.states() == [TRANSFERRED, TRANSFERRED]);
    office.0.run_for(Duration::from_secs(6));
    assert_eq!(office.desk(BOB).states(), [CallState::Active]);
    assert_eq!(office.desk(CAROL).states(), [CallState::Active]);
    assert!(office.desk(ALICE).view.calls.is_empty());
    assert!(!office.desk(CAROL).media.held.values().any(|held| *held), "what is replaced is not held first");
}

#[test]
fn cancelled_consultation_brings_back_the_one_who_waits() {
    let mut office = Office::quiet();
    office.talk(BOB, ALICE);
    let waiting = office.desk(ALICE).call().id;
    office.command(ALICE, Command::TransferAskFirst { call: waiting, target: address(CAROL).to_owned() });
    office.wait(CAROL, "it rings", |desk| desk.view.calls.last().is_some_and(|call| incoming(&call.state)));
    let asked = office.desk(ALICE).call().id;
    office.command(ALICE, Command::CancelTransfer { call: asked });
    office.0.run_for(Duration::from_secs(6));
    assert_eq!(office.desk(ALICE).states(), [CallState::Active]);
    assert_eq!(office.desk(BOB).states(), [CallState::Active]);
    assert_eq!(office.desk(ALICE).call().consultation, None);
    assert_eq!(office.desk(CAROL).view.missed, 1);
}
