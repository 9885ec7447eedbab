//! What the layers below say went wrong, in the codes that the UI has words for.

use bellbird_contract::{ErrorCode, Outcome, Problem};
use bellbird_sip::agent::{CallEnd, EndReason, FlowEnd, RegistrationFailure, ResolveFailure};
use bellbird_sip::status::StatusCode;

use crate::io::MediaRefusal;

/// Why an account is not registered. `address` and `server` are as people write them.
pub(crate) fn of_registration(failure: &RegistrationFailure, address: &str, server: &str) -> Problem {
    let problem = match failure {
        RegistrationFailure::WrongPassword | RegistrationFailure::NoPassword => Problem::new(ErrorCode::WrongPassword),
        RegistrationFailure::UntrustedChallenge => {
            Problem::new(ErrorCode::RegistrationRefused).detailed("the server's challenge is not trusted")
        }
        RegistrationFailure::Refused(status, reason) => {
            Problem::new(refused(*status)).detailed(format!("{status} {reason}"))
        }
        RegistrationFailure::Unavailable(status, reason) => {
            Problem::new(ErrorCode::ServerUnavailable).detailed(format!("{status} {reason}"))
        }
        RegistrationFailure::NoAnswer => Problem::new(ErrorCode::ServerUnreachable).detailed("no answer in time"),
        RegistrationFailure::Resolve(ResolveFailure::NotFound) => Problem::new(ErrorCode::ServerNotFound),
        RegistrationFailure::Resolve(ResolveFailure::Unreachable) => {
            Problem::new(ErrorCode::Offline).detailed("no name server answers")
        }
        RegistrationFailure::Connection(end) => of_flow(*end),
    };
    problem.with("address", address).with("server", server)
}

/// Whether no server was reached at all, so that no call can go out either.
pub(crate) const fn is_offline(failure: &RegistrationFailure) -> bool {
    matches!(
        failure,
        RegistrationFailure::NoAnswer | RegistrationFailure::Resolve(_) | RegistrationFailure::Connection(_)
    )
}

fn refused(status: StatusCode) -> ErrorCode {
    match status.code() {
        404 | 410 | 604 => ErrorCode::UnknownUser,
        403 => ErrorCode::Forbidden,
        _ => ErrorCode::RegistrationRefused,
    }
}

fn of_flow(end: FlowEnd) -> Problem {
    let (code, details) = match end {
        FlowEnd::BadCertificate => (ErrorCode::CertificateInvalid, "the certificate is not good for this name"),
        FlowEnd::HandshakeFailed => (ErrorCode::ServerUnreachable, "the handshake failed"),
        FlowEnd::Refused => (ErrorCode::ServerUnreachable, "nobody listens there"),
        FlowEnd::TimedOut => (ErrorCode::ServerUnreachable, "no connection in time"),
        FlowEnd::Unreachable => (ErrorCode::Offline, "there is no way there"),
        FlowEnd::Closed | FlowEnd::Broken | FlowEnd::Ours => (ErrorCode::ServerUnreachable, "the connection was lost"),
    };
    Problem::new(code).detailed(details)
}

/// What there is to tell when a call that we made ended before it was answered.
pub(crate) fn of_outgoing(end: &CallEnd, target: &str) -> Option<Problem> {
    let code = match end.reason {
        EndReason::HungUp
        | EndReason::Cancelled
        | EndReason::Replaced
        | EndReason::Transferred
        | EndReason::Redirected => {
            return None;
        }
        EndReason::Busy => ErrorCode::Busy,
        EndReason::Declined => ErrorCode::Declined,
        EndReason::NoAnswer => ErrorCode::NoAnswer,
        EndReason::Unavailable => ErrorCode::Unavailable,
        EndReason::NotFound => not_found(end.status),
        EndReason::NotAcceptable => ErrorCode::NoCodecInCommon,
        EndReason::WrongPassword => ErrorCode::WrongPassword,
        EndReason::Refused => refused_call(end.status),
        EndReason::ServerFailed => ErrorCode::ServerUnavailable,
        EndReason::NoResponse | EndReason::Unreachable => ErrorCode::ServerUnreachable,
        EndReason::AnsweredElsewhere => return None,
        EndReason::Lost => ErrorCode::ConnectionLost,
    };
    Some(with_details(Problem::new(code).with("target", target), end))
}

