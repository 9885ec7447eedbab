//! The server of Bellbird: people, numbers, call settings, Do Not Disturb, call records; an API and an event push for
//! phones and portal, and the edge where SIP comes in.
//!
//! What it is not: it decides neither what a setting means (`bellbird-contract`) nor how a call is routed
//! (`bellbird-exchange`); it keeps, authenticates, authorises and drives.
//!
//! How to test it: `cargo test -p bellbird-server`. The tests start PostgreSQL on a socket of their own where its programs
//! are installed. `docs/SERVER.md` and `docs/SECURITY.md` tell the rest.

#![warn(missing_docs)]

pub mod admin;
pub mod api;
pub mod auth;
pub mod config;
pub mod demo;
pub mod domain;
pub mod edge;
mod relay;
pub mod serve;
pub mod start_up;
pub mod storage_load;
pub mod store;
pub mod tls;
