//! What changed between two views, as lines. The phone tells whole states; scripts want to know what happened.

use bellbird_contract::server::{
    CallMethod, CallProgress, CallProgressState, Effective, Scope, ServerConnection, ServerTrouble, ServerView,
};
use bellbird_contract::{
    AccountView, CallDirection, CallState, CallView, EndReason, ErrorCode, PhoneView, Problem, Registration, Timestamp,
    Transport,
};

use crate::line::{Line, Setting, Side};

/// The lines that lead from `old` to `new`, in a sensible order: registrations, then calls.
pub(crate) fn changes(old: &PhoneView, new: &PhoneView, now: Timestamp) -> Vec<Line> {
    let mut lines = Vec::new();
    for account in &new.accounts {
        let before = old.accounts.iter().find(|other| other.id == account.id);
        lines.extend(registration_change(before, account, now));
    }
    for call in &new.calls {
        match old.calls.iter().find(|other| other.id == call.id) {
            None => lines.extend(new_call(call)),
            Some(before) => call_change(before, call, &mut lines),
        }
    }
    lines.extend(server_lines(old.server.as_deref(), new.server.as_deref()));
    lines
}

fn registration_change(before: Option<&AccountView>, account: &AccountView, now: Timestamp) -> Option<Line> {
    let address = account.address.clone();
    if before.is_some_and(|before| before.registration == account.registration) {
        return None;
    }
    match &account.registration {
        Registration::Off => before.map(|_| Line::Unregistered { account: address }),
        Registration::Registering => Some(Line::Registering { account: address }),
        Registration::Registered { transport, secure, .. } => {
            Some(Line::Registered { account: address, transport: transport_name(*transport), secure: *secure })
        }
        Registration::Failed { problem, retry_at, .. } => Some(Line::RegistrationFailed {
            account: address,
            status: status(problem),
            code: code_name(problem.code),
            reason: problem.details.clone(),
            retry_in_s: retry_at.map(|at| at.since(now).as_secs_f64()),
        }),
        Registration::Unknown => None,
    }
}

fn new_call(call: &CallView) -> Vec<Line> {
    let number = call.id.0;
    let first = match call.direction {
        CallDirection::Incoming => Line::Incoming {
            call: number,
            from: call.party.address.clone().unwrap_or_else(|| call.party.number.clone()),
            name: call.party.name.clone(),
        },
        CallDirection::Outgoing | CallDirection::Unknown => Line::Calling {
            call: number,
            target: call.party.address.clone().unwrap_or_else(|| call.party.number.clone()),
        },
    };
    let mut lines = vec![first];
    state_lines(None, call, &mut lines);
    lines
}

fn call_change(before: &CallView, call: &CallView, lines: &mut Vec<Line>) {
    let number = call.id.0;
    let fresh = call.received_digits.strip_prefix(&before.received_digits).unwrap_or_default();
    lines.extend(fresh.chars().map(|digit| Line::Digit { call: number, digit: digit.into(), duration_ms: None }));
    let sent = call.digits.strip_prefix(&before.digits).unwrap_or_default();
    lines.extend(sent.chars().map(|digit| Line::DigitSent { call: number, digit: digit.into() }));
    if let (None, Some(transfer)) = (&before.transfer, &call.transfer) {
        let target = transfer.target.address.clone().unwrap_or_else(|| transfer.target.number.clone());
        lines.push(Line::Transferring { call: number, target });
    }
    if before.problem != call.problem
        && let Some(problem) = call.problem.as_ref().filter(|problem| problem.code == ErrorCode::TransferFailed)
    {
        lines.push(Line::TransferFailed { call: number, reason: problem.details.clone() });
    }
    if before.answered_at.is_none() && call.answered_at.is_some() {
        lines.push(Line::Answered { call: number });
    }
    if before.state != call.state {
        state_lines(Some(before), call, lines);
    }
}

fn state_lines(before: Option<&CallView>, call: &CallView, lines: &mut Vec<Line>) {
    let number = call.id.0;
    let was = before.map(|before| &before.state);
    lines.extend(hold_lines(number, was, &call.state));
    match &call.state {
        CallState::Ringing { early_media: true } => lines.push(Line::EarlyMedia { call: number }),
        CallState::Ringing { early_media: false } => lines.push(Line::Ringing { call: number }),
        CallState::Reconnecting => lines.push(Line::Reconnecting { call: number }),
        CallState::Ended { reason, problem } => {
            if *reason == EndReason::Transferred {
                lines.push(Line::Transferred { call: number });
            }
            lines.push(ended(call, *reason, problem.as_ref()));
        }
        CallState::Active if matches!(was, Some(CallState::Reconnecting)) => {
            lines.push(Line::Reconnected { call: number });
        }
        CallState::Calling
        | CallState::Incoming { .. }
        | CallState::Connecting
        | CallState::Active
        | CallState::OnHold
        | CallState::TheyHold
        | CallState::BothHold
        | CallState::Unknown => {}
    }
}

