//! The rule of call settings against a table that was written by hand, over every combination.

#![allow(clippy::unwrap_used)]

use bellbird_contract::Timestamp;
use bellbird_contract::server::{
    AdminChange, Author, CallMethod, ClientValues, EffectiveSettings, IncomingDocument, Mode, OutgoingDocument,
    Permission, Permissions, Revision, Role, Scope, ServerErrorCode, SettingsChange, SettingsDocument, Stamp, UserId,
    Writer, administer, apply, resolve,
};
use proptest::prelude::*;
use proptest::sample::select;

const MODES: [Mode; 3] = [Mode::Individual, Mode::Enabled, Mode::Disabled];
const OWN: [Option<bool>; 3] = [None, Some(true), Some(false)];
const METHODS: [CallMethod; 3] = [CallMethod::Softphone, CallMethod::DeskPhone, CallMethod::Mobile];
const SCOPES: [Scope; 2] = [Scope::ThisClient, Scope::AllClients];
const ROLES: [Role; 5] = [Role::Admin, Role::AccountManagement, Role::Receptionist, Role::CallDetails, Role::Member];

/// `docs/SETTINGS.md`, line by line: mode, own value → what holds, for whom.
const HOLDS: &[(Mode, Option<bool>, bool, Scope)] = &[
    (Mode::Individual, None, true, Scope::ThisClient),
    (Mode::Individual, Some(true), true, Scope::ThisClient),
    (Mode::Individual, Some(false), false, Scope::ThisClient),
    (Mode::Enabled, None, true, Scope::AllClients),
    (Mode::Enabled, Some(true), true, Scope::AllClients),
    (Mode::Enabled, Some(false), true, Scope::AllClients),
    (Mode::Disabled, None, false, Scope::AllClients),
    (Mode::Disabled, Some(true), false, Scope::AllClients),
    (Mode::Disabled, Some(false), false, Scope::AllClients),
];

/// The same for the call method: mode, own method, the document's method → what holds.
const METHOD_HOLDS: &[(Mode, Option<CallMethod>, CallMethod, CallMethod)] = &[
    (Mode::Individual, None, CallMethod::Mobile, CallMethod::Softphone),
    (Mode::Individual, None, CallMethod::DeskPhone, CallMethod::Softphone),
    (Mode::Individual, Some(CallMethod::Softphone), CallMethod::Mobile, CallMethod::Softphone),
    (Mode::Individual, Some(CallMethod::DeskPhone), CallMethod::Mobile, CallMethod::DeskPhone),
    (Mode::Individual, Some(CallMethod::Mobile), CallMethod::DeskPhone, CallMethod::Mobile),
    (Mode::Enabled, None, CallMethod::DeskPhone, CallMethod::DeskPhone),
    (Mode::Enabled, Some(CallMethod::Mobile), CallMethod::DeskPhone, CallMethod::DeskPhone),
    (Mode::Enabled, Some(CallMethod::DeskPhone), CallMethod::Softphone, CallMethod::Softphone),
    (Mode::Disabled, None, CallMethod::DeskPhone, CallMethod::DeskPhone),
    (Mode::Disabled, Some(CallMethod::Mobile), CallMethod::Softphone, CallMethod::Softphone),
];

/// What a user's own choice writes: scope, on → the mode.
const WRITES: &[(Scope, bool, Mode)] = &[
    (Scope::ThisClient, true, Mode::Individual),
    (Scope::ThisClient, false, Mode::Individual),
    (Scope::AllClients, true, Mode::Enabled),
    (Scope::AllClients, false, Mode::Disabled),
];

#[test]
fn what_holds_is_what_the_table_says_for_every_mode_and_value() {
    for &(mode, own, on, scope) in HOLDS {
        let settings = resolve(&with(mode, own));
        assert_eq!((settings.receive.value, settings.receive.scope), (on, scope), "{mode:?} {own:?}");
        assert_eq!((settings.make.value, settings.make.scope), (on, scope), "{mode:?} {own:?}");
        assert_eq!(settings.call_method.scope, scope);
    }
}

