//! Puts the parts together and runs them.

use std::io::Write as _;
use std::ops::Deref;
use std::process::ExitCode;
use std::sync::Arc;

use bellbird_contract::{Command, Secret};
use bellbird_engine::{Engine, EngineEvent};
use tauri::{App, Manager, Window, WindowEvent, Wry};
use tauri_plugin_deep_link::DeepLinkExt as _;
use tokio::sync::mpsc::UnboundedReceiver;
use tracing_subscriber::EnvFilter;

use crate::commands;
use crate::controller::{Controller, Phone};
use crate::options::{LogIn, Options};
use crate::start::engine_config;
use crate::tauri_shell::{MAIN, TauriShell};

/// The controller as Tauri keeps it.
pub(crate) struct Desktop(Arc<Controller<TauriShell, Engine>>);

impl Deref for Desktop {
    type Target = Controller<TauriShell, Engine>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Phone for Engine {
    fn command(&self, command: Command) {
        Engine::command(self, command);
    }
}

/// Runs the desktop phone until the user ends it.
pub fn run() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter(log_filter()).with_writer(std::io::stderr).init();
    let home = std::env::var_os("BELLBIRD_HOME").map(Into::into);
    match Options::parse(std::env::args().skip(1), home) {
        Ok(options) => run_with(options),
        Err(mistake) => fail(&mistake),
    }
}

fn run_with(options: Options) -> ExitCode {
    let mut builder = tauri::Builder::default();
    if !options.is_apart() {
        // First of all plugins: a second instance must not get any further.
        builder = builder
            .plugin(tauri_plugin_single_instance::init(|app, arguments, _| {
                app.state::<Desktop>().open(arguments.get(1..).unwrap_or_default());
            }))
            .plugin(tauri_plugin_window_state::Builder::new().with_state_flags(window_state()).build());
    }
    let run = builder
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_notification::init())
        .invoke_handler(tauri::generate_handler![commands::phone_view, commands::phone_command])
        .on_window_event(on_window_event)
        .setup(move |app| set_up(app, &options))
        .run(tauri::generate_context!());
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("The window can't be opened: {error}.")),
    }
}

fn set_up(app: &mut App, options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let (engine, events) = start_engine(app, options).unwrap_or_else(|why| {
        fail(&why);
        std::process::exit(1);
    });
    let controller = Arc::new(Controller::new(TauriShell::new(app.handle()), engine));
    app.manage(Desktop(controller.clone()));
    controller.shell().keep_focus_on_ringing();
    if !options.hidden {
        controller.open(&options.links);
    }
    if let Some(log_in) = &options.log_in {
        controller.command(log_in_command(log_in));
    }
    if let Some(target) = options.dial.clone() {
        controller.command(Command::Dial { target, account: None, withhold: false });
    }
    let handle = app.handle().clone();
    app.deep_link().on_open_url(move |event| {
        let links: Vec<String> = event.urls().iter().map(ToString::to_string).collect();
        handle.state::<Desktop>().open(&links);
    });
    tauri::async_runtime::spawn(pump(controller, events));
    Ok(())
}

/// Without a password the server's refusal tells the user what is missing.
fn log_in_command(LogIn { server, login }: &LogIn) -> Command {
    let secret = Secret::new(std::env::var("BELLBIRD_SECRET").unwrap_or_default());
    Command::LogInToServer { server: server.clone(), login: login.clone(), secret }
}

fn start_engine(app: &App, options: &Options) -> Result<(Engine, UnboundedReceiver<EngineEvent>), String> {
    let config = engine_config(app.handle(), options)?;
    tauri::async_runtime::block_on(Engine::start(config)).map_err(|error| error.to_string())
}

/// Hands the controller what the phone says.
async fn pump(controller: Arc<Controller<TauriShell, Engine>>, mut events: UnboundedReceiver<EngineEvent>) {
    while let Some(event) = events.recv().await {
        match event {
            EngineEvent::View(view) => controller.take_view(*view),
            EngineEvent::Levels(levels) => controller.take_levels(levels),
            EngineEvent::Finished => controller.take_finished(),
            EngineEvent::Ready(_)
            | EngineEvent::Negotiated(..)
            | EngineEvent::Quality { .. }
            | EngineEvent::PlayedOut => {}
        }
    }
}

fn on_window_event(window: &Window<Wry>, event: &WindowEvent) {
    if let WindowEvent::CloseRequested { api, .. } = event
        && window.label() == MAIN
    {
        api.prevent_close();
        window.state::<Desktop>().close_window();
    }
}

/// All but visibility: whether the window shows at the start is for the command line to say.
fn window_state() -> tauri_plugin_window_state::StateFlags {
    use tauri_plugin_window_state::StateFlags;
    StateFlags::POSITION | StateFlags::SIZE | StateFlags::MAXIMIZED
}

fn log_filter() -> EnvFilter {
    EnvFilter::try_from_env("BELLBIRD_LOG").unwrap_or_else(|_| EnvFilter::new("warn,bellbird=info"))
}

/// Says why there is no program, to whoever started it.
fn fail(why: &str) -> ExitCode {
    // Without a terminal there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{why}");
    ExitCode::FAILURE
}
