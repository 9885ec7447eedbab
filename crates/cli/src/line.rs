//! What `--json` prints: one object a line, and what is told of it in words on standard error.

use serde::Serialize;

/// One thing that happened. Calls are numbered as the phone numbers them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Line {
    /// Sockets are open, the phone is ready.
    Ready {
        local: Vec<String>,
    },
    Registering {
        account: String,
    },
    Registered {
        account: String,
        transport: String,
        secure: bool,
    },
    RegistrationFailed {
        account: String,
        status: Option<u16>,
        code: String,
        reason: Option<String>,
        retry_in_s: Option<f64>,
    },
    Unregistered {
        account: String,
    },
    Calling {
        call: u32,
        target: String,
    },
    Incoming {
        call: u32,
        from: String,
        name: Option<String>,
    },
    Ringing {
        call: u32,
    },
    EarlyMedia {
        call: u32,
    },
    Answered {
        call: u32,
    },
    Media {
        call: u32,
        codec: String,
        security: &'static str,
        suite: Option<String>,
        ptime_ms: u64,
        send: bool,
        receive: bool,
    },
    Held {
        call: u32,
        by: Side,
    },
    Resumed {
        call: u32,
        by: Side,
    },
    Reconnecting {
        call: u32,
    },
    Reconnected {
        call: u32,
    },
    Digit {
        call: u32,
        digit: String,
        duration_ms: Option<u64>,
    },
    DigitSent {
        call: u32,
        digit: String,
    },
    Transferring {
        call: u32,
        target: String,
    },
    Transferred {
        call: u32,
    },
    TransferFailed {
        call: u32,
        reason: Option<String>,
    },
    Level {
        microphone: f32,
        speaker: f32,
    },
    Quality {
        call: u32,
        codec: Option<&'static str>,
        loss_percent: f64,
        jitter_ms: f64,
        round_trip_ms: Option<f64>,
        mos: f64,
    },
    Ended {
        call: u32,
        by: Side,
        status: Option<u16>,
        code: String,
        reason: Option<String>,
        answered_elsewhere: bool,
    },
    Report {
        call: u32,
        duration_ms: u64,
        #[serde(flatten)]
        figures: serde_json::Value,
    },
    /// The microphone's file came to its end.
    PlayedOut,
    /// How the line to the server stands: `connecting`, `online`, `offline`, `logged_out`.
    Server {
        server: String,
        state: &'static str,
        user: String,
        organisation: String,
        code: Option<String>,
    },
    LoggedOut,
    Dnd {
        on: bool,
        /// Milliseconds since 1970.
        until: Option<u64>,
        pending: bool,
    },
    Settings {
        receive: Setting<bool>,
        make: Setting<bool>,
        call_method: Setting<&'static str>,
    },
    /// A call by desk phone or call-back.
    ServerCall {
        id: String,
        target: String,
        state: &'static str,
    },
    Error {
        code: String,
        message: String,
    },
}

/// What holds, for whom, and who locked it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) scope: &'static str,
    pub(crate) locked_by: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) pending: bool,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    Local,
    Remote,
    Network,
}

#[derive(Serialize)]
struct Stamped<'a> {
    at_ms: u64,
    #[serde(flatten)]
    line: &'a Line,
}

impl Line {
    /// As one line of JSON, stamped with the time since the start.
    pub(crate) fn to_json(&self, at_ms: u64) -> String {
        serde_json::to_string(&Stamped { at_ms, line: self }).unwrap_or_default()
    }

