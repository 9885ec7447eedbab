//! Why a server gave no answer, out of the chain of causes that the libraries give.

use std::error::Error;
use std::io;

use bellbird_phone::HttpFailure;

/// What the first cause that says something says.
pub(super) fn of(error: &(dyn Error + 'static)) -> HttpFailure {
    let causes = || std::iter::successors(Some(error), |error| cause_of(*error));
    causes().find_map(told).unwrap_or_else(|| {
        let words: Vec<String> = causes().map(ToString::to_string).collect();
        HttpFailure::Broken(words.join(": "))
    })
}

/// An I/O error wraps without naming itself as the cause.
fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source())
}

fn told(error: &(dyn Error + 'static)) -> Option<HttpFailure> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        let certificate = matches!(tls, rustls::Error::InvalidCertificate(_));
        return Some(if certificate { HttpFailure::Certificate } else { HttpFailure::Broken(tls.to_string()) });
    }
    // The connector has no kind for it, only these words.
    if error.to_string().starts_with("dns error") {
        return Some(HttpFailure::NotFound);
    }
    let kind = error.downcast_ref::<io::Error>()?.kind();
    #[allow(clippy::wildcard_enum_match_arm, reason = "the list of kinds grows with the standard library")]
    match kind {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::TimedOut => Some(HttpFailure::Unreachable),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkDown => {
            Some(HttpFailure::Offline)
        }
        _ => None,
    }
}
