//! Phones joined in memory over a seeded network, with made-up sound.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod calls;
mod desk;
mod holding;
mod others;
mod registrar;
mod transfers;
mod weather;
