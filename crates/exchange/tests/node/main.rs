//! Phones around a call node on a simulated network: behaviours first, then random scripts over many seeds.
//!
//! `BELLBIRD_SEEDS=2000 cargo test -p bellbird-exchange --test node` runs more of them, `BELLBIRD_SEED=17` replays one.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::wildcard_enum_match_arm, unreachable_pub, dead_code)]
#![allow(clippy::disallowed_methods)]

#[path = "../../../sip/tests/simulation/host.rs"]
mod host;
#[path = "../../../sip/tests/simulation/hosts.rs"]
mod hosts;
#[path = "../../../sip/tests/simulation/phone.rs"]
mod phone;

mod calls;
mod pbx;
mod random;
mod transfers;
mod world;
