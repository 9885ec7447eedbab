//! What the server pushes, taken into the replica. Each event carries the whole of what it is about.

use bellbird_contract::server::{
    AccountSummary, CallProgress, CallProgressState, CallRecord, ChangeRequest, ClientMessage, Colleague, DeviceState,
    DndView, OwnSettings, RegistrationView, ServerEvent, ServerEventKind, ServerTrouble, Snapshot, UserId,
    VoipAccountId,
};

use super::Cx;
use super::session::Session;

/// More than anybody scrolls through.
const RECORDS: usize = 500;

impl Session {
    pub(super) fn take_event(&mut self, event: ServerEvent, cx: &mut Cx) {
        self.keep_in_step(event.at, cx);
        self.memory.revision = Some(event.revision);
        let tells = matches!(
            event.kind,
            ServerEventKind::Snapshot { .. } | ServerEventKind::Settings { .. } | ServerEventKind::Dnd { .. }
        );
        self.take_kind(event.kind, cx);
        self.learnt(cx);
        if let Some(events) = self.line.events().filter(|_| tells) {
            self.say(events, &ClientMessage::Applied { revision: event.revision }, cx);
        }
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "all others change one part of the snapshot")]
    fn take_kind(&mut self, kind: ServerEventKind, cx: &mut Cx) {
        match kind {
            ServerEventKind::Snapshot { snapshot } => return self.take_snapshot(*snapshot, cx),
            ServerEventKind::LoggedOut { problem } => return self.logged_out(ServerTrouble::There { problem }, cx),
            ServerEventKind::Dnd { dnd } => return self.take_dnd(dnd),
            ServerEventKind::Settings { settings } => return self.take_settings(*settings),
            ServerEventKind::CallRecord { record } => return self.take_record(*record),
            _ => {}
        }
        if let Some(snapshot) = &mut self.memory.snapshot {
            update(snapshot, kind);
        }
    }

    fn take_snapshot(&mut self, snapshot: Snapshot, cx: &mut Cx) {
        self.outbox.dnd.confirm(snapshot.dnd.state.clone());
        self.memory.snapshot = Some(snapshot);
        self.save(cx);
        self.keep_outbox(cx);
        self.is_online(cx);
    }

    /// An event that is older than the answer to our own act says nothing new.
    pub(super) fn take_dnd(&mut self, dnd: DndView) {
        let Some(snapshot) = &mut self.memory.snapshot else { return };
        if dnd.state.stamp() >= snapshot.dnd.state.stamp() {
            self.outbox.dnd.confirm(dnd.state.clone());
            snapshot.dnd = dnd;
        }
    }

    pub(super) fn take_settings(&mut self, settings: OwnSettings) {
        let Some(snapshot) = &mut self.memory.snapshot else { return };
        let (held, told) = (&snapshot.settings.document, &settings.document);
        let newer =
            told.incoming.revision >= held.incoming.revision && told.outgoing.revision >= held.outgoing.revision;
        if newer {
            snapshot.settings = settings;
        }
    }

    pub(super) fn take_record(&mut self, record: CallRecord) {
        let record = record.seen_by(self.memory.phone.user);
        self.records_told += 1;
        let records = &mut self.memory.records;
        records.retain(|known| known.id != record.id);
        let at = records.partition_point(|known| known.started > record.started);
        records.insert(at, record);
        records.truncate(RECORDS);
    }

    pub(super) fn take_call(&mut self, call: CallProgress) {
        if let Some(snapshot) = &mut self.memory.snapshot {
            put_call(&mut snapshot.calls, call);
        }
    }

    pub(super) fn take_request(&mut self, request: ChangeRequest) {
        if let Some(snapshot) = &mut self.memory.snapshot {
            put_request(&mut snapshot.requests, request);
        }
    }
}

fn update(snapshot: &mut Snapshot, kind: ServerEventKind) {
    match kind {
        ServerEventKind::Availability { availability } => snapshot.availability = availability,
        ServerEventKind::Telephony { telephony } => snapshot.telephony = *telephony,
        ServerEventKind::Me { me } => snapshot.me = *me,
        ServerEventKind::Presence { colleagues } => {
            colleagues.into_iter().for_each(|it| put(&mut snapshot.colleagues, it))
        }
        ServerEventKind::ColleaguesGone { users } => gone(&mut snapshot.colleagues, &users),
        ServerEventKind::Registrations { account, registrations } => {
            registered(&mut snapshot.accounts, account, &registrations);
        }
        ServerEventKind::ChangeRequest { request } => put_request(&mut snapshot.requests, request),
        ServerEventKind::Receipts { receipts } => {
            snapshot.settings.receipts.clone_from(&receipts);
            snapshot.dnd.receipts = receipts;
        }
        ServerEventKind::CallProgress { call } => put_call(&mut snapshot.calls, call),
        ServerEventKind::AccountChanged { account } => put_account(&mut snapshot.accounts, account),
        ServerEventKind::AccountDeleted { account } => snapshot.accounts.retain(|known| known.id != account),
        // Taken in already, or for the portal.
        ServerEventKind::Snapshot { .. }
        | ServerEventKind::Settings { .. }
        | ServerEventKind::Dnd { .. }
        | ServerEventKind::CallRecord { .. }
        | ServerEventKind::LoggedOut { .. }
        | ServerEventKind::UserChanged { .. }
        | ServerEventKind::UserDeleted { .. }
        | ServerEventKind::NumberChanged { .. }
        | ServerEventKind::NumberDeleted { .. }
        | ServerEventKind::TrunkChanged { .. }
        | ServerEventKind::TrunkDeleted { .. }
        | ServerEventKind::OrganisationChanged { .. }
        | ServerEventKind::Looking { .. }
        | ServerEventKind::Unknown => {}
    }
}

fn put(colleagues: &mut Vec<Colleague>, colleague: Colleague) {
    match colleagues.iter_mut().find(|known| known.id == colleague.id) {
        Some(known) => *known = colleague,
        None => colleagues.push(colleague),
    }
}

fn gone(colleagues: &mut Vec<Colleague>, users: &[UserId]) {
    colleagues.retain(|known| !users.contains(&known.id));
}

/// Accounts of others come by too where the user may see them; those that are not the user's own are not kept.
fn put_account(accounts: &mut [AccountSummary], account: AccountSummary) {
    if let Some(known) = accounts.iter_mut().find(|known| known.id == account.id) {
        *known = account;
    }
}

fn registered(accounts: &mut [AccountSummary], account: VoipAccountId, registrations: &[RegistrationView]) {
    let Some(known) = accounts.iter_mut().find(|known| known.id == account) else { return };
    known.state = match u32::try_from(registrations.len()).unwrap_or(u32::MAX) {
        0 => DeviceState::NotRegistered,
        count => DeviceState::Registered { count },
    };
}

/// Newest first.
fn put_request(requests: &mut Vec<ChangeRequest>, request: ChangeRequest) {
    requests.retain(|known| known.id != request.id);
    let at = requests.partition_point(|known| known.at > request.at);
    requests.insert(at, request);
}

/// A call that ended well is gone; one that failed is shown until another one begins.
fn put_call(calls: &mut Vec<CallProgress>, call: CallProgress) {
    let over = |call: &CallProgress| matches!(call.state, CallProgressState::Ended { .. });
    calls.retain(|known| known.id != call.id && !over(known));
    if !matches!(call.state, CallProgressState::Ended { problem: None }) {
        calls.push(call);
    }
}