/// What there is to tell when a call ended after it was answered.
pub(crate) fn of_answered(end: &CallEnd, target: &str) -> Option<Problem> {
    let lost = matches!(
        end.reason,
        EndReason::Lost | EndReason::NoResponse | EndReason::Unreachable | EndReason::ServerFailed
    );
    lost.then(|| with_details(Problem::new(ErrorCode::ConnectionLost).with("target", target), end))
}

fn not_found(status: Option<StatusCode>) -> ErrorCode {
    match status.map(StatusCode::code) {
        Some(484) => ErrorCode::NumberIncomplete,
        _ => ErrorCode::NotFound,
    }
}

fn refused_call(status: Option<StatusCode>) -> ErrorCode {
    match status.map(StatusCode::code) {
        Some(403) => ErrorCode::Forbidden,
        Some(484) => ErrorCode::NumberIncomplete,
        _ => ErrorCode::CallFailed,
    }
}

fn with_details(problem: Problem, end: &CallEnd) -> Problem {
    let text = end.text.clone().unwrap_or_default();
    match end.status {
        Some(status) if text.is_empty() => problem.detailed(format!("{} {}", status.code(), status.reason())),
        Some(status) => problem.detailed(format!("{} {text}", status.code())),
        None if text.is_empty() => problem,
        None => problem.detailed(text),
    }
}

/// What became of a call that we made and that nobody answered.
pub(crate) const fn outcome_of_outgoing(reason: EndReason) -> Outcome {
    match reason {
        EndReason::Busy => Outcome::Busy,
        EndReason::Declined => Outcome::Declined,
        EndReason::NoAnswer => Outcome::NoAnswer,
        EndReason::HungUp | EndReason::Cancelled => Outcome::Cancelled,
        EndReason::AnsweredElsewhere => Outcome::AnsweredElsewhere,
        EndReason::Unavailable
        | EndReason::NotFound
        | EndReason::NotAcceptable
        | EndReason::WrongPassword
        | EndReason::Refused
        | EndReason::ServerFailed
        | EndReason::NoResponse
        | EndReason::Unreachable
        | EndReason::Redirected
        | EndReason::Replaced
        | EndReason::Transferred
        | EndReason::Lost => Outcome::Failed,
    }
}

/// Why there is no sound in common.
pub(crate) fn of_media(refusal: &MediaRefusal, target: &str) -> Problem {
    let problem = match refusal {
        MediaRefusal::NoCodec => Problem::new(ErrorCode::NoCodecInCommon),
        MediaRefusal::Security => Problem::new(ErrorCode::SecurityMismatch),
        MediaRefusal::BadSdp => {
            Problem::new(ErrorCode::CallFailed).detailed("the other side's SDP can't be understood")
        }
        MediaRefusal::Local => Problem::new(ErrorCode::CallFailed).detailed("no port or key for the sound"),
    };
    problem.with("target", target)
}

#[cfg(test)]
mod tests {
    use bellbird_sip::agent::EndedBy;

    use super::*;

    fn end(reason: EndReason, status: u16) -> CallEnd {
        CallEnd { by: EndedBy::Remote, reason, status: StatusCode::new(status), text: None }
    }

    #[test]
    fn busy_is_told_with_target_and_small_print() {
        let problem = of_outgoing(&end(EndReason::Busy, 486), "601").unwrap();
        assert_eq!(problem.code, ErrorCode::Busy);
        assert_eq!(problem.params["target"], "601");
        assert_eq!(problem.details.unwrap(), "486 Busy Here");
    }

    #[test]
    fn hanging_up_is_no_problem() {
        assert_eq!(of_outgoing(&end(EndReason::Cancelled, 487), "601"), None);
        assert_eq!(of_answered(&end(EndReason::HungUp, 200), "601"), None);
        assert_eq!(of_answered(&end(EndReason::Lost, 481), "601").unwrap().code, ErrorCode::ConnectionLost);
    }

    #[test]
    fn refused_registration_is_told_apart_by_status() {
        let failure = |code| RegistrationFailure::Refused(StatusCode::new(code).unwrap(), "No".to_owned());
        let code = |failure| of_registration(&failure, "a@b", "b").code;
        assert_eq!(code(failure(404)), ErrorCode::UnknownUser);
        assert_eq!(code(failure(403)), ErrorCode::Forbidden);
        assert_eq!(code(failure(423)), ErrorCode::RegistrationRefused);
        assert_eq!(code(RegistrationFailure::Connection(FlowEnd::BadCertificate)), ErrorCode::CertificateInvalid);
    }
}
