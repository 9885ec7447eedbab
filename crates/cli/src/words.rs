//! Problems in words for a person at a terminal, and as exit codes for a script.

use bellbird_contract::server::ServerTrouble;
use bellbird_contract::{ErrorCode, Problem};

use crate::watch::code_name;

/// What the program ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A call took place, or the registration stood.
    Done = 0,
    /// Something general, or a message that `inspect` refuses.
    Failed = 1,
    /// The command line or the account file.
    Usage = 2,
    /// The server refused the registration.
    RegistrationRefused = 3,
    /// Busy or declined.
    Busy = 4,
    /// Nobody answered.
    NoAnswer = 5,
    /// Refused for another reason.
    Refused = 6,
    /// No network, no server.
    Unreachable = 7,
    /// No sound device.
    NoDevice = 8,
}

/// The exit code that a problem leads to.
pub(crate) const fn exit_code(code: ErrorCode) -> Exit {
    match code {
        ErrorCode::WrongPassword
        | ErrorCode::UnknownUser
        | ErrorCode::RegistrationRefused
        | ErrorCode::CertificateInvalid
        | ErrorCode::NotAServer
        | ErrorCode::ClientTooOld
        | ErrorCode::ServerTooOld
        | ErrorCode::LoggedOut => Exit::RegistrationRefused,
        ErrorCode::Busy | ErrorCode::Declined => Exit::Busy,
        ErrorCode::NoAnswer | ErrorCode::Unavailable => Exit::NoAnswer,
        ErrorCode::Forbidden
        | ErrorCode::MakingCallsOff
        | ErrorCode::NotFound
        | ErrorCode::NumberIncomplete
        | ErrorCode::NoCodecInCommon
        | ErrorCode::SecurityMismatch
        | ErrorCode::CallFailed => Exit::Refused,
        ErrorCode::ServerNotFound
        | ErrorCode::ServerUnreachable
        | ErrorCode::ServerUnavailable
        | ErrorCode::Offline
        | ErrorCode::ConnectionLost => Exit::Unreachable,
        ErrorCode::NoMicrophone | ErrorCode::NoSpeaker | ErrorCode::MicrophoneRefused => Exit::NoDevice,
        ErrorCode::FieldInvalid | ErrorCode::NoAccount | ErrorCode::InvalidTarget | ErrorCode::LinkInvalid => {
            Exit::Usage
        }
        ErrorCode::NoAudio
        | ErrorCode::HoldRefused
        | ErrorCode::TransferFailed
        | ErrorCode::DeviceLost
        | ErrorCode::StorageFailed
        | ErrorCode::StorageNewer
        | ErrorCode::StorageDamaged
        | ErrorCode::KeyStoreMissing
        | ErrorCode::Unknown => Exit::Failed,
    }
}

/// What the server or the way to it said, as a script reads it.
pub(crate) const fn exit_of(trouble: &ServerTrouble) -> Exit {
    match trouble {
        ServerTrouble::Here { problem } => exit_code(problem.code),
        ServerTrouble::There { problem } => match problem.status {
            401 => Exit::RegistrationRefused,
            429 | 500.. => Exit::Unreachable,
            _ => Exit::Refused,
        },
        ServerTrouble::Unknown => Exit::Failed,
    }
}

/// What the server or the way to it said, in words.
pub(crate) fn trouble_sentence(trouble: &ServerTrouble) -> String {
    match trouble {
        ServerTrouble::Here { problem } => sentence(problem),
        ServerTrouble::There { problem } => {
            let by = problem.params.get("by").map(|by| format!(" ({by})")).unwrap_or_default();
            let words = if problem.title.is_empty() { code_name(problem.code) } else { problem.title.clone() };
            format!("{words}{by}")
        }
        ServerTrouble::Unknown => "Something went wrong.".to_owned(),
    }
}

