//! An exchange with phones on a simulated network: a registrar that asks for passwords, a storage that takes its time,
//! and a restart in between.
//!
//! `BELLBIRD_SEEDS=500 cargo test -p bellbird-exchange --test exchange` runs more seeds, `BELLBIRD_SEED=17` replays one.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::wildcard_enum_match_arm, unreachable_pub, dead_code)]
#![allow(clippy::disallowed_methods)]

#[path = "../../../sip/tests/simulation/host.rs"]
mod host;
#[path = "../../../sip/tests/simulation/hosts.rs"]
mod hosts;
#[path = "../../../sip/tests/simulation/phone.rs"]
mod phone;

mod attacks;
mod behaviours;
mod office;
mod provider;
mod random;
mod restarts;
mod scripted;
mod trunks;
mod world;
