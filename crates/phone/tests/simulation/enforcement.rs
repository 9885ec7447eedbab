//! What settings and Do Not Disturb do to calls.

use bellbird_base::Duration;
use bellbird_contract::server::{CallProgressState, Colleague, Mode, Presence, Scope, UserId};
use bellbird_contract::{CallState, Command, ErrorCode, TargetKind};

use crate::exchange::{PASSWORD, by_desk_phone};
use crate::handset::Works;

fn dial(works: &mut Works, target: &str) {
    works.command(0, Command::Dial { target: target.into(), account: None, withhold: false });
}

fn notice(works: &Works) -> Option<ErrorCode> {
    works.handsets[0].view.notices.last().map(|notice| notice.problem.code)
}

fn invites(works: &Works) -> usize {
    works.handsets[0].sip.iter().filter(|line| line.starts_with("INVITE ")).count()
}

#[test]
fn making_calls_off_refuses_with_who_since_and_why() {
    let mut works = Works::logged_in(1);
    works.exchange.lock_outgoing(Mode::Disabled, "invoices first");
    works.settle();
    dial(&mut works, "602");
    let problem = works.handsets[0].view.notices.last().unwrap().problem.clone();
    assert_eq!(problem.code, ErrorCode::MakingCallsOff);
    assert_eq!((problem.params["by"].as_str(), problem.params["note"].as_str()), ("Petra", "invoices first"));
    assert!(problem.params["since"].parse::<u64>().is_ok());
    assert_eq!((invites(&works), works.handsets[0].view.calls.len()), (0, 0));
}

#[test]
fn making_calls_off_closes_every_way_of_calling() {
    let mut works = Works::logged_in(1);
    dial(&mut works, "602");
    let call = works.handsets[0].view.calls[0].id;
    works.command(0, Command::HangUp { call });
    works.exchange.lock_outgoing(Mode::Disabled, "");
    works.wait(Duration::from_secs(30));
    for command in [
        Command::Redial,
        Command::Dial { target: "tel:0201234567".into(), account: None, withhold: false },
        Command::Dial { target: "somebody@elsewhere.example".into(), account: None, withhold: false },
        Command::OpenLink { link: "tel:0201234567".into() },
    ] {
        works.command(0, command);
        assert_eq!(notice(&works), Some(ErrorCode::MakingCallsOff));
        let id = works.handsets[0].view.notices.last().unwrap().id;
        works.command(0, Command::DismissNotice { id });
    }
    works.command(0, Command::LookUp { text: "602".into() });
    let look_up = &works.handsets[0].view.look_up;
    assert_eq!(look_up.problem.as_ref().map(|problem| problem.code), Some(ErrorCode::MakingCallsOff));
    assert_eq!((invites(&works), works.handsets[0].view.link.clone()), (1, None));
}

#[test]
fn emergency_numbers_of_the_location_always_dial() {
    for number in ["112", "144", "tel:112", "sip:112@fiets.example"] {
        let mut works = Works::logged_in(1);
        works.exchange.lock_outgoing(Mode::Disabled, "");
        works.exchange.administer(&by_desk_phone());
        works.exchange.lock_outgoing(Mode::Disabled, "");
        works.settle();
        works.command(0, Command::LookUp { text: number.into() });
        assert_eq!(works.handsets[0].view.look_up.problem, None, "{number}");
        dial(&mut works, number);
        assert_eq!(invites(&works), 1, "{number}");
    }
    let mut works = Works::logged_in(1);
    works.command(0, Command::LookUp { text: "144".into() });
    assert_eq!(works.handsets[0].view.look_up.kind, TargetKind::Emergency);
}

#[test]
fn lock_in_the_middle_of_a_call_leaves_the_call_alone() {
    let mut works = Works::logged_in(1);
    dial(&mut works, "602");
    assert_eq!(works.handsets[0].view.calls[0].state, CallState::Active);
    works.exchange.lock_outgoing(Mode::Disabled, "");
    works.settle();
    assert!(!works.server(0).settings.own.effective.make.value);
    assert_eq!(works.handsets[0].view.calls[0].state, CallState::Active);
    dial(&mut works, "603");
    assert_eq!((notice(&works), invites(&works)), (Some(ErrorCode::MakingCallsOff), 1));
    let call = works.handsets[0].view.calls[0].id;
    works.command(0, Command::TransferAskFirst { call, target: "603".into() });
    assert_eq!(invites(&works), 1);
}

#[test]
fn lock_that_holds_is_known_without_a_line_after_a_restart() {
    let mut works = Works::logged_in(1);
    works.exchange.lock_outgoing(Mode::Disabled, "");
    works.wait(Duration::from_secs(5));
    works.handsets[0].cut = true;
    works.restart(0);
    dial(&mut works, "602");
    assert_eq!((notice(&works), invites(&works)), (Some(ErrorCode::MakingCallsOff), 0));
    dial(&mut works, "112");
    assert_eq!(invites(&works), 1);
}

