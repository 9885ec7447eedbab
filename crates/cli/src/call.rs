//! `call`, `answer` and `register`: a phone that follows a script.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use anyhow::Context as _;
use bellbird_contract::server::{CallProgressState, ServerConnection};
use bellbird_contract::{
    CallId, CallState, CallView, Command, EndReason, ErrorCode, Levels, PhoneView, Problem, Registration,
};
use bellbird_engine::{Engine, EngineEvent, today};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::args::{Answering, PhoneArguments, Script};
use crate::hand::{Hand, Wish};
use crate::line::Line;
use crate::printer::Printer;
use crate::watch;
use crate::words::{Exit, exit_code, exit_of};

/// How long hanging up and unregistering may take at the end; the phone itself waits for less.
const FAREWELL: Duration = Duration::from_secs(7);
/// From the answer to the digits, to hold and resume, and to a transfer.
const DIGITS_AFTER: Duration = Duration::from_secs(1);
const HOLD_AFTER: Duration = Duration::from_secs(2);
const RESUME_AFTER: Duration = Duration::from_secs(4);
/// How often levels are printed.
const LEVEL_INTERVAL: Duration = Duration::from_millis(500);
const TRANSFER_AFTER: Duration = Duration::from_secs(3);

/// What the phone is to do.
pub(crate) enum Task {
    /// Call somebody: whom, whether without showing who calls, and what to do then.
    Call(String, bool, Script),
    /// Wait for calls.
    Answer(Answering, Script),
    /// Stay registered.
    Register(Option<f64>),
}

/// Something to do at a given time.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Answer(CallId),
    Digits(CallId, String),
    Hold(CallId),
    Resume(CallId),
    Transfer(CallId, String),
    AskFirst(CallId, String),
    HangUp(CallId),
    Leave,
}

pub(crate) struct Runner {
    engine: Engine,
    events: mpsc::UnboundedReceiver<EngineEvent>,
    task: Task,
    levels: bool,
    with_server: bool,
    printer: Printer,
    hand: Hand,
    view: PhoneView,
    agenda: Vec<(Instant, Step)>,
    begun: bool,
    calls_over: u32,
    handed_over: bool,
    last_level: Option<Instant>,
    /// How long each call lasted, for its report.
    durations: BTreeMap<CallId, u64>,
    stage: Stage,
    exit: Exit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    Leaving,
    Over,
}

impl Runner {
    pub(crate) fn new(
        (engine, events): (Engine, mpsc::UnboundedReceiver<EngineEvent>),
        task: Task,
        arguments: &PhoneArguments,
        printer: Printer,
        hand: Hand,
    ) -> Self {
        Self {
            engine,
            events,
            task,
            levels: arguments.levels,
            with_server: arguments.server,
            printer,
            hand,
            view: PhoneView::default(),
            agenda: Vec::new(),
            begun: false,
            calls_over: 0,
            handed_over: false,
            last_level: None,
            durations: BTreeMap::new(),
            stage: Stage::Running,
            exit: Exit::Done,
        }
    }

    /// Runs to the end and gives the exit code.
    pub(crate) async fn run(mut self) -> anyhow::Result<Exit> {
        let mut signal = pin!(interrupted());
        while self.stage != Stage::Over {
            let next = self.agenda.iter().map(|(at, _)| *at).min();
            tokio::select! {
                event = self.events.recv() => match event {
                    Some(event) => self.hear(event)?,
                    None => break,
                },
                wish = self.hand.next() => self.obey(wish),
                () = at(next) => self.keep_agenda(),
                () = &mut signal => {
                    signal.set(interrupted());
                    self.leave();
                }
            }
        }
        Ok(self.exit)
    }

    fn hear(&mut self, event: EngineEvent) -> anyhow::Result<()> {
        match event {
            EngineEvent::Ready(local) => self.printer.print(&Line::Ready { local }),
            EngineEvent::View(view) => self.see(*view),
            EngineEvent::Levels(levels) => self.show_levels(levels),
            EngineEvent::Negotiated(call, negotiated) => self.printer.print(&media_line(call, &negotiated)),
            EngineEvent::Quality { call, report, last } => self.tell_quality(call, &report, last)?,
            EngineEvent::PlayedOut => self.printer.print(&Line::PlayedOut),
            EngineEvent::Finished => self.stage = Stage::Over,
        }
        Ok(())
    }

