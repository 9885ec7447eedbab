//! What is asked of the server, and what comes of it: what waits in the outbox, and questions in between.

use bellbird_contract::Secret;
use bellbird_contract::server::{
    AvailabilityState, CallRecord, CallRecordId, CallRequest, ChangeRequest, Colleague, DndEnd, DndRequest, DndView,
    EffectiveSettings, Hlc, Me, MePhone, OwnSettings, PasswordChange, Profile, ServerCallId, ServerErrorCode,
    ServerTrouble, SettingsChange, Telephony, TelephonyChange, UserChange, WhyPage, WireSecret,
};
use serde::{Deserialize, Serialize};

use super::memory::Waiting;
use super::session::{Ask, Session, without_secrets};
use super::wire::{HttpId, HttpMethod};
use super::{Answer, Cx, Effect, Trouble, answered, read, read_if_told};

/// A list comes whole or as a page.
#[derive(Deserialize)]
#[serde(untagged)]
enum List<T> {
    Page { items: Vec<T> },
    Whole(Vec<T>),
}

impl Session {
    pub(super) fn ask(&mut self, ask: Ask, method: HttpMethod, path: &str, cx: &mut Cx) {
        let id = cx.request(&self.memory.address, self.token.as_ref(), method, path);
        self.asks.insert(id, ask);
    }

    fn ask_with<T: Serialize>(&mut self, ask: Ask, method: HttpMethod, path: &str, body: &T, cx: &mut Cx) -> HttpId {
        let id = cx.request_with(&self.memory.address, self.token.as_ref(), method, path, body);
        self.asks.insert(id, ask);
        id
    }

    pub(super) fn answered(&mut self, id: HttpId, answer: &Answer, cx: &mut Cx) {
        if self.hello_answered(id, answer, cx) {
            return;
        }
        let Some(ask) = self.asks.remove(&id) else { return };
        let outcome = match ask {
            Ask::Waiting => self.sent(answer, cx),
            Ask::Settings => read(answer, &self.memory.address).map(|settings| self.take_settings(settings)),
            Ask::Disputed(ref change, ref trouble) => self.dispute_answered(change, trouble, answer),
            Ask::Phone => read(answer, &self.memory.address).map(|phone| self.take_phone(phone, cx)),
            Ask::Records => read(answer, &self.memory.address).map(|records| self.take_records(records)),
            Ask::Colleagues => read(answer, &self.memory.address).map(|colleagues| self.take_colleagues(colleagues)),
            Ask::Why(record) => return self.why_answered(record, answer, cx),
            Ask::Call => read(answer, &self.memory.address).map(|call| self.take_call(call)),
            Ask::EndCall => answered(answer, &self.memory.address).map(drop),
            Ask::Password => self.password_changed(answer, cx),
        };
        match outcome {
            Ok(()) => self.learnt(cx),
            Err(Trouble::LoggedOut(trouble)) => self.logged_out(*trouble, cx),
            Err(Trouble::Refused(trouble)) => self.refused(&ask, *trouble),
            // Who asked for something now is told now; everything else is tried again with the line.
            Err(Trouble::Passing(trouble)) if matches!(ask, Ask::Call | Ask::EndCall | Ask::Password) => {
                self.refusal = Some(*trouble);
            }
            Err(Trouble::Passing(trouble)) => self.lost_line(*trouble, cx),
        }
        self.flush(cx);
    }

    /// What nobody asked for by hand is not told.
    fn refused(&mut self, ask: &Ask, trouble: ServerTrouble) {
        match ask {
            Ask::Waiting | Ask::Call | Ask::EndCall | Ask::Password => self.refusal = Some(trouble),
            Ask::Settings | Ask::Disputed(..) | Ask::Phone | Ask::Records | Ask::Colleagues | Ask::Why(_) => {}
        }
    }

    fn lost_line(&mut self, trouble: ServerTrouble, cx: &mut Cx) {
        if self.line.is_online() {
            self.lost(trouble, cx);
        }
    }

    /// Sends the first of what waits, if nothing is on its way.
    pub(super) fn flush(&mut self, cx: &mut Cx) {
        while self.line.is_online() && self.sending.is_none() {
            let Some(first) = self.outbox.waiting.first().cloned() else { return };
            self.sending = self.send(&first, cx);
            if self.sending.is_none() {
                self.outbox.waiting.remove(0);
            }
        }
    }

