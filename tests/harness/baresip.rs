//! baresip: a phone that nobody here wrote, steered over its control port (JSON in netstrings).

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::kamailio::{Kamailio, Transport};
use crate::namespace::Place;
use crate::ports::free_port;
use crate::process::{Log, Process, in_real_time};
use crate::sip_account::SipAccount;
use crate::speech::Speech;
use crate::stage::Stage;

/// Debian's place for its modules.
const MODULES: &str = "/usr/lib/baresip/modules";
const LIMIT: Duration = Duration::from_secs(30);

/// Its word for how media is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaEncryption {
    /// `srtp`: SDES offered in RTP/AVP, taken if the far side has it too.
    SdesOptional,
    /// `srtp-mand`: SDES in RTP/SAVP or no call.
    SdesRequired,
}

/// Who it is.
#[derive(Clone, Debug)]
pub struct BaresipAccount {
    /// User part.
    pub user: String,
    /// Where it registers; none: it is called directly.
    pub registered: Option<SipAccount>,
    /// baresip's names, such as `opus/48000/2`.
    pub codecs: Vec<&'static str>,
    /// None: plain RTP.
    pub encryption: Option<MediaEncryption>,
    /// Answers by itself, else waits for [`Baresip::accept`].
    pub answers: bool,
    /// Other words for its account line, such as `dtmfmode=info`.
    pub more: String,
}

impl BaresipAccount {
    /// A user of the registrar who answers by himself and speaks Opus.
    pub fn at(kamailio: &Kamailio, transport: Transport, user: &str) -> Self {
        Self::of(SipAccount::at(kamailio, transport, user))
    }

    /// The same with an account of any registrar.
    pub fn of(account: SipAccount) -> Self {
        let user = account.user.clone();
        Self { registered: Some(account), ..Self::alone(&user) }
    }

    /// Somebody without a registrar.
    pub fn alone(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            registered: None,
            codecs: vec!["opus/48000/2"],
            encryption: None,
            answers: true,
            more: String::new(),
        }
    }

    /// With these codecs instead.
    pub fn codecs(mut self, codecs: &[&'static str]) -> Self {
        self.codecs = codecs.to_vec();
        self
    }

    /// With encrypted media.
    pub fn encrypted(mut self, encryption: MediaEncryption) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// Rings until told to answer.
    pub fn rings(mut self) -> Self {
        self.answers = false;
        self
    }

    fn line(&self) -> String {
        let mut line = match &self.registered {
            Some(account) => {
                let SipAccount { login, secret, registrar, .. } = account;
                let (address, transport) = (account.address(), account.transport());
                format!(
                    "<{address};transport={transport}>;auth_user={login};auth_pass={secret};\
                     outbound=\"{registrar}\";regint=60"
                )
            }
            None => format!("<sip:{}@127.0.0.1>;regint=0", self.user),
        };
        line += &format!(";audio_codecs={};ptime=20", self.codecs.join(","));
        line += match self.encryption {
            Some(MediaEncryption::SdesOptional) => ";mediaenc=srtp",
            Some(MediaEncryption::SdesRequired) => ";mediaenc=srtp-mand",
            None => "",
        };
        line += if self.answers { ";answermode=auto" } else { ";answermode=manual" };
        if !self.more.is_empty() {
            line += &format!(";{}", self.more);
        }
        line + "\n"
    }
}

/// A running baresip.
#[derive(Debug)]
pub struct Baresip {
    process: Process,
    control: Option<OwnedWriteHalf>,
    events: Log,
    seen: usize,
    sound: PathBuf,
    /// The SIP port it listens on.
    pub port: u16,
}

impl Baresip {
    /// Starts it; `says` is its microphone. Waits for its registration, if it has a registrar.
    pub async fn start(stage: &Stage, account: &BaresipAccount, says: &Speech) -> Self {
        Self::start_at(stage, Place::LOOPBACK, account, says).await
    }

    /// Starts it somewhere else; from a namespace it takes no commands and tells no events.
    pub async fn start_at(stage: &Stage, place: Place<'_>, account: &BaresipAccount, says: &Speech) -> Self {
        let name = format!("baresip {}", account.user);
        let folder = stage.subfolder(&name.replace(' ', "-"));
        let sound = stage.subfolder(&format!("baresip-{}-sound", account.user));
        let (port, control_port) = (free_port(), free_port());
        let configuration = configuration(place.host, account, says, &sound, port, control_port);
        for (file, text) in [("config", configuration), ("accounts", account.line()), ("contacts", String::new())] {
            std::fs::write(folder.join(file), text).expect("the test's folder can be written");
        }
        let mut command = place.command("baresip");
        command.arg("-f").arg(&folder).current_dir(&folder);
        let process = stage.start(&name, in_real_time(command));
        process.log.wait_for(0, "baresip is ready", LIMIT).await;
        let events = stage.log(&format!("{name}, events"));
        let control = match place.is_reachable_from_here() {
            true => Some(connect(control_port, events.clone()).await),
            false => None,
        };
        let mut baresip = Self { process, control, events, seen: 0, sound, port };
        if account.registered.is_some() {
            baresip.registered().await;
        }
        baresip
    }

    /// What it printed.
    pub fn log(&self) -> &Log {
        &self.process.log
    }

