//! RTCP packets (RFC 3550 §6) and VoIP metrics (RFC 3611 §4.7), read without allocation and written exactly.

mod packet;
mod schedule;
mod write;
mod xr;

pub(crate) use packet::round_trip;
pub use packet::{Blocks, Compound, NtpTime, Packet, ReportBlock, SenderInfo, Sources};
pub(crate) use schedule::Schedule;
pub use write::Writer;
pub use xr::VoipMetrics;

/// Whether a datagram on an RTP port is RTCP (RFC 5761 §4).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, second, ..] if first >> 6 == 2 && (192..=223).contains(second))
}