    fn send(&mut self, waiting: &Waiting, cx: &mut Cx) -> Option<HttpId> {
        let (ask, put) = (Ask::Waiting, HttpMethod::Put);
        let id = match waiting {
            Waiting::Dnd { stamp } => {
                let request = self.dnd_request(*stamp)?;
                self.ask_with(ask, put, "/me/dnd", &request, cx)
            }
            Waiting::Settings { change } => self.ask_with(ask, put, "/me/settings", change, cx),
            Waiting::Availability { availability } => self.ask_with(ask, put, "/me/availability", availability, cx),
            Waiting::Forwarding { forwarding } => {
                let change = TelephonyChange { forwarding: Some(forwarding.clone()), ..TelephonyChange::default() };
                self.ask_with(ask, HttpMethod::Patch, "/me/telephony", &change, cx)
            }
            Waiting::Telephony { change } => self.ask_with(ask, HttpMethod::Patch, "/me/telephony", change, cx),
            Waiting::Profile { profile } => {
                let change = self.profile_change(profile.clone())?;
                self.ask_with(ask, HttpMethod::Patch, "/me", &change, cx)
            }
            Waiting::Request { draft } => self.ask_with(ask, HttpMethod::Post, "/me/requests", draft, cx),
            Waiting::Withdraw { id } => {
                let path = format!("/me/requests/{id}");
                let id = cx.request(&self.memory.address, self.token.as_ref(), HttpMethod::Delete, &path);
                self.asks.insert(id, ask);
                id
            }
            Waiting::Unknown => return None,
        };
        Some(id)
    }

    /// Upon the newest revision: what the user typed counts for its own fields only.
    fn profile_change(&self, Profile { first_name, last_name, language }: Profile) -> Option<UserChange> {
        let base = self.snapshot()?.me.revision;
        Some(UserChange { base, first_name, last_name, language, ..UserChange::default() })
    }

    fn dnd_request(&self, stamp: Hlc) -> Option<DndRequest> {
        let act = self.outbox.act_stamped(stamp)?;
        Some(DndRequest { on: act.on, end: act.until.map(|at| DndEnd::At { at }), stamp: Some(stamp) })
    }

    /// What came of the first of what waits. Only what could not be sent stays.
    fn sent(&mut self, answer: &Answer, cx: &mut Cx) -> Result<(), Trouble> {
        self.sending = None;
        let Some(first) = self.outbox.waiting.first().cloned() else { return Ok(()) };
        let outcome = self.taken_in(&first, answer, cx);
        let mut disputed = false;
        match &outcome {
            Err(Trouble::Passing(_) | Trouble::LoggedOut(_)) => return outcome,
            Err(Trouble::Refused(trouble)) => disputed = self.give_up(&first, trouble, cx),
            Ok(()) => {}
        }
        self.outbox.waiting.remove(0);
        self.keep_outbox(cx);
        if disputed { Ok(()) } else { outcome }
    }

    fn taken_in(&mut self, waiting: &Waiting, answer: &Answer, cx: &Cx) -> Result<(), Trouble> {
        let server = &self.memory.address;
        match waiting {
            Waiting::Dnd { stamp } => {
                let told = read_if_told::<DndView>(answer, server)?;
                self.dnd_acknowledged(*stamp, told);
            }
            Waiting::Settings { change } => {
                let told = read_if_told::<OwnSettings>(answer, server)?;
                self.saved = Some(cx.today());
                if let Some(told) = told {
                    self.settings_taken_in(change, told);
                }
            }
            Waiting::Availability { .. } => {
                let told = read_if_told::<AvailabilityState>(answer, server)?;
                if let (Some(told), Some(snapshot)) = (told, &mut self.memory.snapshot) {
                    snapshot.availability = told;
                }
            }
            Waiting::Profile { .. } => {
                let told = read_if_told::<Me>(answer, server)?;
                self.me_saved = Some(cx.today());
                if let (Some(told), Some(snapshot)) = (told, &mut self.memory.snapshot) {
                    snapshot.me = told;
                }
            }
            Waiting::Forwarding { .. } | Waiting::Telephony { .. } => {
                let told = read_if_told::<Telephony>(answer, server)?;
                if let (Some(told), Some(snapshot)) = (told, &mut self.memory.snapshot) {
                    snapshot.telephony = told;
                }
            }
            Waiting::Request { .. } | Waiting::Withdraw { .. } => {
                if let Some(told) = read_if_told::<ChangeRequest>(answer, server)? {
                    self.take_request(told);
                }
            }
            Waiting::Unknown => {}
        }
        Ok(())
    }

    fn settings_taken_in(&mut self, change: &SettingsChange, told: OwnSettings) {
        let (incoming, outgoing) = (told.document.incoming.revision, told.document.outgoing.revision);
        self.outbox.rebase(change, incoming, outgoing);
        self.take_settings(told);
    }

    fn dnd_acknowledged(&mut self, stamp: Hlc, told: Option<DndView>) {
        let state = told.as_ref().map_or_else(|| self.outbox.dnd.state(), |told| told.state.clone());
        self.outbox.dnd.acknowledge(stamp, state);
        if let Some(told) = told {
            self.take_dnd(told);
        }
    }

