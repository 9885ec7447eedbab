use super::office::*;
use crate::routing::{Called, Caller, FeatureAct, Outcome, Purpose, Service, Step};
use crate::words::*;

fn accounts(ids: &[VoipAccountId]) -> std::collections::BTreeSet<VoipAccountId> {
    ids.iter().copied().collect()
}

#[test]
fn a_personal_number_rings_all_linked_devices() {
    let plan = Office::new().dial(by(BOBS), "601");
    assert_eq!(ringing(&plan), accounts(&[APP, WEB, DESK]));
    assert_eq!(causes(&plan), [Cause::Rang; 3]);
}

#[test]
fn an_accounts_number_rings_that_device_alone() {
    let office = Office::new();
    assert_eq!(ringing(&office.dial(by(BOBS), "203")), accounts(&[DESK]));
    assert_eq!(ringing(&office.dial(by(BOBS), "300")), accounts(&[LOBBY]));
}

#[test]
fn dnd_rings_nothing_and_goes_on_at_once() {
    let mut office = Office::new();
    office.dnd(ALICE);
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(ends_with(&plan, plan.first()), 480);
    assert_eq!(causes(&plan), [Cause::DoNotDisturb; 3]);
    office.user(ALICE).telephony.no_answer = Destination::User { user: CAROL };
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(ringing(&plan), accounts(&[CAROLS]));
    assert!(causes(&plan).contains(&Cause::DestinationIfNoAnswer));
}

#[test]
fn dnd_holds_for_the_desk_phones_own_number_too() {
    let mut office = Office::new();
    office.dnd(ALICE);
    let plan = office.dial(by(BOBS), "203");
    assert_eq!(causes(&plan), [Cause::DoNotDisturb]);
    assert_eq!(ends_with(&plan, plan.first()), 480);
}

#[test]
fn dnd_that_expired_holds_nothing_back() {
    let mut office = Office::new();
    office.user(ALICE).dnd = dnd(true, Some(NOW));
    assert_eq!(ringing(&office.dial(by(BOBS), "601")).len(), 3);
}

#[test]
fn forwarding_rests_during_dnd() {
    let mut office = Office::new();
    office.dnd(ALICE);
    office.user(ALICE).telephony.forwarding.always = forwarding(external("0612345678"));
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(outside_numbers(&plan), Vec::<String>::new());
    assert!(causes(&plan).contains(&Cause::ForwardingPaused));
}

#[test]
fn shared_number_rings_until_all_who_share_it_are_on_dnd() {
    let mut office = Office::new();
    office.link(ALICE);
    office.link(BOB);
    office.dnd(ALICE);
    let plan = office.dial(by(CAROLS), "601");
    assert_eq!(outside_numbers(&plan), [MOBILE]);
    assert!(ringing(&plan).is_empty());
    assert!(causes(&plan).contains(&Cause::SharedWithAvailable));
    office.dnd(BOB);
    let plan = office.dial(by(CAROLS), "601");
    assert_eq!(outside_numbers(&plan), Vec::<String>::new());
    assert!(causes(&plan).contains(&Cause::SharedAllOnDnd));
}

#[test]
fn number_that_nobody_owns_is_never_suppressed() {
    let mut office = Office::new();
    office.forward_account(&[]);
    for user in [ALICE, BOB, CAROL] {
        office.dnd(user);
    }
    assert_eq!(outside_numbers(&office.dial(by(LOBBY), "290")), [MOBILE]);
}

#[test]
fn forward_account_counts_as_its_owners_number() {
    let mut office = Office::new();
    office.forward_account(&[ALICE, BOB]);
    let plan = office.dial(by(CAROLS), "601");
    assert_eq!(outside_numbers(&plan), [MOBILE]);
    assert_eq!(ringing(&plan).len(), 3);
    assert!(causes(&plan).contains(&Cause::LinkedNumber));
}

#[test]
fn receive_off_here_leaves_the_other_clients() {
    let mut office = Office::new();
    office.user(ALICE).clients.get_mut(&ClientId::from("laptop")).unwrap().values.receive = Some(false);
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(ringing(&plan), accounts(&[WEB, DESK]));
    assert!(causes(&plan).contains(&Cause::ReceiveOffHere));
}

#[test]
fn receive_off_everywhere_leaves_desk_phone_and_linked_number() {
    let mut office = Office::new();
    office.user(ALICE).incoming.mode = Mode::Disabled;
    office.link(ALICE);
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(ringing(&plan), accounts(&[DESK]));
    assert_eq!(outside_numbers(&plan), [MOBILE]);
    assert!(causes(&plan).contains(&Cause::ReceiveOffEverywhere));
}

