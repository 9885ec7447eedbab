//! Do Not Disturb: one act, one state, through partitions, reordering, repetition and skewed clocks.

use std::collections::BTreeMap;

use bellbird_contract::Timestamp;
use bellbird_contract::server::{
    Admission, ClientId, DndAct, DndEnd, DndRegister, DndReplica, DndSource, DndState, Hlc, HlcClock,
};
use proptest::prelude::*;

const HOUR: u64 = 3_600_000;
const NOON: Timestamp = Timestamp(12 * HOUR);
const SERVER: u64 = 99;

#[test]
fn newest_deliberate_act_wins_whichever_comes_first() {
    let (on, off) = (act(10, 1, true), act(11, 2, false));
    for order in [[&on, &off], [&off, &on]] {
        let mut state = DndState::default();
        for act in order {
            state.merge(act.clone());
        }
        assert_eq!(state.act, Some(off.clone()));
    }
}

#[test]
fn an_end_that_comes_by_itself_is_no_act() {
    let mut register = DndRegister::default();
    register.act_now(true, Some(NOON), DndSource::StarCode, Timestamp(NOON.0 - 1), SERVER);
    let before = register.state.clone();
    assert!(register.state.is_on(Timestamp(NOON.0 - 1)));
    assert!(!register.state.is_on(NOON));
    assert_eq!(register.state, before);
    // An act made before the end, which arrives after it, is still older than nothing: it can't turn it on again.
    assert_eq!(register.admit(act(NOON.0 - 5, 1, true), Timestamp(NOON.0 + 5)), Admission::Older);
    assert!(!register.state.is_on(Timestamp(NOON.0 + 5)));
}

#[test]
fn stamp_from_the_future_counts_on_receipt() {
    let mut register = DndRegister::default();
    assert_eq!(register.admit(act(NOON.0 + HOUR, 1, true), NOON), Admission::Won);
    assert_eq!(register.state.stamp().millis, NOON.0);
    register.act_now(false, None, DndSource::StarCode, Timestamp(NOON.0 + 1), SERVER);
    assert!(!register.state.is_on(Timestamp(NOON.0 + 1)), "a later key wins though the app's clock is ahead");
}

#[test]
fn repeated_act_from_the_future_does_not_come_back() {
    let mut register = DndRegister::default();
    let early = act(NOON.0 + HOUR, 1, true);
    assert_eq!(register.admit(early.clone(), NOON), Admission::Won);
    register.act_now(false, None, DndSource::StarCode, Timestamp(NOON.0 + 10), SERVER);
    assert_eq!(register.admit(early, Timestamp(NOON.0 + 20)), Admission::Repeated);
    assert!(!register.state.is_on(Timestamp(NOON.0 + 20)));
}

#[test]
fn acts_of_one_millisecond_keep_their_order() {
    let mut clock = HlcClock::new(7);
    let stamps: Vec<Hlc> = (0..3).map(|_| clock.stamp(NOON)).collect();
    assert!(stamps.is_sorted_by(|a, b| a < b), "{stamps:?}");
    assert!(clock.stamp(Timestamp(0)) > stamps[2], "a clock that was set back does not run backwards");
}

#[test]
fn exhausted_counter_steps_to_the_next_millisecond() {
    let last = Hlc { millis: 5, counter: u32::MAX, node: 9 };
    assert!(last.next(Timestamp(5), 1) > last);
}

#[test]
fn node_numbers_fit_what_javascript_carries() {
    assert_eq!(HlcClock::new(u64::MAX).node(), (1 << 53) - 1);
}

#[test]
fn act_after_one_that_was_seen_wins_though_the_clock_is_slow() {
    let mut register = DndRegister::default();
    register.act_now(true, None, DndSource::StarCode, NOON, SERVER);
    let mut app = DndReplica::new(1);
    app.confirm(register.state.clone());
    let off = app.act(false, None, DndSource::Api, Timestamp(NOON.0 - HOUR)).clone();
    assert_eq!(register.admit(off, Timestamp(NOON.0 + 1)), Admission::Won);
    assert!(!register.state.is_on(Timestamp(NOON.0 + 1)));
}

#[test]
fn toggle_made_offline_is_seen_here_at_once_and_there_when_it_arrives() {
    let mut register = DndRegister::default();
    let mut app = DndReplica::new(1);
    let on = app.act(true, None, DndSource::Api, NOON).clone();
    assert!(app.state().is_on(NOON));
    assert_eq!(app.outbox(), std::slice::from_ref(&on));
    register.admit(on.clone(), Timestamp(NOON.0 + HOUR));
    app.acknowledge(on.stamp, register.state.clone());
    assert_eq!((app.outbox(), app.state()), (&[][..], register.state));
}

