//! Networks of one's own: a namespace whose interfaces a test may pull, without touching the machine's.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::process::{Process, run};
use crate::stage::Stage;

/// A network namespace, made as an ordinary user (with a user namespace around it).
#[derive(Debug)]
pub struct Namespace {
    holder: Process,
    id: String,
}

impl Namespace {
    /// Makes one with loopback up. None where the system allows nobody to.
    pub async fn make(stage: &Stage) -> Option<Self> {
        let mut command = Command::new("unshare");
        command.args([
            "--user",
            "--map-root-user",
            "--net",
            "sh",
            "-c",
            "ip link set lo up && echo made $$ && exec sleep 600",
        ]);
        let holder = stage.start("namespace", command);
        let pick = |line: &str| {
            let refused = line.contains("unshare") || line.contains("not permitted") || line.contains("denied");
            if refused { Some(None) } else { line.strip_prefix("made ").map(|id| Some(id.to_owned())) }
        };
        let (_, id) = holder.log.find(0, Duration::from_secs(5), "made", pick).await;
        Some(Self { holder, id: id? })
    }

    /// A command that runs `program` inside.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.id, "--user", "--net", "--preserve-credentials"]).arg(program);
        command.stdin(Stdio::null());
        command
    }

    /// Runs `ip` inside.
    pub async fn ip(&self, arguments: &str) {
        let mut all = vec!["--target", &self.id, "--user", "--net", "--preserve-credentials", "ip"];
        all.extend(arguments.split_whitespace());
        run("nsenter", &all).await;
    }

    /// What holds it open.
    pub fn log(&self) -> &crate::process::Log {
        &self.holder.log
    }
}