    fn show_levels(&mut self, levels: Levels) {
        if self.levels {
            let decibels = |level: f32| level * 60.0 - 60.0;
            let (microphone, speaker) = (decibels(levels.microphone), decibels(levels.speaker));
            self.printer.levels(microphone, speaker);
            if self.last_level.is_none_or(|last| last.elapsed() >= LEVEL_INTERVAL) {
                self.last_level = Some(Instant::now());
                self.printer.print(&Line::Level { microphone, speaker });
            }
        }
    }

    fn tell_quality(
        &mut self,
        call: CallId,
        report: &bellbird_engine::QualityReport,
        last: bool,
    ) -> anyhow::Result<()> {
        if last {
            let duration_ms = self.durations.get(&call).copied().unwrap_or_default();
            let mut figures = serde_json::to_value(report).context("the report can't be written")?;
            if let Some(codec) = report.codec {
                figures["codec"] = codec.name().to_lowercase().into();
            }
            self.printer.print(&Line::Report { call: call.0, duration_ms, figures });
        } else if self.levels {
            self.printer.print(&Line::Quality {
                call: call.0,
                codec: report.codec.map(bellbird_base::Codec::name),
                loss_percent: report.loss_percent,
                jitter_ms: report.jitter_ms,
                round_trip_ms: report.round_trip_ms,
                mos: report.mos,
            });
        }
        self.printer.status(&self.view, Some(report));
        Ok(())
    }

    fn see(&mut self, view: PhoneView) {
        let before = std::mem::replace(&mut self.view, view);
        for line in watch::changes(&before, &self.view, today()) {
            self.printer.print(&line);
        }
        let notices = self.view.notices.clone();
        for notice in &notices {
            if !before.notices.iter().any(|other| other.id == notice.id) {
                self.printer.problem(&notice.problem);
                self.refused(exit_code(notice.problem.code));
            }
        }
        self.follow_server(&before);
        self.begin();
        let calls = self.view.calls.clone();
        for call in &calls {
            let known = before.calls.iter().find(|other| other.id == call.id);
            self.follow(known, call);
        }
        self.complete_transfer();
        self.printer.status(&self.view, None);
    }

    /// Nothing comes of a call that was refused before it began.
    fn refused(&mut self, exit: Exit) {
        let calls = matches!(self.task, Task::Call(..)) && self.begun;
        if calls && self.view.calls.is_empty() && self.calls_over == 0 {
            self.exit = exit;
            self.leave();
        }
    }

    /// What the server says about the log-in and about calls by another phone.
    fn follow_server(&mut self, before: &PhoneView) {
        if !self.with_server || self.stage != Stage::Running {
            return;
        }
        let Some(server) = self.view.server.clone() else {
            if self.view.server_log_in.is_none() {
                self.give_up(&Problem::new(ErrorCode::NoAccount), Exit::Usage);
            }
            return;
        };
        let old = before.server.as_deref();
        if let ServerConnection::LoggedOut { trouble } = &server.connection {
            self.printer.trouble(trouble);
            self.exit = Exit::RegistrationRefused;
            return self.leave();
        }
        if let Some(trouble) = server.refusal.as_ref().filter(|_| old.is_none_or(|old| old.refusal.is_none())) {
            self.printer.trouble(trouble);
            self.refused(exit_of(trouble));
        }
        let failed = server.calls.iter().any(|call| matches!(call.state, CallProgressState::Ended { .. }));
        let over = old.is_some_and(|old| !old.calls.is_empty()) && server.calls.is_empty();
        if failed || over {
            self.refused(if failed { Exit::Refused } else { Exit::Done });
        }
    }

