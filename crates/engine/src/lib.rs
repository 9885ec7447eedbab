//! The native driver of the phone.
//!
//! What it is: everything around [`bellbird_phone`] that has a clock, a socket, a thread or a file: SIP flows through
//! `bellbird-net`, one thread for RTP, one for sound, the database and the secrets.
//!
//! What it is not: it decides nothing about calls. It carries out what the phone asks for and tells it what happened.
//!
//! How to test it: `cargo test -p bellbird-engine`; with real peers through the end-to-end tests in `tests/`.

#![warn(missing_docs)]

pub mod account_file;
pub mod secrets;
pub mod store;
