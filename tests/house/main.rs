//! The house's rules that a compiler does not check: who may depend on whom, and what a file may say.

mod files;
mod layers;
