//! A key store that nobody here wrote: GNOME's, on a bus and in a folder of the test's own.

use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;

use crate::bus::Bus;
use crate::environment::peer_program;
use crate::process::{Process, run_command};
use crate::stage::Stage;

const PASSWORD: &str = "opens the key store";
/// The service name under which the phone files its entries.
const SERVICE: &str = "bellbird";

/// A running key store.
#[derive(Debug)]
pub struct KeyStore {
    bus: Bus,
    folder: PathBuf,
    daemon: Process,
}

impl KeyStore {
    /// Starts it, unlocked and empty.
    pub async fn start(stage: &Stage) -> Self {
        let bus = Bus::start(stage).await;
        let folder = stage.subfolder("key-store");
        let mut command = command(&bus, &folder);
        command.arg("--unlock");
        let mut daemon = stage.start("gnome-keyring", command);
        daemon.type_line(PASSWORD).await;
        daemon.close_input();
        let store = Self { bus, folder, daemon };
        store.answers().await;
        store
    }

    /// From now on it is locked, and there is nobody to unlock it.
    pub async fn lock(&mut self, stage: &Stage) {
        self.daemon.stop().await;
        self.daemon = stage.start("gnome-keyring, locked", command(&self.bus, &self.folder));
        self.answers().await;
    }

    /// Lets a program use it.
    pub fn lend(&self, command: &mut Command) {
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus.address);
    }

    /// Files a secret under a name, as a person does by hand.
    pub async fn keep(&self, name: &str, secret: &str) {
        // With a line's end the secret would end with it.
        let script =
            format!("printf %s '{secret}' | \"$0\" store --label='{name}' service {SERVICE} username '{name}'");
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(peer_program("secret-tool"));
        self.lend(&mut command);
        run_command("secret-tool", command).await;
    }

    /// What is filed under a name, if the store is not locked.
    pub async fn find(&self, name: &str) -> Option<String> {
        let mut command = Command::new(peer_program("secret-tool"));
        command.args(["lookup", "service", SERVICE, "username", name]);
        self.lend(&mut command);
        let output = command.output().await.expect("secret-tool starts");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Waits until something is filed under a name, or nothing any more.
    pub async fn comes_to_hold(&self, name: &str, secret: Option<&str>) {
        let wait = async {
            while self.find(name).await.as_deref() != secret {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let held = tokio::time::timeout(Duration::from_secs(30), wait).await;
        held.unwrap_or_else(|_| panic!("the key store does not come to hold {secret:?} as {name}"));
    }

    /// Asks the bus until the store has its name there.
    async fn answers(&self) {
        for _ in 0..300 {
            let mut command = Command::new("dbus-send");
            command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"]);
            command.arg("org.freedesktop.DBus.Peer.Ping");
            self.lend(&mut command);
            if command.output().await.is_ok_and(|output| output.status.success()) {
                return;
            }
            // dbus-send returns at once while nobody has the name.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("gnome-keyring does not answer; it said: {}", self.daemon.log.text());
    }
}

fn command(bus: &Bus, folder: &PathBuf) -> Command {
    let mut command = Command::new(peer_program("gnome-keyring-daemon"));
    command.args(["--foreground", "--components=secrets", "--control-directory"]).arg(folder.join("control"));
    command.env("HOME", folder).env("XDG_RUNTIME_DIR", folder).env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    for variable in ["DISPLAY", "WAYLAND_DISPLAY", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
        command.env_remove(variable);
    }
    command
}
