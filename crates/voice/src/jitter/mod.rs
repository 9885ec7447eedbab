//! The adaptive jitter buffer's parts. [`Downlink`](crate::Downlink) puts them together.

pub(crate) mod conceal;
pub(crate) mod margins;
pub(crate) mod merge;
pub(crate) mod pitch;
pub(crate) mod queue;
pub(crate) mod repair;
pub(crate) mod sound;
pub(crate) mod speech;
pub(crate) mod stream;
pub(crate) mod stretch;
pub(crate) mod timing;
