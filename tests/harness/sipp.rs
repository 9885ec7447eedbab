//! sipp: peers that follow a script, also where a script is wrong on purpose.

use std::time::Duration;

use tokio::process::Command;

use crate::environment::root_folder;
use crate::ports::free_port;
use crate::process::{Log, Process};
use crate::sip_account::SipAccount;
use crate::stage::Stage;

/// A running script.
#[derive(Debug)]
pub struct Sipp {
    process: Process,
    /// The SIP port it listens on.
    pub port: u16,
}

impl Sipp {
    /// Waits for one call and plays `tests/scenarios/<scenario>.xml`; sends back the sound that it gets.
    pub async fn wait_for_call(stage: &Stage, scenario: &str) -> Self {
        Self::start(stage, scenario, &["-rtp_echo"]).await
    }

    /// Calls `user` at `address` (host:port) by `tests/scenarios/<scenario>.xml`.
    pub async fn call(stage: &Stage, scenario: &str, user: &str, address: &str) -> Self {
        Self::start(stage, scenario, &["-s", user, "-rtp_echo", address]).await
    }

    /// Registers, and then calls `number` with the account's password.
    pub async fn call_as(stage: &Stage, scenario: &str, account: &SipAccount, number: &str) -> Self {
        let port = Self::register(stage, account).await;
        let target = format!("{number}@{}", account.domain);
        let mut arguments = vec!["-s", number, "-rtp_echo", "-auth_uri", &target];
        arguments.extend(who(account));
        Self::start_at(stage, scenario, &arguments, port).await
    }

    /// Registers, and then waits for one call as above.
    pub async fn wait_for_call_as(stage: &Stage, scenario: &str, account: &SipAccount) -> Self {
        let port = Self::register(stage, account).await;
        Self::start_at(stage, scenario, &["-rtp_echo"], port).await
    }

    async fn register(stage: &Stage, account: &SipAccount) -> u16 {
        let mut arguments = vec!["-auth_uri", &*account.domain];
        arguments.extend(who(account));
        let mut registering = Self::start_at(stage, "register", &arguments, free_port()).await;
        registering.succeeded().await;
        registering.port
    }

    async fn start(stage: &Stage, scenario: &str, arguments: &[&str]) -> Self {
        Self::start_at(stage, scenario, arguments, free_port()).await
    }

    async fn start_at(stage: &Stage, scenario: &str, arguments: &[&str], port: u16) -> Self {
        let folder = stage.subfolder("sipp");
        let media_port = free_port();
        // It takes the pair after its audio for video.
        let _video_port = free_port();
        let script = root_folder().join("tests/scenarios").join(format!("{scenario}.xml"));
        let messages = folder.join(format!("{scenario}.log"));
        let mut command = Command::new("sipp");
        command.arg("-sf").arg(script).args([
            "-i",
            "127.0.0.1",
            "-m",
            "1",
            "-nostdin",
            "-timeout",
            "60",
            "-timeout_error",
        ]);
        command.args(["-p", &port.to_string(), "-mp", &media_port.to_string()]);
        command.args(["-trace_err", "-error_file"]).arg(folder.join(format!("{scenario}.err")));
        command.args(["-trace_msg", "-message_file"]).arg(&messages).args(arguments);
        command.current_dir(&folder);
        let process = stage.start(&format!("sipp {scenario}"), command);
        let sipp = Self { process, port };
        sipp.listens().await;
        sipp
    }

    /// What it printed.
    pub fn log(&self) -> &Log {
        &self.process.log
    }

    /// Waits for the end of the script; it fails the test if something else came than the script expects.
    pub async fn succeeded(&mut self) {
        let code = self.process.exit_code(Duration::from_secs(60)).await;
        assert_eq!(code, 0, "sipp's script did not go as written");
    }

    /// Asks the system who has its port: taking it to see whether it is free would be in sipp's way.
    async fn listens(&self) {
        let socket = format!("0100007F:{:04X}", self.port);
        let is_bound = || std::fs::read_to_string("/proc/net/udp").is_ok_and(|sockets| sockets.contains(&socket));
        let wait = async {
            while !is_bound() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let listens = tokio::time::timeout(Duration::from_secs(30), wait).await;
        listens.unwrap_or_else(|_| panic!("sipp does not listen; it said: {}", self.log().text()));
    }
}

/// Who it is, and where its server is.
fn who(account: &SipAccount) -> Vec<&str> {
    let SipAccount { user, domain, login, secret, .. } = account;
    vec!["-key", "user", user, "-key", "domain", domain, "-au", login, "-ap", secret, account.socket()]
}