#[test]
fn toggle_made_offline_loses_to_a_newer_one_elsewhere() {
    let mut register = DndRegister::default();
    let mut app = DndReplica::new(1);
    let on = app.act(true, None, DndSource::Api, NOON).clone();
    register.act_now(false, None, DndSource::StarCode, Timestamp(NOON.0 + 60_000), SERVER);
    assert_eq!(register.admit(on.clone(), Timestamp(NOON.0 + HOUR)), Admission::Older);
    app.acknowledge(on.stamp, register.state.clone());
    assert!(!app.state().is_on(Timestamp(NOON.0 + HOUR)));
}

#[test]
fn what_is_kept_of_a_replica_survives_a_restart() {
    let mut app = DndReplica::new(1);
    let before = app.act(true, None, DndSource::Api, NOON).stamp;
    let kept = serde_json::to_string(&app).unwrap();
    let mut again: DndReplica = serde_json::from_str(&kept).unwrap();
    assert_eq!(again, app);
    assert!(again.act(false, None, DndSource::Api, Timestamp(0)).stamp > before);
    let register: DndRegister = serde_json::from_str(
        &serde_json::to_string(&{
            let mut register = DndRegister::default();
            register.admit(app.outbox()[0].clone(), NOON);
            register
        })
        .unwrap(),
    )
    .unwrap();
    assert_eq!(register.clone().admit(app.outbox()[0].clone(), NOON), Admission::Repeated);
}

#[test]
fn ends_are_moments_in_the_users_time_zone() {
    let amsterdam = 60;
    assert_eq!(DndEnd::After { minutes: 30 }.moment(NOON, amsterdam), Some(Timestamp(NOON.0 + HOUR / 2)));
    // Noon in UTC is 13:00 in Amsterdam; 08:00 there on the next day is 07:00 UTC.
    assert_eq!(DndEnd::Tomorrow.moment(NOON, amsterdam), Some(Timestamp(24 * HOUR + 7 * HOUR)));
    // 23:30 in UTC is already the next day in Amsterdam.
    let late = Timestamp(23 * HOUR + HOUR / 2);
    assert_eq!(DndEnd::Tomorrow.moment(late, amsterdam), Some(Timestamp(48 * HOUR + 7 * HOUR)));
    assert_eq!(DndEnd::Tomorrow.moment(Timestamp(30 * HOUR), -300), Some(Timestamp(48 * HOUR + 13 * HOUR)));
    assert_eq!(DndEnd::At { at: NOON }.moment(NOON, 0), Some(NOON));
    assert_eq!(DndEnd::Unknown.moment(NOON, 0), None);
}

proptest! {
    #[test]
    fn replicas_that_saw_the_same_acts_agree(acts in prop::collection::vec(acts(), 0..12), order in any::<u64>()) {
        let mut here = DndState::default();
        let mut there = DndState::default();
        for act in &acts {
            here.merge(act.clone());
        }
        // Another order, and each of them twice.
        for act in shuffled(&acts, order).iter().chain(&shuffled(&acts, order.rotate_left(9))) {
            there.merge(act.clone());
        }
        prop_assert_eq!(&here, &there);
        prop_assert_eq!(here.act, acts.into_iter().max());
    }

    #[test]
    fn clamped_stamp_is_never_later_than_now(millis in 0..4 * HOUR, now in 0..4 * HOUR) {
        let stamp = Hlc { millis, counter: 3, node: 1 };
        let clamped = stamp.clamp_future(Timestamp(now));
        prop_assert_eq!(clamped.millis, millis.min(now));
        prop_assert_eq!(clamped == stamp, millis <= now);
    }

    /// Several apps, each now and then cut off, with messages that come late, twice and out of turn.
    #[test]
    fn after_all_partitions_heal_everybody_shows_the_newest_deliberate_act(steps in prop::collection::vec(steps(), 1..60)) {
        let mut office = Office::new([0, 0, 0]);
        office.run(&steps);
        office.heal();
        office.everybody_agrees();
        // With clocks in step the order of the acts in real time is the order that counts.
        prop_assert_eq!(office.server.state.act.as_ref().map(|act| act.on), office.newest.map(|(_, on)| on));
    }

    #[test]
    fn skewed_clocks_disagree_for_a_while_and_never_for_good(
        skews in prop::array::uniform3(-2_000_i64..2_000), steps in prop::collection::vec(steps(), 1..60),
    ) {
        let mut office = Office::new(skews);
        office.run(&steps);
        office.heal();
        office.everybody_agrees();
        // Whatever happened: one more act, by anybody who has heard the state, counts.
        for app in 0..3 {
            let on = !office.server.state.is_on(office.now());
            office.act(app, on);
            office.heal();
            prop_assert_eq!(office.server.state.is_on(office.now()), on);
            office.everybody_agrees();
        }
    }

    #[test]
    fn no_message_that_comes_again_brings_a_toggle_back(
        skews in prop::array::uniform3(-2_000_i64..2_000), steps in prop::collection::vec(steps(), 1..60),
    ) {
        let mut office = Office::new(skews);
        office.run(&steps);
        office.heal();
        let settled = office.server.clone();
        office.replay_everything_ever_sent();
        prop_assert_eq!(&office.server, &settled);
    }
}