    /// Starts the task once the account is ready, or gives up where it can't be.
    fn begin(&mut self) {
        if self.begun || self.stage != Stage::Running {
            return;
        }
        let Some(account) = self.view.accounts.first() else { return };
        match &account.registration {
            Registration::Registered { .. } => {}
            Registration::Failed { problem, retry_at, .. } => {
                let problem = problem.clone();
                let (lasting, waits) = (retry_at.is_none(), matches!(self.task, Task::Answer(..)));
                // Whoever waits for calls waits for the server too; whoever calls wants to know now.
                if lasting || !waits {
                    self.give_up(&problem, exit_code(problem.code));
                }
                return;
            }
            Registration::Off if !account.settings.register => {}
            Registration::Off | Registration::Registering | Registration::Unknown => return,
        }
        self.begun = true;
        match &self.task {
            Task::Call(target, withhold, _) => {
                let (target, withhold) = (target.clone(), *withhold);
                self.engine.command(Command::Dial { target, account: None, withhold });
            }
            Task::Register(Some(seconds)) => self.plan(Duration::from_secs_f64(*seconds), Step::Leave),
            Task::Answer(..) | Task::Register(None) => {}
        }
    }

    fn give_up(&mut self, problem: &Problem, exit: Exit) {
        self.printer.problem(problem);
        self.exit = exit;
        self.leave();
    }

    /// What a change of a call asks for.
    fn follow(&mut self, before: Option<&CallView>, call: &CallView) {
        let is_new = before.is_none();
        if is_new && matches!(call.state, CallState::Incoming { .. }) {
            self.receive(call.id);
        }
        let was_answered = before.is_some_and(|before| before.answered_at.is_some());
        if !was_answered && call.answered_at.is_some() {
            self.follow_script(call);
        }
        let was_over = before.is_some_and(|before| matches!(before.state, CallState::Ended { .. }));
        if let CallState::Ended { reason, problem } = &call.state
            && !was_over
        {
            self.call_over(call, *reason, problem.as_ref());
        }
    }

    fn receive(&mut self, call: CallId) {
        let Task::Answer(answering, _) = &self.task else { return };
        match answering.reject {
            Some(status) => self.engine.reject(call, status),
            None => self.plan(Duration::from_secs_f64(answering.ring_for), Step::Answer(call)),
        }
    }

    fn follow_script(&mut self, call: &CallView) {
        let script = match &self.task {
            Task::Call(_, _, script) | Task::Answer(_, script) => script.clone(),
            Task::Register(_) => return,
        };
        // The one who is asked in a transfer, or the call that a transfer led to, is not scripted anew.
        if call.consultation.is_some() || self.agenda.iter().any(|(_, step)| matches!(step, Step::HangUp(_))) {
            return;
        }
        let id = call.id;
        if let Some(digits) = script.dtmf {
            self.plan(DIGITS_AFTER, Step::Digits(id, digits));
        }
        if script.hold {
            self.plan(HOLD_AFTER, Step::Hold(id));
            self.plan(RESUME_AFTER, Step::Resume(id));
        }
        if let Some(target) = script.transfer {
            self.plan(TRANSFER_AFTER, Step::Transfer(id, target));
        }
        if let Some(target) = script.transfer_attended {
            self.plan(TRANSFER_AFTER, Step::AskFirst(id, target));
        }
        if let Some(seconds) = script.duration {
            self.plan(Duration::from_secs_f64(seconds), Step::HangUp(id));
        }
    }

