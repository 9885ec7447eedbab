//! `bellbird`: the phone without a window, for scripts, tests, measurements and terminals.
//!
//! What it is: [`bellbird_engine`] with a command line around it. It shows whole views as lines, and turns keys and lines
//! into commands.
//!
//! What it is not: it decides nothing about calls.
//!
//! How to test it: `cargo test -p bellbird-cli`; the end-to-end tests in `tests/` run it against real peers.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

mod args;
mod call;
mod devices;
mod errand;
mod hand;
mod inspect;
mod line;
mod printer;
mod setup;
mod watch;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use args::{Arguments, Command, PhoneArguments};
use bellbird_engine::Engine;
use call::{Runner, Task};
use clap::Parser as _;
use errand::Errand;
use hand::Hand;
use line::Line;
use printer::Printer;
use words::Exit;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log();
    let exit = run(arguments).unwrap_or_else(|(exit, error)| {
        eprintln!("{error:#}");
        exit
    });
    ExitCode::from(exit as u8)
}

/// Logs to standard error as `RUST_LOG` says; nothing but errors without it.
fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

type Failure = (Exit, anyhow::Error);

fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let (json, data) = (arguments.json, arguments.data);
    match arguments.command {
        Command::Call { target, withhold, phone, script } => {
            phone_runs(json, data, &phone, Task::Call(target, withhold, script))
        }
        Command::Answer { phone, script, answering } => phone_runs(json, data, &phone, Task::Answer(answering, script)),
        Command::Register { phone, duration } => phone_runs(json, data, &phone, Task::Register(duration)),
        Command::Login { server, login, .. } => {
            let errand = errand::log_in(server, login).map_err(|error| (Exit::Usage, error))?;
            errand_runs(json, data, errand)
        }
        Command::Logout => errand_runs(json, data, Errand::LogOut),
        Command::Dnd { what, minutes } => errand_runs(json, data, errand::dnd(what, minutes)),
        Command::Settings { receive, make, method, all_clients } => {
            errand_runs(json, data, errand::settings(receive, make, method, all_clients))
        }
        Command::Devices => devices::print(json).map_err(general),
        Command::Inspect { file } => {
            let accepted = inspect::run(&file, json).map_err(general)?;
            Ok(if accepted { Exit::Done } else { Exit::Failed })
        }
    }
}

fn general(error: anyhow::Error) -> Failure {
    (Exit::Failed, error)
}

/// Something that is asked of the server and then done.
fn errand_runs(json: bool, data: Option<PathBuf>, errand: Errand) -> Result<Exit, Failure> {
    let config = setup::quiet(data).map_err(|error| (Exit::Usage, error))?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| general(error.into()))?;
    let exit = runtime.block_on(async {
        let engine = Engine::start(config).await?;
        anyhow::Ok(errand::run(engine, errand, Printer::new(json)).await)
    });
    runtime.shutdown_background();
    exit.map_err(general)
}

fn phone_runs(json: bool, data: Option<PathBuf>, phone: &PhoneArguments, task: Task) -> Result<Exit, Failure> {
    let mut printer = Printer::new(json);
    let config = match setup::engine(phone, data, !matches!(task, Task::Call(..))) {
        Ok(config) => config,
        Err(error) => {
            printer.print(&Line::Error { code: "usage".to_owned(), message: format!("{error:#}") });
            return Err((Exit::Usage, error));
        }
    };
    let runtime = tokio::runtime::Runtime::new().map_err(|error| general(error.into()))?;
    let exit = runtime.block_on(async {
        let engine = Engine::start(config).await?;
        let hand = Hand::new(json);
        if matches!(hand, Hand::Keys(_)) {
            eprintln!("{}\r", hand::KEYS);
        }
        Runner::new(engine, task, phone, printer, hand).run().await
    });
    // Reading standard input can't be interrupted: do not wait for it.
    runtime.shutdown_background();
    exit.map_err(general)
}
