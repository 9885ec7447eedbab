use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Bellbird, a phone without a window.
///
/// Passwords come from the environment (BELLBIRD_SECRET, or BELLBIRD_SECRET_USER for one of several accounts) or from
/// the system's key store, never from the command line, where everybody on this computer could read them.
#[derive(Debug, Parser)]
#[command(name = "bellbird", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Print one JSON object a line for each thing that happens.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Where the log-in to a server is kept; without it in the user's own data folder.
    #[arg(long, global = true, value_name = "FOLDER", env = "BELLBIRD_PHONE_DATA")]
    pub(crate) data: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Call a number or address.
    Call {
        /// A number, `user@domain` or a sip: URI.
        target: String,
        /// Withhold our number from the other side.
        #[arg(long)]
        withhold: bool,
        #[command(flatten)]
        phone: PhoneArguments,
        #[command(flatten)]
        script: Script,
    },
    /// Wait for a call and answer it.
    Answer {
        #[command(flatten)]
        phone: PhoneArguments,
        #[command(flatten)]
        script: Script,
        #[command(flatten)]
        answering: Answering,
    },
    /// Register and show how the registration stands.
    Register {
        #[command(flatten)]
        phone: PhoneArguments,
        /// Unregister after so many seconds; without it, when interrupted.
        #[arg(long = "for", value_name = "SECONDS")]
        duration: Option<f64>,
    },
    /// Log in to a Bellbird server; the password comes from BELLBIRD_SECRET or the key store.
    ///
    /// Where the server wants a new password first, BELLBIRD_NEW_SECRET is the one.
    Login {
        /// The server's address; left out, the link in BELLBIRD_LINK is used.
        #[arg(required_unless_present = "link")]
        server: Option<String>,
        /// Log-in name or e-mail address.
        #[arg(long, value_name = "NAME", requires = "server")]
        login: Option<String>,
        /// Log in by the provisioning link in BELLBIRD_LINK.
        #[arg(long, conflicts_with = "server")]
        link: bool,
    },
    /// Log out of the server.
    Logout,
    /// Do Not Disturb, on all of the user's phones.
    Dnd {
        /// What to do.
        #[arg(value_enum, default_value_t = DndArgument::Status)]
        what: DndArgument,
        /// End by itself after so long: 30m, 2h.
        #[arg(long = "for", value_name = "TIME", value_parser = minutes)]
        minutes: Option<u32>,
    },
    /// Show the call settings, or change them.
    Settings {
        /// Receive incoming calls.
        #[arg(long, value_enum)]
        receive: Option<Switch>,
        /// Make calls.
        #[arg(long, value_enum)]
        make: Option<Switch>,
        /// What rings first when you call.
        #[arg(long, value_enum)]
        method: Option<MethodArgument>,
        /// For all of the user's clients, and not for this one only.
        #[arg(long)]
        all_clients: bool,
    },
    /// List microphones and speakers.
    Devices,
    /// Explain a SIP message in a file, or name the verdict that refuses it.
    Inspect {
        /// The file; `-` for standard input.
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Args)]
pub(crate) struct PhoneArguments {
    /// Accounts in a TOML file: a table [account] with address = "sip:you@provider".
    #[arg(long, value_name = "FILE")]
    pub(crate) account: Option<PathBuf>,
    /// The address to call from, in place of an account file: sip:you@provider.
    #[arg(long, value_name = "URI", conflicts_with = "account")]
    pub(crate) address: Option<String>,
    /// Call by the server that `bellbird login` logged in to.
    #[arg(long, conflicts_with_all = ["account", "address"])]
    pub(crate) server: bool,
    /// The server to register at, for --address.
    #[arg(long, value_name = "URI", requires = "address")]
    pub(crate) registrar: Option<String>,
    /// Do not register: call and be called directly.
    #[arg(long)]
    pub(crate) no_register: bool,
    /// The local port for UDP and TCP.
    #[arg(long, value_name = "PORT")]
    pub(crate) local_port: Option<u16>,
    /// What the microphone says: a WAV file in place of the device.
    #[arg(long, value_name = "WAV")]
    pub(crate) play: Option<PathBuf>,
    /// Play the file over and over.
    #[arg(long, requires = "play")]
    pub(crate) play_loop: bool,
    /// Send back what the far end says.
    #[arg(long, conflicts_with = "play")]
    pub(crate) echo: bool,
    /// Where to write what is heard: 48 kHz, mono, 16 bit.
    #[arg(long, value_name = "WAV")]
    pub(crate) record: Option<PathBuf>,
    /// Use no sound device: silence out, nothing heard.
    #[arg(long)]
    pub(crate) null_audio: bool,
    /// Leave echo cancellation, noise suppression and gain control off.
    #[arg(long)]
    pub(crate) no_audio_processing: bool,
    /// Codecs in order of preference: opus,g722,pcma,pcmu.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) codecs: Vec<String>,
    /// Encryption of the sound.
    #[arg(long, value_enum)]
    pub(crate) srtp: Option<SrtpArgument>,
    /// Report levels and quality once a second.
    #[arg(long)]
    pub(crate) levels: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SrtpArgument {
    Off,
    Optional,
    Required,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DndArgument {
    On,
    Off,
    Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodArgument {
    Softphone,
    DeskPhone,
    Mobile,
}

/// `30m`, `2h`, or minutes alone.
fn minutes(text: &str) -> Result<u32, String> {
    let (number, each) = match text.strip_suffix('h') {
        Some(hours) => (hours, 60),
        None => (text.strip_suffix('m').unwrap_or(text), 1),
    };
    let number: u32 = number.parse().map_err(|_| "say 30m or 2h".to_owned())?;
    number.checked_mul(each).filter(|minutes| *minutes > 0).ok_or_else(|| "say 30m or 2h".to_owned())
}

/// What to do in a call without a hand.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Script {
    /// Hang up so many seconds after the answer.
    #[arg(long = "for", value_name = "SECONDS")]
    pub(crate) duration: Option<f64>,
    /// Send these digits one second after the answer.
    #[arg(long, value_name = "DIGITS")]
    pub(crate) dtmf: Option<String>,
    /// Hold two seconds after the answer, for two seconds.
    #[arg(long)]
    pub(crate) hold: bool,
    /// Transfer the call three seconds after the answer.
    #[arg(long, value_name = "TARGET")]
    pub(crate) transfer: Option<String>,
    /// The same, but call the target first and hand over when it answers.
    #[arg(long, value_name = "TARGET", conflicts_with = "transfer")]
    pub(crate) transfer_attended: Option<String>,
}

/// How to treat calls that come in.
#[derive(Debug, Clone, Args)]
pub(crate) struct Answering {
    /// Refuse with this status instead: 486 for busy, 603 to decline.
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..=699))]
    pub(crate) reject: Option<u16>,
    /// Ring so many seconds before answering.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub(crate) ring_for: f64,
    /// End after so many calls.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) calls: u32,
}
