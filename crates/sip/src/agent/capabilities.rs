//! What a user agent takes, told once for all requests (RFC 3261 §8.2).

use super::ALLOW;
use super::config::Role;
use crate::message::{Capabilities, Method};
use crate::uri::Scheme;

/// Extensions that a peer may require of us.
const EXTENSIONS: [&str; 9] =
    ["100rel", "timer", "replaces", "norefersub", "outbound", "path", "gruu", "answermode", "tdialog"];

/// What an agent in this role takes. Only bodies that carry an offer or an answer are read here; all others are handed
/// on as they came.
pub(super) fn of(role: Role) -> Capabilities {
    let mut methods: Vec<Method> = ALLOW.split(", ").filter_map(|name| Method::new(name).ok()).collect();
    if role.is_server() {
        methods.extend([Method::Register, Method::Subscribe, Method::Publish]);
    }
    let reads = [Method::Invite, Method::Update, Method::Prack];
    Capabilities {
        opaque: methods.iter().filter(|method| !reads.contains(method)).cloned().collect(),
        methods,
        schemes: vec![Scheme::Sip, Scheme::Sips, Scheme::Tel, Scheme::Urn],
        extensions: EXTENSIONS.map(str::to_owned).into(),
        media_types: vec!["application/sdp".to_owned()],
    }
}
