//! Networks of one's own: namespaces whose interfaces a test may pull, without touching the machine's.

use std::ffi::OsStr;
use std::time::Duration;

use tokio::process::Command;

use crate::process::{Process, run};
use crate::stage::Stage;

/// Where a peer runs and under which address: on loopback, or in a namespace.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The IPv4 address that it binds.
    pub host: &'a str,
    namespace: Option<&'a Namespace>,
}

impl Place<'_> {
    /// On this machine's loopback.
    pub const LOOPBACK: Place<'static> = Place { host: "127.0.0.1", namespace: None };

    /// On another address of it (`127.0.0.2`): for a peer that must not be taken for the others.
    pub const fn loopback(host: &str) -> Place<'_> {
        Place { host, namespace: None }
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        self.namespace.map_or_else(|| Command::new(&program), |namespace| namespace.command(&program))
    }

    pub(crate) fn is_reachable_from_here(&self) -> bool {
        self.namespace.is_none()
    }
}

/// A network namespace, made as an ordinary user (with a user namespace around it).
#[derive(Debug)]
pub struct Namespace {
    holder: Process,
    id: String,
}

impl Namespace {
    /// Whether the system lets us make one.
    pub async fn is_possible() -> bool {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", "ip", "link", "set", "lo", "up"]);
        command.output().await.is_ok_and(|output| output.status.success())
    }

    /// Makes one with loopback up.
    pub async fn make(stage: &Stage) -> Self {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", "sh", "-c", HOLD]);
        Self::held(stage, command).await
    }

    /// Makes another one beside it, which can be connected with it.
    pub async fn beside(&self, stage: &Stage) -> Self {
        let mut command = self.command("unshare");
        command.args(["--net", "sh", "-c", HOLD]);
        Self::held(stage, command).await
    }

    async fn held(stage: &Stage, command: Command) -> Self {
        let holder = stage.start("namespace", command);
        let pick = |line: &str| line.strip_prefix("made ").map(str::to_owned);
        let (_, id) = holder.log.find(0, Duration::from_secs(30), "made (are namespaces allowed here?)", pick).await;
        Self { holder, id }
    }

    /// A place in it.
    pub fn at<'a>(&'a self, host: &'a str) -> Place<'a> {
        Place { host, namespace: Some(self) }
    }

    /// Its name for `ip link … netns`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A command that runs `program` inside.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(self.entry()).arg(program);
        command
    }

    /// Runs `ip` inside.
    pub async fn ip(&self, arguments: &str) {
        let mut all = self.entry().to_vec();
        all.push("ip");
        all.extend(arguments.split_whitespace());
        run("nsenter", &all).await;
    }

    /// Runs a shell's line inside.
    pub async fn shell(&self, line: &str) {
        let mut all = self.entry().to_vec();
        all.extend(["sh", "-c", line]);
        run("nsenter", &all).await;
    }

    /// Connects it with another one: an interface here and one there, each with its address (`192.0.2.1/30`).
    pub async fn connect(&self, (here, address): (&str, &str), there: &Self, (name, other): (&str, &str)) {
        let id = there.id();
        self.ip(&format!("link add {here} type veth peer name {name} netns {id}")).await;
        for (namespace, interface, address) in [(self, here, address), (there, name, other)] {
            namespace.ip(&format!("addr add {address} dev {interface}")).await;
            namespace.ip(&format!("link set {interface} up")).await;
        }
    }

    /// What holds it open.
    pub fn log(&self) -> &crate::process::Log {
        &self.holder.log
    }

    fn entry(&self) -> [&str; 5] {
        ["--target", &self.id, "--user", "--net", "--preserve-credentials"]
    }
}

/// Says its number and stays.
const HOLD: &str = "ip link set lo up && echo made $$ && exec sleep 600";
