//! The folder of the kernel's sound devices.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

use super::Source;

/// Gives news when files come, go, or are let be used (udev does that a moment after they came).
pub(super) fn watch(folder: &Path) -> io::Result<Source> {
    let events = Arc::new(inotify::init(CreateFlags::CLOEXEC)?);
    let kinds = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::ATTRIB | WatchFlags::ONLYDIR;
    let number = inotify::add_watch(&*events, folder, kinds)?;
    let reading = Arc::clone(&events);
    let next = move || next(&reading);
    // The kernel answers by an event, which ends the wait. Where the folder has gone the wait has ended already.
    let stop = move || _ = inotify::remove_watch(&*events, number);
    Ok((Box::new(next), Box::new(stop)))
}

/// Waits for a batch of events.
fn next(events: &OwnedFd) -> io::Result<()> {
    let mut buffer = [std::mem::MaybeUninit::uninit(); 4_096];
    let mut reader = Reader::new(events, &mut buffer);
    loop {
        let over = reader.next()?.events().contains(ReadFlags::IGNORED);
        if over {
            return Err(io::ErrorKind::NotFound.into());
        }
        if reader.is_buffer_empty() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::watch::Watch;

    #[test]
    fn a_device_that_comes_and_goes_is_news_each_time_and_the_folder_s_end_is_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let (next, stop) = watch(folder.path()).unwrap();
        let (told, news) = mpsc::channel();
        let watch = Watch::spawn(next, stop, move || told.send(()).unwrap_or_default()).unwrap();
        let device = folder.path().join("controlC1");
        std::fs::write(&device, []).unwrap();
        news.recv().unwrap();
        std::fs::remove_file(&device).unwrap();
        news.recv().unwrap();
        drop(folder);
        news.recv().unwrap();
        // The sender goes with the thread.
        while news.recv().is_ok() {}
        drop(watch);
    }

    #[test]
    fn a_watch_that_is_dropped_ends_though_nothing_happens() {
        let folder = tempfile::tempdir().unwrap();
        let (next, stop) = watch(folder.path()).unwrap();
        drop(Watch::spawn(next, stop, || {}).unwrap());
    }
}
