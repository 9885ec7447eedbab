//! An office to call in: Alice 601 with app, web and desk phone, Bob 602, Carol 603, a lobby phone, two trunks.

use std::collections::{BTreeMap, BTreeSet};

use bellbird_sip::digest::{Ha1, Hash, Secret};

use crate::country::Location;
use crate::directory::{
    AccountRouting, AccountSecret, ClientRouting, Directory, DirectoryParts, NumberRouting, Organisation, TrunkRouting,
    UserRouting,
};
use crate::registrar::{BindingId, BindingKey};
use crate::routing::{Call, Called, Caller, Load, Plan, Purpose, Reachable, Situation, Step, StepIndex, Target, plan};
use crate::words::*;

pub(super) const ALICE: UserId = UserId(1);
pub(super) const BOB: UserId = UserId(2);
pub(super) const CAROL: UserId = UserId(3);
pub(super) const APP: VoipAccountId = VoipAccountId(11);
pub(super) const WEB: VoipAccountId = VoipAccountId(12);
pub(super) const DESK: VoipAccountId = VoipAccountId(13);
pub(super) const BOBS: VoipAccountId = VoipAccountId(21);
pub(super) const CAROLS: VoipAccountId = VoipAccountId(31);
pub(super) const LOBBY: VoipAccountId = VoipAccountId(41);
pub(super) const TRUNK: TrunkId = TrunkId(1);
pub(super) const SPARE: TrunkId = TrunkId(2);
pub(super) const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub(super) const MOBILE: &str = "+31612345678";

pub(super) struct Office {
    pub(super) parts: DirectoryParts,
    pub(super) registered: BTreeMap<VoipAccountId, Vec<Reachable>>,
    pub(super) load: Load,
}

impl Office {
    pub(super) fn new() -> Self {
        let location = Location::of(&"NL".into(), None);
        let organisation = Organisation {
            id: OrgId(1),
            name: "Office".into(),
            domain: "office.example".into(),
            realm: "office.example".into(),
            location: location.clone(),
            caller_id: CallerId::Number { number: NumberId(1) },
            unassigned: Destination::HangUp,
            calls_per_account: 4,
        };
        let mut users = vec![
            UserRouting::new(ALICE, "Alice", "601"),
            UserRouting::new(BOB, "Bob", "602"),
            UserRouting::new(CAROL, "Carol", "603"),
        ];
        let client = ClientRouting { name: "Alice's laptop".into(), values: ClientValues::default() };
        users[0].clients.insert("laptop".into(), client);
        let accounts = vec![
            account(APP, "204", AccountKind::App, &[ALICE]),
            account(WEB, "202", AccountKind::Web, &[ALICE]),
            account(DESK, "203", AccountKind::DeskPhone { mac: None }, &[ALICE]),
            account(BOBS, "212", AccountKind::App, &[BOB]),
            account(CAROLS, "222", AccountKind::DeskPhone { mac: None }, &[CAROL]),
            account(LOBBY, "300", AccountKind::DeskPhone { mac: None }, &[]),
        ];
        let numbers = vec![
            number(1, "+31201230000", None),
            number(2, "+31201230601", Some(Destination::User { user: ALICE })),
            number(3, "+49301230601", Some(Destination::User { user: ALICE })),
        ];
        let trunks = vec![trunk(TRUNK, 1, &location), trunk(SPARE, 2, &location)];
        let mut registered = BTreeMap::new();
        for id in [WEB, DESK, BOBS, CAROLS, LOBBY] {
            registered.insert(id, vec![reachable(id, None)]);
        }
        registered.insert(APP, vec![reachable(APP, Some("laptop"))]);
        let parts = DirectoryParts { revision: Revision(1), organisation, users, accounts, numbers, trunks };
        Self { parts, registered, load: Load { bridges_media: true, ..Load::default() } }
    }

    pub(super) fn user(&mut self, id: UserId) -> &mut UserRouting {
        self.parts.users.iter_mut().find(|user| user.id == id).unwrap()
    }

    pub(super) fn account(&mut self, id: VoipAccountId) -> &mut AccountRouting {
        self.parts.accounts.iter_mut().find(|account| account.id == id).unwrap()
    }

    pub(super) fn dnd(&mut self, id: UserId) {
        self.user(id).dnd = dnd(true, None);
    }

    pub(super) fn link(&mut self, id: UserId) {
        let number = "06-12345678".to_owned();
        self.user(id).telephony.linked_number = Some(LinkedNumber { active: true, number, name: None });
    }

    pub(super) fn forward_account(&mut self, owners: &[UserId]) {
        let kind = AccountKind::Forward { number: "0612345678".into() };
        self.parts.accounts.push(account(VoipAccountId(91), "290", kind, owners));
    }

    pub(super) fn plan(&self, call: &Call) -> Plan {
        let directory = Directory::new(self.parts.clone());
        plan(call, &Situation { directory: &directory, where_: &self.registered, load: &self.load, now: NOW })
    }

