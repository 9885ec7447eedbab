use bellbird_media::{Hold, SrtpPolicy};

use super::call::{Call, FAIR, seconds};

#[test]
fn holding_side_sends_only_and_resuming_brings_back_both_ways() {
    let mut call = Call::connected(SrtpPolicy::Required, 1, FAIR);
    call.run(seconds(1));
    call.alice.session.set_hold(true);
    call.exchange();
    let (alice, bob) = (call.alice.seen.negotiated.last().unwrap(), call.bob.seen.negotiated.last().unwrap());
    assert_eq!((alice.hold, alice.send, alice.receive), (Hold::Local, true, false));
    assert_eq!((bob.hold, bob.send, bob.receive), (Hold::Remote, false, true));
    let heard = (call.alice.seen.frames.len(), call.bob.seen.frames.len());
    call.run(seconds(1));
    assert_eq!(call.alice.seen.frames.len(), heard.0);
    assert!(call.bob.seen.frames.len() > heard.1 + 45, "music on hold may play");
    call.alice.session.set_hold(false);
    call.exchange();
    call.run(seconds(1));
    assert!(call.alice.seen.frames.len() > heard.0 + 45);
    assert_eq!(call.alice.seen.negotiated.last().unwrap().hold, Hold::None);
}

#[test]
fn both_may_hold_and_each_resumes_by_itself() {
    let mut call = Call::connected(SrtpPolicy::Off, 1, FAIR);
    call.alice.session.set_hold(true);
    call.exchange();
    call.bob.session.set_hold(true);
    call.exchange_back();
    assert_eq!(call.alice.seen.negotiated.last().unwrap().hold, Hold::Both);
    call.alice.session.set_hold(false);
    call.exchange();
    assert_eq!(call.alice.seen.negotiated.last().unwrap().hold, Hold::Remote);
    assert_eq!(call.bob.seen.negotiated.last().unwrap().hold, Hold::Local);
    call.bob.session.set_hold(false);
    call.exchange_back();
    assert_eq!(call.bob.seen.negotiated.last().unwrap().hold, Hold::None);
}

#[test]
fn rolled_back_hold_changes_nothing() {
    let mut call = Call::connected(SrtpPolicy::Optional, 1, FAIR);
    call.alice.session.set_hold(true);
    call.alice.session.offer(call.now).unwrap();
    call.alice.session.rollback();
    call.alice.session.set_hold(false);
    call.run(seconds(1));
    assert_eq!(call.alice.seen.negotiated.len(), 1);
    assert!(call.alice.seen.frames.len() > 45);
}

#[test]
fn crossing_offers_are_refused_with_491_and_either_may_try_again() {
    let mut call = Call::connected(SrtpPolicy::Off, 1, FAIR);
    let (alice, bob) = (call.alice.session.offer(call.now).unwrap(), call.bob.session.offer(call.now).unwrap());
    assert_eq!(call.alice.session.answer(call.now, &bob).unwrap_err().status, 491);
    assert_eq!(call.bob.session.answer(call.now, &alice).unwrap_err().status, 491);
    call.alice.session.rollback();
    call.bob.session.rollback();
    call.exchange_back();
    call.run(seconds(1));
    assert!(call.alice.seen.frames.len() > 45 && call.bob.seen.frames.len() > 45);
}

#[test]
fn re_offers_that_change_nothing_say_nothing_new() {
    let mut call = Call::connected(SrtpPolicy::Required, 1, FAIR);
    let first = call.alice.session.offer(call.now).unwrap();
    let answer = call.bob.session.answer(call.now, &first).unwrap();
    call.alice.session.accept_answer(call.now, &answer).unwrap();
    let second = call.alice.session.offer(call.now).unwrap();
    assert_eq!(first, second, "the version stays too");
    assert_eq!(call.bob.session.answer(call.now, &second).unwrap(), answer);
    call.alice.session.accept_answer(call.now, &answer).unwrap();
    call.drain();
    assert_eq!((call.alice.seen.negotiated.len(), call.bob.seen.negotiated.len()), (1, 1));
}
