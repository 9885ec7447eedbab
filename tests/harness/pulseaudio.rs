//! Sound without a sound card: a PulseAudio of one's own with two null sinks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use crate::environment::{cache_folder, peer_program};
use crate::process::{Process, run};
use crate::speech::Speech;
use crate::stage::Stage;

/// A running sound server: programs record from `microphone.monitor` and play into `speaker`.
#[derive(Debug)]
pub struct PulseAudio {
    process: Process,
    folder: PathBuf,
}

impl PulseAudio {
    /// Starts it on a socket in the test's folder.
    pub async fn start(stage: &Stage) -> Self {
        let folder = stage.subfolder("pulse");
        let socket = folder.join("native");
        let script = format!(
            "load-module module-native-protocol-unix auth-anonymous=1 socket={}\n{}{}\
             set-default-sink speaker\nset-default-source microphone.monitor\n",
            socket.display(),
            null_sink("microphone"),
            null_sink("speaker"),
        );
        std::fs::write(folder.join("pulse.pa"), script).expect("the test's folder can be written");
        let mut command = Command::new(peer_program("pulseaudio"));
        command.args(["--daemonize=no", "--exit-idle-time=-1", "-n", "--log-target=stderr", "--log-level=notice"]);
        command.arg("--disable-shm=yes").arg("-F").arg(folder.join("pulse.pa"));
        let modules = cache_folder().join("peers/pulse-modules");
        if modules.exists() {
            command.arg("-p").arg(modules);
        }
        private(&mut command, &folder);
        let process = stage.start("pulseaudio", command);
        let pulse = Self { process, folder };
        pulse.answers().await;
        pulse
    }

    /// Lets a program use this server and no other.
    pub fn lend(&self, command: &mut Command) {
        command.env("PULSE_SERVER", self.server()).env("PULSE_COOKIE", self.cookie());
        command.env("ALSA_CONFIG_PATH", self.alsa_configuration());
    }

    /// Speaks into the microphone until the given process is dropped.
    pub fn speak(&self, stage: &Stage, speech: &Speech) -> Process {
        let mut command = Command::new(peer_program("pacat"));
        command
            .args(["--playback", "--latency-msec=200", "--device=microphone", "--file-format=wav"])
            .arg(&speech.path);
        self.lend(&mut command);
        stage.start("pacat", command)
    }

    /// Records what is played into the speaker, until the given process is dropped.
    pub fn listen(&self, stage: &Stage, into: &Path) -> Process {
        self.listen_at(stage, "speaker", into)
    }

    /// Records what is played into one of the sinks.
    pub fn listen_at(&self, stage: &Stage, sink: &str, into: &Path) -> Process {
        let mut command = Command::new(peer_program("parec"));
        command.arg(format!("--device={sink}.monitor"));
        command.args(["--latency-msec=100", "--file-format=wav", "--format=s16le"]);
        command.args(["--rate=48000", "--channels=1"]).arg(into);
        self.lend(&mut command);
        stage.start("parec", command)
    }

    /// Plugs another pair of devices in, or the first pair after it was pulled; gives the module's number.
    pub async fn plug(&self, name: &str) -> String {
        let arguments = null_sink(name);
        let words: Vec<&str> = arguments.split_whitespace().collect();
        self.control(&words).await.trim().to_owned()
    }

    /// Pulls a device out.
    pub async fn unplug(&self, name: &str) {
        let modules = self.control(&["list", "short", "modules"]).await;
        let needle = format!("sink_name={name} ");
        let line = modules.lines().find(|line| format!("{line} ").contains(&needle));
        let number = line.and_then(|line| line.split_whitespace().next()).unwrap_or_else(|| panic!("no sink {name}"));
        self.control(&["unload-module", number]).await;
    }

    /// Runs `pactl`.
    pub async fn control(&self, arguments: &[&str]) -> String {
        let server = self.server();
        let mut all = vec!["-s", server.as_str()];
        all.extend(arguments);
        run(peer_program("pactl"), &all).await
    }

    fn server(&self) -> String {
        format!("unix:{}", self.folder.join("native").display())
    }

    /// The server lets everybody in, but a client without a cookie is kicked for its bad manners.
    fn cookie(&self) -> PathBuf {
        let path = self.folder.join("cookie");
        std::fs::write(&path, [0; 256]).expect("the test's folder can be written");
        path
    }

    /// ALSA's own configuration, with PulseAudio as the default device.
    fn alsa_configuration(&self) -> PathBuf {
        let path = self.folder.join("asound.conf");
        let text = "</usr/share/alsa/alsa.conf>\npcm.!default { type pulse }\nctl.!default { type pulse }\n";
        std::fs::write(&path, text).expect("the test's folder can be written");
        path
    }

    async fn answers(&self) {
        for _ in 0..600 {
            let mut command = Command::new(peer_program("pactl"));
            command.args(["-s", &self.server(), "info"]);
            if command.output().await.is_ok_and(|output| output.status.success()) {
                return;
            }
            // pactl returns at once while there is no socket yet.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("pulseaudio does not answer; it said: {}", self.process.log.text());
    }
}

/// Without `norewinds`, small buffers run at two thirds of the rate.
fn null_sink(name: &str) -> String {
    format!(
        "load-module module-null-sink sink_name={name} rate=48000 channels=1 norewinds=1 sink_properties=device.description={name}\n"
    )
}

fn private(command: &mut Command, folder: &Path) {
    command.env("HOME", folder).env("XDG_RUNTIME_DIR", folder).env("PULSE_RUNTIME_PATH", folder.join("run"));
    command.env_remove("DISPLAY").env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("PULSE_SERVER");
}
