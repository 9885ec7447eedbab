use bellbird_contract::server::{Personal, UserDraft};

use crate::store::StoreError;

/// Longer is a mistake, or meant to hurt.
const LONGEST: usize = 200;
/// What people may type freely.
const LONGEST_TEXT: usize = 4_000;
/// At so many numbers somebody can be reached.
const MOST_NUMBERS: usize = 20;
/// Characters that a password needs.
pub(crate) const PASSWORD_LEAST: usize = 10;
/// More only keeps the hash function busy.
const PASSWORD_MOST: usize = 256;

const COMMON: &[&str] = &[
    "1234567890",
    "0123456789",
    "password12",
    "password123",
    "password1234",
    "qwertyuiop",
    "qwerty12345",
    "welkom1234",
    "welcome123",
    "wachtwoord",
    "wachtwoord1",
    "administrator",
    "letmein1234",
    "iloveyou12",
    "bellbird123",
    "changeme123",
    "12345678910",
    "123456789a",
    "aaaaaaaaaa",
    "1111111111",
    "0000000000",
];

fn invalid(field: &'static str, reason: &str) -> StoreError {
    StoreError::Invalid { field, reason: reason.to_owned() }
}

/// One line that people read: a name, a title.
pub(crate) fn check_text(field: &'static str, text: &str, needed: bool) -> Result<(), StoreError> {
    if needed && text.trim().is_empty() {
        return Err(invalid(field, "it has to be filled in"));
    }
    if text.chars().count() > LONGEST {
        return Err(invalid(field, "it is longer than 200 characters"));
    }
    // A line break in a name would end a SIP header.
    if text.chars().any(char::is_control) {
        return Err(invalid(field, "it may not hold line breaks or other control characters"));
    }
    Ok(())
}

/// Free words.
pub(crate) fn check_words(field: &'static str, text: &str) -> Result<(), StoreError> {
    if text.chars().count() > LONGEST_TEXT { Err(invalid(field, "it is longer than 4,000 characters")) } else { Ok(()) }
}

pub(crate) fn check_email(email: &str) -> Result<(), StoreError> {
    check_text("email", email, true)?;
    let parts = email.split_once('@');
    let whole = parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'));
    if whole && !email.contains(char::is_whitespace) {
        Ok(())
    } else {
        Err(invalid("email", "it is no e-mail address"))
    }
}

/// A number inside the organisation: 2 to 8 digits.
pub(crate) fn check_extension(field: &'static str, extension: &str) -> Result<(), StoreError> {
    let digits = (2..=8).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_digit());
    if digits { Ok(()) } else { Err(invalid(field, "it has to be 2 to 8 digits")) }
}

/// A password that is long enough and not among those that everybody tries.
pub(crate) fn check_password(password: &str, login: &str) -> Result<(), StoreError> {
    let length = password.chars().count();
    if length < PASSWORD_LEAST {
        return Err(invalid("password", "passwordTooShort"));
    }
    let lower = password.to_lowercase();
    if length > PASSWORD_MOST || COMMON.contains(&lower.as_str()) || lower == login.to_lowercase() {
        return Err(invalid("password", "passwordTooCommon"));
    }
    Ok(())
}

/// A zone by its IANA name.
pub(crate) fn check_time_zone(name: &str) -> Result<(), StoreError> {
    let known = jiff::tz::TimeZone::get(name).is_ok();
    if known { Ok(()) } else { Err(invalid("timeZone", "no such time zone is known; write it as Europe/Amsterdam")) }
}

/// Work and private details.
pub(crate) fn check_personal(personal: &Personal) -> Result<(), StoreError> {
    check_words("description", &personal.description)?;
    check_text("employer", &personal.employer, false)?;
    check_text("job", &personal.job, false)?;
    if personal.numbers.len() > MOST_NUMBERS {
        return Err(invalid("numbers", "they are too many"));
    }
    for reachable in &personal.numbers {
        check_text("label", &reachable.label, false)?;
        check_text("number", &reachable.number, true)?;
    }
    Ok(())
}

pub(crate) fn check_draft(draft: &UserDraft) -> Result<(), StoreError> {
    check_text("firstName", &draft.first_name, true)?;
    check_text("lastName", &draft.last_name, true)?;
    check_email(&draft.email)?;
    check_extension("extension", &draft.extension)?;
    check_personal(&draft.personal)?;
    check_text("login", draft.login.as_deref().unwrap_or_default(), false)
}
