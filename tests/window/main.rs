//! The window: what a person does in it, with sound through null sinks and baresip on the other side.

mod sound;
mod talking;
