//! Phones joined in memory over a seeded network, with made-up sound.

mod calls;
mod desk;
mod holding;
mod others;
mod registrar;
mod transfers;
mod weather;
