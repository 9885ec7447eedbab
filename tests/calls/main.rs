//! Calls with software that nobody here wrote: through Kamailio with baresip and linphonec, and directly with sipp.
//!
//! Each test has the stage to itself. What the peers score among themselves (`others`) is the measure for ours.

mod bad_sound;
mod codecs;
mod in_call;
mod key_store;
mod network;
mod others;
mod refusals;
mod registration;
mod scripted;
mod talk;
mod transfer;
