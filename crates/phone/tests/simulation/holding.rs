//! Several calls: hold, resume, swap, call waiting.

use bellbird_base::Duration;
use bellbird_contract::{CallState, Command};
use bellbird_phone::Tone;

use crate::desk::{ALICE, BOB, CAROL, Office, address};

#[test]
fn hold_and_resume_are_seen_on_both_sides() {
    let mut office = Office::quiet();
    office.talk(ALICE, BOB);
    let call = office.desk(ALICE).call().id;
    office.command(ALICE, Command::Hold { call });
    assert_eq!(office.desk(ALICE).states(), [CallState::OnHold]);
    office.wait_state(BOB, &CallState::TheyHold);
    let theirs = office.desk(BOB).call().id;
    office.command(BOB, Command::Hold { call: theirs });
    office.wait_state(ALICE, &CallState::BothHold);
    assert_eq!(office.desk(BOB).states(), [CallState::BothHold]);
    office.command(ALICE, Command::Resume { call });
    office.wait_state(BOB, &CallState::OnHold);
    office.wait_state(ALICE, &CallState::TheyHold);
    office.command(BOB, Command::Resume { call: theirs });
    office.wait_state(ALICE, &CallState::Active);
    office.wait_state(BOB, &CallState::Active);
}

#[test]
fn quick_fingers_end_up_where_the_last_press_says() {
    let mut office = Office::quiet();
    office.talk(ALICE, BOB);
    let call = office.desk(ALICE).call().id;
    for _ in 0..5 {
        office.command(ALICE, Command::Hold { call });
        office.command(ALICE, Command::Resume { call });
    }
    office.command(ALICE, Command::Hold { call });
    office.0.run_for(Duration::from_secs(5));
    assert_eq!(office.desk(ALICE).states(), [CallState::OnHold]);
    assert_eq!(office.desk(BOB).states(), [CallState::TheyHold]);
}

#[test]
fn both_sides_hold_at_the_same_moment() {
    let mut office = Office::quiet();
    office.talk(ALICE, BOB);
    let (ours, theirs) = (office.desk(ALICE).call().id, office.desk(BOB).call().id);
    office.command(ALICE, Command::Hold { call: ours });
    office.command(BOB, Command::Hold { call: theirs });
    office.0.run_for(Duration::from_secs(20));
    assert_eq!(office.desk(ALICE).states(), [CallState::BothHold]);
    assert_eq!(office.desk(BOB).states(), [CallState::BothHold]);
}

#[test]
fn second_call_waits_and_answering_it_holds_the_first() {
    let mut office = Office::quiet();
    office.talk(ALICE, BOB);
    office.dial(CAROL, address(ALICE));
    office.wait_state(ALICE, &CallState::Incoming { waiting: true });
    assert_eq!(office.desk(ALICE).sound.ringtone, None);
    assert_eq!(office.desk(ALICE).tone(), Some(Tone::CallWaiting));
    let second = office.desk(ALICE).call().id;
    office.command(ALICE, Command::Answer { call: second });
    office.wait_state(CAROL, &CallState::Active);
    office.wait_state(BOB, &CallState::TheyHold);
    office.wait_state(ALICE, &CallState::Active);
    assert_eq!(office.desk(ALICE).states(), [CallState::OnHold, CallState::Active]);
    office.command(ALICE, Command::Swap);
    office.wait_state(CAROL, &CallState::TheyHold);
    office.wait_state(BOB, &CallState::Active);
    assert_eq!(office.desk(ALICE).states(), [CallState::Active, CallState::OnHold]);
}

#[test]
fn calling_somebody_else_holds_whom_we_talk_to() {
    let mut office = Office::quiet();
    office.talk(ALICE, BOB);
    office.dial(ALICE, address(CAROL));
    office.wait_state(BOB, &CallState::TheyHold);
    office.dial(ALICE, "dave@10.0.0.9");
    assert_eq!(office.desk(ALICE).view.calls.len(), 2, "one call at a time is dialled");
}
