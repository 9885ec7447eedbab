use bellbird_base::Duration;

use crate::agent::Party;
use crate::message::{Fields, HeaderName, Message, NameAddr};

/// Who sent a request: what a server vouches for, else what From says.
pub(crate) fn party_of(message: &Message<'_>, trusted: bool) -> Party {
    let private = message
        .privacy()
        .any(|value| ["id", "user", "header", "session"].iter().any(|hidden| value.eq_ignore_ascii_case(hidden)));
    let asserted = if trusted { asserted_identity(message) } else { None };
    let hidden = private || is_anonymous(message.from());
    match asserted {
        Some(address) => Party { anonymous: hidden, asserted: true, ..party(&address) },
        None => Party { anonymous: hidden, ..party(message.from()) },
    }
}

/// The identity that a server adds to a message, if any: of the caller in a request, of the callee in a response.
pub(super) fn asserted_identity<'a>(message: &Message<'a>) -> Option<NameAddr<'a>> {
    let asserted = message.addresses(HeaderName::PAssertedIdentity).flatten().next();
    asserted.or_else(|| message.address(HeaderName::RemotePartyId).filter(|address| !is_private(address)))
}

fn is_private(address: &NameAddr<'_>) -> bool {
    address.params.get("privacy").is_some_and(|privacy| !privacy.eq_ignore_ascii_case("off"))
}

/// An address as somebody to show.
pub(super) fn party(address: &NameAddr<'_>) -> Party {
    Party {
        display_name: address.display_name().map(|name| name.into_owned()).filter(|name| !name.trim().is_empty()),
        uri: address.uri.to_owned(),
        anonymous: is_anonymous(address),
        asserted: false,
    }
}

/// RFC 3323 §4.1.1.3, and what gateways write.
fn is_anonymous(address: &NameAddr<'_>) -> bool {
    let host = address.uri.host().map(|host| host.as_str().to_ascii_lowercase()).unwrap_or_default();
    let user = address.uri.user().unwrap_or_default();
    host == "anonymous.invalid" || user.eq_ignore_ascii_case("anonymous") || user.eq_ignore_ascii_case("restricted")
}

/// After how long the caller wants the phone to answer by itself: Answer-Mode (RFC 5373), `answer-after` of Call-Info,
/// `info=alert-autoanswer` and its kin of Alert-Info.
pub(super) fn auto_answer(message: &Message<'_>) -> Option<Duration> {
    let mode = |name| message.token(name).is_some_and(|mode| mode.value.eq_ignore_ascii_case("Auto"));
    if mode(HeaderName::AnswerMode) || mode(HeaderName::PrivAnswerMode) {
        return Some(Duration::ZERO);
    }
    for name in [HeaderName::CallInfo, HeaderName::AlertInfo] {
        for info in message.infos(name) {
            if let Some(seconds) = info.param("answer-after").and_then(|after| after.parse::<u8>().ok()) {
                return Some(Duration::from_secs(seconds.into()));
            }
            let says = info.param("info").unwrap_or_default().to_ascii_lowercase();
            if matches!(says.as_str(), "alert-autoanswer" | "auto answer" | "auto-answer" | "intercom" | "ring answer")
            {
                return Some(Duration::ZERO);
            }
        }
    }
    None
}