/// What happens in the office, one after the other; time passes with each.
#[derive(Clone, Copy, Debug)]
enum Step {
    Act {
        app: usize,
        on: bool,
    },
    Key {
        on: bool,
    },
    /// The app sends its outbox; the acknowledgements may be lost.
    Send {
        app: usize,
        acknowledged: bool,
    },
    /// Something that was sent earlier arrives once more.
    Repeat {
        pick: usize,
    },
    /// The server's push reaches the app.
    Hear {
        app: usize,
    },
}

struct Office {
    now: u64,
    server: DndRegister,
    apps: [DndReplica; 3],
    skews: [i64; 3],
    sent: Vec<DndAct>,
    newest: Option<(u64, bool)>,
}

impl Office {
    fn new(skews: [i64; 3]) -> Self {
        let apps = [DndReplica::new(1), DndReplica::new(2), DndReplica::new(3)];
        Self { now: NOON.0, server: DndRegister::default(), apps, skews, sent: Vec::new(), newest: None }
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.now)
    }

    fn run(&mut self, steps: &[Step]) {
        for step in steps {
            self.now += 7;
            match *step {
                Step::Act { app, on } => self.act(app, on),
                Step::Key { on } => {
                    let now = self.now();
                    self.server.act_now(on, None, DndSource::StarCode, now, SERVER);
                    self.newest = Some((self.now, on));
                }
                Step::Send { app, acknowledged } => self.send(app, acknowledged),
                Step::Repeat { pick } => {
                    if let Some(act) = self.sent.get(pick % self.sent.len().max(1)).cloned() {
                        self.server.admit(act, Timestamp(self.now));
                    }
                }
                Step::Hear { app } => self.apps[app].confirm(self.server.state.clone()),
            }
        }
    }

    fn act(&mut self, app: usize, on: bool) {
        self.now += 1;
        let clock = Timestamp(self.now.saturating_add_signed(self.skews[app]));
        let by = DndSource::App { client: ClientId(format!("{app}")) };
        self.apps[app].act(on, None, by, clock);
        self.newest = Some((self.now, on));
    }

    fn send(&mut self, app: usize, acknowledged: bool) {
        for act in self.apps[app].outbox().to_vec() {
            self.now += 1;
            self.server.admit(act.clone(), Timestamp(self.now));
            self.sent.push(act.clone());
            if acknowledged {
                self.apps[app].acknowledge(act.stamp, self.server.state.clone());
            }
        }
    }

    fn heal(&mut self) {
        for app in 0..3 {
            self.send(app, true);
        }
        for app in &mut self.apps {
            app.confirm(self.server.state.clone());
        }
        self.now += 1;
    }

    fn replay_everything_ever_sent(&mut self) {
        for act in self.sent.clone().into_iter().rev() {
            self.now += 1;
            self.server.admit(act, Timestamp(self.now));
        }
    }

    fn everybody_agrees(&self) {
        for app in &self.apps {
            assert_eq!(app.state(), self.server.state);
            assert!(app.outbox().is_empty());
        }
    }
}

fn act(millis: u64, node: u64, on: bool) -> DndAct {
    DndAct { stamp: Hlc { millis, counter: 0, node }, on, until: None, by: DndSource::Api }
}

fn acts() -> impl Strategy<Value = DndAct> {
    let stamp = (0_u64..5, 0_u32..3, 1_u64..4).prop_map(|(millis, counter, node)| Hlc { millis, counter, node });
    (stamp, any::<bool>(), prop::option::of((0_u64..9).prop_map(Timestamp))).prop_map(|(stamp, on, until)| DndAct {
        stamp,
        on,
        until,
        by: DndSource::Api,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_usize..3, any::<bool>()).prop_map(|(app, on)| Step::Act { app, on }),
        any::<bool>().prop_map(|on| Step::Key { on }),
        (0_usize..3, any::<bool>()).prop_map(|(app, acknowledged)| Step::Send { app, acknowledged }),
        any::<usize>().prop_map(|pick| Step::Repeat { pick }),
        (0_usize..3).prop_map(|app| Step::Hear { app }),
    ]
}

/// The same acts in an order that `seed` picks.
fn shuffled(acts: &[DndAct], seed: u64) -> Vec<DndAct> {
    let keyed: BTreeMap<(u64, usize), &DndAct> = acts
        .iter()
        .enumerate()
        .map(|(place, act)| ((seed.wrapping_mul(place as u64 * 2 + 1).rotate_left(31), place), act))
        .collect();
    keyed.into_values().cloned().collect()
}