    /// Types one of its long commands (`dial`, `sip:…`).
    pub async fn command(&mut self, command: &str, parameters: &str) {
        let message = json!({"command": command, "params": parameters, "token": command}).to_string();
        let netstring = format!("{}:{message},", message.len());
        self.events.add(format!("> {message}"));
        let control = self.control.as_mut().expect("baresip is in this network");
        control.write_all(netstring.as_bytes()).await.expect("baresip reads its control port");
    }

    /// Waits for its next event of this type (`CALL_ESTABLISHED`), counted from the last one waited for.
    pub async fn event(&mut self, kind: &str) -> Value {
        self.event_within(kind, LIMIT).await
    }

    /// The same with a limit of one's own.
    pub async fn event_within(&mut self, kind: &str, limit: Duration) -> Value {
        let pick = |line: &str| -> Option<Value> {
            let value: Value = serde_json::from_str(line).ok()?;
            (value["type"] == kind).then_some(value)
        };
        let (seen, event) = self.events.find(self.seen, limit, kind, pick).await;
        self.seen = seen;
        event
    }

    /// Whether it told of an event of this type so far.
    pub fn has_event(&self, kind: &str) -> bool {
        self.events.holds(0, &format!("\"type\":\"{kind}\""))
    }

    /// Calls somebody.
    pub async fn dial(&mut self, target: &str) {
        self.command("dial", target).await;
    }

    /// Answers.
    pub async fn accept(&mut self) {
        self.command("accept", "").await;
    }

    /// Ends the call, or refuses it.
    pub async fn hang_up(&mut self) {
        self.command("hangup", "").await;
    }

    /// Waits until the call is answered.
    pub async fn established(&mut self) {
        self.event("CALL_ESTABLISHED").await;
    }

    /// Waits until the call has ended; gives its words on why.
    pub async fn closed(&mut self) -> String {
        let event = self.event("CALL_CLOSED").await;
        event["param"].as_str().unwrap_or_default().to_owned()
    }

    async fn registered(&mut self) {
        // The event may have come before the control port was connected.
        self.process
            .log
            .find(0, LIMIT, "200 OK to REGISTER", |line| {
                (line.contains("200 OK") || line.contains("All 1 useragent registered successfully")).then_some(())
            })
            .await;
    }

    /// What it heard in its last call. Its file is complete once the call has ended.
    pub fn heard(&self) -> PathBuf {
        let mut recordings: Vec<_> = std::fs::read_dir(&self.sound)
            .expect("baresip's folder")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
            .collect();
        recordings.sort();
        recordings.pop().unwrap_or_else(|| panic!("baresip recorded nothing in {}", self.sound.display()))
    }

    /// Ends it, and waits until it has unregistered.
    pub async fn leave(&mut self) {
        self.command("quit", "").await;
        self.process.exit_code(LIMIT).await;
    }

    /// Ends it.
    pub async fn stop(&mut self) {
        if self.control.is_some() {
            self.command("quit", "").await;
        }
        self.process.stop().await;
    }
}

fn configuration(
    host: &str,
    account: &BaresipAccount,
    says: &Speech,
    sound: &Path,
    port: u16,
    control_port: u16,
) -> String {
    let (says, sound) = (says.path.display(), sound.display());
    let authority = account.registered.as_ref().and_then(|account| account.authority.as_ref());
    let authority = authority.map_or_else(String::new, |path| format!("sip_cafile {}\n", path.display()));
    let rtp = free_port();
    format!(
        "poll_method epoll\nsip_listen {host}:{port}\nsip_transports udp,tcp,tls\n{authority}\
         call_local_timeout 120\ncall_max_calls 4\nnet_interface {host}\n\
         audio_player aubridge,null\naudio_source aufile,{says}\naudio_alert aubridge,null\n\
         ausrc_srate 48000\nauplay_srate 48000\nausrc_channels 1\nauplay_channels 1\n\
         rtp_stats yes\nrtp_ports {rtp}-{}\njitter_buffer_delay 5-10\nopus_bitrate 48000\n\
         module_path {MODULES}\nmodule opus.so\nmodule g722.so\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\n\
         module sndfile.so\nsnd_path {sound}\nmodule srtp.so\nmodule_tmp uuid.so\nmodule_tmp account.so\n\
         module_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen {host}:{control_port}\nstatmode_default off\n",
        rtp + 200,
    )
}

async fn connect(port: u16, events: Log) -> OwnedWriteHalf {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("baresip's control port");
    let (reader, writer) = stream.into_split();
    tokio::spawn(async move {
        let mut reader = BufReader::new(reader);
        while let Some(message) = netstring(&mut reader).await {
            events.add(message);
        }
    });
    writer
}

async fn netstring(reader: &mut BufReader<OwnedReadHalf>) -> Option<String> {
    let mut length = 0;
    loop {
        match reader.read_u8().await.ok()? {
            digit @ b'0'..=b'9' => length = length * 10 + usize::from(digit - b'0'),
            b':' => break,
            _ => return None,
        }
    }
    let mut message = vec![0; length + 1];
    reader.read_exact(&mut message).await.ok()?;
    message.pop();
    Some(String::from_utf8_lossy(&message).into_owned())
}
