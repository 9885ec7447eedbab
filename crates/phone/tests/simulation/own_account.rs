//! What people set for themselves: forwarding, what their calls show, their own profile and language.

use bellbird_base::Duration;
use bellbird_contract::server::{Destination, Forwarding, Forwardings, Profile, Telephony, UserId, VoipAccountId};
use bellbird_contract::{CallDirection, Command, Language};

use crate::exchange::{PASSWORD, by_desk_phone};
use crate::handset::Works;

fn to_mobile() -> Forwardings {
    let to = Destination::External { number: "0612345678".into() };
    Forwardings { always: Some(Forwarding { active: true, to }), ..Forwardings::default() }
}

fn none() -> Forwardings {
    Forwardings::default()
}

fn dial(works: &mut Works, target: &str, withhold: bool) {
    works.command(0, Command::Dial { target: target.into(), account: None, withhold });
}

#[test]
fn forwarding_that_waited_leaves_what_somebody_changed_meanwhile() {
    let mut works = Works::logged_in(1);
    works.cut(0, true);
    works.command(0, Command::SetForwarding { forwarding: Forwardings { unreachable: to_mobile().always, ..none() } });
    works.command(0, Command::SetForwarding { forwarding: to_mobile() });
    works.command(0, Command::SetCallsFromUserAccount { on: false });
    works.command(0, Command::SetDeskPhone { account: VoipAccountId(203) });
    let server = works.server(0);
    let both = Forwardings { unreachable: to_mobile().always, ..to_mobile() };
    assert_eq!(server.telephony.forwarding, both);
    assert!(!server.telephony.calls_from_user_account && server.forwarding_pending && server.telephony_pending);
    let star_code = Forwardings { busy: to_mobile().always, ..none() };
    works.exchange.set_telephony(Telephony { ring_seconds: 45, forwarding: star_code.clone(), ..Telephony::default() });
    works.exchange.asked.clear();
    works.cut(0, false);
    works.wait(Duration::from_secs(61));
    assert_eq!(works.exchange.asked, ["PATCH /me/telephony", "PATCH /me/telephony"]);
    let telephony = &works.exchange.telephony;
    assert_eq!((telephony.ring_seconds, &telephony.forwarding), (45, &both.over(star_code)));
    assert_eq!((telephony.calls_from_user_account, telephony.desk_phone), (false, Some(VoipAccountId(203))));
    let server = works.server(0);
    assert!(!server.forwarding_pending && !server.telephony_pending);
    assert_eq!(server.telephony, works.exchange.telephony);
}

#[test]
fn number_is_withheld_for_one_call_and_shown_in_the_next() {
    let mut works = Works::logged_in(1);
    dial(&mut works, "0201234567", true);
    assert!(works.handsets[0].invites[0].contains("Privacy: id"), "{}", works.handsets[0].invites[0]);
    assert!(works.handsets[0].invites[0].contains("anonymous.invalid"));
    let call = works.handsets[0].view.calls[0].id;
    works.command(0, Command::HangUp { call });
    dial(&mut works, "0201234567", false);
    assert!(!works.handsets[0].invites[1].contains("Privacy: id"));
    works.exchange.administer(&by_desk_phone());
    works.settle();
    dial(&mut works, "0201234567", true);
    assert_eq!(works.exchange.withheld, [true]);
}

#[test]
fn emergency_call_shows_who_calls_whatever_was_asked() {
    let mut works = Works::logged_in(1);
    dial(&mut works, "112", true);
    assert!(!works.handsets[0].invites[0].contains("Privacy: id"), "{}", works.handsets[0].invites[0]);
}

#[test]
fn language_follows_the_person_to_a_new_computer_and_back() {
    let mut works = Works::new(2);
    works.exchange.language = Language::Nl;
    works.log_in(0, PASSWORD);
    works.log_in(1, PASSWORD);
    let language = |works: &Works, at: usize| works.handsets[at].view.preferences.language;
    assert_eq!((language(&works, 0), language(&works, 1)), (Language::Nl, Language::Nl));
    works.command(0, Command::SetLanguage { language: Language::En });
    assert_eq!((language(&works, 0), works.exchange.language), (Language::En, Language::En));
    works.exchange.set_language(Language::En);
    works.settle();
    assert_eq!(language(&works, 1), Language::En);
    assert_eq!(works.handsets[1].kept.preferences.language, Language::En);
}