#[test]
fn make_calls_off_is_refused_in_words_for_apps_and_not_for_desk_phones() {
    let mut office = Office::new();
    office.user(ALICE).outgoing.mode = Mode::Disabled;
    let plan = office.dial(by(APP), "602");
    assert_eq!(ends_with(&plan, plan.first()), 403);
    assert_eq!(causes(&plan), [Cause::MakingCallsOff]);
    assert_eq!(ringing(&office.dial(by(DESK), "602")), accounts(&[BOBS]));
    let by_server = office.dial(Caller::User(ALICE), "602");
    assert_eq!(ends_with(&by_server, by_server.first()), 403);
}

#[test]
fn another_call_method_refuses_the_apps_own_dialling() {
    let mut office = Office::new();
    office.user(ALICE).outgoing.mode = Mode::Enabled;
    office.user(ALICE).outgoing.call_method = CallMethod::DeskPhone;
    let plan = office.dial(by(APP), "602");
    assert_eq!(ends_with(&plan, plan.first()), 403);
    assert_eq!(ringing(&office.dial(Caller::User(ALICE), "602")), accounts(&[BOBS]));
}

#[test]
fn emergency_numbers_pass_every_lock() {
    let mut office = Office::new();
    office.user(ALICE).outgoing.mode = Mode::Disabled;
    office.user(ALICE).disabled = Some(Stamp::initial(NOW));
    office.account(APP).call_limit = Some(0);
    office.load.trunks_down.insert(TRUNK);
    let plan = office.dial(by(APP), "112");
    assert_eq!(outside_numbers(&plan), ["112"]);
    assert_eq!(causes(&plan), [Cause::Emergency]);
}

#[test]
fn an_emergency_call_is_not_for_those_who_prove_nothing() {
    let plan = Office::new().dial(Caller::Stranger { name: None }, "112");
    assert_eq!(ends_with(&plan, plan.first()), 404);
}

#[test]
fn emergency_centre_gets_through_for_an_hour() {
    let mut office = Office::new();
    office.dnd(ALICE);
    office.user(ALICE).incoming.mode = Mode::Disabled;
    office.load.emergency_calls.insert(ALICE, Timestamp(NOW.0 - 59 * 60_000));
    let plan = office.dial(outside(), "+31201230601");
    assert_eq!(ringing(&plan).len(), 3);
    assert!(causes(&plan).contains(&Cause::EmergencyCallBack));
    assert!(ringing(&office.dial(by(BOBS), "601")).is_empty());
    office.load.emergency_calls.insert(ALICE, Timestamp(NOW.0 - 61 * 60_000));
    assert!(ringing(&office.dial(outside(), "+31201230601")).is_empty());
}

#[test]
fn own_calls_ring_in_spite_of_dnd() {
    let mut office = Office::new();
    office.dnd(ALICE);
    office.user(ALICE).incoming.mode = Mode::Disabled;
    for (purpose, caller, cause) in [
        (Purpose::TransferRecall, by(BOBS), Cause::TransferRecall),
        (Purpose::MovedCall, by(APP), Cause::MovedHere),
        (Purpose::ClickToDialLeg, Caller::User(ALICE), Cause::CallMethod),
    ] {
        let mut recall = call(caller, Called::Account(DESK));
        recall.purpose = purpose;
        let plan = office.plan(&recall);
        assert_eq!(ringing(&plan), accounts(&[DESK]), "{purpose:?}");
        assert_eq!(causes(&plan), [cause]);
    }
}

#[test]
fn moving_a_call_is_no_way_past_a_colleagues_dnd() {
    let mut office = Office::new();
    office.dnd(ALICE);
    let mut moved = call(by(BOBS), Called::Account(DESK));
    moved.purpose = Purpose::MovedCall;
    assert!(ringing(&office.plan(&moved)).is_empty());
}

#[test]
fn nothing_registered_goes_to_the_number_for_that() {
    let mut office = Office::new();
    office.registered.retain(|account, _| *account == CAROLS);
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(causes(&plan), [Cause::NotRegistered; 3]);
    assert_eq!(ends_with(&plan, plan.first()), 480);
    let instead = NetworkUnavailability { number: "0612345678".into(), ring_seconds: 9, direct_calls_only: true };
    office.user(ALICE).telephony.network_unavailability = Some(instead);
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(outside_numbers(&plan), [MOBILE]);
    assert!(causes(&plan).contains(&Cause::NetworkUnavailability));
    office.user(ALICE).telephony.forwarding.unreachable = forwarding(Destination::User { user: CAROL });
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(ringing(&plan), accounts(&[CAROLS]));
    assert!(causes(&plan).contains(&Cause::ForwardedUnreachable));
}

#[test]
fn a_user_without_devices_is_said_to_have_none() {
    let mut office = Office::new();
    office.parts.accounts.retain(|account| account.id != CAROLS);
    assert_eq!(causes(&office.dial(by(BOBS), "603")), [Cause::NoDevice]);
}

