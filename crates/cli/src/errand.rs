//! Log-in, Do Not Disturb and settings: asked of the server, and then done.

use std::time::Duration;

use anyhow::{Context as _, bail};
use bellbird_contract::server::{CallMethod, DndEnd, Scope, ServerConnection, ServerLogIn, ServerTrouble, ServerView};
use bellbird_contract::{Command, ErrorCode, PhoneView, Problem, Secret};
use bellbird_engine::{Engine, EngineEvent, secrets};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::args::{DndArgument, MethodArgument, Switch};
use crate::line::Line;
use crate::printer::Printer;
use crate::watch::{dnd_line, server_line, settings_line};
use crate::words::{Exit, exit_of};

/// How long the server gets to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long writing down may take at the end: a busy disk takes seconds for each thing that has to be safe on it.
const FAREWELL: Duration = Duration::from_secs(60);

/// What is asked.
pub(crate) enum Errand {
    /// Log in.
    LogIn(Command),
    /// Log out.
    LogOut,
    /// Change Do Not Disturb, if anything, and show it.
    Dnd(Option<Command>),
    /// Change settings, if anything, and show them.
    Settings(Vec<Command>),
}

pub(crate) fn log_in(server: Option<String>, login: Option<String>) -> anyhow::Result<Errand> {
    let Some(server) = server else {
        let link = std::env::var("BELLBIRD_LINK").context("Put the link into BELLBIRD_LINK.")?;
        return Ok(Errand::LogIn(Command::LogInWithLink { link: Secret::new(link) }));
    };
    let Some(login) = login else { bail!("Say who logs in: --login NAME.") };
    let kept = || secrets::from_key_store(&format!("{login}@{server}"));
    let Some(secret) = std::env::var("BELLBIRD_SECRET").ok().or_else(kept) else {
        bail!("Put the password into BELLBIRD_SECRET, or into the key store as {login}@{server}.");
    };
    Ok(Errand::LogIn(Command::LogInToServer { server, login, secret: Secret::new(secret) }))
}

pub(crate) fn dnd(what: DndArgument, minutes: Option<u32>) -> Errand {
    let end = minutes.map(|minutes| DndEnd::After { minutes });
    Errand::Dnd(match what {
        DndArgument::On => Some(Command::SetDnd { on: true, end }),
        DndArgument::Off => Some(Command::SetDnd { on: false, end: None }),
        DndArgument::Status => None,
    })
}

pub(crate) fn settings(
    receive: Option<Switch>,
    make: Option<Switch>,
    method: Option<MethodArgument>,
    all_clients: bool,
) -> Errand {
    let scope = if all_clients { Scope::AllClients } else { Scope::ThisClient };
    let is_on = |switch| switch == Switch::On;
    let method = method.map(|method| match method {
        MethodArgument::Softphone => CallMethod::Softphone,
        MethodArgument::DeskPhone => CallMethod::DeskPhone,
        MethodArgument::Mobile => CallMethod::Mobile,
    });
    let receive = receive.map(|switch| Command::SetReceiveCalls { on: is_on(switch), scope });
    let make = make.map(|switch| Command::SetMakeCalls { on: is_on(switch), scope });
    let method = method.map(|method| Command::SetCallMethod { method, scope });
    Errand::Settings([receive, make, method].into_iter().flatten().collect())
}

/// Does it and gives the exit code.
pub(crate) async fn run(
    (engine, mut events): (Engine, mpsc::UnboundedReceiver<EngineEvent>),
    errand: Errand,
    printer: Printer,
) -> Exit {
    let mut runner = Runner { engine, errand, printer, stage: Stage::Waiting };
    let until = Instant::now() + PATIENCE;
    let exit = loop {
        let view = match timeout_at(until, events.recv()).await {
            Ok(Some(EngineEvent::View(view))) => view,
            Ok(Some(EngineEvent::Finished) | None) => return Exit::Failed,
            Ok(Some(_)) => continue,
            Err(_) => break runner.too_late(),
        };
        if let Some(exit) = runner.see(&view) {
            break exit;
        }
    };
    runner.engine.command(Command::Quit);
    if is_written(&mut events).await {
        return exit;
    }
    runner.printer.problem(&Problem::new(ErrorCode::StorageFailed).detailed("the disk did not finish writing"));
    Exit::Failed
}

/// Whether all that was to be kept is kept.
async fn is_written(events: &mut mpsc::UnboundedReceiver<EngineEvent>) -> bool {
    let until = Instant::now() + FAREWELL;
    while let Ok(Some(event)) = timeout_at(until, events.recv()).await {
        if matches!(event, EngineEvent::Finished) {
            return true;
        }
    }
    false
}

struct Runner {
    engine: Engine,
    errand: Errand,
    printer: Printer,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// For the server.
    Waiting,
    /// The command was given; what comes of it is in one of the next views.
    Asked,
}

impl Runner {
    /// The exit code once it is done.
    fn see(&mut self, view: &PhoneView) -> Option<Exit> {
        match &self.errand {
            Errand::LogIn(command) => {
                let command = command.clone();
                self.log_in(view, command)
            }
            Errand::LogOut => self.log_out(view),
            Errand::Dnd(_) | Errand::Settings(_) => self.change(view),
        }
    }