/// Who holds, before and after.
fn hold_lines(call: u32, was: Option<&CallState>, is: &CallState) -> Vec<Line> {
    let here = |state: &CallState| matches!(state, CallState::OnHold | CallState::BothHold);
    let there = |state: &CallState| matches!(state, CallState::TheyHold | CallState::BothHold);
    // A call that reconnects or is over says nothing of hold.
    if matches!(is, CallState::Ended { .. } | CallState::Reconnecting) || matches!(was, Some(CallState::Reconnecting)) {
        return Vec::new();
    }
    let change = |before: bool, after: bool, by| match (before, after) {
        (false, true) => Some(Line::Held { call, by }),
        (true, false) => Some(Line::Resumed { call, by }),
        _ => None,
    };
    let local = change(was.is_some_and(here), here(is), Side::Local);
    let remote = change(was.is_some_and(there), there(is), Side::Remote);
    local.into_iter().chain(remote).collect()
}

fn ended(call: &CallView, reason: EndReason, problem: Option<&Problem>) -> Line {
    let answered = call.answered_at.is_some();
    let by = match reason {
        EndReason::Here | EndReason::Transferred => Side::Local,
        EndReason::There | EndReason::AnsweredElsewhere => Side::Remote,
        EndReason::Failed | EndReason::Unknown => match problem.map(|problem| problem.code) {
            Some(ErrorCode::ConnectionLost | ErrorCode::ServerUnreachable | ErrorCode::Offline) => Side::Network,
            _ => Side::Remote,
        },
    };
    let code = match (problem, reason) {
        (Some(problem), _) => code_name(problem.code),
        (None, EndReason::AnsweredElsewhere) => "answered_elsewhere".to_owned(),
        (None, EndReason::Transferred) => "transferred".to_owned(),
        (None, _) if answered => "hung_up".to_owned(),
        (None, EndReason::Here) if call.direction == CallDirection::Incoming => "declined".to_owned(),
        (None, _) => "cancelled".to_owned(),
    };
    Line::Ended {
        call: call.id.0,
        by,
        status: problem.and_then(status),
        code,
        reason: problem.and_then(|problem| problem.details.clone()),
        answered_elsewhere: reason == EndReason::AnsweredElsewhere,
    }
}

/// The status code at the head of the small print.
fn status(problem: &Problem) -> Option<u16> {
    problem.details.as_deref()?.split(' ').next()?.parse().ok()
}

/// What changed of the server's part.
fn server_lines(old: Option<&ServerView>, new: Option<&ServerView>) -> Vec<Line> {
    let Some(new) = new else { return old.map(|_| Line::LoggedOut).into_iter().collect() };
    let mut lines = Vec::new();
    if old.map(server_line).as_ref() != Some(&server_line(new)) {
        lines.push(server_line(new));
    }
    if old.map(dnd_line).as_ref() != Some(&dnd_line(new)) {
        lines.push(dnd_line(new));
    }
    if old.map(settings_line).as_ref() != Some(&settings_line(new)) {
        lines.push(settings_line(new));
    }
    let before = |call: &CallProgress| old.is_some_and(|old| old.calls.contains(call));
    lines.extend(new.calls.iter().filter(|call| !before(call)).map(server_call_line));
    lines
}

pub(crate) fn server_line(view: &ServerView) -> Line {
    let (state, code) = match &view.connection {
        ServerConnection::Connecting | ServerConnection::Unknown => ("connecting", None),
        ServerConnection::Online { .. } => ("online", None),
        ServerConnection::Offline { trouble, .. } => ("offline", Some(trouble_code(trouble))),
        ServerConnection::LoggedOut { trouble } => ("logged_out", Some(trouble_code(trouble))),
    };
    Line::Server {
        server: view.address.clone(),
        state,
        user: format!("{} {}", view.me.first_name, view.me.last_name).trim().to_owned(),
        organisation: view.organisation.name.clone(),
        code,
    }
}

