//! What the phone shows of the server.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{
    AccountKind, AccountSummary, Author, AvailabilityPanel, AvailabilityState, CallMethod, CallMethodChoice,
    DeviceState, Direction, DndPanel, Me, OwnSettings, Profile, ServerView, SettingsView, Snapshot, Stamp, Telephony,
    TelephonyChange, resolve,
};

use super::Cx;
use super::session::Session;

impl Session {
    /// Nothing before the server told anything.
    pub(super) fn view(&self, cx: &Cx) -> Option<ServerView> {
        let snapshot = self.snapshot()?;
        let features = self.memory.phone.features.clone();
        let telephony = self.telephony_view(snapshot);
        Some(ServerView {
            address: self.memory.address.shown(),
            connection: self.line.view(cx),
            organisation: snapshot.me.organisation.clone(),
            client: self.memory.client.clone(),
            me: self.me_view(snapshot),
            profile_pending: self.outbox.profile().is_some(),
            saved: self.me_saved,
            settings: self.settings_view(snapshot, cx),
            dnd: self.dnd_view(snapshot, cx),
            availability: self.availability_view(snapshot, cx),
            call_methods: if features.call_methods { call_methods(snapshot, &telephony) } else { vec![SOFTPHONE] },
            features,
            telephony,
            forwarding_pending: self.outbox.forwarding().is_some(),
            telephony_pending: self.outbox.telephony().is_some(),
            accounts: snapshot.accounts.clone(),
            colleagues: snapshot.colleagues.clone(),
            requests: snapshot.requests.clone(),
            request_pending: self.outbox.requests(),
            calls: snapshot.calls.clone(),
            records: self.memory.records.clone(),
            why: self.why.clone(),
            refusal: self.refusal.clone(),
        })
    }

    fn settings_view(&self, snapshot: &Snapshot, cx: &Cx) -> SettingsView {
        let document = self.outbox.settings_after(&snapshot.settings.document, self.now(cx));
        let effective = resolve(&document);
        SettingsView {
            own: OwnSettings { document, effective, receipts: snapshot.settings.receipts.clone() },
            receive_pending: self.outbox.changes(Direction::Incoming),
            make_pending: self.outbox.changes(Direction::Outgoing),
            saved: self.saved,
        }
    }

    fn dnd_view(&self, snapshot: &Snapshot, cx: &Cx) -> DndPanel {
        let (state, now) = (self.outbox.dnd.state(), self.now(cx));
        let on = state.is_on(now);
        DndPanel {
            on,
            since: state.act.as_ref().filter(|_| on).map(|act| Timestamp(act.stamp.millis)),
            until: state.ends(now),
            pending: !self.outbox.dnd.outbox().is_empty(),
            receipts: snapshot.dnd.receipts.clone(),
        }
    }

    fn availability_view(&self, snapshot: &Snapshot, cx: &Cx) -> AvailabilityPanel {
        let waiting = self.outbox.availability();
        let state = match waiting {
            Some(availability) => {
                let me = &snapshot.me;
                let name = format!("{} {}", me.first_name, me.last_name).trim().to_owned();
                let author = Author { user: Some(me.id), name, role: me.role };
                let stamp = Stamp { author, since: self.now(cx), note: None };
                AvailabilityState { availability: availability.clone(), stamp }
            }
            None => snapshot.availability.clone(),
        };
        AvailabilityPanel { state, pending: waiting.is_some() }
    }

    fn telephony_view(&self, snapshot: &Snapshot) -> Telephony {
        let forwarding = TelephonyChange { forwarding: self.outbox.forwarding(), ..TelephonyChange::default() };
        self.outbox.telephony().unwrap_or_default().then(forwarding).applied(&snapshot.telephony)
    }

    fn me_view(&self, snapshot: &Snapshot) -> Me {
        let Profile { first_name, last_name, language } = self.outbox.profile().unwrap_or_default();
        let me = snapshot.me.clone();
        Me {
            first_name: first_name.unwrap_or(me.first_name),
            last_name: last_name.unwrap_or(me.last_name),
            language: language.unwrap_or(me.language),
            ..me
        }
    }
}

const SOFTPHONE: CallMethodChoice = CallMethodChoice { method: CallMethod::Softphone, device: None, ready: true };

fn call_methods(snapshot: &Snapshot, telephony: &Telephony) -> Vec<CallMethodChoice> {
    let desk_phone = desk_phone(snapshot, telephony).map(|phone| CallMethodChoice {
        method: CallMethod::DeskPhone,
        device: Some(phone.number.clone()),
        ready: matches!(phone.state, DeviceState::Registered { .. }),
    });
    let mobile = mobile(snapshot, telephony).map(|number| CallMethodChoice {
        method: CallMethod::Mobile,
        device: Some(number),
        ready: true,
    });
    [Some(SOFTPHONE), desk_phone, mobile].into_iter().flatten().collect()
}

/// The one that was chosen, else the first.
fn desk_phone<'a>(snapshot: &'a Snapshot, telephony: &Telephony) -> Option<&'a AccountSummary> {
    let phones = || snapshot.accounts.iter().filter(|account| matches!(account.kind, AccountKind::DeskPhone { .. }));
    phones().find(|phone| Some(phone.id) == telephony.desk_phone).or_else(|| phones().next())
}

fn mobile(snapshot: &Snapshot, telephony: &Telephony) -> Option<String> {
    let linked = || telephony.linked_number.as_ref().map(|linked| linked.number.clone());
    let forward = |account: &AccountSummary| match &account.kind {
        AccountKind::Forward { number } => Some(number.clone()),
        AccountKind::App | AccountKind::Web | AccountKind::DeskPhone { .. } | AccountKind::Unknown => None,
    };
    telephony.call_back_number.clone().or_else(linked).or_else(|| snapshot.accounts.iter().find_map(forward))
}
