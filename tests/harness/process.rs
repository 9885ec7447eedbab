//! A peer's process with its log, ended with the test.

use std::ffi::OsStr;
use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;

/// How much of a log is shown when something failed.
const TAIL: usize = 60;

/// What a process printed so far, line by line. Copies read the same lines.
#[derive(Clone, Debug)]
pub struct Log {
    name: Arc<str>,
    lines: watch::Sender<Vec<String>>,
}

impl Log {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into(), lines: watch::Sender::new(Vec::new()) }
    }

    pub(crate) fn add(&self, line: String) {
        self.lines.send_modify(|lines| lines.push(line));
    }

    /// How many lines there are: where to wait from for what comes next.
    pub fn len(&self) -> usize {
        self.lines.borrow().len()
    }

    /// Whether nothing was printed yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether some line from number `from` on holds `words`.
    pub fn holds(&self, from: usize, words: &str) -> bool {
        self.lines.borrow().iter().skip(from).any(|line| line.contains(words))
    }

    /// How many lines hold `words`.
    pub fn count(&self, words: &str) -> usize {
        self.lines.borrow().iter().filter(|line| line.contains(words)).count()
    }

    /// The first line from number `from` on for which `pick` gives something; fails the test after `limit`.
    pub async fn find<T>(
        &self,
        from: usize,
        limit: Duration,
        what: &str,
        mut pick: impl FnMut(&str) -> Option<T>,
    ) -> (usize, T) {
        let mut watched = self.lines.subscribe();
        let mut next = from;
        let search = async {
            loop {
                let found = {
                    let lines = watched.borrow_and_update();
                    let found = lines.iter().enumerate().skip(next).find_map(|(at, line)| Some((at, pick(line)?)));
                    next = next.max(lines.len());
                    found
                };
                if let Some((at, value)) = found {
                    return Some((at + 1, value));
                }
                watched.changed().await.ok()?;
            }
        };
        match tokio::time::timeout(limit, search).await {
            Ok(Some(found)) => found,
            Ok(None) => panic!("{} ended before it said {what}", self.name),
            Err(_) => panic!("{} did not say {what} within {limit:?}", self.name),
        }
    }

    /// Waits until a line from number `from` on holds `words`; gives the number of the line after it.
    pub async fn wait_for(&self, from: usize, words: &str, limit: Duration) -> usize {
        self.find(from, limit, words, |line| line.contains(words).then_some(())).await.0
    }

    pub(crate) fn print_tail(&self) {
        let lines = self.lines.borrow();
        let skipped = lines.len().saturating_sub(TAIL);
        eprintln!("──── {} ({} lines{})", self.name, lines.len(), if skipped > 0 { ", the last ones" } else { "" });
        for line in &lines[skipped..] {
            eprintln!("  {line}");
        }
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.lines.borrow().join("\n")
    }
}

/// A running peer. Dropped, it and all that it started are killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Standard output and standard error, mixed.
    pub log: Log,
}

impl Process {
    pub(crate) fn start(name: &str, mut command: Command, log: Log) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        follow(child.stdout.take().expect("stdout is piped"), log.clone());
        follow(child.stderr.take().expect("stderr is piped"), log.clone());
        let stdin = child.stdin.take();
        Self { child, stdin, log }
    }

    /// Types a line into the process.
    pub async fn type_line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is piped");
        self.log.add(format!("> {line}"));
        stdin.write_all(format!("{line}\n").as_bytes()).await.expect("the process reads its input");
        stdin.flush().await.expect("the process reads its input");
    }

    /// Says that nothing more will be typed.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Freezes the process and its children: time goes on without them.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Asks the process and its children to end.
    pub fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    fn signal(&self, signal: Signal) {
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            // It may have ended by itself a moment ago.
            let _ = killpg(Pid::from_raw(id), signal);
        }
    }

    /// The sockets for datagrams in its network, as the system lists them.
    pub(crate) fn datagram_sockets(&self) -> String {
        let id = self.child.id().unwrap_or_default();
        std::fs::read_to_string(format!("/proc/{id}/net/udp")).unwrap_or_default()
    }

    /// Waits for the end of the process and gives its exit code (−1: a signal). Fails the test after `limit`.
    pub async fn exit_code(&mut self, limit: Duration) -> i32 {
        let status = tokio::time::timeout(limit, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("{} did not end within {limit:?}", self.log.name));
        status.expect("the process can be waited for").code().unwrap_or(-1)
    }

    /// Ends the process, by force where asking does not help (baresip's SIGTERM can hang).
    pub async fn stop(&mut self) {
        self.terminate();
        if tokio::time::timeout(Duration::from_secs(3), self.child.wait()).await.is_err() {
            self.signal(Signal::SIGKILL);
            let _ = self.child.wait().await;
        }
    }

    /// Ends the process and its children without asking.
    pub async fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait().await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

fn follow(stream: impl AsyncRead + Unpin + Send + 'static, log: Log) {
    tokio::spawn(async move {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while matches!(reader.read_until(b'\n', &mut bytes).await, Ok(read) if read > 0) {
            log.add(String::from_utf8_lossy(&bytes).trim_end().to_owned());
            bytes.clear();
        }
    });
}

/// Runs a program to its end and gives what it printed; fails the test if the program failed.
pub async fn run<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[S]) -> String {
    let mut command = Command::new(&program);
    command.args(arguments);
    run_command(&program.as_ref().to_string_lossy(), command).await
}

/// The same for a command that has more than arguments.
pub(crate) async fn run_command(name: &str, mut command: Command) -> String {
    let output = command.stdin(Stdio::null()).output().await;
    let output = output.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{name} failed: {}{printed}", String::from_utf8_lossy(&output.stderr));
    printed
}

/// The same command, run before everything else where this machine lets us: what a peer hears and says must not depend on
/// what else the machine does. Programs of our own see to that themselves.
pub(crate) fn in_real_time(command: Command) -> Command {
    if !may_run_in_real_time() {
        return command;
    }
    let original = command.as_std();
    let mut wrapped = Command::new("chrt");
    wrapped.args(["--rr", "5"]).arg(original.get_program()).args(original.get_args());
    if let Some(folder) = original.get_current_dir() {
        wrapped.current_dir(folder);
    }
    for (name, value) in original.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

fn may_run_in_real_time() -> bool {
    static MAY: OnceLock<bool> = OnceLock::new();
    *MAY.get_or_init(|| {
        let tried = std::process::Command::new("chrt").args(["--rr", "5", "true"]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    })
}