#[test]
fn call_method_is_what_the_table_says() {
    for &(mode, own, all, holds) in METHOD_HOLDS {
        let mut document = with(mode, None);
        document.outgoing.call_method = all;
        document.client.call_method = own;
        assert_eq!(resolve(&document).call_method.value, holds, "{mode:?} {own:?} {all:?}");
    }
}

#[test]
fn locks_follow_the_permission_alone_in_every_mode() {
    for mode in MODES {
        for (incoming, outgoing) in [(true, true), (true, false), (false, true), (false, false)] {
            let mut document = with(mode, Some(false));
            document.permissions.configure_incoming = incoming;
            document.permissions.configure_outgoing = outgoing;
            let settings = resolve(&document);
            assert_eq!(settings.receive.lock.is_none(), incoming);
            assert_eq!(settings.make.lock.is_none(), outgoing);
            assert_eq!(settings.call_method.lock.is_none(), outgoing);
        }
    }
}

#[test]
fn lock_names_the_last_writer_and_an_administrator_to_turn_to() {
    let mut document = with(Mode::Disabled, None);
    document.permissions.configure_incoming = false;
    document.incoming.stamp =
        Stamp { author: marieke(), since: Timestamp(5), note: Some("On the desk phone.".to_owned()) };
    let lock = resolve(&document).receive.lock.unwrap();
    assert_eq!((lock.author, lock.since, lock.note.as_deref()), (marieke(), Timestamp(5), Some("On the desk phone.")));
    assert_eq!(lock.contact, Some(marieke()));
}

#[test]
fn lock_on_ones_own_last_choice_names_who_took_the_permission() {
    let mut document = with(Mode::Individual, Some(false));
    document.incoming.stamp = Stamp { author: linda(), since: Timestamp(5), note: None };
    let taken = AdminChange::Permission { permission: Permission::ConfigureIncoming, granted: false };
    let document = administer(&document, &taken, &writer(marieke())).unwrap();
    let lock = resolve(&document).receive.lock.unwrap();
    assert_eq!((lock.author, lock.contact), (linda(), Some(marieke())));
}

#[test]
fn what_a_user_writes_is_what_the_table_says() {
    for mode in MODES {
        for &(scope, on, written) in WRITES {
            let document = with(mode, None);
            let next = apply(&document, &receive(&document, scope, on), &writer(linda())).unwrap();
            assert_eq!(next.incoming.mode, written, "{scope:?} {on}");
            let kept = if scope == Scope::ThisClient { Some(on) } else { document.client.receive };
            assert_eq!(next.client.receive, kept);
            let next = apply(&document, &make(&document, scope, Some(on), None), &writer(linda())).unwrap();
            assert_eq!(next.outgoing.mode, written, "{scope:?} {on}");
        }
    }
}

#[test]
fn switching_between_this_client_and_all_changes_nothing_that_the_user_sees() {
    let mut document = with(Mode::Individual, Some(true));
    document.client.call_method = Some(CallMethod::DeskPhone);
    let all = apply(&document, &make(&document, Scope::AllClients, None, None), &writer(linda())).unwrap();
    assert_eq!((all.outgoing.mode, all.outgoing.call_method), (Mode::Enabled, CallMethod::DeskPhone));
    let own = apply(&all, &make(&all, Scope::ThisClient, None, None), &writer(linda())).unwrap();
    assert_eq!((own.outgoing.mode, resolve(&own).call_method.value), (Mode::Individual, CallMethod::DeskPhone));
}

