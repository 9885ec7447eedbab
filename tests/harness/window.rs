//! The phone with a window: on a screen of its own, driven by WebDriver as a person would see it.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tokio::process::Command;

use crate::bus::Bus;
use crate::environment::{desktop_program, peer_program};
use crate::key_store::KeyStore;
use crate::page::{LIMIT, Page};
use crate::ports::free_port;
use crate::process::{Process, run};
use crate::pulseaudio::PulseAudio;
use crate::stage::Stage;

/// An open window, and the [`Page`] in it.
#[derive(Debug)]
pub struct Window {
    page: Page,
    display: String,
    folder: PathBuf,
    driver: Process,
    _bus: Option<Bus>,
    _screen: Process,
}

impl Deref for Window {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

impl Window {
    /// Opens it on a screen, a session bus and a data folder of the test's own, with sound through `pulse`.
    pub async fn open(stage: &Stage, pulse: &PulseAudio) -> Self {
        let bus = Bus::start(stage).await;
        let folder = stage.subfolder("desktop");
        let tell = |command: &mut Command| {
            command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address).env("BELLBIRD_HOME", &folder);
        };
        Self::start(stage, pulse, tell).await.on(bus)
    }

    /// Opens it as its user's own phone, which keeps secrets in the key store.
    pub async fn open_with_key_store(stage: &Stage, pulse: &PulseAudio, keys: &KeyStore) -> Self {
        Self::start(stage, pulse, |command| keys.lend(command)).await
    }

    /// Opens it as its user's own phone on a system without a key store.
    pub async fn open_without_key_store(stage: &Stage, pulse: &PulseAudio) -> Self {
        let bus = Bus::start(stage).await;
        let tell = |command: &mut Command| {
            command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
        };
        Self::start(stage, pulse, tell).await.on(bus)
    }

    fn on(self, bus: Bus) -> Self {
        Self { _bus: Some(bus), ..self }
    }

    async fn start(stage: &Stage, pulse: &PulseAudio, tell: impl FnOnce(&mut Command)) -> Self {
        let folder = stage.subfolder("desktop");
        let (screen, display) = screen(stage).await;
        let (port, native_port) = (free_port(), free_port());
        let mut command = Command::new(peer_program("tauri-driver"));
        command.args(["--port", &port.to_string(), "--native-port", &native_port.to_string()]);
        command.env("DISPLAY", &display).env_remove("WAYLAND_DISPLAY");
        command.env("GDK_BACKEND", "x11").env("LIBGL_ALWAYS_SOFTWARE", "1").env("NO_AT_BRIDGE", "1");
        command.env("WEBKIT_DISABLE_DMABUF_RENDERER", "1").env("WEBKIT_DISABLE_COMPOSITING_MODE", "1");
        command.env("HOME", &folder).env("XDG_RUNTIME_DIR", private(&folder));
        command.env("LANG", "en_US.UTF-8").env("LANGUAGE", "en").env_remove("LC_ALL").env("RUST_BACKTRACE", "1");
        for folder in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "BELLBIRD_HOME"] {
            command.env_remove(folder);
        }
        pulse.lend(&mut command);
        tell(&mut command);
        let driver = stage.start("tauri-driver", command);
        let page = tokio::time::timeout(2 * LIMIT, Page::open(port, capabilities())).await;
        let page = page.unwrap_or_else(|_| panic!("the window does not open"));
        Self { page, display, folder, driver, _bus: None, _screen: screen }
    }

    /// Takes a picture of the screen. They are kept in `BELLBIRD_PICTURES`, if set, to be looked at.
    pub async fn picture(&self, name: &str) {
        let kept = std::env::var_os("BELLBIRD_PICTURES").map(PathBuf::from);
        let folder = kept.unwrap_or_else(|| self.folder.clone());
        std::fs::create_dir_all(&folder).expect("the folder for pictures");
        let file = folder.join(format!("{name}.png"));
        // WebDriver's own pictures wait for a frame that never comes where nothing moves.
        let to = file.to_string_lossy();
        run("import-im6.q16", &["-display", &self.display, "-window", "root", "-trim", &to]).await;
        assert!(file.metadata().is_ok_and(|file| file.len() > 2_000), "the picture is empty");
    }

    /// Closes it.
    pub async fn close(mut self) {
        // The program goes with its session, or else with its driver.
        self.page.end().await;
        self.driver.stop().await;
    }
}

async fn screen(stage: &Stage) -> (Process, String) {
    let mut command = Command::new("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset"]);
    let process = stage.start("Xvfb", command);
    let number = |line: &str| line.trim().parse::<u32>().ok();
    let (_, number) = process.log.find(0, LIMIT, "its display's number", number).await;
    (process, format!(":{number}"))
}

fn capabilities() -> Map<String, Value> {
    let options = json!({ "application": desktop_program() });
    Map::from_iter([("tauri:options".to_owned(), options)])
}

/// WebKit refuses a runtime folder that others can read.
fn private(folder: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let runtime = folder.join("run");
    std::fs::create_dir_all(&runtime).expect("the test's folder can be written");
    std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o700)).expect("the folder is ours");
    runtime
}
