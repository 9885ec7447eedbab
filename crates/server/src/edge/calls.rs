//! Calls that the server sets up for a user: his own phone first, then the other side (C2).

use std::collections::BTreeMap;

use bellbird_contract::Party;
use bellbird_contract::server::{
    ApiProblem, CallMethod, CallProgress, CallProgressState, DeviceName, OrgId, ServerCallId, ServerErrorCode, UserId,
    VoipAccountId,
};
use bellbird_exchange::FirstLeg;
use bellbird_exchange::Input;
use bellbird_exchange::directory::{AccountRouting, Directory, Internal, UserRouting};
use bellbird_exchange::node::{Progress, SessionId};
use bellbird_exchange::routing::{Refusal, WhoIsWhere as _};
use bellbird_exchange::words::AccountKind;
use bellbird_net::clock;
use bellbird_sip::status::StatusCode;

use super::CallOrder;
use super::driver::Driver;
use super::ids::{Local as _, device_outward};
use crate::domain::Change;

/// Calls that the server set up and that go on.
#[derive(Default)]
pub(crate) struct ServedCalls(BTreeMap<SessionId, Served>);

struct Served {
    org: OrgId,
    user: UserId,
    progress: CallProgress,
}

impl ServedCalls {
    pub(super) fn session(&self, id: &ServerCallId) -> Option<SessionId> {
        self.0.iter().find(|(_, served)| served.progress.id == *id).map(|(session, _)| *session)
    }
}

impl Driver {
    pub(super) fn start_call(&mut self, org: OrgId, order: &CallOrder) -> Result<CallProgress, ServerErrorCode> {
        let directory = self.directory(org).ok_or(ServerErrorCode::Unavailable)?;
        let user = directory.users.get(&order.user.inward(org)).ok_or(ServerErrorCode::NotFound)?;
        let (first, via) = self.first_leg(&directory, user, order.method)?;
        // The exchange's clock is set to now.
        self.feed(Input::Timeout(clock::now()));
        let session = self.exchange.dial(org, user.id, &first, order.target.trim(), order.withhold_number);
        let session = session.map_err(|refusal| refused(&refusal))?;
        let progress = CallProgress {
            id: ServerCallId(uuid::Uuid::new_v4().to_string()),
            target: target(&directory, order.target.trim()),
            via: device_outward(via),
            state: CallProgressState::RingingYou,
        };
        self.calls.0.insert(session, Served { org, user: order.user, progress: progress.clone() });
        self.tell_progress(session, progress.state.clone());
        Ok(progress)
    }

    fn first_leg(
        &self,
        directory: &Directory,
        user: &UserRouting,
        method: CallMethod,
    ) -> Result<(FirstLeg, DeviceName), ServerErrorCode> {
        match method {
            CallMethod::DeskPhone => {
                let phone = self.desk_phone(directory, user)?;
                let (number, name) = (phone.number.clone().unwrap_or_default(), phone.name.clone());
                Ok((FirstLeg::DeskPhone(phone.id), DeviceName::DeskPhone { account: phone.id, number, name }))
            }
            CallMethod::Mobile => {
                let own = user.telephony.call_back_number.clone();
                let linked = || user.telephony.linked_number.as_ref().map(|linked| linked.number.clone());
                let number = own.or_else(linked).ok_or(ServerErrorCode::NoExternalNumber)?;
                Ok((FirstLeg::Number(number.clone()), DeviceName::External { number, name: None }))
            }
            CallMethod::Softphone | CallMethod::Unknown => Err(ServerErrorCode::FieldInvalid),
        }
    }

    /// The desk phone that the user chose, else the one that is registered.
    fn desk_phone<'d>(
        &self,
        directory: &'d Directory,
        user: &UserRouting,
    ) -> Result<&'d AccountRouting, ServerErrorCode> {
        let is_desk = |account: &&AccountRouting| matches!(account.kind, AccountKind::DeskPhone { .. });
        let phones: Vec<&AccountRouting> = directory.accounts_of(user.id).filter(is_desk).collect();
        let is_there = |id: VoipAccountId| !self.exchange.registrar().reachable(id).is_empty();
        let chosen = phones.iter().find(|phone| Some(phone.id) == user.telephony.desk_phone);
        match (chosen, phones.iter().find(|phone| is_there(phone.id))) {
            (Some(chosen), _) if is_there(chosen.id) => Ok(chosen),
            (None, Some(phone)) => Ok(phone),
            (Some(_), _) => Err(ServerErrorCode::DeskPhoneNotRegistered),
            (None, None) if phones.is_empty() => Err(ServerErrorCode::NoDeskPhone),
            (None, None) => Err(ServerErrorCode::DeskPhoneNotRegistered),
        }
    }

    pub(super) fn served_progress(&mut self, session: SessionId, progress: &Progress) {
        match progress {
            Progress::FirstAnswered(_) => self.tell_progress(session, CallProgressState::RingingThem),
            Progress::Connected(..) => self.tell_progress(session, CallProgressState::Talking),
            Progress::Called(..) | Progress::Ringing(_) | Progress::NotTaken(..) | Progress::Failed(_) => {}
        }
    }

    pub(super) fn served_over(&mut self, session: SessionId, failed: Option<StatusCode>) {
        let problem = failed.map(|status| ApiProblem::new(code_of(status), "The call was not connected."));
        self.tell_progress(session, CallProgressState::Ended { problem });
        self.calls.0.remove(&session);
    }

    fn tell_progress(&mut self, session: SessionId, state: CallProgressState) {
        let Some(served) = self.calls.0.get_mut(&session) else { return };
        served.progress.state = state;
        let (org, user, call) = (served.org, served.user, served.progress.clone());
        if self.memory.lock().progress(org, user, &call) {
            self.publish(org, Change::CallProgress { user, call: Box::new(call) });
        }
    }
}

/// A plan names two ways to lack a phone only by its words; the status tells what went wrong.
fn refused(refusal: &Refusal) -> ServerErrorCode {
    code_of(refusal.status)
}

fn code_of(status: StatusCode) -> ServerErrorCode {
    match status.code() {
        403 => ServerErrorCode::MakingCallsOff,
        404 | 484 | 604 => ServerErrorCode::UnknownTarget,
        503 => ServerErrorCode::TrunkUnavailable,
        _ => ServerErrorCode::Unavailable,
    }
}

fn target(directory: &Directory, dialled: &str) -> Party {
    let name = match directory.internal(dialled) {
        Some(Internal::User(user)) => directory.users.get(&user).map(|user| user.name.clone()),
        Some(Internal::Account(account)) => directory.accounts.get(&account).map(|account| account.name.clone()),
        None => None,
    };
    Party { name, number: dialled.to_owned(), address: Some(dialled.to_owned()) }
}