#[test]
fn values_of_a_newer_version_are_read_mildly_and_never_written() {
    let mut document = with(Mode::Unknown, Some(false));
    document.client.call_method = Some(CallMethod::Unknown);
    let settings = resolve(&document);
    assert!(!settings.receive.value);
    assert_eq!(settings.call_method.value, CallMethod::Softphone);
    let refused = Err(ServerErrorCode::FieldInvalid);
    assert_eq!(apply(&document, &receive(&document, Scope::Unknown, true), &writer(linda())), refused);
    let method = make(&document, Scope::AllClients, None, Some(CallMethod::Unknown));
    assert_eq!(apply(&document, &method, &writer(linda())), refused);
    assert_eq!(apply(&document, &SettingsChange::Unknown, &writer(linda())), refused);
    let mode = AdminChange::Incoming { base: None, mode: Mode::Unknown, note: None };
    assert_eq!(administer(&document, &mode, &writer(marieke())), refused);
    let permission = AdminChange::Permission { permission: Permission::Unknown, granted: true };
    assert_eq!(administer(&document, &permission, &writer(marieke())), refused);
}

proptest! {
    #[test]
    fn resolved_settings_agree_with_the_table(document in documents()) {
        let settings = resolve(&document);
        let (on, scope) = look_up(document.incoming.mode, document.client.receive);
        prop_assert_eq!((settings.receive.value, settings.receive.scope), (on, scope));
        let (on, scope) = look_up(document.outgoing.mode, document.client.make);
        prop_assert_eq!((settings.make.value, settings.make.scope), (on, scope));
    }

    #[test]
    fn own_write_needs_the_permission_then_the_newest_revision(
        document in documents(), change in changes(), author in authors(),
    ) {
        let (permitted, current, base) = match change {
            SettingsChange::Incoming { base, .. } =>
                (document.permissions.configure_incoming, document.incoming.revision, base),
            SettingsChange::Outgoing { base, .. } =>
                (document.permissions.configure_outgoing, document.outgoing.revision, base),
            SettingsChange::Unknown => unreachable!(),
        };
        let expected = match (permitted, base == current) {
            (false, _) => Err(ServerErrorCode::LockedByAdministrator),
            (true, false) => Err(ServerErrorCode::Conflict),
            (true, true) => Ok(()),
        };
        prop_assert_eq!(apply(&document, &change, &writer(author)).map(|_| ()), expected);
    }

    #[test]
    fn user_gets_exactly_what_was_chosen_and_keeps_the_rest(document in open(), change in changes()) {
        let change = on_newest(change, &document);
        let before = resolve(&document);
        let after = resolve(&apply(&document, &change, &writer(linda())).unwrap());
        prop_assert_eq!(values(&after), chosen(&before, &change));
        match change {
            SettingsChange::Incoming { scope, .. } => {
                prop_assert_eq!(after.receive.scope, scope);
                prop_assert_eq!((after.make, after.call_method), (before.make, before.call_method));
            }
            SettingsChange::Outgoing { scope, .. } => {
                prop_assert_eq!((after.make.scope, after.call_method.scope), (scope, scope));
                prop_assert_eq!(after.receive, before.receive);
            }
            SettingsChange::Unknown => unreachable!(),
        }
    }

    #[test]
    fn write_for_all_clients_leaves_no_client_out(document in open(), change in changes(), other in values_of_a_client()) {
        let change = on_newest(change, &document);
        let after = apply(&document, &change, &writer(linda())).unwrap();
        let elsewhere = SettingsDocument { client: other, ..after.clone() };
        let (here, there) = (resolve(&after), resolve(&elsewhere));
        match change {
            SettingsChange::Incoming { scope: Scope::AllClients, .. } => prop_assert_eq!(here.receive, there.receive),
            SettingsChange::Outgoing { scope: Scope::AllClients, .. } =>
                prop_assert_eq!((here.make, here.call_method), (there.make, there.call_method)),
            SettingsChange::Incoming { .. } | SettingsChange::Outgoing { .. } | SettingsChange::Unknown => {
                prop_assert_eq!(elsewhere.client, other);
            }
        }
    }

    #[test]
    fn each_write_is_signed_and_counted(document in open(), change in changes()) {
        let change = on_newest(change, &document);
        let after = apply(&document, &change, &writer(linda())).unwrap();
        let signed = Stamp { author: linda(), since: NOW, note: None };
        let incoming = matches!(change, SettingsChange::Incoming { .. });
        let expected = |written: bool, old: &Stamp, revision: Revision| {
            if written { (signed.clone(), revision.next()) } else { (old.clone(), revision) }
        };
        let SettingsDocument { incoming: i, outgoing: o, .. } = &document;
        prop_assert_eq!((after.incoming.stamp, after.incoming.revision), expected(incoming, &i.stamp, i.revision));
        prop_assert_eq!((after.outgoing.stamp, after.outgoing.revision), expected(!incoming, &o.stamp, o.revision));
        prop_assert_eq!(after.permissions, document.permissions);
    }

    #[test]
    fn administrator_writes_past_the_permission_and_others_never(
        document in documents(), mode in select(&MODES), method in select(&METHODS), author in authors(),
    ) {
        let change = AdminChange::Outgoing {
            base: Some(document.outgoing.revision), mode, call_method: Some(method), note: Some("n".to_owned()),
        };
        let may = matches!(author.role, Role::Admin | Role::AccountManagement);
        match administer(&document, &change, &writer(author.clone())) {
            Ok(next) => {
                prop_assert!(may);
                prop_assert_eq!((next.outgoing.mode, next.outgoing.call_method), (mode, method));
                prop_assert_eq!(&next.outgoing.stamp.author, &author);
                prop_assert_eq!(next.outgoing.stamp.note.as_deref(), Some("n"));
                prop_assert_eq!(next.client, document.client);
                prop_assert_eq!((next.incoming, next.permissions), (document.incoming, document.permissions));
            }
            Err(code) => prop_assert!(!may && code == ServerErrorCode::Forbidden),
        }
    }

    #[test]
    fn clients_own_values_come_back_when_they_count_again(document in documents(), modes in prop::collection::vec(select(&MODES), 0..5)) {
        let mut next = document.clone();
        for mode in modes.into_iter().chain([Mode::Individual]) {
            next = administer(&next, &incoming(mode), &writer(marieke())).unwrap();
        }
        prop_assert_eq!(resolve(&next).receive.value, document.client.receive.unwrap_or(true));
    }

    #[test]
    fn administrators_who_saw_an_older_revision_do_not_overwrite(document in documents(), behind in 1_u64..5) {
        let base = Some(Revision(document.incoming.revision.0 + behind));
        let stale = AdminChange::Incoming { base, mode: Mode::Enabled, note: None };
        prop_assert_eq!(administer(&document, &stale, &writer(marieke())), Err(ServerErrorCode::Conflict));
    }
}

