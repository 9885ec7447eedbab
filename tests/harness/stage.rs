//! The stage: a test's turn, its folder and the logs of all who stand on it.

use std::cell::RefCell;
use std::path::Path;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::{Mutex, MutexGuard};

use crate::process::{Log, Process};

/// One at a time: two calls at once would score each other's scheduling.
static TURN: Mutex<()> = Mutex::const_new(());

/// What a test stands on. Make it first, so that it goes last; if the test failed, it prints everybody's log.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    logs: RefCell<Vec<Log>>,
    _turn: MutexGuard<'static, ()>,
}

impl Stage {
    /// Waits for the turn.
    pub async fn new() -> Self {
        let turn = TURN.lock().await;
        let folder = tempfile::Builder::new().prefix("bellbird-").tempdir().expect("a folder for the test");
        Self { folder, logs: RefCell::default(), _turn: turn }
    }

    /// A folder that goes with the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn subfolder(&self, name: &str) -> std::path::PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder for a peer");
        folder
    }

    pub(crate) fn log(&self, name: &str) -> Log {
        let log = Log::new(name);
        self.logs.borrow_mut().push(log.clone());
        log
    }

    /// Starts a process whose log is shown if the test fails.
    pub fn start(&self, name: &str, command: Command) -> Process {
        Process::start(name, command, self.log(name))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for log in self.logs.borrow().iter() {
            log.print_tail();
        }
        if std::env::var_os("BELLBIRD_KEEP").is_some() {
            self.folder.disable_cleanup(true);
            eprintln!("──── kept: {}", self.folder.path().display());
        }
    }
}
