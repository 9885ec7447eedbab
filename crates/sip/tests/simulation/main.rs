//! Phones and a registrar on a simulated network: behaviours first, then random scripts over many seeds.
//!
//! `BELLBIRD_SEEDS=20000 cargo test -p bellbird-sip --release --test simulation` runs more of them,
//! `BELLBIRD_SEED=17` replays one.

#![allow(clippy::print_stdout, unreachable_pub)]

mod calls;
mod host;
mod phone;
mod proxy;
mod random;
mod registration;
mod world;