const NOW: Timestamp = Timestamp(1_000_000);

fn look_up(mode: Mode, own: Option<bool>) -> (bool, Scope) {
    let line = HOLDS.iter().find(|(m, o, ..)| *m == mode && *o == own).unwrap();
    (line.2, line.3)
}

fn values(settings: &EffectiveSettings) -> (bool, bool, CallMethod) {
    (settings.receive.value, settings.make.value, settings.call_method.value)
}

fn chosen(before: &EffectiveSettings, change: &SettingsChange) -> (bool, bool, CallMethod) {
    let (receives, makes, by) = values(before);
    match *change {
        SettingsChange::Incoming { receive, .. } => (receive.unwrap_or(receives), makes, by),
        SettingsChange::Outgoing { make, call_method, .. } => {
            (receives, make.unwrap_or(makes), call_method.unwrap_or(by))
        }
        SettingsChange::Unknown => unreachable!(),
    }
}

fn on_newest(change: SettingsChange, document: &SettingsDocument) -> SettingsChange {
    match change {
        SettingsChange::Incoming { scope, receive, .. } => {
            SettingsChange::Incoming { base: document.incoming.revision, scope, receive }
        }
        SettingsChange::Outgoing { scope, make, call_method, .. } => {
            SettingsChange::Outgoing { base: document.outgoing.revision, scope, make, call_method }
        }
        SettingsChange::Unknown => unreachable!(),
    }
}

