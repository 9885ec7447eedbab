//! Being told that devices came or went, instead of asking again and again.

#[cfg(target_os = "linux")]
mod folder;
#[cfg(target_os = "linux")]
mod pulse;

use std::io;
use std::thread::{self, JoinHandle};

/// A thread that waits for news of devices. It ends with the sound system, or when this is dropped.
pub(crate) struct Watch {
    stop: Option<Box<dyn FnOnce() + Send>>,
    thread: Option<JoinHandle<()>>,
}

/// Waits for the next piece of news; an error is the end of them.
type Next = Box<dyn FnMut() -> io::Result<()> + Send>;

impl Watch {
    /// Watches the sound system of this name; nothing where it can't be watched. `news` is called whenever the list of
    /// devices may have changed, and a last time at the end.
    pub(crate) fn on(system: &str, news: impl Fn() + Send + 'static) -> Option<Self> {
        let source = source_of(system)?;
        let opened = source.and_then(|(next, stop)| Self::spawn(next, stop, news));
        opened.inspect_err(|error| tracing::debug!("devices are looked for, not watched: {error}")).ok()
    }

    fn spawn(mut next: Next, stop: Box<dyn FnOnce() + Send>, news: impl Fn() + Send + 'static) -> io::Result<Self> {
        let run = move || {
            while next().is_ok() {
                news();
            }
            news();
        };
        let thread = thread::Builder::new().name("sound-watch".to_owned()).spawn(run)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    /// Whether no more news will come.
    pub(crate) fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop();
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that watches sound devices panicked");
        }
    }
}

/// What gives news, and what ends it.
type Source = (Next, Box<dyn FnOnce() + Send>);

#[cfg(target_os = "linux")]
fn source_of(system: &str) -> Option<io::Result<Source>> {
    match system {
        "PulseAudio" => Some(pulse::subscribe()),
        "ALSA" => Some(folder::watch(std::path::Path::new("/dev/snd"))),
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn source_of(_system: &str) -> Option<io::Result<Source>> {
    None
}
