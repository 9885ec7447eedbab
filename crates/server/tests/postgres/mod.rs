//! A PostgreSQL of the test's own: its own folder, its own socket, never the system's service.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Stopped with its owner.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    server: Child,
}

impl Postgres {
    /// Starts one; nothing where its programs are missing and that is allowed.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("BELLBIRD_ALLOW_MISSING").is_some(), "PostgreSQL's programs are missing");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("bb-pg").tempdir_in("/tmp").unwrap();
        give_away(folder.path());
        let data = folder.path().join("data");
        let made = as_nobody(&programs.join("initdb"))
            .args(["--auth=trust", "--username=bellbird", "--encoding=UTF8", "--no-locale", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success());
        let server = launch(&programs, folder.path());
        let postgres = Self { folder, server };
        postgres.wait(&programs);
        Some(postgres)
    }

    /// For the server's `--database`.
    pub(crate) fn url(&self) -> String {
        format!("host={} user=bellbird dbname=postgres", self.folder.path().display())
    }

    /// Kills it without warning and starts it again.
    #[allow(dead_code, reason = "not every test kills it")]
    pub(crate) fn kill_and_restart(&mut self) {
        let programs = programs().unwrap();
        // SIGKILL for the postmaster; its children notice that it is gone and end.
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        // It refuses to start beside a child of the old one: ask until none is left.
        loop {
            self.server = launch(&programs, self.folder.path());
            if self.is_up(&programs) {
                return;
            }
            self.server.wait().unwrap();
        }
    }

    fn wait(&self, programs: &Path) {
        let ready = self.ready(programs, 30);
        assert!(ready, "PostgreSQL did not start");
    }

    fn is_up(&mut self, programs: &Path) -> bool {
        (0..100).any(|_| self.ready(programs, 1)) && self.server.try_wait().unwrap().is_none()
    }

    fn ready(&self, programs: &Path, seconds: u32) -> bool {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(seconds.into());
        while std::time::Instant::now() < deadline {
            let asked = as_nobody(&programs.join("pg_isready")).arg("-q").arg("-h").arg(self.folder.path()).status();
            if asked.unwrap().success() {
                return true;
            }
        }
        false
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT: immediate shutdown, which takes its children along.
        let stopped = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        if !stopped.is_ok_and(|status| status.success()) {
            self.server.kill().ok();
        }
        self.server.wait().ok();
    }
}

fn launch(programs: &Path, folder: &Path) -> Child {
    as_nobody(&programs.join("postgres"))
        .arg("-D")
        .arg(folder.join("data"))
        .arg("-k")
        .arg(folder)
        .args(["-c", "listen_addresses="])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Unpacked by the set-up under the user's cache, or installed by Debian.
fn programs() -> Option<PathBuf> {
    let cache = std::env::var_os("BELLBIRD_CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/bellbird")));
    let unpacked = cache.map(|cache| cache.join("peers/postgresql"));
    let installed = (13..=18).rev().map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
    unpacked
        .into_iter()
        .chain(installed)
        .find(|folder| folder.join("postgres").exists() && folder.join("initdb").exists())
}

/// PostgreSQL refuses to run as root. What lies in root's own cache nobody else can read: there root goes by another
/// number, in a namespace of its own.
fn as_nobody(program: &Path) -> Command {
    let mut command = match (is_root(), is_installed(program)) {
        (false, _) => Command::new(program),
        (true, true) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program);
            command
        }
        (true, false) => {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-user=1000", "--map-group=1000"]).arg(program);
            command
        }
    };
    if let Some(libraries) = program.parent().map(|folder| folder.with_file_name("postgresql-libraries"))
        && let Ok(libraries) = std::fs::read_to_string(libraries)
    {
        command.env("LD_LIBRARY_PATH", libraries.trim());
    }
    command.current_dir("/");
    command
}

fn is_installed(program: &Path) -> bool {
    program.starts_with("/usr/lib")
}

fn give_away(folder: &Path) {
    if is_root() && programs().is_some_and(|programs| is_installed(&programs)) {
        assert!(Command::new("chown").arg("nobody:nogroup").arg(folder).status().unwrap().success());
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}
