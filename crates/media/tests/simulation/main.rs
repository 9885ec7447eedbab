//! Two sessions talk over a simulated network.

mod call;

mod attacks;
mod digits;
mod hold;
mod loss;
mod reports;
mod talk;
