//! SRTP and SRTCP (RFC 3711, 6188, 7714) with keys from SDP (RFC 4568).

mod suite;

pub use suite::Suite;
