//! Call records from what the exchange tells of a call that is over.

use bellbird_contract::server::{CallOutcome, CallRecord, CallRecordId, Cause};
use bellbird_contract::{CallDirection, Party, Timestamp};
use bellbird_exchange::directory::{Directory, UserRouting};
use bellbird_exchange::routing::{Call, Called, Caller, Why};
use bellbird_exchange::{CallReport, Routed};
use bellbird_sip::message::{Fields as _, HeaderName};
use bellbird_sip::status::StatusCode;

use super::ids::{Local as _, reason_outward};

/// A record of a call that was connected, or rang.
pub(crate) fn of_report(report: CallReport, directory: Option<&Directory>) -> CallRecord {
    let answered_by = report.answered_by.as_ref().and_then(|device| name_of(device, &report.reasons));
    let to = answered_by.as_ref().and_then(|_| answering_party(&report, directory));
    let outcome = outcome(&report);
    CallRecord {
        id: new_id(),
        direction: direction(&report.call),
        from: caller(&report.call, directory),
        dialled: dialled(&report.call, directory),
        to: to.or_else(|| called(&report.call, directory)),
        caller: caller_user(&report.call, directory).map(|user| user.id.outward()),
        users: report.users.iter().map(|user| user.outward()).collect(),
        call_ids: report.call_ids.into_iter().collect(),
        started: report.started,
        answered: report.answered,
        ended: Some(report.ended),
        outcome,
        answered_by,
        why: report.reasons.into_iter().map(|why| reason_outward(why.reason)).collect(),
    }
}

/// A record that began in an earlier life, and who took part since.
pub(crate) fn of_both(mut earlier: CallRecord, since: Option<&CallReport>) -> CallRecord {
    let joined = since.into_iter().flat_map(|report| &report.users).map(|user| user.outward());
    let joined: Vec<_> = joined.filter(|user| !earlier.users.contains(user)).collect();
    earlier.users.extend(joined);
    earlier
}

/// A record of a call that was refused before anything rang.
pub(crate) fn of_refusal(routed: &Routed, directory: Option<&Directory>, now: Timestamp) -> CallRecord {
    let why: Vec<Why> = routed.plan.reasons(&[]);
    let users = [caller_user(&routed.call, directory), called_user(&routed.call, directory)];
    CallRecord {
        id: new_id(),
        direction: direction(&routed.call),
        from: caller(&routed.call, directory),
        dialled: dialled(&routed.call, directory),
        to: called(&routed.call, directory),
        caller: users[0].map(|user| user.id.outward()),
        users: users.into_iter().flatten().map(|user| user.id.outward()).collect(),
        call_ids: (&routed.invite.request.headers).text(HeaderName::CallId).map(str::to_owned).into_iter().collect(),
        started: now,
        answered: None,
        ended: Some(now),
        outcome: outcome_of_refusal(&why),
        answered_by: None,
        why: why.into_iter().map(|why| reason_outward(why.reason)).collect(),
    }
}

fn new_id() -> CallRecordId {
    CallRecordId(uuid::Uuid::new_v4().to_string())
}

fn direction(call: &Call) -> CallDirection {
    match call.caller {
        Caller::Trunk { .. } | Caller::Stranger { .. } => CallDirection::Incoming,
        Caller::Account { .. } | Caller::User(_) => CallDirection::Outgoing,
    }
}

fn outcome(report: &CallReport) -> CallOutcome {
    let had = |cause: Cause| report.reasons.iter().any(|why| why.reason.cause == cause);
    match (report.answered, report.failed.map(StatusCode::code)) {
        (Some(_), _) => CallOutcome::Answered,
        (None, _) if had(Cause::Declined) => CallOutcome::Declined,
        (None, _) if had(Cause::DoNotDisturb) => CallOutcome::HeldBack,
        (None, None) => CallOutcome::CallerHungUp,
        (None, Some(486 | 600)) => CallOutcome::Busy,
        (None, Some(403)) => CallOutcome::Refused,
        (None, Some(408 | 480 | 487)) => CallOutcome::NoAnswer,
        (None, Some(_)) => CallOutcome::Failed,
    }
}