    fn log_in(&mut self, view: &PhoneView, command: Command) -> Option<Exit> {
        if self.stage == Stage::Waiting {
            self.ask([command]);
            return None;
        }
        if let Some(ServerLogIn::Failed { trouble, suggestion, .. }) = &view.server_log_in {
            self.printer.trouble(trouble);
            if let Some(suggestion) = suggestion {
                let message = format!("Did you mean {suggestion}?");
                self.printer.print(&Line::Error { code: "suggestion".to_owned(), message });
            }
            return Some(exit_of(trouble));
        }
        if let Some(ServerLogIn::NewPassword { least, sending: false, trouble, .. }) = &view.server_log_in {
            return self.choose_password(*least, trouble.as_ref());
        }
        let server = online(view).filter(|_| view.server_log_in.is_none())?;
        self.printer.print(&server_line(server));
        Some(Exit::Done)
    }

    /// Gives the new password that the server wants first, once; without one says where to put it.
    fn choose_password(&mut self, least: Option<u32>, trouble: Option<&ServerTrouble>) -> Option<Exit> {
        if let Some(trouble) = trouble {
            self.printer.trouble(trouble);
            return Some(exit_of(trouble));
        }
        if let Ok(new) = std::env::var("BELLBIRD_NEW_SECRET") {
            self.ask([Command::ChooseFirstPassword { new: Secret::new(new) }]);
            return None;
        }
        let length = least.map_or_else(String::new, |least| format!(" of at least {least} characters"));
        let message = format!("Choose a new password{length} first: put it into BELLBIRD_NEW_SECRET and log in again.");
        self.printer.print(&Line::Error { code: "passwordChangeNeeded".to_owned(), message });
        Some(Exit::RegistrationRefused)
    }

    fn log_out(&mut self, view: &PhoneView) -> Option<Exit> {
        match (self.stage, &view.server) {
            (Stage::Waiting, None) => Some(self.nobody_is_logged_in()),
            (Stage::Waiting, Some(_)) if online(view).is_some() => {
                self.ask([Command::LogOutOfServer]);
                None
            }
            (Stage::Waiting | Stage::Asked, Some(_)) => None,
            (Stage::Asked, None) => {
                self.printer.print(&Line::LoggedOut);
                Some(Exit::Done)
            }
        }
    }

    fn change(&mut self, view: &PhoneView) -> Option<Exit> {
        let Some(server) = view.server.as_deref() else {
            return view.server_log_in.is_none().then(|| self.nobody_is_logged_in());
        };
        if let ServerConnection::LoggedOut { trouble } = &server.connection {
            self.printer.trouble(trouble);
            return Some(Exit::RegistrationRefused);
        }
        if self.stage == Stage::Waiting {
            return self.begin_change(view, server);
        }
        self.settled(server)
    }

    /// The exit code once nothing waits any more, or is known to have to.
    fn settled(&mut self, server: &ServerView) -> Option<Exit> {
        if let Some(trouble) = &server.refusal {
            self.printer.trouble(trouble);
            return Some(exit_of(trouble));
        }
        let pending = server.dnd.pending || server.settings.receive_pending || server.settings.make_pending;
        match (&server.connection, pending) {
            (_, false) => {
                self.show(server);
                Some(Exit::Done)
            }
            // It is kept, and sent when the server is back.
            (ServerConnection::Offline { trouble, .. }, true) => {
                self.show(server);
                Some(exit_of(trouble))
            }
            (_, true) => None,
        }
    }

    /// Acts once it is known whether the server is there; without it what was kept is shown, and acts wait.
    fn begin_change(&mut self, view: &PhoneView, server: &ServerView) -> Option<Exit> {
        if online(view).is_none() && !matches!(server.connection, ServerConnection::Offline { .. }) {
            return None;
        }
        let commands = match &self.errand {
            Errand::Dnd(command) => command.iter().cloned().collect(),
            Errand::Settings(commands) => commands.clone(),
            Errand::LogIn(_) | Errand::LogOut => Vec::new(),
        };
        let nothing_new = commands.is_empty();
        self.ask(commands);
        // What waited from before may be on its way.
        if nothing_new { self.settled(server) } else { None }
    }

    fn ask(&mut self, commands: impl IntoIterator<Item = Command>) {
        self.stage = Stage::Asked;
        commands.into_iter().for_each(|command| self.engine.command(command));
    }

    fn show(&mut self, server: &ServerView) {
        let line = if matches!(self.errand, Errand::Dnd(_)) { dnd_line(server) } else { settings_line(server) };
        self.printer.print(&line);
    }

    fn nobody_is_logged_in(&mut self) -> Exit {
        self.printer.problem(&Problem::new(ErrorCode::NoAccount));
        Exit::Usage
    }

    fn too_late(&mut self) -> Exit {
        let problem = Problem::new(ErrorCode::ServerUnreachable).with("server", "the server");
        self.printer.problem(&problem);
        Exit::Unreachable
    }
}

fn online(view: &PhoneView) -> Option<&ServerView> {
    view.server.as_deref().filter(|server| matches!(server.connection, ServerConnection::Online { .. }))
}