/// What happened and what to do about it.
pub(crate) fn sentence(problem: &Problem) -> String {
    let of = |name: &str| problem.params.get(name).map_or("the other side", String::as_str);
    let words = match problem.code {
        ErrorCode::WrongPassword => format!(
            "The password does not fit {}. Put the right one into BELLBIRD_SECRET; mind that the user name for \
             authentication may be another one (user = … in the account file).",
            of("address")
        ),
        ErrorCode::UnknownUser => {
            format!("The server knows no {}. Check the address in the account file.", of("address"))
        }
        ErrorCode::Forbidden => {
            "The server forbids it. Ask whoever runs it whether this account may do that.".to_owned()
        }
        ErrorCode::ServerNotFound => {
            format!("No server is called {}. Check the spelling, and that this computer is online.", of("server"))
        }
        ErrorCode::ServerUnreachable => format!(
            "Nobody answers at {}. Check the address, port and transport, and whether a firewall is between.",
            of("server")
        ),
        ErrorCode::ServerUnavailable => {
            format!("{} has trouble of its own. It is tried again by itself.", of("server"))
        }
        ErrorCode::CertificateInvalid => format!(
            "The certificate of {} is not to be trusted. If it is signed by your own authority, name that with ca = \
             \"file.pem\" in the account file.",
            of("server")
        ),
        ErrorCode::RegistrationRefused => format!("{} refused the registration.", of("server")),
        ErrorCode::Offline => "This computer has no network.".to_owned(),
        ErrorCode::NoAccount => {
            "There is no account to call with. Give one with --account FILE or --address sip:you@provider, or log in to a \
             server with bellbird login and say --server.".to_owned()
        }
        ErrorCode::InvalidTarget => {
            format!("{} is neither a number nor an address. Try 0201234567 or sip:name@domain.", of("target"))
        }
        ErrorCode::Busy => format!("{} is on another call.", of("target")),
        ErrorCode::Declined => format!("{} declined.", of("target")),
        ErrorCode::NoAnswer => format!("{} did not answer.", of("target")),
        ErrorCode::NotFound => format!("Nobody has the number or address {}. Check it.", of("target")),
        ErrorCode::Unavailable => format!("{} can't be reached now.", of("target")),
        ErrorCode::NumberIncomplete => format!("The number {} is not complete.", of("target")),
        ErrorCode::NoCodecInCommon => {
            "The two phones have no codec in common. Allow more with --codecs opus,g722,pcma,pcmu.".to_owned()
        }
        ErrorCode::SecurityMismatch => {
            "One side demands encrypted sound and the other has none. Change srtp in the account file.".to_owned()
        }
        ErrorCode::CallFailed => "The call failed.".to_owned(),
        ErrorCode::ConnectionLost => "The connection was lost during the call.".to_owned(),
        ErrorCode::NoAudio => "No sound arrives from the other side. A firewall may keep RTP out.".to_owned(),
        ErrorCode::NoMicrophone => {
            "There is no microphone. Plug one in, play a file with --play, or use --null-audio.".to_owned()
        }
        ErrorCode::NoSpeaker => "There is no speaker. Plug one in, or use --null-audio.".to_owned(),
        ErrorCode::MicrophoneRefused => {
            "The system does not let Bellbird use the microphone. Allow it in the system's privacy settings.".to_owned()
        }
        ErrorCode::DeviceLost => format!("{} is gone; {} is used instead.", of("device"), of("inUse")),
        ErrorCode::TransferFailed => "The transfer failed; the call is still here.".to_owned(),
        ErrorCode::HoldRefused => "The other side refused to be held.".to_owned(),
        ErrorCode::KeyStoreMissing => {
            "There is no key store on this system: passwords are kept in an encrypted file.".to_owned()
        }
        ErrorCode::StorageFailed | ErrorCode::StorageNewer | ErrorCode::StorageDamaged => {
            "The history could not be read or written.".to_owned()
        }
        ErrorCode::FieldInvalid => format!("The field {} can't be right.", of("field")),
        ErrorCode::MakingCallsOff => {
            format!("{} turned making calls off. You can still answer, and emergency numbers always dial.", of("by"))
        }
        ErrorCode::NotAServer => format!("What answers at {} is no Bellbird server. Check the address.", of("server")),
        ErrorCode::LinkInvalid => "The link is not complete or not an invitation. Copy it whole.".to_owned(),
        ErrorCode::ClientTooOld => format!("{} needs a newer Bellbird than this one.", of("server")),
        ErrorCode::ServerTooOld => format!("{} is older than this Bellbird can talk to.", of("server")),
        ErrorCode::LoggedOut => format!("{} logged this client out. Log in again.", of("server")),
        ErrorCode::Unknown => "Something went wrong.".to_owned(),
    };
    match &problem.details {
        Some(details) => format!("{words} ({details})"),
        None => words,
    }
}