fn receive(document: &SettingsDocument, scope: Scope, on: bool) -> SettingsChange {
    SettingsChange::Incoming { base: document.incoming.revision, scope, receive: Some(on) }
}

fn make(document: &SettingsDocument, scope: Scope, on: Option<bool>, method: Option<CallMethod>) -> SettingsChange {
    SettingsChange::Outgoing { base: document.outgoing.revision, scope, make: on, call_method: method }
}

fn incoming(mode: Mode) -> AdminChange {
    AdminChange::Incoming { base: None, mode, note: None }
}

fn with(mode: Mode, own: Option<bool>) -> SettingsDocument {
    let mut document = SettingsDocument::initial(Timestamp(1));
    document.incoming.mode = mode;
    document.outgoing.mode = mode;
    document.client = ClientValues { receive: own, make: own, call_method: None };
    document
}

fn linda() -> Author {
    Author { user: Some(UserId(1)), name: "Linda de Vries".to_owned(), role: Role::Member }
}

fn marieke() -> Author {
    Author { user: Some(UserId(4)), name: "Marieke Smit".to_owned(), role: Role::Admin }
}

fn writer(author: Author) -> Writer {
    Writer { author, at: NOW }
}

fn authors() -> impl Strategy<Value = Author> {
    (select(&ROLES), prop::option::of(1_u64..4)).prop_map(|(role, user)| Author {
        user: user.map(UserId),
        name: format!("{role:?}"),
        role,
    })
}

fn stamps() -> impl Strategy<Value = Stamp> {
    (authors(), 0_u64..1000, prop::option::of("[a-z]{0,6}")).prop_map(|(author, since, note)| Stamp {
        author,
        since: Timestamp(since),
        note,
    })
}

fn values_of_a_client() -> impl Strategy<Value = ClientValues> {
    (select(&OWN), select(&OWN), prop::option::of(select(&METHODS)))
        .prop_map(|(receive, make, call_method)| ClientValues { receive, make, call_method })
}

fn documents() -> impl Strategy<Value = SettingsDocument> {
    let incoming = (0_u64..4, select(&MODES), stamps()).prop_map(|(revision, mode, stamp)| IncomingDocument {
        revision: Revision(revision),
        mode,
        stamp,
    });
    let outgoing =
        (0_u64..4, select(&MODES), select(&METHODS), stamps()).prop_map(|(revision, mode, call_method, stamp)| {
            OutgoingDocument { revision: Revision(revision), mode, call_method, stamp }
        });
    let permissions = (any::<bool>(), any::<bool>(), prop::option::of(stamps()))
        .prop_map(|(i, o, stamp)| Permissions { configure_incoming: i, configure_outgoing: o, stamp });
    (incoming, outgoing, permissions, values_of_a_client()).prop_map(|(incoming, outgoing, permissions, client)| {
        SettingsDocument { incoming, outgoing, permissions, client }
    })
}

/// A document whose user may change everything.
fn open() -> impl Strategy<Value = SettingsDocument> {
    documents().prop_map(|document| SettingsDocument { permissions: Permissions::default(), ..document })
}

fn changes() -> impl Strategy<Value = SettingsChange> {
    let incoming = (0_u64..4, select(&SCOPES), select(&OWN))
        .prop_map(|(base, scope, receive)| SettingsChange::Incoming { base: Revision(base), scope, receive });
    let outgoing = (0_u64..4, select(&SCOPES), select(&OWN), prop::option::of(select(&METHODS))).prop_map(
        |(base, scope, make, call_method)| SettingsChange::Outgoing { base: Revision(base), scope, make, call_method },
    );
    prop_oneof![incoming, outgoing]
}
