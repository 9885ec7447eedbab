//! Phones and a registrar on a simulated network: behaviours first, then random scripts over many seeds.
//!
//! `BELLBIRD_SEEDS=20000 cargo test -p bellbird-sip --release --test simulation` runs more of them,
//! `BELLBIRD_SEED=17` replays one.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::wildcard_enum_match_arm, unreachable_pub, dead_code)]
// The run time is only printed, next to the time that was simulated.
#![allow(clippy::disallowed_methods)]

mod attacks;
mod calls;
mod early;
mod events;
mod failover;
mod host;
mod hosts;
mod options;
mod phone;
mod proxy;
mod random;
mod registration;
mod saved;
mod server;
mod watchers;
mod world;
