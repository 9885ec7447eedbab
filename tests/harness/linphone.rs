//! linphonec: another phone that nobody here wrote, steered by typing into it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use crate::kamailio::{Kamailio, Transport};
use crate::ports::free_port;
use crate::process::{Log, Process, in_real_time};
use crate::sip_account::SipAccount;
use crate::speech::Speech;
use crate::stage::Stage;

const LIMIT: Duration = Duration::from_secs(30);

/// Whether it answers calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// By itself.
    AtOnce,
    /// When it is told to, by typing `answer`.
    WhenTold,
}

/// A running linphonec.
#[derive(Debug)]
pub struct Linphone {
    process: Process,
    recording: PathBuf,
}

impl Linphone {
    /// Starts it at Kamailio, registered over UDP or TCP, with one codec (`opus`, `G722`, `PCMU`, `PCMA`). It answers by
    /// itself.
    pub async fn start(
        stage: &Stage,
        kamailio: &Kamailio,
        transport: Transport,
        user: &str,
        codec: &str,
        says: &Speech,
    ) -> Self {
        let account = SipAccount::at(kamailio, transport, user);
        let linphone = Self::start_as(stage, &account, codec, Answers::AtOnce, says).await;
        kamailio.registered(user).await;
        linphone
    }

    /// The same with an account of any registrar, which has to be asked whether it is registered: it does not say so.
    pub async fn start_as(stage: &Stage, account: &SipAccount, codec: &str, answers: Answers, says: &Speech) -> Self {
        let name = format!("linphone {}", account.user);
        let folder = stage.subfolder(&name.replace(' ', "-"));
        std::fs::create_dir_all(folder.join(".local/share/linphone")).expect("the test's folder can be written");
        let rc = folder.join("linphonerc");
        std::fs::write(&rc, configuration(account, codec, &folder)).expect("the test's folder can be written");
        let recording = folder.join("heard.wav");
        // It buffers what it prints into a pipe otherwise.
        let mut command = Command::new("stdbuf");
        command.args(["-oL", "linphonec", "-c"]).arg(&rc).current_dir(&folder).env("HOME", &folder);
        if answers == Answers::AtOnce {
            command.arg("-a");
        }
        let process = stage.start(&name, in_real_time(command));
        let mut linphone = Self { process, recording };
        linphone.type_line("soundcard use files").await;
        linphone.type_line(&format!("record {}", linphone.recording.display())).await;
        linphone.type_line(&format!("play {}", says.path.display())).await;
        linphone
    }

    /// What it printed.
    pub fn log(&self) -> &Log {
        &self.process.log
    }

    /// Types a command.
    pub async fn type_line(&mut self, line: &str) {
        self.process.type_line(line).await;
    }

    /// Calls somebody.
    pub async fn call(&mut self, target: &str) {
        self.type_line(&format!("call {target}")).await;
    }

    /// Waits until a call is up.
    pub async fn established(&self) {
        self.log()
            .find(0, LIMIT, "that media streams run", |line| {
                (line.contains("Media streams established") || line.contains("connected.")).then_some(())
            })
            .await;
    }

    /// Ends the call and the program; only then its recording is complete.
    pub async fn quit(&mut self) {
        self.type_line("terminate").await;
        self.type_line("quit").await;
        self.process.exit_code(LIMIT).await;
    }

    /// What it heard.
    pub fn heard(&self) -> PathBuf {
        self.recording.clone()
    }
}

/// Its buffer by default follows the sender's clock by an estimate that swings widely at first, whoever sends: what it plays
/// slips by 10 and 20 ms and scores between 3.2 and 4.5. The basic one keeps still.
fn configuration(account: &SipAccount, codec: &str, folder: &Path) -> String {
    let (port, rtp) = (free_port(), free_port());
    let (udp, tcp) = if account.transport() == "udp" { (port, 0) } else { (0, port) };
    let SipAccount { user, domain, login, secret, registrar, .. } = account;
    let codecs: String = [
        ("opus", 48_000, 2),
        ("G722", 8_000, 1),
        ("PCMU", 8_000, 1),
        ("PCMA", 8_000, 1),
        ("speex", 8_000, 1),
        ("speex", 16_000, 1),
        ("speex", 32_000, 1),
        ("GSM", 8_000, 1),
        ("iLBC", 8_000, 1),
        ("iSAC", 16_000, 1),
        ("BV16", 8_000, 1),
        ("L16", 44_100, 1),
        ("L16", 44_100, 2),
    ]
    .iter()
    .enumerate()
    .map(|(at, (name, rate, channels))| {
        let enabled = u8::from(*name == codec);
        format!("[audio_codec_{at}]\nmime={name}\nrate={rate}\nchannels={channels}\nenabled={enabled}\n")
    })
    .collect();
    format!(
        "[sip]\nsip_port={udp}\nsip_tcp_port={tcp}\nsip_tls_port=0\nguess_hostname=0\ncontact=sip:{user}@127.0.0.1\n\
         use_ipv6=0\nmedia_encryption=none\nstore_auth=0\ndefault_proxy=0\n\
         [net]\nmtu=0\nfirewall_policy=0\n[rtp]\naudio_rtp_port={rtp}\naudio_adaptive_jitt_comp_enabled=0\n\
         jitter_buffer_algorithm=basic\n\
         [sound]\nechocancellation=0\nagc=0\nmic_gain_db=0\nplayback_gain_db=0\n[video]\nenabled=0\n\
         [misc]\nlog_collection_upload_server_url=\nuuid=\nhistory_max_size=0\n[storage]\ncall_logs_db_uri={folder}/logs.db\n\
         [proxy_0]\nreg_proxy=<{registrar}>\nreg_route=<{registrar};lr>\nreg_identity=sip:{user}@{domain}\n\
         reg_expires=60\nreg_sendregister=1\npublish=0\n\
         [auth_info_0]\nusername={user}\nuserid={login}\npasswd={secret}\ndomain={domain}\nrealm={domain}\n{codecs}",
        folder = folder.display(),
    )
}
