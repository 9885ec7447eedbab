//! Do Not Disturb and settings on several phones, with lines that are cut: everybody ends up with one state.

use bellbird_base::{Duration, Rng, Seed};
use bellbird_contract::Command;
use bellbird_contract::server::{
    AdminChange, Availability, CallMethod, CallRecordId, Direction, DndEnd, Mode, Scope, ServerErrorCode,
    ServerTrouble, WhyPage,
};

use crate::handset::Works;

fn dnd(on: bool) -> Command {
    Command::SetDnd { on, end: None }
}

fn refusal(works: &Works, at: usize) -> ServerErrorCode {
    match &works.server(at).refusal {
        Some(ServerTrouble::There { problem }) => problem.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn do_not_disturb_shows_on_every_phone_at_once() {
    let mut works = Works::logged_in(2);
    works.command(0, dnd(true));
    assert!(works.server(0).dnd.on && works.server(1).dnd.on && works.exchange.dnd.state.is_on(works.exchange.now));
    assert!(!works.server(0).dnd.pending);
    works.exchange.press_dnd(false);
    works.settle();
    assert!(!works.server(0).dnd.on && !works.server(1).dnd.on);
}

#[test]
fn toggles_without_a_line_wait_and_the_newest_act_wins_everywhere() {
    let mut works = Works::logged_in(2);
    works.cut(0, true);
    works.cut(1, true);
    works.command(0, dnd(true));
    assert!(works.server(0).dnd.on && works.server(0).dnd.pending);
    works.wait(Duration::from_secs(2));
    works.command(1, dnd(true));
    works.wait(Duration::from_secs(2));
    works.command(1, dnd(false));
    works.cut(1, false);
    works.wait(Duration::from_secs(61));
    // The older act of the other phone comes last and loses.
    works.cut(0, false);
    works.wait(Duration::from_secs(61));
    for at in 0..2 {
        assert!(!works.server(at).dnd.on && !works.server(at).dnd.pending, "phone {at}");
    }
    assert!(!works.exchange.dnd.state.is_on(works.exchange.now));
}

#[test]
fn random_toggles_and_cuts_end_in_the_state_of_the_last_act() {
    for seed in 0..8 {
        let mut rng = Rng::new(&Seed::from_number(seed));
        let mut works = Works::logged_in(3);
        let mut last = false;
        for _ in 0..30 {
            let at = rng.below(3) as usize;
            match rng.below(4) {
                0 => works.cut(at, true),
                1 => works.cut(at, false),
                2 => works.restart(at),
                _ => {
                    last = rng.below(2) == 1;
                    works.command(at, dnd(last));
                }
            }
            works.wait(Duration::from_millis(1 + rng.below(5_000)));
        }
        (0..3).for_each(|at| works.cut(at, false));
        works.wait(Duration::from_secs(130));
        for at in 0..3 {
            let panel = &works.server(at).dnd;
            assert_eq!((panel.on, panel.pending), (last, false), "seed {seed}, phone {at}");
        }
    }
}

#[test]
fn outbox_survives_a_restart_and_is_sent_in_order() {
    let mut works = Works::logged_in(1);
    works.cut(0, true);
    works.command(0, dnd(true));
    works.command(0, Command::SetReceiveCalls { on: false, scope: Scope::AllClients });
    works.command(0, Command::AskForChange { direction: Direction::Outgoing, wish: None, text: "Please".into() });
    works.restart(0);
    assert!(works.server(0).dnd.on && works.server(0).dnd.pending && works.server(0).settings.receive_pending);
    assert!(!works.server(0).settings.own.effective.receive.value);
    works.exchange.asked.clear();
    works.cut(0, false);
    works.wait(Duration::from_secs(61));
    assert_eq!(works.exchange.asked, ["PUT /me/dnd", "PUT /me/settings", "POST /me/requests"]);
    assert_eq!(works.exchange.document.incoming.mode, Mode::Disabled);
    assert!(!works.server(0).settings.receive_pending && works.server(0).settings.saved.is_some());
    assert_eq!(works.server(0).requests.len(), 1);
    works.restart(0);
    works.exchange.asked.clear();
    works.wait(Duration::from_secs(5));
    assert_eq!(works.exchange.asked, Vec::<String>::new());
}

#[test]
fn several_changes_of_one_setting_become_one_that_says_the_same() {
    let mut works = Works::logged_in(1);
    works.cut(0, true);
    works.command(0, Command::SetCallMethod { method: CallMethod::Mobile, scope: Scope::AllClients });
    works.command(0, Command::SetMakeCalls { on: false, scope: Scope::AllClients });
    works.command(0, Command::SetMakeCalls { on: true, scope: Scope::AllClients });
    assert_eq!(works.server(0).settings.own.effective.call_method.value, CallMethod::Mobile);
    works.exchange.asked.clear();
    works.cut(0, false);
    works.wait(Duration::from_secs(61));
    assert_eq!(works.exchange.asked, ["PUT /me/settings"]);
    let outgoing = &works.exchange.document.outgoing;
    assert_eq!((outgoing.mode, outgoing.call_method), (Mode::Enabled, CallMethod::Mobile));
}

#[test]
fn change_that_somebody_overtook_is_refused_in_words_and_the_servers_state_is_shown() {
    let mut works = Works::logged_in(1);
    works.cut(0, true);
    works.command(0, Command::SetReceiveCalls { on: false, scope: Scope::AllClients });
    works.exchange.administer(&AdminChange::Incoming { base: None, mode: Mode::Enabled, note: None });
    works.cut(0, false);
    works.wait(Duration::from_secs(61));
    assert_eq!(refusal(&works, 0), ServerErrorCode::Conflict);
    assert!(works.server(0).settings.own.effective.receive.value);
    assert!(!works.server(0).settings.receive_pending);
    works.command(0, Command::DismissRefusal);
    assert_eq!(works.server(0).refusal, None);
}

#[test]
fn lock_that_came_meanwhile_is_told_with_who_set_it() {
    let mut works = Works::logged_in(1);
    works.cut(0, true);
    works.command(0, Command::SetMakeCalls { on: true, scope: Scope::ThisClient });
    works.exchange.lock_outgoing(Mode::Disabled, "until Monday");
    works.cut(0, false);
    works.wait(Duration::from_secs(61));
    assert_eq!(refusal(&works, 0), ServerErrorCode::LockedByAdministrator);
    let lock = works.server(0).settings.own.effective.make.lock.clone().unwrap();
    assert_eq!((lock.author.name.as_str(), lock.note.as_deref()), ("Petra", Some("until Monday")));
    // While the lock is known nothing is even sent.
    works.exchange.asked.clear();
    works.command(0, Command::SetMakeCalls { on: true, scope: Scope::ThisClient });
    assert_eq!(refusal(&works, 0), ServerErrorCode::LockedByAdministrator);
    assert_eq!(works.exchange.asked, Vec::<String>::new());
}

#[test]
fn own_value_of_one_client_leaves_the_other_as_it_was() {
    let mut works = Works::logged_in(2);
    works.command(0, Command::SetReceiveCalls { on: false, scope: Scope::ThisClient });
    assert!(!works.server(0).settings.own.effective.receive.value);
    assert!(works.server(1).settings.own.effective.receive.value);
    works.command(1, Command::SetReceiveCalls { on: false, scope: Scope::AllClients });
    assert!(!works.server(0).settings.own.effective.receive.value);
}

#[test]
fn do_not_disturb_ends_by_itself_without_a_line() {
    let mut works = Works::logged_in(1);
    works.command(0, Command::SetDnd { on: true, end: Some(DndEnd::After { minutes: 30 }) });
    works.cut(0, true);
    works.wait(Duration::from_secs(29 * 60));
    assert!(works.server(0).dnd.on);
    works.wait(Duration::from_secs(2 * 60));
    assert!(!works.server(0).dnd.on);
}

#[test]
fn phone_whose_clock_is_an_hour_ahead_loses_to_a_later_act() {
    let mut works = Works::new(2);
    works.handsets[0] = crate::handset::Handset::new(1, Duration::from_secs(3600), Default::default(), works.now);
    works.log_in(0, crate::exchange::PASSWORD);
    works.log_in(1, crate::exchange::PASSWORD);
    works.command(0, dnd(true));
    works.wait(Duration::from_secs(1));
    works.command(1, dnd(false));
    assert!(!works.server(0).dnd.on && !works.server(1).dnd.on);
}

#[test]
fn availability_is_shown_before_the_server_knows_it() {
    let mut works = Works::logged_in(1);
    works.cut(0, true);
    let gone = Availability::NotAvailable { until: None };
    works.command(0, Command::SetAvailability { availability: gone.clone() });
    assert_eq!(works.server(0).availability.state.availability, gone);
    assert!(works.server(0).availability.pending);
}

#[test]
fn why_a_phone_did_not_ring_is_asked_of_the_server() {
    let mut works = Works::logged_in(1);
    works.command(0, Command::AskWhy { record: CallRecordId::from("held") });
    assert!(matches!(&works.server(0).why, Some(WhyPage::Known { record }) if record.id.as_str() == "held"));
    assert_eq!(works.server(0).records.len(), 1);
    works.command(0, Command::AskWhy { record: CallRecordId::from("no such") });
    assert!(matches!(&works.server(0).why, Some(WhyPage::Failed { .. })));
    works.command(0, Command::CloseWhy);
    assert_eq!(works.server(0).why, None);
}

#[test]
fn short_gap_is_made_up_for_event_by_event_and_a_long_one_by_a_snapshot() {
    let mut works = Works::logged_in(1);
    works.cut(0, true);
    works.exchange.press_dnd(true);
    works.cut(0, false);
    works.wait(Duration::from_secs(10));
    assert!(works.is_online(0) && works.server(0).dnd.on);
    assert_eq!(works.exchange.snapshots, 1);
    works.cut(0, true);
    works.wait(Duration::from_secs(600));
    works.exchange.press_dnd(false);
    works.cut(0, false);
    works.wait(Duration::from_secs(61));
    assert!(works.is_online(0) && !works.server(0).dnd.on);
    assert_eq!(works.exchange.snapshots, 2);
}

#[test]
fn change_whose_answer_was_lost_is_no_conflict_with_itself() {
    let mut works = Works::logged_in(1);
    works.handsets[0].deaf = true;
    works.command(0, Command::SetReceiveCalls { on: false, scope: Scope::AllClients });
    assert_eq!(works.exchange.document.incoming.mode, Mode::Disabled);
    assert!(works.server(0).settings.receive_pending);
    works.handsets[0].deaf = false;
    works.wait(Duration::from_secs(61));
    let server = works.server(0);
    assert_eq!((server.settings.receive_pending, server.refusal.clone()), (false, None));
    assert!(!server.settings.own.effective.receive.value);
}

#[test]
fn server_that_is_back_is_registered_at_without_waiting_for_the_next_try() {
    let mut works = Works::logged_in(1);
    works.take_down(0, true);
    works.wait(Duration::from_secs(1_800));
    let before = works.handsets[0].registrations.len();
    works.take_down(0, false);
    while !works.is_online(0) {
        assert_eq!(works.handsets[0].registrations.len(), before, "its own turn has not come yet");
        works.wait(Duration::from_millis(100));
    }
    assert_eq!(works.handsets[0].registrations.len(), before + 1);
}
