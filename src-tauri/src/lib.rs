//! The desktop shell: window, tray, notifications, links, one instance.
//!
//! What it is: a [`Controller`](controller::Controller) that decides what of the phone the desktop shows, behind the
//! [`Shell`](controller::Shell) trait that names no Tauri type, and the one Tauri implementation of it. The page's two
//! commands forward; the page gets whole views as one event and levels as another, and asks for the state when it mounts.
//!
//! What it is not: it knows neither SIP nor sound. Those are behind `bellbird-engine`.
//!
//! How to test it: `cargo test -p bellbird-desktop` runs the controller against a fake shell. The window is tested end to
//! end in `tests/`.

pub mod controller;

mod app;
mod commands;
mod options;
mod start;
mod tauri_shell;
mod tray;
mod words;

pub use app::run;
