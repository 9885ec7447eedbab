//! Phones joined in memory over a seeded network, with made-up sound.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::result_large_err)]

mod calls;
mod convergence;
mod desk;
mod enforcement;
mod exchange;
mod failover;
mod handset;
mod holding;
mod log_in;
mod others;
mod own_account;
mod registrar;
mod transfers;
mod weather;
