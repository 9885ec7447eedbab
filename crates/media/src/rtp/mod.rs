//! RTP packets and what is known about those who send them (RFC 3550, 3551, 4733).

mod burst;
mod digit;
mod packet;
mod reception;
mod sender;

pub(crate) use digit::{Digit, DigitReceiver, DigitSender, EventPacket, Step};
pub use packet::{Header, Packet, header_length};
pub(crate) use reception::{Reception, Verdict};
pub(crate) use sender::Sender;
