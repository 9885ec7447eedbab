//! RTP packets and what is known about those who send them (RFC 3550, 3551, 4733).

mod packet;

pub use packet::{Header, Packet, header_length};
