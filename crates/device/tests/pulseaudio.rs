//! Real streams through a PulseAudio server of our own: a socket of its own, sinks that play nowhere.
//!
//! All of it is one test, because the server is found by an environment variable of the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on panics")]
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use bellbird_device::{
    Capture, DeviceChoice, DeviceId, Direction, Host, Playback, Role, RoleState, SoundConfig, SoundEvent, SoundSystem,
};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn devices_are_opened_lost_replaced_and_taken_again() {
    let server = Server::start();
    let (sound, events) = start_sound();
    let Events { devices, .. } = events.until(|seen| seen.system.is_some() && !seen.devices.is_empty());
    assert!(devices.contains(&(DeviceId("pulseaudio:speaker".to_owned()), Direction::Playback)), "{devices:?}");

    sound.switch_on(Role::Microphone);
    sound.switch_on(Role::Speaker);
    let seen = events.until(|seen| seen.capture.is_some() && seen.stands_at(&RoleState::Open(Some(id("speaker")))));
    let (mut capture, mut playback) = (seen.capture.unwrap(), seen.playback.unwrap());

    let heard = tone_through_the_loop(&mut playback, &mut capture);
    assert!((0.4..0.6).contains(&heard), "a tone of 0.5 came back as {heard}");

    sound.choose(Role::Speaker, DeviceChoice::Named(id("headset")));
    events.until(|seen| seen.stands_at(&RoleState::FallenBack { wanted: id("headset"), using: id("speaker") }));
    let headset = server.plug_in("headset");
    events.until(|seen| seen.stands_at(&RoleState::Open(Some(id("headset")))) && seen.playback.is_some());
    server.pull_out(&headset);
    events.until(|seen| seen.stands_at(&RoleState::FallenBack { wanted: id("headset"), using: id("speaker") }));
    server.plug_in("headset");
    events.until(|seen| seen.stands_at(&RoleState::Open(Some(id("headset")))));

    drop(server);
    events.until(|seen| seen.stands_at(&RoleState::Silent));
}

fn id(name: &str) -> DeviceId {
    DeviceId(format!("pulseaudio:{name}"))
}

/// Plays a tone on the speaker, whose monitor is the microphone, and returns the loudest sample that came back.
fn tone_through_the_loop(playback: &mut Playback, capture: &mut Capture) -> f32 {
    let start = Instant::now();
    let (mut phase, mut loudest) = (0.0_f32, 0.0_f32);
    while start.elapsed() < PATIENCE && loudest < 0.4 {
        for _ in 0..playback.due() {
            phase = (phase + 440.0 / playback.format.rate as f32).fract();
            playback.ring.push((phase * std::f32::consts::TAU).sin() * 0.5).unwrap();
        }
        while let Ok(sample) = capture.ring.pop() {
            loudest = loudest.max(sample.abs());
        }
        thread::park_timeout(Duration::from_millis(20));
    }
    loudest
}

fn start_sound() -> (SoundSystem, Log) {
    let (sender, receiver) = mpsc::channel();
    let sound_thread = thread::current();
    let config = SoundConfig {
        host: Host::Named("PulseAudio".to_owned()),
        choices: vec![(Role::Microphone, DeviceChoice::Named(id("speaker.monitor")))],
        wake: Arc::new(move || sound_thread.unpark()),
    };
    let sound = SoundSystem::start(config, move |event| drop(sender.send(event))).unwrap();
    (sound, Log(receiver))
}

struct Log(Receiver<SoundEvent>);

/// What was seen since the last wait.
#[derive(Default)]
struct Events {
    system: Option<String>,
    devices: Vec<(DeviceId, Direction)>,
    capture: Option<Capture>,
    playback: Option<Playback>,
    states: Vec<(Role, RoleState)>,
    problems: Vec<String>,
}

impl Events {
    fn stands_at(&self, state: &RoleState) -> bool {
        self.states.iter().any(|(role, seen)| *role == Role::Speaker && seen == state)
    }
}