    fn call_over(&mut self, call: &CallView, reason: EndReason, problem: Option<&Problem>) {
        let lasted = call.answered_at.map_or(Duration::ZERO, |answered| call.since.since(answered));
        self.durations.insert(call.id, u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX));
        self.calls_over += 1;
        if let Some(problem) = problem {
            self.printer.problem(problem);
            if call.answered_at.is_none() && call.consultation.is_none() && reason == EndReason::Failed {
                self.exit = exit_code(problem.code);
            }
        }
        let others = self.view.calls.iter().any(|other| !matches!(other.state, CallState::Ended { .. }));
        let enough = match &self.task {
            Task::Call(..) => true,
            Task::Answer(answering, _) => self.calls_over >= answering.calls,
            Task::Register(_) => false,
        };
        if enough && !others {
            self.leave();
        }
    }

    fn plan(&mut self, after: Duration, step: Step) {
        self.agenda.push((Instant::now() + after, step));
    }

    fn keep_agenda(&mut self) {
        let now = Instant::now();
        let (due, later): (Vec<_>, Vec<_>) = self.agenda.drain(..).partition(|(at, _)| *at <= now);
        self.agenda = later;
        for (_, step) in due {
            match step {
                Step::Answer(call) => self.engine.command(Command::Answer { call }),
                Step::Digits(call, digits) => self.engine.command(Command::SendDigits { call, digits }),
                Step::Hold(call) => self.engine.command(Command::Hold { call }),
                Step::Resume(call) => self.engine.command(Command::Resume { call }),
                Step::Transfer(call, target) => self.engine.command(Command::TransferBlind { call, target }),
                Step::AskFirst(call, target) => self.engine.command(Command::TransferAskFirst { call, target }),
                Step::HangUp(call) => self.engine.command(Command::HangUp { call }),
                Step::Leave => self.leave(),
            }
        }
    }

    /// Hands over as soon as the one who was asked has answered.
    fn complete_transfer(&mut self) {
        let scripted = match &self.task {
            Task::Call(_, _, script) | Task::Answer(_, script) => script.transfer_attended.is_some(),
            Task::Register(_) => false,
        };
        let asked = self.view.calls.iter().find(|call| call.can.complete_transfer).map(|call| call.id);
        if let Some(call) = asked.filter(|_| scripted && !self.handed_over) {
            self.handed_over = true;
            self.engine.command(Command::CompleteTransfer { call });
        }
    }

    fn obey(&mut self, wish: Wish) {
        let Some(call) = self.current() else {
            if matches!(wish, Wish::Quit | Wish::HangUp) {
                self.leave();
            }
            return;
        };
        let id = call.id;
        let command = match wish {
            Wish::Hold => Command::Hold { call: id },
            Wish::Resume => Command::Resume { call: id },
            Wish::ToggleHold if call.can.resume => Command::Resume { call: id },
            Wish::ToggleHold => Command::Hold { call: id },
            Wish::Mute(muted) => Command::Mute { call: id, muted },
            Wish::ToggleMute => Command::Mute { call: id, muted: !call.muted },
            Wish::Digits(digits) => Command::SendDigits { call: id, digits },
            Wish::Transfer(target) => Command::TransferBlind { call: id, target },
            Wish::AskFirst(target) => Command::TransferAskFirst { call: id, target },
            Wish::Complete => Command::CompleteTransfer { call: id },
            Wish::Answer => Command::Answer { call: id },
            Wish::HangUp => Command::HangUp { call: id },
            Wish::Quit => return self.leave(),
        };
        self.engine.command(command);
    }

    /// The call that a person means: the newest one that is not over and, if there are several, not on hold.
    fn current(&self) -> Option<&CallView> {
        let mut going = self.view.calls.iter().rev().filter(|call| !matches!(call.state, CallState::Ended { .. }));
        let held = |call: &&CallView| matches!(call.state, CallState::OnHold | CallState::BothHold);
        going.clone().find(|call| !held(call)).or_else(|| going.next())
    }

    fn leave(&mut self) {
        match self.stage {
            Stage::Running => {
                self.stage = Stage::Leaving;
                self.engine.command(Command::Quit);
                self.agenda = vec![(Instant::now() + FAREWELL, Step::Leave)];
            }
            // The server did not say goodbye in time, or somebody is in a hurry.
            Stage::Leaving => self.stage = Stage::Over,
            Stage::Over => {}
        }
    }
}

/// Waits for Ctrl-C or, from another program, SIGTERM.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    tokio::signal::ctrl_c().await.ok();
}

/// Sleeps until then; for ever where there is no time given.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn media_line(call: CallId, negotiated: &bellbird_engine::Negotiated) -> Line {
    let (security, suite) = match negotiated.security {
        bellbird_engine::Security::None => ("none", None),
        bellbird_engine::Security::Sdes { suite } => ("sdes", Some(suite.name().to_owned())),
    };
    Line::Media {
        call: call.0,
        codec: negotiated.codec.name().to_lowercase(),
        security,
        suite,
        ptime_ms: u64::try_from(negotiated.ptime.as_millis()).unwrap_or_default(),
        send: negotiated.send,
        receive: negotiated.receive,
    }
}
