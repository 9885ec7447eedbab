//! The program itself, as somebody starts it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Longer than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Program {
    child: Child,
    /// What was printed before it listened.
    pub(crate) printed: Vec<String>,
    pub(crate) http: SocketAddr,
    /// Where SIP listens, by scheme.
    pub(crate) sip: Vec<(String, SocketAddr)>,
    log: mpsc::Receiver<String>,
    logged: String,
}

/// A command whose environment says nothing about the server.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellbird-server"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BELLBIRD_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// What a command says, and whether it went well.
pub(crate) fn outcome(arguments: &[&str], input: &str) -> (bool, String) {
    let mut child =
        command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), words)
}

impl Program {
    /// Starts it, and waits until it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child =
            command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the server starts");
        let (line, log) = mpsc::channel();
        let mut errors = child.stderr.take().unwrap();
        thread::spawn(move || {
            for text in BufReader::new(&mut errors).lines().map_while(Result::ok) {
                line.send(text).ok();
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (mut printed, mut sip) = (Vec::new(), Vec::new());
        let http = loop {
            let mut text = String::new();
            if stdout.read_line(&mut text).unwrap() == 0 {
                let log: Vec<String> = log.iter().collect();
                panic!("it ended: {printed:?} {log:?}");
            }
            let address = text.trim().strip_prefix("bellbird-server listens on ");
            match address.and_then(|address| address.split_once("://")) {
                Some(("http" | "https", address)) => break address.parse().unwrap(),
                Some((scheme, address)) => sip.push((scheme.to_owned(), address.parse().unwrap())),
                None => printed.push(text.trim().to_owned()),
            }
        };
        // What it prints later must not block it.
        thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        Self { child, printed, http, sip, log, logged: String::new() }
    }

    /// Waits until it logs this.
    pub(crate) fn logs(&mut self, words: &str) {
        while !self.logged.contains(words) {
            let line =
                self.log.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{words:?} is not in {}", self.logged));
            self.logged.push_str(&line);
            self.logged.push('\n');
        }
    }

    pub(crate) fn ask_to_end(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// How it ended, and all that it logged.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        let mut logged = std::mem::take(&mut self.logged);
        for line in self.log.iter() {
            logged.push_str(&line);
            logged.push('\n');
        }
        (status, logged)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
