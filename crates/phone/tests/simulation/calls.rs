//! One call: made, answered, declined, given up, remembered.

use bellbird_base::Duration;
use bellbird_contract::{CallDirection, CallState, CodecName, Command, EndReason, ErrorCode, HistoryEntry, Outcome};
use bellbird_phone::{StoreRequest, Tone};
use bellbird_testkit::Link;

use crate::desk::{ALICE, BOB, CAROL, Desk, Office, address};

const RINGING: CallState = CallState::Ringing { early_media: false };
const INCOMING: CallState = CallState::Incoming { waiting: false };

fn remembered(desk: &Desk) -> &HistoryEntry {
    desk.view.history.first().expect("a call is remembered")
}

#[test]
fn call_is_made_answered_and_hung_up() {
    let mut office = Office::quiet();
    office.dial(ALICE, address(BOB));
    assert_eq!(office.desk(ALICE).states(), [CallState::Calling]);
    office.wait_state(BOB, &INCOMING);
    assert!(office.desk(BOB).sound.ringtone.is_some());
    office.wait_state(ALICE, &RINGING);
    assert_eq!(office.desk(ALICE).tone(), Some(Tone::Ringback));
    let call = office.desk(BOB).call().id;
    assert_eq!(office.desk(BOB).call().party.number, "alice@10.0.0.1");
    office.command(BOB, Command::Answer { call });
    office.wait_state(ALICE, &CallState::Active);
    office.wait_state(BOB, &CallState::Active);
    assert_eq!(office.desk(ALICE).call().codec, Some(CodecName::Opus));
    assert_eq!((office.desk(ALICE).tone(), office.desk(BOB).sound.ringtone.clone()), (None, None));
    office.0.run_for(Duration::from_secs(5));
    let call = office.desk(ALICE).call().id;
    office.command(ALICE, Command::HangUp { call });
    office.wait_state(BOB, &CallState::Ended { reason: EndReason::There, problem: None });
    assert_eq!(office.desk(ALICE).states(), [CallState::Ended { reason: EndReason::Here, problem: None }]);
    for (desk, direction) in [(ALICE, CallDirection::Outgoing), (BOB, CallDirection::Incoming)] {
        let entry = remembered(office.desk(desk));
        assert_eq!((entry.outcome, entry.direction), (Outcome::Answered, direction));
        assert!(entry.ended_at.since(entry.answered_at.unwrap()) >= Duration::from_secs(4));
        assert!(office.desk(desk).media.open.is_empty());
    }
    office.0.run_for(Duration::from_secs(6));
    assert!(office.desk(ALICE).view.calls.is_empty() && office.desk(BOB).view.calls.is_empty());
}

#[test]
fn declined_call_is_told_with_busy_tone_and_remembered() {
    let mut office = Office::quiet();
    office.dial(ALICE, address(BOB));
    office.wait_state(BOB, &INCOMING);
    let call = office.desk(BOB).call().id;
    office.command(BOB, Command::Decline { call });
    office.wait(ALICE, "the call is over", |desk| matches!(desk.call().state, CallState::Ended { .. }));
    let CallState::Ended { reason, problem } = &office.desk(ALICE).call().state else { panic!() };
    assert_eq!((*reason, problem.as_ref().unwrap().code), (EndReason::Failed, ErrorCode::Declined));
    assert_eq!(office.desk(ALICE).tone(), Some(Tone::Busy));
    assert_eq!(remembered(office.desk(ALICE)).outcome, Outcome::Declined);
    assert_eq!(remembered(office.desk(BOB)).outcome, Outcome::Declined);
    office.0.run_for(Duration::from_secs(5));
    assert_eq!(office.desk(ALICE).tone(), None);
}

#[test]
fn call_that_is_given_up_is_missed_there() {
    let mut office = Office::quiet();
    office.dial(ALICE, address(BOB));
    office.wait_state(BOB, &INCOMING);
    let call = office.desk(ALICE).call().id;
    office.command(ALICE, Command::HangUp { call });
    office.wait(BOB, "the call is over", |desk| matches!(desk.call().state, CallState::Ended { .. }));
    assert_eq!(remembered(office.desk(ALICE)).outcome, Outcome::Cancelled);
    let missed = remembered(office.desk(BOB));
    assert_eq!((missed.outcome, missed.seen, office.desk(BOB).view.missed), (Outcome::Missed, false, 1));
    office.command(BOB, Command::MarkMissedSeen);
    assert_eq!(office.desk(BOB).view.missed, 0);
    let saved = office.desk(BOB).stored.last().unwrap();
    assert!(matches!(saved, StoreRequest::SaveHistory(entry) if entry.seen), "{saved:?}");
}

#[test]
fn quitting_leaves_nobody_ringing_or_waiting_though_the_network_loses_the_first_words() {
    for answered in [false, true] {
        let mut office = Office::quiet();
        if answered {
            office.talk(ALICE, BOB);
        } else {
            office.dial(ALICE, address(BOB));
            office.wait_state(ALICE, &RINGING);
        }
        office.0.network.set_all_links(Link::DOWN);
        office.command(ALICE, Command::Quit);
        office.0.run_for(Duration::from_millis(300));
        assert!(!office.desk(ALICE).finished, "it went before the other side could know");
        office.0.network.set_all_links(Link::after(Duration::from_millis(20)));
        office.wait(ALICE, "the program ends", |desk| desk.finished);
        assert!(matches!(office.desk(BOB).call().state, CallState::Ended { .. }), "{:?}", office.desk(BOB).states());
    }
}