#[test]
fn call_by_desk_phone_is_asked_of_the_server_and_its_progress_shown() {
    let mut works = Works::logged_in(1);
    works.exchange.administer(&by_desk_phone());
    works.settle();
    let choice = &works.server(0).call_methods[1];
    assert_eq!((choice.device.as_deref(), choice.ready), (Some("203"), true));
    dial(&mut works, "602");
    assert_eq!(invites(&works), 0);
    assert_eq!(works.server(0).calls[0].state, CallProgressState::RingingYou);
    works.exchange.call_goes(CallProgressState::Talking);
    works.settle();
    assert_eq!(works.server(0).calls[0].state, CallProgressState::Talking);
    works.exchange.call_goes(CallProgressState::Ended { problem: None });
    works.settle();
    assert!(works.server(0).calls.is_empty());
    // An emergency call leaves from here, and at once.
    dial(&mut works, "112");
    assert_eq!(invites(&works), 1);
}

#[test]
fn receiving_off_refuses_silently_what_the_server_still_sends() {
    let mut works = Works::logged_in(1);
    works.command(0, Command::SetReceiveCalls { on: false, scope: Scope::ThisClient });
    let now = works.now;
    works.handsets[0].invite(now, "one");
    works.settle();
    let handset = &works.handsets[0];
    assert!(handset.sip.iter().any(|line| line.starts_with("SIP/2.0 480")), "{:?}", handset.sip);
    assert!(handset.view.calls.is_empty() && handset.view.history.is_empty());
    works.command(0, Command::SetReceiveCalls { on: true, scope: Scope::ThisClient });
    works.handsets[0].invite(now, "two");
    works.settle();
    assert!(matches!(works.handsets[0].view.calls[0].state, CallState::Incoming { .. }));
    assert!(works.handsets[0].sound.ringtone.is_some());
}

#[test]
fn whoever_calls_back_after_an_emergency_call_gets_through() {
    let mut works = Works::logged_in(1);
    works.command(0, Command::SetReceiveCalls { on: false, scope: Scope::ThisClient });
    dial(&mut works, "112");
    let call = works.handsets[0].view.calls[0].id;
    works.command(0, Command::HangUp { call });
    works.wait(Duration::from_secs(600));
    let now = works.now;
    works.handsets[0].invite(now, "back");
    works.settle();
    assert!(works.handsets[0].view.calls.iter().any(|call| matches!(call.state, CallState::Incoming { .. })));
}

#[test]
fn do_not_disturb_while_it_rings_is_silence_at_once() {
    let mut works = Works::logged_in(1);
    let now = works.now;
    works.handsets[0].invite(now, "one");
    works.settle();
    assert!(works.handsets[0].sound.ringtone.is_some());
    works.exchange.press_dnd(true);
    works.settle();
    assert!(works.handsets[0].sound.ringtone.is_none());
    assert_eq!(works.handsets[0].view.calls.len(), 1, "it is still there to be answered");
    works.exchange.press_dnd(false);
    works.settle();
    assert!(works.handsets[0].sound.ringtone.is_some());
}

#[test]
fn do_not_disturb_that_the_server_does_not_know_yet_is_kept_here() {
    let mut works = Works::logged_in(1);
    works.cut(0, true);
    works.command(0, Command::SetDnd { on: true, end: None });
    let now = works.now;
    works.handsets[0].invite(now, "one");
    works.settle();
    assert!(works.handsets[0].sound.ringtone.is_none());
    assert_eq!(works.handsets[0].view.calls.len(), 1);
}

#[test]
fn colleague_who_is_called_by_number_is_shown_by_name() {
    let mut works = Works::new(1);
    works.exchange.colleagues.push(Colleague {
        id: UserId(2),
        name: "Anna Bakker".into(),
        extension: Some("602".into()),
        numbers: Vec::new(),
        presence: Presence::Available,
        since: None,
        until: None,
    });
    works.log_in(0, PASSWORD);
    works.command(0, Command::LookUp { text: "bak".into() });
    let suggested = works.handsets[0].view.look_up.suggestions.clone();
    assert_eq!(suggested[0].party.address.as_deref(), Some("602"), "before any call");
    dial(&mut works, "602");
    assert_eq!(works.handsets[0].view.calls[0].party.name.as_deref(), Some("Anna Bakker"));
    works.command(0, Command::LookUp { text: "bak".into() });
    assert_eq!(works.handsets[0].view.look_up.suggestions.len(), 1);
    dial(&mut works, "603");
    assert_eq!(works.handsets[0].view.calls[1].party.name, None);
}