    /// The server refused: what it says holds. Gives whether it is still to be found out what that means.
    fn give_up(&mut self, waiting: &Waiting, trouble: &ServerTrouble, cx: &mut Cx) -> bool {
        match waiting {
            Waiting::Dnd { stamp } => {
                let state = self.snapshot().map(|snapshot| snapshot.dnd.state.clone()).unwrap_or_default();
                self.outbox.dnd.acknowledge(*stamp, state);
            }
            Waiting::Settings { change } => {
                let conflict =
                    matches!(trouble, ServerTrouble::There { problem } if problem.code == ServerErrorCode::Conflict);
                let disputed = Ask::Disputed(change.clone(), Box::new(trouble.clone()));
                self.ask(if conflict { disputed } else { Ask::Settings }, HttpMethod::Get, "/me/settings", cx);
                return conflict;
            }
            Waiting::Availability { .. }
            | Waiting::Forwarding { .. }
            | Waiting::Telephony { .. }
            | Waiting::Profile { .. }
            | Waiting::Request { .. }
            | Waiting::Withdraw { .. }
            | Waiting::Unknown => {}
        }
        false
    }

    fn dispute_answered(
        &mut self,
        change: &SettingsChange,
        trouble: &ServerTrouble,
        answer: &Answer,
    ) -> Result<(), Trouble> {
        let told = read::<OwnSettings>(answer, &self.memory.address)?;
        if !is_done(change, &told.effective) {
            self.refusal = Some(trouble.clone());
        }
        self.take_settings(told);
        Ok(())
    }

    fn take_phone(&mut self, phone: MePhone, cx: &mut Cx) {
        let phone = without_secrets(phone);
        if phone != self.memory.phone {
            self.memory.phone = phone.clone();
            self.renew_pin(cx);
            cx.effects.push_back(Effect::PhoneChanged(Box::new(phone)));
        }
    }

    fn take_records(&mut self, list: List<CallRecord>) {
        let (List::Page { items } | List::Whole(items)) = list;
        items.into_iter().for_each(|record| self.take_record(record));
    }

    fn take_colleagues(&mut self, list: List<Colleague>) {
        let (List::Page { items } | List::Whole(items)) = list;
        if let Some(snapshot) = &mut self.memory.snapshot {
            snapshot.colleagues = items;
        }
    }

    pub(super) fn ask_why(&mut self, record: &CallRecordId, cx: &mut Cx) {
        self.why = Some(WhyPage::Asking { record: record.clone() });
        self.ask(Ask::Why(record.clone()), HttpMethod::Get, &format!("/calls/{}/why", escaped(record.as_str())), cx);
    }

    fn why_answered(&mut self, record: CallRecordId, answer: &Answer, cx: &mut Cx) {
        let told = read::<CallRecord>(answer, &self.memory.address);
        let asked = matches!(&self.why, Some(WhyPage::Asking { record: shown }) if *shown == record);
        if let Err(Trouble::LoggedOut(trouble)) = told {
            return self.logged_out(*trouble, cx);
        }
        if asked {
            self.why = Some(match told {
                Ok(record) => WhyPage::Known { record: Box::new(record) },
                Err(trouble) => WhyPage::Failed { record, trouble: trouble.into_inner() },
            });
        }
    }

    /// Calls by desk phone or call-back. The server says how it goes.
    pub(super) fn call(&mut self, target: &str, withhold_number: bool, cx: &mut Cx) {
        self.refusal = None;
        let request = CallRequest { target: target.to_owned(), method: None, withhold_number };
        self.ask_with(Ask::Call, HttpMethod::Post, "/me/calls", &request, cx);
    }

    pub(super) fn end_call(&mut self, call: &ServerCallId, cx: &mut Cx) {
        self.ask(Ask::EndCall, HttpMethod::Delete, &format!("/me/calls/{}", escaped(call.as_str())), cx);
    }

    pub(super) fn change_password(&mut self, old: &Secret, new: &Secret, cx: &mut Cx) {
        self.refusal = None;
        let change = PasswordChange { old: Some(WireSecret::from(old)), new: WireSecret::from(new) };
        self.ask_with(Ask::Password, HttpMethod::Put, "/me/password", &change, cx);
    }

    fn password_changed(&mut self, answer: &Answer, cx: &mut Cx) -> Result<(), Trouble> {
        let told = read_if_told::<Me>(answer, &self.memory.address)?;
        self.me_saved = Some(cx.today());
        if let Some(snapshot) = &mut self.memory.snapshot {
            match told {
                Some(me) => snapshot.me = me,
                None => snapshot.me.password_change_needed = false,
            }
        }
        if !self.line.is_online() {
            self.connect_now(cx);
        }
        Ok(())
    }
}

/// Whether all that a change wanted holds.
fn is_done(change: &SettingsChange, effective: &EffectiveSettings) -> bool {
    match change {
        SettingsChange::Incoming { scope, receive, .. } => {
            effective.receive.scope == *scope && receive.is_none_or(|on| on == effective.receive.value)
        }
        SettingsChange::Outgoing { scope, make, call_method, .. } => {
            effective.make.scope == *scope
                && make.is_none_or(|on| on == effective.make.value)
                && call_method.is_none_or(|method| method == effective.call_method.value)
        }
        SettingsChange::Unknown => false,
    }
}

/// A name as a part of a path (RFC 3986 §2.1).
fn escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
