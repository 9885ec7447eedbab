//! A server with several addresses: the best one that answers is taken, and the best one again when anything changes.

use bellbird_base::{Duration, Protocol};
use bellbird_contract::{Connectivity, Registration, Transport};
use bellbird_phone::Input;

use crate::exchange::{PASSWORD, by};
use crate::handset::Works;

fn three_ways() -> Works {
    let mut works = Works::new(1);
    works.exchange.servers = vec![by(Transport::Tls, 5061), by(Transport::Tcp, 5060), by(Transport::Udp, 5060)];
    works
}

fn registered_over(works: &Works) -> Option<Transport> {
    match works.handsets[0].view.accounts.first().map(|account| account.registration.clone()) {
        Some(Registration::Registered { transport, .. }) => Some(transport),
        _ => None,
    }
}

#[test]
fn best_address_is_taken_where_it_answers() {
    let mut works = three_ways();
    works.log_in(0, PASSWORD);
    assert_eq!(registered_over(&works), Some(Transport::Tls));
    assert_eq!(works.handsets[0].opened, [Protocol::Tls]);
}

#[test]
fn next_address_is_tried_at_once_and_stays_while_it_answers() {
    let mut works = three_ways();
    works.handsets[0].closed = vec![Protocol::Tls, Protocol::Tcp];
    works.log_in(0, PASSWORD);
    assert_eq!(registered_over(&works), Some(Transport::Udp));
    assert_eq!(works.handsets[0].opened, [Protocol::Tls, Protocol::Tcp, Protocol::Udp]);
    works.handsets[0].closed.clear();
    works.cut(0, true);
    works.cut(0, false);
    works.wait(Duration::from_secs(600));
    assert_eq!(registered_over(&works), Some(Transport::Udp), "what the server tells again moves nobody");
}

#[test]
fn restart_begins_where_it_answered_last() {
    let mut works = three_ways();
    works.handsets[0].closed = vec![Protocol::Tls];
    works.log_in(0, PASSWORD);
    works.restart(0);
    assert_eq!(registered_over(&works), Some(Transport::Tcp));
    assert_eq!(works.handsets[0].opened, [Protocol::Tcp]);
}

#[test]
fn another_network_or_waking_up_begins_with_the_best_again() {
    for input in [Input::NetworkChanged, Input::Resume] {
        let mut works = three_ways();
        works.handsets[0].closed = vec![Protocol::Tls];
        works.log_in(0, PASSWORD);
        assert_eq!(registered_over(&works), Some(Transport::Tcp));
        works.handsets[0].closed.clear();
        works.input(0, input(works.now));
        assert_eq!(registered_over(&works), Some(Transport::Tls), "at once");
    }
}

#[test]
fn round_in_vain_is_followed_by_a_pause_and_another_round() {
    let mut works = three_ways();
    works.handsets[0].closed = vec![Protocol::Tls, Protocol::Tcp, Protocol::Udp];
    works.log_in(0, PASSWORD);
    // A second round follows at once, since the server answers over HTTP.
    let opened = works.handsets[0].opened.clone();
    assert_eq!(opened[..3], [Protocol::Tls, Protocol::Tcp, Protocol::Udp]);
    assert_eq!(opened.len(), 6, "{opened:?}");
    assert!(matches!(works.handsets[0].view.connectivity, Connectivity::Offline { .. }));
    works.wait(Duration::from_secs(600));
    let tried = works.handsets[0].opened.len();
    assert!((9..90).contains(&tried), "{tried} attempts in ten minutes");
    works.handsets[0].closed = vec![Protocol::Tls];
    works.wait(Duration::from_secs(300));
    assert!(registered_over(&works).is_some());
    assert_eq!(works.handsets[0].view.connectivity, Connectivity::Online);
}

#[test]
fn events_and_registration_are_rebuilt_at_once_after_sleep_and_on_another_network() {
    for input in [Input::NetworkChanged, Input::Resume] {
        let mut works = Works::logged_in(1);
        works.wait(Duration::from_secs(30));
        works.take_down(0, true);
        works.wait(Duration::from_secs(900));
        assert!(!works.is_online(0) && registered_over(&works).is_none());
        works.take_down(0, false);
        let before = works.handsets[0].registrations.len();
        works.input(0, input(works.now));
        assert!(works.is_online(0), "without waiting for the next try");
        assert_eq!(registered_over(&works), Some(Transport::Udp));
        assert!(works.handsets[0].registrations.len() > before);
    }
}
