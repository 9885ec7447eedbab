//! Two sessions talk over a simulated network.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall stop where it stands")]

mod call;

mod attacks;
mod changes;
mod digits;
mod hold;
mod loss;
mod reports;
mod talk;
