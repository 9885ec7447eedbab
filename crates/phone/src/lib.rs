//! The phone's brain, sans-IO: accounts, calls and history as one state machine over `bellbird-sip`.
//!
//! [`Phone::handle_command`] takes what the user wants, [`Phone::handle_input`] what happens, and
//! [`Phone::poll_output`] gives what the driver shall do and whole view models for the UI. Sound is asked for with
//! [`MediaRequest`]s and told with [`MediaEvent`]s; SDP is only handed through. The desktop's engine and the browser drive
//! the same code.
//!
//! What it is not: it opens no socket, reads no clock, keeps nothing by itself and knows no codec's inside.
//!
//! How to test it: `cargo test -p bellbird-phone`. The tests join two phones in memory over a seeded network. It builds for
//! wasm32.

#![warn(missing_docs)]

mod account;
mod call;
mod clock;
mod emergency;
mod history;
mod io;
mod look_up;
mod phone;
mod problem;
mod quality;
mod server;
mod sound;
mod target;

pub use io::{
    Agreed, AutoAnswer, Config, DevicesNow, Input, Loaded, LoadedAccount, MediaConfig, MediaEvent, MediaRefusal,
    MediaRequest, Output, QualitySample, Sound, SoundTest, StoreRequest, Tone,
};
pub use phone::Phone;
pub use server::{
    EventsId, EventsInput, EventsRequest, HttpFailure, HttpId, HttpMethod, HttpRequest, HttpResponse, LoadedServer,
    Outbox, ServerAddress, ServerMemory, ServerPin, Waiting,
};
