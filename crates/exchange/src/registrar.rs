//! Who is where: bindings between an account and the flows that its devices are reached over (RFC 3261 §10).

mod binding;

pub use binding::{Binding, BindingId, BindingKey};