/// The code of whoever said it, the server or this phone.
pub(crate) fn trouble_code(trouble: &ServerTrouble) -> String {
    match trouble {
        ServerTrouble::Here { problem } => code_name(problem.code),
        ServerTrouble::There { problem } => code_name(problem.code),
        ServerTrouble::Unknown => code_name(ErrorCode::Unknown),
    }
}

pub(crate) fn dnd_line(view: &ServerView) -> Line {
    Line::Dnd { on: view.dnd.on, until: view.dnd.until.map(|until| until.0), pending: view.dnd.pending }
}

pub(crate) fn settings_line(view: &ServerView) -> Line {
    let (effective, settings) = (&view.settings.own.effective, &view.settings);
    Line::Settings {
        receive: setting(&effective.receive, effective.receive.value, settings.receive_pending),
        make: setting(&effective.make, effective.make.value, settings.make_pending),
        call_method: setting(&effective.call_method, method_name(effective.call_method.value), settings.make_pending),
    }
}

fn setting<T, V>(effective: &Effective<T>, value: V, pending: bool) -> Setting<V> {
    let lock = effective.lock.as_ref();
    Setting {
        value,
        scope: if effective.scope == Scope::AllClients { "all_clients" } else { "this_client" },
        locked_by: lock.map(|lock| lock.author.name.clone()),
        note: lock.and_then(|lock| lock.note.clone()),
        pending,
    }
}

const fn method_name(method: CallMethod) -> &'static str {
    match method {
        CallMethod::Softphone | CallMethod::Unknown => "softphone",
        CallMethod::DeskPhone => "desk_phone",
        CallMethod::Mobile => "mobile",
    }
}

fn server_call_line(call: &CallProgress) -> Line {
    let state = match &call.state {
        CallProgressState::RingingYou => "ringing_you",
        CallProgressState::RingingThem => "ringing_them",
        CallProgressState::Talking => "talking",
        CallProgressState::Ended { problem: None } => "ended",
        CallProgressState::Ended { problem: Some(_) } => "failed",
        CallProgressState::Unknown => "unknown",
    };
    Line::ServerCall { id: call.id.to_string(), target: call.target.number.clone(), state }
}

/// A code as scripts write it: `wrong_password`.
pub(crate) fn code_name(code: impl core::fmt::Debug) -> String {
    let debug = format!("{code:?}");
    let mut name = String::with_capacity(debug.len() + 4);
    for character in debug.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}

fn transport_name(transport: Transport) -> String {
    format!("{transport:?}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use bellbird_contract::{AccountId, CallCapabilities, CallId, Party, Security};

    use super::*;

    #[test]
    fn a_call_that_is_answered_and_held_by_the_other_side_tells_both() {
        let mut view =
            PhoneView { calls: vec![call_in(CallState::Ringing { early_media: false })], ..Default::default() };
        let ringing = view.clone();
        view.calls[0].answered_at = Some(Timestamp(5));
        view.calls[0].state = CallState::Active;
        assert_eq!(changes(&ringing, &view, Timestamp(5)), [Line::Answered { call: 1 }]);
        let talking = view.clone();
        view.calls[0].state = CallState::TheyHold;
        assert_eq!(changes(&talking, &view, Timestamp(6)), [Line::Held { call: 1, by: Side::Remote }]);
    }

    #[test]
    fn a_busy_end_bears_its_status() {
        let ringing = PhoneView { calls: vec![call_in(CallState::Calling)], ..Default::default() };
        let mut over = ringing.clone();
        let problem = Problem::new(ErrorCode::Busy).detailed("486 Busy Here");
        over.calls[0].state = CallState::Ended { reason: EndReason::Failed, problem: Some(problem) };
        let lines = changes(&ringing, &over, Timestamp(5));
        assert!(matches!(&lines[..], [Line::Ended { status: Some(486), code, .. }] if code == "busy"), "{lines:?}");
    }

    #[test]
    fn codes_are_written_as_scripts_write_them() {
        assert_eq!(code_name(ErrorCode::WrongPassword), "wrong_password");
    }

    fn call_in(state: CallState) -> CallView {
        CallView {
            id: CallId(1),
            account: AccountId(1),
            direction: CallDirection::Outgoing,
            party: Party { name: None, number: "602".into(), address: None },
            called_for: None,
            state,
            since: Timestamp(0),
            started_at: Timestamp(0),
            answered_at: None,
            muted: false,
            can: CallCapabilities::default(),
            security: Security::Pending,
            codec: None,
            quality: None,
            digits: String::new(),
            received_digits: String::new(),
            transfer: None,
            consultation: None,
            problem: None,
        }
    }
}