/// Nothing rang. Whoever could not be reached did not answer; what is left was not permitted.
fn outcome_of_refusal(why: &[Why]) -> CallOutcome {
    let had = |causes: &[Cause]| why.iter().any(|why| causes.contains(&why.reason.cause));
    if had(&[Cause::DoNotDisturb]) {
        CallOutcome::HeldBack
    } else if had(&[Cause::OnAnotherCall]) {
        CallOutcome::Busy
    } else if had(&[Cause::NotRegistered, Cause::NoDevice, Cause::NotAvailable, Cause::ReceiveOffEverywhere]) {
        CallOutcome::NoAnswer
    } else if had(&[Cause::UnknownNumber, Cause::NumberUnassigned, Cause::NoTrunk, Cause::Loop]) {
        CallOutcome::Failed
    } else {
        CallOutcome::Refused
    }
}

fn name_of(
    device: &bellbird_exchange::routing::Device,
    reasons: &[Why],
) -> Option<bellbird_contract::server::DeviceName> {
    let why = reasons.iter().find(|why| why.device == *device)?;
    why.reason.device.clone().map(super::ids::device_outward)
}

fn answering_party(report: &CallReport, directory: Option<&Directory>) -> Option<Party> {
    let device = report.answered_by.as_ref()?;
    let why = report.reasons.iter().find(|why| why.device == *device)?;
    Some(party(directory?.users.get(&why.reason.user?)?))
}

fn party(user: &UserRouting) -> Party {
    let number = user.number().map(str::to_owned);
    Party { name: Some(user.name.clone()), number: number.clone().unwrap_or_default(), address: number }
}

fn plain(number: &str, name: Option<&str>) -> Party {
    Party { name: name.map(str::to_owned), number: number.to_owned(), address: Some(number.to_owned()) }
}

fn caller_user<'d>(call: &Call, directory: Option<&'d Directory>) -> Option<&'d UserRouting> {
    let directory = directory?;
    let user = match &call.caller {
        Caller::Account { account, .. } => directory.accounts.get(account)?.user()?,
        Caller::User(user) => *user,
        Caller::Trunk { .. } | Caller::Stranger { .. } => return None,
    };
    directory.users.get(&user)
}

fn caller(call: &Call, directory: Option<&Directory>) -> Party {
    if let Some(user) = caller_user(call, directory) {
        return party(user);
    }
    let unknown = || Party { name: None, number: String::new(), address: None };
    match &call.caller {
        Caller::Trunk { number: Some(number), name, .. } => plain(number, name.as_deref()),
        Caller::Stranger { name } => Party { name: name.clone(), ..unknown() },
        Caller::Account { account, .. } => {
            let known = directory.and_then(|directory| directory.accounts.get(account));
            known.map_or_else(unknown, |known| plain(known.number.as_deref().unwrap_or_default(), Some(&known.name)))
        }
        Caller::Trunk { number: None, .. } | Caller::User(_) => unknown(),
    }
}

fn called_user<'d>(call: &Call, directory: Option<&'d Directory>) -> Option<&'d UserRouting> {
    use bellbird_exchange::directory::Internal;
    let directory = directory?;
    let user = match &call.called {
        Called::Dialled(number) => match directory.internal(number)? {
            Internal::User(user) => user,
            Internal::Account(account) => directory.accounts.get(&account)?.user()?,
        },
        Called::User(user) => *user,
        Called::Account(account) => directory.accounts.get(account)?.user()?,
    };
    directory.users.get(&user)
}

fn called(call: &Call, directory: Option<&Directory>) -> Option<Party> {
    called_user(call, directory).map(party)
}

fn dialled(call: &Call, directory: Option<&Directory>) -> String {
    match &call.called {
        Called::Dialled(number) => number.clone(),
        Called::User(_) | Called::Account(_) => called(call, directory).map(|party| party.number).unwrap_or_default(),
    }
}
