//! The phone with a window: on a screen of its own, driven by WebDriver as a person would see it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, json};
use tokio::process::Command;

use crate::bus::Bus;
use crate::environment::{desktop_program, peer_program};
use crate::key_store::KeyStore;
use crate::ports::free_port;
use crate::process::{Process, run};
use crate::pulseaudio::PulseAudio;
use crate::stage::Stage;

const LIMIT: Duration = Duration::from_secs(30);

/// Chooses as a person does: the list is told of the change.
const CHOOSE: &str = "const [list, words] = arguments;
    const option = [...list.options].find((one) => one.text.trim() === words);
    if (!option) return false;
    list.selectedIndex = option.index;
    list.dispatchEvent(new Event('change', { bubbles: true }));
    return true;";

const OPTIONS: &str = "return [...arguments[0].options].map((one) => one.text.trim())";

/// An open window. What is clicked and read goes by its visible words and its accessible names.
#[derive(Debug)]
pub struct Window {
    client: Client,
    display: String,
    folder: PathBuf,
    driver: Process,
    _bus: Option<Bus>,
    _screen: Process,
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
        let session = tokio::time::timeout(2 * LIMIT, session(port)).await;
        let client = session.unwrap_or_else(|_| panic!("the window does not open"));
        Self { client, display, folder, driver, _bus: None, _screen: screen }
    }

    /// Clicks the button, link or tab of this name.
    pub async fn press(&self, name: &str) {
        let found = self.find(&format!("a button {name:?}"), &control(name)).await;
        found.click().await.unwrap_or_else(|error| panic!("{name:?} can't be clicked: {error}"));
    }

    /// Clicks the one of this number, counted from 0, of all that a CSS selector finds.
    pub async fn press_nth(&self, selector: &str, number: usize) {
        let found = self.client.wait().at_most(LIMIT).for_element(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("there is no {selector}: {error}"));
        let all = self.client.find_all(Locator::Css(selector)).await.expect("the page answers");
        let one = all.get(number).unwrap_or_else(|| panic!("there are only {} of {selector}", all.len()));
        one.click().await.unwrap_or_else(|error| panic!("{selector} can't be clicked: {error}"));
    }

    /// Types into the field of this label, in place of what stood there.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.expect("a field can be emptied");
        field.send_keys(text).await.expect("a field takes keys");
    }

    /// Types into the field of this label and presses Enter.
    pub async fn enter(&self, label: &str, text: &str) {
        self.fill(label, text).await;
        self.press_enter(label).await;
    }

    /// Presses Enter in the field of this label.
    pub async fn press_enter(&self, label: &str) {
        self.field(label).await.send_keys(&String::from(char::from(Key::Enter))).await.expect("a field takes keys");
    }

    /// Chooses in the list of this label what is called so, as soon as it is there.
    pub async fn choose(&self, label: &str, option: &str) {
        let list = self.field(label).await;
        let list = serde_json::to_value(&list).expect("an element has a name");
        let choose = async {
            while self.client.execute(CHOOSE, vec![list.clone(), json!(option)]).await.ok() != Some(json!(true)) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(LIMIT, choose).await.is_err() {
            let options = self.client.execute(OPTIONS, vec![list]).await.unwrap_or_default();
            panic!("{label:?} has no {option:?} but {options}");
        }
    }

    /// Waits until these words can be read somewhere in the window.
    pub async fn reads(&self, words: &str) {
        let path = format!("//body//*[contains(normalize-space(.), {}) and not(self::script)]", quoted(words));
        self.find(&format!("the words {words:?}"), &path).await;
    }

    /// Waits until these words can't be read any more.
    pub async fn reads_no_longer(&self, words: &str) {
        let script = "return !document.body.innerText.includes(arguments[0])";
        let wait = async {
            while self.client.execute(script, vec![json!(words)]).await.ok() != Some(json!(true)) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("the window still reads {words:?}"));
    }

    /// All that can be read.
    pub async fn text(&self) -> String {
        let text = self.client.execute("return document.body.innerText", vec![]).await.expect("the page runs");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Runs a line of JavaScript in the page.
    pub async fn run(&self, script: &str) -> serde_json::Value {
        self.client.execute(script, vec![]).await.expect("the page runs")
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
        let _ = tokio::time::timeout(LIMIT, self.client.clone().close()).await;
        self.driver.stop().await;
    }

    async fn field(&self, label: &str) -> Element {
        let words = quoted(label);
        let path = format!(
            "//*[(self::input or self::textarea or self::select) and (@aria-label={words} or \
             @id=//label[contains(normalize-space(.), {words})]/@for or ancestor::label[contains(normalize-space(.), {words})])]"
        );
        self.find(&format!("a field {label:?}"), &path).await
    }

    async fn find(&self, what: &str, path: &str) -> Element {
        match self.client.wait().at_most(LIMIT).for_element(Locator::XPath(path)).await {
            Ok(element) => element,
            Err(error) => panic!("the window has no {what} ({error}); it reads:\n{}", self.text().await),
        }
    }
}

/// A button, link, tab or option by its accessible name, else by the words on it.
fn control(name: &str) -> String {
    let words = quoted(name);
    format!(
        "//*[(self::button or self::a or @role='button' or @role='tab' or @role='option' or @role='radio' or @role='switch') \
         and (@aria-label={words} or normalize-space(.)={words})]"
    )
}

/// A text as XPath writes it, which knows no escapes.
fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}

async fn screen(stage: &Stage) -> (Process, String) {
    let mut command = Command::new("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset"]);
    let process = stage.start("Xvfb", command);
    let number = |line: &str| line.trim().parse::<u32>().ok();
    let (_, number) = process.log.find(0, LIMIT, "its display's number", number).await;
    (process, format!(":{number}"))
}

async fn session(port: u16) -> Client {
    let options = json!({ "application": desktop_program() });
    let capabilities = Map::from_iter([("tauri:options".to_owned(), options)]);
    let url = format!("http://127.0.0.1:{port}");
    let mut last = String::new();
    for _ in 0..40 {
        let connector = HttpConnector::new();
        match ClientBuilder::new(connector).capabilities(capabilities.clone()).connect(&url).await {
            Ok(client) => return client,
            Err(error) => last = error.to_string(),
        }
        // Nobody listens there yet.
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("no WebDriver session: {last}");
}

/// WebKit refuses a runtime folder that others can read.
fn private(folder: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let runtime = folder.join("run");
    std::fs::create_dir_all(&runtime).expect("the test's folder can be written");
    std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o700)).expect("the folder is ours");
    runtime
}
