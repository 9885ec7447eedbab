//! Every cause that a plan can give, each by a call that meets it.

mod causes;
mod numbers;
mod office;
mod properties;
