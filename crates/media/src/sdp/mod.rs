//! Session descriptions (RFC 8866): bytes to lines to typed values and back.
//!
//! Lenient in: line order, line ends, unknown lines and attributes, missing `o=`, `s=` and `t=` do no harm; unknown lines
//! are kept. Exact out: CRLF, RFC 8866's order. Bounded: see [`Limits`].

mod attribute;
mod crypto;
mod description;
mod opus;
mod parse;

pub use attribute::{Direction, RtcpAttribute, RtpMap};
pub use crypto::{CryptoAttribute, Lifetime, MasterKey, Mki};
pub use description::{Attribute, Connection, Host, MediaDescription, Origin, SessionDescription};
pub use parse::{Limits, ParseError};