#[test]
fn language_chosen_without_a_line_holds_here_and_is_sent_later() {
    let mut works = Works::new(1);
    works.exchange.language = Language::Nl;
    works.log_in(0, PASSWORD);
    works.cut(0, true);
    works.command(0, Command::SetLanguage { language: Language::En });
    let profile = Profile { first_name: Some("Lin".into()), ..Profile::default() };
    works.command(0, Command::EditProfile { profile });
    assert_eq!(works.handsets[0].view.preferences.language, Language::En);
    assert!(works.server(0).profile_pending);
    assert_eq!(works.server(0).me.first_name, "Lin");
    works.exchange.asked.clear();
    works.cut(0, false);
    works.wait(Duration::from_secs(61));
    assert_eq!(works.exchange.asked, ["PATCH /me"]);
    assert_eq!((works.exchange.language, works.exchange.first_name.as_str()), (Language::En, "Lin"));
    assert!(!works.server(0).profile_pending && works.server(0).saved.is_some());
}

#[test]
fn language_of_whoever_never_chose_one_on_the_server_stays_as_it_is_here() {
    let mut works = Works::new(1);
    works.command(0, Command::SetLanguage { language: Language::Nl });
    works.log_in(0, PASSWORD);
    assert_eq!(works.handsets[0].view.preferences.language, Language::Nl);
}

#[test]
fn own_device_is_known_among_the_users() {
    let works = Works::logged_in(2);
    assert_ne!(works.server(0).client, works.server(1).client);
    assert_eq!(Some(works.server(0).client.clone()), works.handsets[0].kept.client);
    assert_eq!(works.server(0).accounts[0].number, "203");
}

#[test]
fn call_that_is_over_is_linked_with_the_servers_record_by_its_call_id() {
    let mut works = Works::logged_in(1);
    dial(&mut works, "602", false);
    let call = works.handsets[0].view.calls[0].id;
    works.command(0, Command::HangUp { call });
    let entry = works.handsets[0].view.history[0].clone();
    assert_eq!(entry.record, None);
    let call_id = entry.call_id.expect("it has one");
    assert!(works.handsets[0].invites[0].contains(&format!("Call-ID: {call_id}")));
    works.exchange.record_of("other", Some(UserId(3)), &["somebody else's"]);
    works.exchange.record_of("ours", Some(UserId(3)), &["theirs", &call_id]);
    works.settle();
    let record = |works: &Works| works.handsets[0].view.history[0].record.clone().map(|record| record.0);
    assert_eq!(record(&works).as_deref(), Some("ours"));
    works.restart(0);
    assert_eq!(record(&works).as_deref(), Some("ours"), "and it stays so");
}

#[test]
fn call_between_colleagues_is_an_incoming_one_for_who_was_called() {
    let mut works = Works::logged_in(1);
    works.exchange.record_of("from me", Some(UserId(3)), &[]);
    works.exchange.record_of("to me", Some(UserId(4)), &[]);
    works.settle();
    let direction = |id: &str| {
        let records = &works.server(0).records;
        records.iter().find(|record| record.id.as_str() == id).map(|record| record.direction)
    };
    assert_eq!(direction("from me"), Some(CallDirection::Outgoing));
    assert_eq!(direction("to me"), Some(CallDirection::Incoming));
}

#[test]
fn password_that_has_to_be_changed_meanwhile_is_asked_for_at_once() {
    let mut works = Works::logged_in(1);
    works.exchange.bar_until_password();
    works.cut(0, true);
    works.cut(0, false);
    works.wait(Duration::from_secs(61));
    assert!(works.server(0).me.password_change_needed, "{:?}", works.server(0).connection);
}