    /// In words, for a person at a terminal; nothing where the status line tells it anyway.
    pub(crate) fn in_words(&self) -> Option<String> {
        Some(match self {
            Self::Ready { local } if !local.is_empty() => format!("Listening on {}.", local.join(", ")),
            Self::Registering { account } => format!("Registering {account} …"),
            Self::Registered { account, transport, .. } => format!("Registered {account} over {transport}."),
            Self::Unregistered { account } => format!("{account} is unregistered."),
            Self::Calling { target, .. } => format!("Calling {target} …"),
            Self::Incoming { from, name: Some(name), .. } => format!("{name} ({from}) calls."),
            Self::Incoming { from, name: None, .. } => format!("{from} calls."),
            Self::Ringing { .. } => "It rings.".to_owned(),
            Self::Answered { .. } => "Answered.".to_owned(),
            Self::Media { codec, security: "none", .. } => format!("Sound: {codec}, not encrypted."),
            Self::Media { codec, .. } => format!("Sound: {codec}, encrypted."),
            Self::Held { by: Side::Local, .. } => "On hold.".to_owned(),
            Self::Held { .. } => "The other side put you on hold.".to_owned(),
            Self::Resumed { .. } => "Off hold.".to_owned(),
            Self::Reconnecting { .. } => "The network changed, reconnecting …".to_owned(),
            Self::Reconnected { .. } => "Reconnected.".to_owned(),
            Self::Digit { digit, .. } => format!("The other side pressed {digit}."),
            Self::Transferring { target, .. } => format!("Transferring to {target} …"),
            Self::Transferred { .. } => "Transferred.".to_owned(),
            Self::TransferFailed { .. } => "The transfer failed; the call is still here.".to_owned(),
            Self::Ended { by: Side::Local, code, .. } if code == "hung_up" => "Hung up.".to_owned(),
            Self::Ended { code, .. } if code == "hung_up" => "The other side hung up.".to_owned(),
            Self::Error { message, .. } => message.clone(),
            Self::Server { server, state: "online", user, organisation, .. } => {
                format!("{user} of {organisation} is logged in to {server}.")
            }
            Self::Server { server, state: "offline", .. } => format!("{server} is not there; it is tried again."),
            Self::LoggedOut => "Logged out.".to_owned(),
            Self::Dnd { on, pending, .. } => {
                let waits = if *pending { ", waiting to be sent" } else { "" };
                format!("Do Not Disturb is {}{waits}.", on_off(*on))
            }
            Self::Settings { receive, make, call_method } => format!(
                "Receive incoming calls: {}{}\nMake calls: {}{}\nCall method: {}{}",
                on_off(receive.value),
                receive.in_words(),
                on_off(make.value),
                make.in_words(),
                call_method.value.replace('_', " "),
                call_method.in_words()
            ),
            Self::ServerCall { target, state, .. } => format!("{target}: {}.", state.replace('_', " ")),
            Self::RegistrationFailed { .. }
            | Self::Server { .. }
            | Self::Ended { .. }
            | Self::Ready { .. }
            | Self::EarlyMedia { .. }
            | Self::DigitSent { .. }
            | Self::Level { .. }
            | Self::Quality { .. }
            | Self::Report { .. }
            | Self::PlayedOut => return None,
        })
    }
}

impl<T> Setting<T> {
    fn in_words(&self) -> String {
        let mut words = if self.scope == "all_clients" { " (all clients)" } else { " (this client)" }.to_owned();
        if let Some(by) = &self.locked_by {
            words.push_str(&format!(", set by {by}"));
        }
        if let Some(note) = &self.note {
            words.push_str(&format!(": {note}"));
        }
        if self.pending {
            words.push_str(", waiting to be sent");
        }
        words
    }
}

const fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_object_with_event_and_time() {
        let line = Line::Held { call: 3, by: Side::Remote };
        assert_eq!(line.to_json(17), r#"{"at_ms":17,"event":"held","call":3,"by":"remote"}"#);
    }

    #[test]
    fn figures_of_a_report_stand_beside_its_other_fields() {
        let line = Line::Report { call: 1, duration_ms: 8_000, figures: serde_json::json!({ "codec": "opus" }) };
        assert_eq!(line.to_json(0), r#"{"at_ms":0,"event":"report","call":1,"duration_ms":8000,"codec":"opus"}"#);
    }
}
