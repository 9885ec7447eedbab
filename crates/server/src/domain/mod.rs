//! The rules of the house that need no storage and no network.

mod actor;
mod change;
mod checks;
mod clock;
mod emergency;

pub use actor::Actor;
pub use change::Change;
pub(crate) use checks::{
    PASSWORD_LEAST, check_draft, check_email, check_extension, check_password, check_personal, check_text,
    check_time_zone, check_words,
};
pub use clock::{now, utc_offset_minutes};
pub use emergency::emergency_numbers;
