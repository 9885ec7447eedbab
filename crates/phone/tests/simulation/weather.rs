//! Bad networks: whatever is lost, late or twice, both sides end up of one mind.

use bellbird_base::{Duration, Seed};
use bellbird_contract::{CallState, Command};
use bellbird_testkit::Link;

use crate::desk::{ALICE, BOB, CAROL, Desk, Office, address};

const SEEDS: u64 = 150;

/// What one person does at random.
fn act(office: &mut Office, rng: &mut bellbird_base::Rng) {
    let desk = [ALICE, BOB, CAROL][usize::try_from(rng.below(3)).unwrap()];
    let calls: Vec<_> = office.desk(desk).view.calls.iter().map(|call| call.id).collect();
    let Some(&call) = calls.get(usize::try_from(rng.below(calls.len().max(1) as u64)).unwrap()) else {
        let other = usize::try_from(rng.below(3)).unwrap();
        if other != desk {
            office.dial(desk, address(other));
        }
        return;
    };
    let other = address((desk + 1) % 3).to_owned();
    let command = match rng.below(12) {
        0..=3 => Command::Answer { call },
        4 => Command::Decline { call },
        5 => Command::HangUp { call },
        6 => Command::Hold { call },
        7 => Command::Resume { call },
        8 => Command::Swap,
        9 => Command::TransferBlind { call, target: other },
        10 => Command::TransferAskFirst { call, target: other },
        _ => Command::CompleteTransfer { call },
    };
    office.command(desk, command);
}

fn live(desk: &Desk) -> usize {
    desk.view.calls.iter().filter(|call| !matches!(call.state, CallState::Ended { .. })).count()
}

#[test]
fn nothing_is_left_behind_after_a_storm() {
    for seed in 0..SEEDS {
        let link = Link {
            loss: 0.15,
            duplication: 0.1,
            reordering: 0.1,
            jitter: Duration::from_millis(80),
            ..Link::after(Duration::from_millis(30))
        };
        let mut office = Office::new(seed, link);
        let mut rng = bellbird_base::Rng::new(&Seed::from_number(seed));
        for _ in 0..40 {
            act(&mut office, &mut rng);
            office.0.run_for(Duration::from_millis(rng.below(3_000)));
        }
        for desk in [ALICE, BOB, CAROL] {
            let calls: Vec<_> = office.desk(desk).view.calls.iter().map(|call| call.id).collect();
            for call in calls {
                office.command(desk, Command::HangUp { call });
            }
        }
        office.0.run_for(Duration::from_secs(120));
        for desk in [ALICE, BOB, CAROL] {
            let desk = office.desk(desk);
            assert_eq!(live(desk), 0, "seed {seed}: {:?}", desk.states());
            assert!(desk.media.open.is_empty(), "seed {seed}: sound is still open");
            assert!(desk.sound == Default::default(), "seed {seed}: {:?}", desk.sound);
        }
    }
}

#[test]
fn call_survives_loss_and_both_hold_states_agree() {
    for seed in 0..SEEDS {
        let link = Link { loss: 0.1, duplication: 0.1, ..Link::after(Duration::from_millis(30)) };
        let mut office = Office::new(seed, link);
        office.talk(ALICE, BOB);
        let (ours, theirs) = (office.desk(ALICE).call().id, office.desk(BOB).call().id);
        let mut rng = bellbird_base::Rng::new(&Seed::from_number(seed));
        for _ in 0..8 {
            let (desk, call) = if rng.below(2) == 0 { (ALICE, ours) } else { (BOB, theirs) };
            let hold = rng.below(2) == 0;
            office.command(desk, if hold { Command::Hold { call } } else { Command::Resume { call } });
            office.0.run_for(Duration::from_millis(rng.below(400)));
        }
        office.0.run_for(Duration::from_secs(60));
        let pair = (office.desk(ALICE).call().state.clone(), office.desk(BOB).call().state.clone());
        let agree = matches!(
            pair,
            (CallState::Active, CallState::Active)
                | (CallState::OnHold, CallState::TheyHold)
                | (CallState::TheyHold, CallState::OnHold)
                | (CallState::BothHold, CallState::BothHold)
        );
        assert!(agree, "seed {seed}: {pair:?}");
    }
}