#[test]
fn forwarding_always_leaves_the_devices_silent() {
    let mut office = Office::new();
    office.user(ALICE).telephony.forwarding.always = forwarding(external("0612345678"));
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(outside_numbers(&plan), [MOBILE]);
    assert!(ringing(&plan).is_empty());
    assert!(causes(&plan).contains(&Cause::ForwardedAlways));
    assert!(causes(&plan).contains(&Cause::WentOut));
}

#[test]
fn forwarding_on_busy_and_no_answer_follow_the_ring() {
    let mut office = Office::new();
    office.user(ALICE).telephony.forwarding.busy = forwarding(Destination::User { user: BOB });
    office.user(ALICE).telephony.forwarding.no_answer = forwarding(external("0612345678"));
    office.user(ALICE).telephony.no_answer = Destination::User { user: CAROL };
    let plan = office.dial(by(LOBBY), "601");
    let after = |outcome| plan.after(plan.first(), outcome).unwrap();
    assert_eq!(numbers_at(&plan, after(Outcome::NoAnswer)), [MOBILE]);
    let last = plan.after(after(Outcome::NoAnswer), Outcome::NoAnswer).unwrap();
    assert!(matches!(plan.step(last).unwrap(), Step::Ring(ring) if ring.branches[0].user == Some(CAROL)));
    assert!(matches!(plan.step(after(Outcome::Busy)).unwrap(), Step::Ring(ring) if ring.branches[0].user == Some(BOB)));
    assert_eq!(after(Outcome::Declined), last);
    let met = all_causes(&plan);
    assert!(met.contains(&Cause::ForwardedBusy) && met.contains(&Cause::ForwardedNoAnswer));
}

#[test]
fn without_a_destination_the_caller_hears_how_it_ended() {
    let plan = Office::new().dial(by(BOBS), "601");
    let ends = [Outcome::Busy, Outcome::NoAnswer, Outcome::Unreachable, Outcome::Declined]
        .map(|outcome| ends_with(&plan, plan.after(plan.first(), outcome).unwrap()));
    assert_eq!(ends, [486, 480, 480, 603]);
}

#[test]
fn forwarding_in_a_circle_ends() {
    let mut office = Office::new();
    office.user(ALICE).telephony.forwarding.always = forwarding(Destination::User { user: BOB });
    office.user(BOB).telephony.forwarding.always = forwarding(Destination::User { user: ALICE });
    let plan = office.dial(by(CAROLS), "601");
    assert_eq!(ends_with(&plan, plan.first()), 480);
    assert!(causes(&plan).contains(&Cause::Loop));
}

#[test]
fn a_call_that_was_sent_on_too_often_does_not_leave_again() {
    let mut office = Office::new();
    office.user(ALICE).telephony.forwarding.always = forwarding(external("0612345678"));
    let mut circling = call(outside(), Called::Dialled("+31201230601".into()));
    circling.diversions = 5;
    let plan = office.plan(&circling);
    assert!(outside_numbers(&plan).is_empty());
    assert!(causes(&plan).contains(&Cause::Loop));
}

#[test]
fn destinations_in_a_circle_end() {
    let mut office = Office::new();
    for (user, to) in [(ALICE, BOB), (BOB, CAROL), (CAROL, ALICE)] {
        office.user(user).telephony.no_answer = Destination::User { user: to };
        office.dnd(user);
    }
    let plan = office.dial(by(LOBBY), "601");
    assert_eq!(ends_with(&plan, plan.first()), 480);
}

#[test]
fn own_desk_phone_as_destination_rings_once() {
    let mut office = Office::new();
    office.user(ALICE).telephony.no_answer = Destination::Account { account: DESK };
    let plan = office.dial(by(BOBS), "601");
    let desk = plan.after(plan.first(), Outcome::NoAnswer).unwrap();
    assert_eq!(ends_with(&plan, plan.after(desk, Outcome::NoAnswer).unwrap()), 480);
}

#[test]
fn not_available_is_skipped_until_the_time_that_was_said() {
    let mut office = Office::new();
    office.user(ALICE).availability = Availability::NotAvailable { until: Some(Timestamp(NOW.0 + 1)) };
    assert_eq!(causes(&office.dial(by(BOBS), "601")), [Cause::NotAvailable; 3]);
    office.user(ALICE).availability = Availability::NotAvailable { until: Some(NOW) };
    assert_eq!(ringing(&office.dial(by(BOBS), "601")).len(), 3);
}

#[test]
fn available_at_one_device_or_number_rings_there() {
    let mut office = Office::new();
    office.user(ALICE).availability = Availability::Available { at: ReachedAt::Account { account: WEB } };
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(ringing(&plan), accounts(&[WEB]));
    assert!(causes(&plan).contains(&Cause::ReachedElsewhere));
    let at = ReachedAt::External { number: "0612345678".into() };
    office.user(ALICE).availability = Availability::Available { at };
    assert_eq!(outside_numbers(&office.dial(by(BOBS), "601")), [MOBILE]);
}

