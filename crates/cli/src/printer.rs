use std::io::{self, IsTerminal as _, Write as _};
use std::time::Instant;

use bellbird_contract::server::ServerTrouble;
use bellbird_contract::{CallState, CallView, PhoneView, Problem};
use bellbird_engine::QualityReport;

use crate::line::Line;
use crate::watch::{code_name, trouble_code};
use crate::words::{sentence, trouble_sentence};

/// Tells what happens: lines of JSON on standard output, or words and a live status line on standard error.
pub(crate) struct Printer {
    json: bool,
    live: bool,
    start: Instant,
    figures: String,
    /// Microphone and speaker in dBFS, where asked for.
    levels: Option<(f32, f32)>,
    /// Whether a status line stands at the cursor.
    drawn: bool,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        let live = !json && io::stderr().is_terminal();
        Self { json, live, start: Instant::now(), figures: String::new(), levels: None, drawn: false }
    }

    pub(crate) fn print(&mut self, line: &Line) {
        if self.json {
            let at = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
            write_line(io::stdout().lock(), &line.to_json(at));
        } else if let Some(words) = line.in_words() {
            self.words(&words);
        }
    }

    /// Tells a problem once as an event and always in words.
    pub(crate) fn problem(&mut self, problem: &Problem) {
        let message = sentence(problem);
        if self.json {
            self.print(&Line::Error { code: code_name(problem.code), message: message.clone() });
            write_line(io::stderr().lock(), &message);
        } else {
            self.words(&message);
        }
    }

    /// Tells what the server refused, or why it can't be asked.
    pub(crate) fn trouble(&mut self, trouble: &ServerTrouble) {
        let message = trouble_sentence(trouble);
        if self.json {
            self.print(&Line::Error { code: trouble_code(trouble), message: message.clone() });
            write_line(io::stderr().lock(), &message);
        } else {
            self.words(&message);
        }
    }

    /// Remembers how loud it is, in dBFS, for the status.
    pub(crate) fn levels(&mut self, microphone: f32, speaker: f32) {
        self.levels = Some((microphone, speaker));
    }

    /// Tells how the call goes on: redrawn in place in a terminal, else as a line a second.
    pub(crate) fn status(&mut self, view: &PhoneView, report: Option<&QualityReport>) {
        if self.json {
            return;
        }
        if let Some(report) = report {
            self.figures = figures(report, self.levels);
        }
        let going = view.calls.iter().rev().find(|call| !matches!(call.state, CallState::Ended { .. }));
        let line = going.map(|call| format!("{}  {}", describe(call), self.figures));
        match line {
            Some(line) if self.live => self.draw(&line),
            Some(line) if report.is_some() && self.levels.is_some() => self.words(&line),
            Some(_) | None => self.erase(),
        }
    }

    fn draw(&mut self, line: &str) {
        let mut out = io::stderr().lock();
        write!(out, "\r\x1b[2K{line}").and_then(|()| out.flush()).ok();
        self.drawn = true;
    }

    fn words(&mut self, words: &str) {
        self.erase();
        // In raw mode a line feed alone does not go back to the first column.
        let end = if self.live { "\r" } else { "" };
        write_line(io::stderr().lock(), &format!("{words}{end}"));
    }

    fn erase(&mut self) {
        if self.drawn {
            write!(io::stderr().lock(), "\r\x1b[2K").ok();
            self.drawn = false;
        }
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.erase();
    }
}

fn describe(call: &CallView) -> String {
    let state = match &call.state {
        CallState::Calling => "calling",
        CallState::Ringing { .. } => "ringing",
        CallState::Incoming { .. } => "calls you",
        CallState::Connecting => "connecting",
        CallState::Active => "talking",
        CallState::OnHold | CallState::BothHold => "on hold",
        CallState::TheyHold => "holds you",
        CallState::Reconnecting => "reconnecting",
        CallState::Ended { .. } | CallState::Unknown => "over",
    };
    let who = call.party.name.as_deref().unwrap_or(&call.party.number);
    let muted = if call.muted { ", muted" } else { "" };
    format!("{who}: {state}{muted}")
}

fn figures(report: &QualityReport, levels: Option<(f32, f32)>) -> String {
    let codec = report.codec.map_or("-", bellbird_base::Codec::name);
    let trip = report.round_trip_ms.map(|trip| format!(", {trip:.0} ms there and back")).unwrap_or_default();
    let level = levels
        .map(|(microphone, speaker)| format!(", microphone {microphone:.0} dB, speaker {speaker:.0} dB"))
        .unwrap_or_default();
    let (loss, jitter, mos) = (report.loss_percent, report.jitter_ms, report.mos);
    format!("{codec}, loss {loss:.1} %, jitter {jitter:.1} ms{trip}, MOS {mos:.1}{level}")
}

/// A reader that went away is no reason to drop a call.
fn write_line(mut out: impl io::Write, line: &str) {
    writeln!(out, "{line}").and_then(|()| out.flush()).ok();
}
