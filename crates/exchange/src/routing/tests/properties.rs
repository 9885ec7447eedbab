//! What holds for every directory, tried over many seeds. A failing seed is printed.

use bellbird_base::{Rng, Seed};

use super::office::*;
use crate::directory::UserRouting;
use crate::routing::{Call, Called, Caller, Purpose, Reachable, Step, Target};
use crate::words::*;

const SEEDS: u64 = 1_000;

#[test]
fn no_plan_rings_a_device_of_a_user_on_dnd() {
    for seed in 0..SEEDS {
        let mut rng = Rng::new(&Seed::from_number(seed));
        let office = random_office(&mut rng);
        let mut call = random_call(&mut rng);
        call.purpose = Purpose::Call;
        let plan = office.plan(&call);
        for (_, step) in plan.steps() {
            for branch in step.branches() {
                let (Target::Device { .. }, Some(user)) = (&branch.target, branch.user) else { continue };
                let user = office.parts.users.iter().find(|known| known.id == user).unwrap();
                let called_back = office.load.emergency_calls.contains_key(&user.id);
                assert!(!user.is_on_dnd(NOW) || called_back, "seed {seed}: {branch:?}");
            }
        }
    }
}

#[test]
fn removing_a_lock_never_makes_fewer_devices_ring() {
    for seed in 0..SEEDS {
        let mut rng = Rng::new(&Seed::from_number(seed));
        let mut office = random_office(&mut rng);
        let call = random_call(&mut rng);
        let locked = ever_ringing(&office.plan(&call));
        let user = pick(&mut rng, &[ALICE, BOB, CAROL]);
        if office.user(user).incoming.mode != Mode::Disabled {
            continue;
        }
        office.user(user).incoming.mode = pick(&mut rng, &[Mode::Enabled, Mode::Individual]);
        let free = ever_ringing(&office.plan(&call));
        assert!(locked.is_subset(&free), "seed {seed}: {locked:?} {free:?}");
    }
}

#[test]
fn every_plan_ends_whatever_happens_to_its_branches() {
    use crate::routing::Outcome::{Busy, Declined, NoAnswer, Unreachable};
    for seed in 0..SEEDS {
        let mut rng = Rng::new(&Seed::from_number(seed));
        let office = random_office(&mut rng);
        let plan = office.plan(&random_call(&mut rng));
        let mut at = plan.first();
        for _ in 0..=plan.steps().count() {
            match plan.step(at).unwrap() {
                Step::Ring(ring) => {
                    assert!(!ring.branches.is_empty() && !ring.time.is_zero(), "seed {seed}");
                    at = plan.after(at, pick(&mut rng, &[Busy, Declined, NoAnswer, Unreachable])).unwrap();
                }
                Step::Serve(_) | Step::End(_) => break,
            }
        }
        assert!(!matches!(plan.step(at).unwrap(), Step::Ring(_)), "seed {seed} goes in circles");
    }
}

#[test]
fn every_registered_device_of_the_called_user_has_its_reason() {
    for seed in 0..SEEDS {
        let mut rng = Rng::new(&Seed::from_number(seed));
        let office = random_office(&mut rng);
        let plan = office.plan(&call(by(LOBBY), Called::User(ALICE)));
        for account in [APP, WEB, DESK] {
            let told = plan.reasons(&[]).into_iter().any(|why| match why.device {
                crate::routing::Device::Binding(binding) => binding.account == account,
                crate::routing::Device::Account(id) => id == account,
                crate::routing::Device::Outside(_) | crate::routing::Device::Call => false,
            });
            let refused =
                matches!(plan.step(plan.first()).unwrap(), Step::End(end) if [403, 486].contains(&end.status.code()));
            assert!(told || refused, "seed {seed}: nothing about {account}");
        }
    }
}

