//! What a trunk's answer means, in words.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{TrunkTest, TrunkTestOutcome};
use bellbird_sip::agent::{OptionsEnd, RegistrationFailure, RegistrationState};

/// What is known before the time of the answer.
pub(super) struct Finding {
    pub(super) outcome: TrunkTestOutcome,
    pub(super) status: Option<u16>,
}

impl Finding {
    const fn new(outcome: TrunkTestOutcome) -> Self {
        Self { outcome, status: None }
    }

    /// Somebody answered OPTIONS; 404 or 405 come from trunks that work, too.
    pub(super) fn of_options(end: &OptionsEnd) -> Self {
        match end {
            OptionsEnd::Answered(status, _) => Self { status: Some(status.code()), ..Self::of_status(status.code()) },
            OptionsEnd::NoAnswer => Self::new(TrunkTestOutcome::NoAnswer),
            OptionsEnd::Resolve(_) => Self::new(TrunkTestOutcome::UnknownHost),
            OptionsEnd::Connection(_) => Self::new(TrunkTestOutcome::NoConnection),
        }
    }

    /// How a registration stands; nothing while it is under way.
    pub(super) fn of_registration(state: &RegistrationState) -> Option<Self> {
        match state {
            RegistrationState::Registered(_) => Some(Self { status: Some(200), ..Self::new(TrunkTestOutcome::Works) }),
            RegistrationState::Retrying { failure, .. } | RegistrationState::Failed(failure) => {
                Some(Self::of_failure(failure))
            }
            RegistrationState::Registering | RegistrationState::Unregistering | RegistrationState::Unregistered => None,
        }
    }

    fn of_failure(failure: &RegistrationFailure) -> Self {
        let answered = |outcome, status| Self { status: Some(status), ..Self::new(outcome) };
        match failure {
            RegistrationFailure::Refused(status, _) => answered(TrunkTestOutcome::Refused, status.code()),
            RegistrationFailure::Unavailable(status, _) => answered(TrunkTestOutcome::Trouble, status.code()),
            RegistrationFailure::WrongPassword => answered(TrunkTestOutcome::WrongPassword, 401),
            RegistrationFailure::UntrustedChallenge => answered(TrunkTestOutcome::Refused, 401),
            RegistrationFailure::NoPassword => answered(TrunkTestOutcome::NoPassword, 401),
            RegistrationFailure::NoAnswer => Self::new(TrunkTestOutcome::NoAnswer),
            RegistrationFailure::Resolve(_) => Self::new(TrunkTestOutcome::UnknownHost),
            RegistrationFailure::Connection(_) => Self::new(TrunkTestOutcome::NoConnection),
        }
    }

    fn of_status(status: u16) -> Self {
        Self::new(match status {
            403 => TrunkTestOutcome::Refused,
            408 | 500 | 502..=504 => TrunkTestOutcome::Trouble,
            _ => TrunkTestOutcome::Works,
        })
    }

    /// Whether calls may go this way.
    pub(super) fn is_up(&self) -> bool {
        self.outcome == TrunkTestOutcome::Works
    }

    pub(super) fn test(&self, at: Timestamp, millis: Option<u32>) -> TrunkTest {
        let millis = millis.filter(|_| self.status.is_some());
        TrunkTest { at, outcome: self.outcome, words: words(self.outcome).to_owned(), status: self.status, millis }
    }
}

/// Nothing came in time.
pub(super) fn silent(at: Timestamp) -> TrunkTest {
    Finding::new(TrunkTestOutcome::NoAnswer).test(at, None)
}

/// It is turned off, or lacks what it needs to register.
pub(super) fn not_asked(at: Timestamp, outcome: TrunkTestOutcome) -> TrunkTest {
    Finding::new(outcome).test(at, None)
}

const fn words(outcome: TrunkTestOutcome) -> &'static str {
    match outcome {
        TrunkTestOutcome::Works => "The trunk answers: calls can come and go.",
        TrunkTestOutcome::Off => "The trunk is turned off. Turn it on and test again.",
        TrunkTestOutcome::NoPassword => "The trunk wants a password and none is set. Type the provider's password.",
        TrunkTestOutcome::WrongPassword => "The provider does not accept user name and password. Type them again.",
        TrunkTestOutcome::Refused => {
            "The provider answers, and refuses this server. Ask him whether he knows its address and user name."
        }
        TrunkTestOutcome::Trouble => "The provider answers, and has trouble of his own. Try again in a few minutes.",
        TrunkTestOutcome::NoAnswer => {
            "Nobody answered. Check the server's name, the transport, and whether a firewall is between."
        }
        TrunkTestOutcome::UnknownHost => "Nobody knows the server's name. Check how it is written.",
        TrunkTestOutcome::NoConnection => {
            "The server refuses the connection. Check port and transport, and for TLS its certificate."
        }
        TrunkTestOutcome::Unknown => "The trunk was not tested.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bellbird_sip::status::StatusCode;

    #[test]
    fn an_answer_that_only_shows_that_somebody_is_there_is_enough() {
        let answered = |code| OptionsEnd::Answered(StatusCode::new(code).unwrap(), String::new());
        let outcome = |code| Finding::of_options(&answered(code)).outcome;
        assert_eq!([200, 404, 405, 401, 501].map(outcome), [TrunkTestOutcome::Works; 5]);
        assert_eq!([408, 500, 503].map(outcome), [TrunkTestOutcome::Trouble; 3]);
        assert_eq!(outcome(403), TrunkTestOutcome::Refused);
        assert_eq!(Finding::of_options(&OptionsEnd::NoAnswer).status, None);
    }

    #[test]
    fn a_wrong_password_is_told_and_a_registration_under_way_is_not() {
        let failed = RegistrationState::Failed(RegistrationFailure::WrongPassword);
        let finding = Finding::of_registration(&failed).unwrap();
        assert_eq!(finding.test(Timestamp(1), Some(7)).millis, Some(7));
        assert!(finding.test(Timestamp(1), None).words.contains("password") && !finding.is_up());
        assert!(Finding::of_registration(&RegistrationState::Registering).is_none());
    }
}