impl Log {
    /// Waits until this is true of what was seen.
    fn until(&self, enough: impl Fn(&Events) -> bool) -> Events {
        let mut seen = Events::default();
        let end = Instant::now() + PATIENCE;
        while !enough(&seen) {
            let event = self.0.recv_timeout(end.saturating_duration_since(Instant::now()));
            match event.unwrap_or_else(|_| panic!("waited in vain: {:?} {:?}", seen.states, seen.problems)) {
                SoundEvent::System { name, .. } => seen.system = name,
                SoundEvent::Devices(devices) => {
                    seen.devices = devices.into_iter().map(|device| (device.id, device.direction)).collect();
                }
                SoundEvent::Capture(capture) => seen.capture = Some(capture),
                SoundEvent::Playback(_, playback) => seen.playback = Some(playback),
                SoundEvent::State(role, state) => seen.states.push((role, state)),
                SoundEvent::Problem(_, problem) => seen.problems.push(problem),
                SoundEvent::FileEnded => {}
            }
        }
        seen
    }
}

/// PulseAudio as the set-up unpacked it under the user's cache.
fn unpacked() -> Option<PathBuf> {
    let cache = std::env::var_os("BELLBIRD_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        cache.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache")).join("bellbird")
    });
    Some(cache.join("peers")).filter(|peers| peers.join("bin/pulseaudio").exists())
}

/// The unpacked program where there is one, else the system's.
fn program(name: &str) -> Command {
    unpacked().map_or_else(|| Command::new(name), |peers| Command::new(peers.join("bin").join(name)))
}

/// A PulseAudio server of our own.
struct Server {
    process: Child,
    folder: PathBuf,
}

impl Server {
    fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("bellbird-pulse-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let socket = folder.join("native");
        let script = folder.join("default.pa");
        fs::write(&script, script_for(&socket)).unwrap();
        // SAFETY: no other thread of this process runs yet that could read the environment.
        #[allow(unsafe_code)]
        unsafe {
            std::env::set_var("PULSE_SERVER", format!("unix:{}", socket.display()));
            std::env::set_var("PULSE_COOKIE", folder.join("cookie"));
        }
        fs::write(folder.join("cookie"), [0; 256]).unwrap();
        let mut command = program("pulseaudio");
        if let Some(peers) = unpacked() {
            command.arg("-p").arg(peers.join("pulse-modules"));
        }
        let process = command
            .args(["--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "-n", "-F"])
            .arg(&script)
            .env("HOME", &folder)
            .env("XDG_RUNTIME_DIR", &folder)
            .env("PULSE_STATE_PATH", &folder)
            .env("PULSE_RUNTIME_PATH", &folder)
            .stderr(Stdio::null())
            .spawn()
            .expect("pulseaudio has to be installed: make setup");
        let server = Self { process, folder };
        server.wait_until_it_answers();
        server
    }

    fn wait_until_it_answers(&self) {
        let end = Instant::now() + PATIENCE;
        while !self.pactl(&["info"]).0 {
            assert!(Instant::now() < end, "PulseAudio does not answer");
            thread::yield_now();
        }
    }

    /// The module that was loaded.
    fn plug_in(&self, name: &str) -> String {
        let (loaded, module) =
            self.pactl(&["load-module", "module-null-sink", &format!("sink_name={name}"), "rate=48000", "norewinds=1"]);
        assert!(loaded);
        module
    }

    fn pull_out(&self, module: &str) {
        assert!(self.pactl(&["unload-module", module]).0);
    }

    fn pactl(&self, arguments: &[&str]) -> (bool, String) {
        let output = program("pactl").args(arguments).stderr(Stdio::null()).output();
        let output = output.expect("pactl has to be installed: make setup");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

fn script_for(socket: &Path) -> String {
    format!(
        "load-module module-native-protocol-unix auth-anonymous=1 socket={}\n\
         load-module module-null-sink sink_name=speaker rate=48000 norewinds=1\n\
         set-default-sink speaker\n",
        socket.display()
    )
}
