use super::office::*;
use crate::routing::{Caller, Plan, Shown, Target, TrunkLeg};
use crate::words::*;

#[test]
fn a_call_from_outside_follows_the_user_of_the_number() {
    let plan = Office::new().dial(outside(), "+31201230601");
    assert_eq!(ringing(&plan).len(), 3);
    assert!(causes(&plan).contains(&Cause::NumberLeadsTo));
}

#[test]
fn a_trunk_writes_numbers_as_it_likes() {
    let office = Office::new();
    for written in ["+31201230601", "31201230601", "0201230601", "0031201230601"] {
        assert_eq!(ringing(&office.dial(outside(), written)).len(), 3, "{written}");
    }
}

#[test]
fn an_unassigned_number_goes_to_the_default() {
    let mut office = Office::new();
    let plan = office.dial(outside(), "+31201230000");
    assert_eq!(ends_with(&plan, plan.first()), 480);
    assert!(causes(&plan).contains(&Cause::NumberUnassigned));
    office.parts.organisation.unassigned = Destination::Account { account: LOBBY };
    assert_eq!(ringing(&office.dial(outside(), "+31201230000")), [LOBBY].into());
}

#[test]
fn a_trunk_reaches_neither_internal_numbers_nor_the_outside() {
    let office = Office::new();
    for dialled in ["601", "203", "+31612345678", "112", "*78"] {
        let plan = office.dial(outside(), dialled);
        assert_eq!((ends_with(&plan, plan.first()), causes(&plan)), (404, vec![Cause::UnknownNumber]), "{dialled}");
    }
}

#[test]
fn strangers_reach_people_and_never_a_trunk() {
    let mut office = Office::new();
    let stranger = || Caller::Stranger { name: Some("Mallory".into()) };
    assert_eq!(ringing(&office.dial(stranger(), "601")).len(), 3);
    let plan = office.dial(stranger(), "0612345678");
    assert_eq!(ends_with(&plan, plan.first()), 404);
    office.link(ALICE);
    office.user(BOB).telephony.forwarding.always = forwarding(external("0612345678"));
    for number in ["601", "602"] {
        let plan = office.dial(stranger(), number);
        assert!(outside_numbers(&plan).is_empty());
        assert!(causes(&plan).contains(&Cause::NoTrunk));
    }
}

#[test]
fn own_numbers_outside_are_called_inside() {
    let plan = Office::new().dial(by(BOBS), "020 123 06 01");
    assert_eq!(ringing(&plan).len(), 3);
}

#[test]
fn trunks_are_tried_in_order_and_dead_or_full_ones_left_out() {
    let mut office = Office::new();
    let tried =
        |office: &Office| legs(&office.dial(by(BOBS), "0612345678")).iter().map(|leg| leg.trunk).collect::<Vec<_>>();
    assert_eq!(tried(&office), [TRUNK, SPARE]);
    office.load.trunks_down.insert(TRUNK);
    assert_eq!(tried(&office), [SPARE]);
    office.parts.trunks[1].settings.most_calls = Some(1);
    office.load.trunks.insert(SPARE, 1);
    let plan = office.dial(by(BOBS), "0612345678");
    assert_eq!((ends_with(&plan, plan.first()), causes(&plan)), (503, vec![Cause::NoTrunk]));
}

#[test]
fn numbers_nobody_has_are_unknown() {
    for dialled in ["699", "alice", "", "*99"] {
        let plan = Office::new().dial(by(BOBS), dialled);
        assert_eq!((ends_with(&plan, plan.first()), causes(&plan)), (404, vec![Cause::UnknownNumber]), "{dialled}");
    }
}

#[test]
fn colleagues_see_the_person_and_never_the_device() {
    let mut office = Office::new();
    for account in [APP, WEB, DESK] {
        let shown = shown_inside(&office.dial(by(account), "602"));
        assert_eq!((shown.number.as_deref(), shown.name.as_deref()), (Some("601"), Some("Alice")));
        assert_eq!(shown.asserted.as_deref(), Some("601"));
    }
    office.user(ALICE).telephony.calls_from_user_account = false;
    assert_eq!(shown_inside(&office.dial(by(DESK), "602")).number.as_deref(), Some("203"));
    assert_eq!(shown_inside(&office.dial(by(LOBBY), "602")).number.as_deref(), Some("300"));
}