    /// What happens when `caller` dials.
    pub(super) fn dial(&self, caller: Caller, dialled: &str) -> Plan {
        self.plan(&call(caller, Called::Dialled(dialled.into())))
    }
}

pub(super) fn call(caller: Caller, called: Called) -> Call {
    Call { caller, called, withheld: false, purpose: Purpose::Call, diversions: 0 }
}

pub(super) fn by(account: VoipAccountId) -> Caller {
    Caller::Account { account, client: None, binding: None }
}

pub(super) fn outside() -> Caller {
    Caller::Trunk { trunk: TRUNK, number: Some("+31101234567".into()), name: Some("Dave".into()) }
}

pub(super) fn dnd(on: bool, until: Option<Timestamp>) -> DndState {
    let stamp = Hlc { millis: NOW.0 - 1000, counter: 0, node: 1 };
    DndState { act: Some(DndAct { stamp, on, until, by: DndSource::StarCode }) }
}

pub(super) fn forwarding(to: Destination) -> Option<Forwarding> {
    Some(Forwarding { active: true, to })
}

pub(super) fn external(number: &str) -> Destination {
    Destination::External { number: number.into() }
}

/// Devices that ring at the first step, as account ids; numbers outside are left out.
pub(super) fn ringing(plan: &Plan) -> BTreeSet<VoipAccountId> {
    devices_at(plan, plan.first())
}

/// Devices that ring at any step.
pub(super) fn ever_ringing(plan: &Plan) -> BTreeSet<VoipAccountId> {
    plan.steps().flat_map(|(index, _)| devices_at(plan, index)).collect()
}

fn devices_at(plan: &Plan, index: StepIndex) -> BTreeSet<VoipAccountId> {
    let branches = plan.step(index).unwrap().branches().iter();
    branches
        .filter_map(|branch| match &branch.target {
            Target::Device { binding, .. } => Some(binding.account),
            Target::Outside { .. } => None,
        })
        .collect()
}

/// Numbers outside that are called at the first step, as the trunk gets them.
pub(super) fn outside_numbers(plan: &Plan) -> Vec<String> {
    numbers_at(plan, plan.first())
}

pub(super) fn numbers_at(plan: &Plan, index: StepIndex) -> Vec<String> {
    let branches = plan.step(index).unwrap().branches().iter();
    branches
        .filter_map(|branch| match &branch.target {
            Target::Outside { legs, .. } => Some(legs[0].number.clone()),
            Target::Device { .. } => None,
        })
        .collect()
}

pub(super) fn ends_with(plan: &Plan, index: StepIndex) -> u16 {
    match plan.step(index).unwrap() {
        Step::End(refusal) => refusal.status.code(),
        Step::Ring(_) | Step::Serve(_) => panic!("it does not end"),
    }
}

/// Why each device of the first step rings or does not.
pub(super) fn causes(plan: &Plan) -> Vec<Cause> {
    plan.reasons(&[]).into_iter().map(|why| why.reason.cause).collect()
}

/// Causes at any step.
pub(super) fn all_causes(plan: &Plan) -> BTreeSet<Cause> {
    plan.all_reasons().map(|why| why.reason.cause).collect()
}

pub(super) fn account(id: VoipAccountId, number_: &str, kind: AccountKind, owners: &[UserId]) -> AccountRouting {
    let ha1 = Ha1::new(Hash::Md5, number_, "office.example", &Secret::new("secret"));
    AccountRouting {
        id,
        login: format!("login-{number_}"),
        number: Some(number_.into()),
        name: format!("Phone {number_}"),
        kind,
        owners: owners.iter().copied().collect(),
        secret: AccountSecret::Shared(ha1),
        media: MediaProfile::Best,
        call_limit: None,
    }
}

fn number(id: u64, number: &str, to: Option<Destination>) -> NumberRouting {
    NumberRouting { id: NumberId(id), number: number.into(), to }
}

pub(super) fn reachable(account: VoipAccountId, client: Option<&str>) -> Reachable {
    let key = BindingKey::Contact(format!("sip:{account}@192.0.2.1"));
    Reachable { binding: BindingId { account, key }, client: client.map(Into::into) }
}

fn trunk(id: TrunkId, order: u32, location: &Location) -> TrunkRouting {
    let settings = TrunkSettings {
        name: format!("Trunk {id}"),
        servers: vec!["trunk.invalid".into()],
        transport: bellbird_contract::Transport::default(),
        link: TrunkLink::ByAddress { from: vec!["192.0.2.9".into()] },
        domain: None,
        called_number: CalledNumberFrom::RequestUri,
        outgoing_format: NumberFormat::E164,
        country: "NL".into(),
        caller_id: None,
        most_calls: None,
        active: true,
        order,
    };
    TrunkRouting { id, settings, secret: None, location: location.clone(), media: MediaProfile::Plain }
}
