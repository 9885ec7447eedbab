//! The window: what a person does in it, with sound through null sinks, and baresip or an office on the other side.

mod office;
mod sound;
mod talking;