fn random_office(rng: &mut Rng) -> Office {
    let mut office = Office::new();
    for id in [ALICE, BOB, CAROL] {
        if chance(rng, 3) {
            office.link(id);
        }
        random_user(rng, office.user(id));
        if chance(rng, 4) {
            office.load.users.insert(id, 1);
        }
        if chance(rng, 8) {
            office.load.emergency_calls.insert(id, Timestamp(NOW.0 - 1000));
        }
    }
    let owners: Vec<UserId> = [ALICE, BOB, CAROL].into_iter().filter(|_| chance(rng, 2)).collect();
    if chance(rng, 2) {
        office.forward_account(&owners);
    }
    for account in [APP, WEB, DESK, BOBS, CAROLS, LOBBY] {
        if chance(rng, 3) {
            office.registered.remove(&account);
        }
        if chance(rng, 6) {
            office.account(account).owners.insert(pick(rng, &[ALICE, BOB, CAROL]));
        }
    }
    office.load.bridges_media = chance(rng, 2);
    office
}

fn random_user(rng: &mut Rng, user: &mut UserRouting) {
    user.incoming.mode = pick(rng, &[Mode::Individual, Mode::Enabled, Mode::Disabled]);
    user.outgoing.mode = pick(rng, &[Mode::Individual, Mode::Enabled, Mode::Enabled, Mode::Disabled]);
    user.dnd = if chance(rng, 3) { dnd(true, None) } else { DndState::default() };
    user.telephony.call_waiting = chance(rng, 2);
    user.telephony.no_answer = random_destination(rng);
    user.telephony.forwarding.always = if chance(rng, 5) { forwarding(random_destination(rng)) } else { None };
    user.telephony.forwarding.busy = if chance(rng, 2) { forwarding(random_destination(rng)) } else { None };
    user.telephony.forwarding.no_answer = if chance(rng, 2) { forwarding(random_destination(rng)) } else { None };
    user.telephony.forwarding.unreachable = if chance(rng, 2) { forwarding(random_destination(rng)) } else { None };
    if chance(rng, 5) {
        user.telephony.number_for_colleagues = Some(ReachedAt::Account { account: pick(rng, &[APP, DESK, BOBS]) });
    }
    if chance(rng, 6) {
        user.availability = Availability::NotAvailable { until: None };
    } else if chance(rng, 6) {
        user.availability = Availability::Available { at: ReachedAt::External { number: "0612345678".into() } };
    }
    if chance(rng, 10) {
        user.disabled = Some(Stamp::initial(NOW));
    }
}

fn random_destination(rng: &mut Rng) -> Destination {
    match rng.below(5) {
        0 => Destination::HangUp,
        1 => external(pick(rng, &["0612345678", "112", "0201230601", "nonsense"])),
        2 => Destination::Account { account: pick(rng, &[APP, DESK, BOBS, LOBBY, VoipAccountId(999)]) },
        _ => Destination::User { user: pick(rng, &[ALICE, BOB, CAROL, UserId(999)]) },
    }
}

fn random_call(rng: &mut Rng) -> Call {
    let account = pick(rng, &[APP, DESK, BOBS, CAROLS, LOBBY, VoipAccountId(999)]);
    let binding = chance(rng, 2).then(|| Reachable { ..reachable(account, None) }.binding);
    let caller = match rng.below(5) {
        0 => outside(),
        1 => Caller::Stranger { name: None },
        2 => Caller::User(pick(rng, &[ALICE, BOB, UserId(999)])),
        _ => Caller::Account { account, client: None, binding },
    };
    let dialled = pick(
        rng,
        &["601", "602", "603", "203", "300", "290", "0201230601", "0612345678", "112", "*78", "*31*601", "+", "é"],
    );
    let called = match rng.below(4) {
        0 => Called::User(pick(rng, &[ALICE, BOB, CAROL, UserId(999)])),
        1 => Called::Account(pick(rng, &[APP, DESK, BOBS, LOBBY, VoipAccountId(999)])),
        _ => Called::Dialled(dialled.into()),
    };
    let purpose = pick(
        rng,
        &[Purpose::Call, Purpose::Call, Purpose::TransferRecall, Purpose::MovedCall, Purpose::ClickToDialLeg],
    );
    let diversions = u32::try_from(rng.below(7)).unwrap();
    Call { caller, called, withheld: chance(rng, 4), purpose, diversions }
}

fn chance(rng: &mut Rng, one_in: u64) -> bool {
    rng.below(one_in) == 0
}

fn pick<T: Clone>(rng: &mut Rng, all: &[T]) -> T {
    all[usize::try_from(rng.below(all.len() as u64)).unwrap()].clone()
}