#[test]
fn quitting_while_it_rings_here_waits_until_the_caller_heard_the_refusal() {
    let mut office = Office::quiet();
    office.dial(ALICE, address(BOB));
    office.wait_state(BOB, &INCOMING);
    office.0.network.set_all_links(Link::DOWN);
    office.command(BOB, Command::Quit);
    office.0.run_for(Duration::from_millis(300));
    assert!(!office.desk(BOB).finished);
    office.0.network.set_all_links(Link::after(Duration::from_millis(20)));
    office.wait(BOB, "the program ends", |desk| desk.finished);
    assert!(matches!(office.desk(ALICE).call().state, CallState::Ended { .. }));
}

#[test]
fn quitting_does_not_wait_for_ever_for_a_peer_that_vanished() {
    let mut office = Office::quiet();
    office.talk(ALICE, BOB);
    office.0.network.set_all_links(Link::DOWN);
    office.command(ALICE, Command::Quit);
    let over = office.0.run_until(Duration::from_secs(6), |office| office.nodes[ALICE].finished);
    assert!(over);
}

#[test]
fn call_without_a_codec_in_common_fails_in_words_on_both_sides() {
    let mut office = Office::quiet();
    office.0.nodes[BOB].media.codec = Some("g722");
    office.dial(ALICE, address(BOB));
    office.wait_state(BOB, &INCOMING);
    let call = office.desk(BOB).call().id;
    office.command(BOB, Command::Answer { call });
    office.wait(ALICE, "the call is over", |desk| matches!(desk.call().state, CallState::Ended { .. }));
    for desk in [ALICE, BOB] {
        let CallState::Ended { problem: Some(problem), .. } = &office.desk(desk).call().state else { panic!() };
        assert_eq!(problem.code, ErrorCode::NoCodecInCommon);
        assert_eq!(remembered(office.desk(desk)).outcome, Outcome::Failed);
    }
}

#[test]
fn nobody_answers_at_an_address_where_nobody_is() {
    let mut office = Office::quiet();
    office.dial(ALICE, "nobody@10.0.0.9");
    office.wait(ALICE, "the call is over", |desk| matches!(desk.call().state, CallState::Ended { .. }));
    let CallState::Ended { problem: Some(problem), .. } = &office.desk(ALICE).call().state else { panic!() };
    assert_eq!(problem.code, ErrorCode::ServerUnreachable);
    assert_eq!(office.desk(ALICE).tone(), Some(Tone::Congestion));
}

#[test]
fn digits_go_by_rtp_or_else_by_info() {
    let mut office = Office::quiet();
    office.talk(ALICE, BOB);
    let call = office.desk(ALICE).call().id;
    office.command(ALICE, Command::SendDigits { call, digits: "1a #x".to_owned() });
    assert_eq!((office.desk(ALICE).media.digits.as_str(), office.desk(ALICE).call().digits.as_str()), ("1A#", "1A#"));
    office.0.nodes[CAROL].media.without_digits = true;
    office.talk(CAROL, BOB);
    let call = office.desk(CAROL).call().id;
    office.command(CAROL, Command::SendDigits { call, digits: "42".to_owned() });
    office.wait(BOB, "the digits came", |desk| desk.call().received_digits == "42");
    assert_eq!(office.desk(CAROL).media.digits, "");
}

#[test]
fn mute_is_between_us_and_the_sound_alone() {
    let mut office = Office::quiet();
    office.talk(ALICE, BOB);
    let call = office.desk(ALICE).call().id;
    office.command(ALICE, Command::Mute { call, muted: true });
    assert!(office.desk(ALICE).call().muted);
    assert!(office.desk(ALICE).media.muted[&call]);
    office.0.run_for(Duration::from_secs(1));
    assert_eq!(office.desk(BOB).states(), [CallState::Active]);
}

#[test]
fn what_can_not_be_dialled_is_told() {
    let mut office = Office::quiet();
    office.dial(ALICE, "Bob from sales");
    let notice = &office.desk(ALICE).view.notices[0];
    assert_eq!(notice.problem.code, ErrorCode::InvalidTarget);
    assert!(office.desk(ALICE).view.calls.is_empty());
    office.0.run_for(Duration::from_secs(11));
    assert!(office.desk(ALICE).view.notices.is_empty());
}

#[test]
fn redial_calls_whom_we_called_last() {
    let mut office = Office::quiet();
    office.dial(ALICE, address(BOB));
    office.wait_state(BOB, &INCOMING);
    let call = office.desk(ALICE).call().id;
    office.command(ALICE, Command::HangUp { call });
    office.0.run_for(Duration::from_secs(6));
    office.command(ALICE, Command::Redial);
    office.wait_state(BOB, &INCOMING);
}