#[test]
fn colleagues_reach_the_user_where_they_shall_and_the_outside_elsewhere() {
    let mut office = Office::new();
    office.user(ALICE).telephony.number_for_colleagues = Some(ReachedAt::Account { account: DESK });
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(ringing(&plan), accounts(&[DESK]));
    assert!(causes(&plan).contains(&Cause::ColleaguesElsewhere));
    assert_eq!(ringing(&office.dial(outside(), "+31201230601")).len(), 3);
}

#[test]
fn second_call_waits_unless_call_waiting_is_off() {
    let mut office = Office::new();
    office.load.users.insert(ALICE, 1);
    assert_eq!(ringing(&office.dial(by(BOBS), "601")).len(), 3);
    office.user(ALICE).telephony.call_waiting = false;
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(causes(&plan), [Cause::OnAnotherCall; 3]);
    assert_eq!(ends_with(&plan, plan.first()), 486);
    office.user(ALICE).telephony.no_answer = Destination::User { user: CAROL };
    assert_eq!(ringing(&office.dial(by(BOBS), "601")), accounts(&[CAROLS]));
}

#[test]
fn disabled_users_neither_ring_nor_call() {
    let mut office = Office::new();
    office.user(ALICE).disabled = Some(Stamp::initial(NOW));
    assert_eq!(causes(&office.dial(by(BOBS), "601")), [Cause::UserDisabled; 3]);
    let plan = office.dial(by(DESK), "602");
    assert_eq!(ends_with(&plan, plan.first()), 403);
}

#[test]
fn the_calling_device_itself_does_not_ring() {
    let office = Office::new();
    let binding = Some(reachable(APP, None).binding);
    let plan = office.dial(Caller::Account { account: APP, client: None, binding }, "601");
    assert_eq!(ringing(&plan), accounts(&[WEB, DESK]));
    assert!(causes(&plan).contains(&Cause::Loop));
}

#[test]
fn an_account_has_so_many_calls_and_no_more() {
    let mut office = Office::new();
    office.account(BOBS).call_limit = Some(2);
    office.load.accounts.insert(BOBS, 2);
    let plan = office.dial(by(BOBS), "601");
    assert_eq!((ends_with(&plan, plan.first()), causes(&plan)), (486, vec![Cause::TooManyCalls]));
    assert_eq!(causes(&office.dial(by(CAROLS), "602")), [Cause::TooManyCalls]);
}

#[test]
fn devices_without_media_in_common_ring_only_over_a_bridge() {
    let mut office = Office::new();
    office.account(WEB).media = MediaProfile::WebRtc;
    office.account(BOBS).media = MediaProfile::Plain;
    assert_eq!(ringing(&office.dial(by(BOBS), "601")).len(), 3);
    office.load.bridges_media = false;
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(ringing(&plan), accounts(&[APP, DESK]));
    assert!(causes(&plan).contains(&Cause::NoCodecInCommon));
}

#[test]
fn auto_answer_is_asked_of_the_users_devices() {
    let mut office = Office::new();
    office.user(ALICE).telephony.auto_answer = true;
    let plan = office.dial(by(BOBS), "601");
    assert!(plan.step(plan.first()).unwrap().branches().iter().all(|branch| branch.auto_answer));
}

#[test]
fn ring_time_is_the_users() {
    let mut office = Office::new();
    office.user(ALICE).telephony.ring_seconds = 7;
    let plan = office.dial(by(BOBS), "601");
    assert!(matches!(plan.step(plan.first()).unwrap(), Step::Ring(ring) if ring.time.as_secs() == 7));
}

#[test]
fn star_codes_are_the_users_act() {
    let plan = Office::new().dial(by(DESK), "*78");
    let act = FeatureAct::Dnd(true);
    let expected = Step::Serve(Service::Feature { user: ALICE, account: DESK, act });
    assert_eq!(plan.step(plan.first()).unwrap(), &expected);
    let plan = Office::new().dial(by(LOBBY), "*78");
    assert_eq!(ends_with(&plan, plan.first()), 404);
    let plan = Office::new().dial(by(LOBBY), "*43");
    assert_eq!(plan.step(plan.first()).unwrap(), &Step::Serve(Service::Echo));
}

#[test]
fn forwarding_never_leads_to_an_emergency_number() {
    let mut office = Office::new();
    office.user(ALICE).telephony.forwarding.always = forwarding(external("112"));
    let plan = office.dial(by(BOBS), "601");
    assert_eq!(ends_with(&plan, plan.first()), 480);
    assert!(causes(&plan).contains(&Cause::UnknownNumber));
}