#[test]
fn callers_from_outside_are_shown_as_one_dials_them_here() {
    let shown = shown_inside(&Office::new().dial(outside(), "+31201230601"));
    assert_eq!((shown.number.as_deref(), shown.name.as_deref()), (Some("0101234567"), Some("Dave")));
}

#[test]
fn outward_number_is_the_users_else_the_default() {
    let mut office = Office::new();
    let number = |office: &Office| legs(&office.dial(by(APP), "0612345678"))[0].shown.number.clone().unwrap();
    assert_eq!(number(&office), "+31201230000");
    office.user(ALICE).telephony.caller_id = CallerId::Number { number: NumberId(2) };
    assert_eq!(number(&office), "+31201230601");
    office.user(ALICE).telephony.calls_from_user_account = false;
    assert_eq!(number(&office), "+31201230000");
}

#[test]
fn outward_number_follows_the_country_that_is_called() {
    let mut office = Office::new();
    let numbers = [("DE", 3), ("NL", 2)].map(|(country, number)| bellbird_contract::server::CountryNumber {
        country: country.into(),
        number: NumberId(number),
    });
    office.user(ALICE).telephony.caller_id = CallerId::PerCountry { numbers: numbers.to_vec() };
    let number = |to| legs(&office.dial(by(APP), to))[0].shown.number.clone().unwrap();
    assert_eq!(number("0049301112222"), "+49301230601");
    assert_eq!(number("0612345678"), "+31201230601");
    assert_eq!(number("003228881111"), "+31201230000");
}

#[test]
fn withheld_shows_nothing_but_is_vouched_for() {
    let mut office = Office::new();
    let expected = Shown { asserted: Some("+31201230000".into()), withheld: true, ..Shown::default() };
    assert_eq!(legs(&office.dial(by(APP), "*31*0612345678"))[0].shown, expected);
    office.user(ALICE).telephony.caller_id = CallerId::Withheld;
    assert_eq!(legs(&office.dial(by(APP), "0612345678"))[0].shown, expected);
    assert!(!legs(&office.dial(by(APP), "112"))[0].shown.withheld);
}

#[test]
fn a_call_sent_on_bears_its_caller_and_who_sent_it() {
    let mut office = Office::new();
    office.user(ALICE).telephony.forwarding.always = forwarding(external("0612345678"));
    office.user(ALICE).telephony.caller_id = CallerId::Number { number: NumberId(2) };
    let shown = legs(&office.dial(outside(), "+31201230601"))[0].shown.clone();
    assert_eq!(shown.number.as_deref(), Some("+31101234567"));
    assert_eq!(shown.asserted.as_deref(), Some("+31201230601"));
    assert_eq!(shown.diverted_by.as_deref(), Some("+31201230601"));
}

#[test]
fn numbers_leave_as_the_trunk_writes_them() {
    let mut office = Office::new();
    for (format, written) in [
        (NumberFormat::E164, "+31612345678"),
        (NumberFormat::E164WithoutPlus, "31612345678"),
        (NumberFormat::National, "0612345678"),
    ] {
        office.parts.trunks[0].settings.outgoing_format = format;
        assert_eq!(outside_numbers(&office.dial(by(APP), "06 12345678")), [written]);
    }
}

fn legs(plan: &Plan) -> Vec<TrunkLeg> {
    let branches = plan.step(plan.first()).unwrap().branches();
    match &branches[0].target {
        Target::Outside { legs, .. } => legs.clone(),
        Target::Device { .. } => panic!("a device rings"),
    }
}

fn shown_inside(plan: &Plan) -> Shown {
    let branches = plan.step(plan.first()).unwrap().branches();
    match &branches[0].target {
        Target::Device { shown, .. } => shown.clone(),
        Target::Outside { .. } => panic!("it goes outside"),
    }
}

#[test]
fn who_is_busy_is_busy_to_the_outside() {
    let mut office = Office::new();
    office.user(ALICE).telephony.call_waiting = false;
    office.load.users.insert(ALICE, 1);
    let plan = office.dial(outside(), "+31201230601");
    assert_eq!(ends_with(&plan, plan.first()), 486);
}
