//! RealtimeKit: the daemon that gives desktop programs what only root may take.

use libc::pid_t;
use zbus::blocking::Connection;

use super::linux::PRIORITY;

const NAME: &str = "org.freedesktop.RealtimeKit1";
const PATH: &str = "/org/freedesktop/RealtimeKit1";

/// Asks for a thread of this process. Blocks for as long as the bus does.
pub(super) fn ask(thread: pid_t) -> zbus::Result<()> {
    ask_over(&Connection::system()?, thread)
}

fn ask_over(bus: &Connection, thread: pid_t) -> zbus::Result<()> {
    let arguments = (u64::from(std::process::id()), u64::from(thread.unsigned_abs()), u32::from(PRIORITY));
    bus.call_method(Some(NAME), PATH, Some(NAME), "MakeThreadRealtimeWithPID", &arguments)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc::{self, Sender};
    use std::thread;

    use zbus::blocking::connection::Builder;
    use zbus::{Guid, fdo, interface};

    use super::*;

    struct Kit {
        asked: Sender<(u64, u64, u32)>,
        grants: bool,
    }

    #[interface(name = "org.freedesktop.RealtimeKit1")]
    impl Kit {
        #[zbus(name = "MakeThreadRealtimeWithPID")]
        fn make_thread_realtime_with_pid(&self, process: u64, thread: u64, priority: u32) -> fdo::Result<()> {
            self.asked.send((process, thread, priority)).unwrap();
            if self.grants { Ok(()) } else { Err(fdo::Error::AccessDenied("no".to_owned())) }
        }
    }

    /// What a daemon that grants or refuses is asked, and how that ends.
    fn ask_a(grants: bool) -> ((u64, u64, u32), zbus::Result<()>) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (asked, questions) = mpsc::channel();
        let daemon = thread::spawn(move || {
            let builder = Builder::async_io_unix_stream(theirs).server(Guid::generate()).unwrap().p2p();
            builder.serve_at(PATH, Kit { asked, grants }).unwrap().build().unwrap()
        });
        let bus = Builder::async_io_unix_stream(ours).p2p().build().unwrap();
        let _daemon = daemon.join().unwrap();
        let outcome = ask_over(&bus, 4_321);
        (questions.recv().unwrap(), outcome)
    }

    #[test]
    fn the_thread_is_named_with_its_process_and_a_priority_that_the_daemon_allows() {
        let (question, outcome) = ask_a(true);
        assert_eq!(question, (u64::from(std::process::id()), 4_321, 10));
        assert!(outcome.is_ok());
    }

    #[test]
    fn a_refusal_is_told() {
        let (_, outcome) = ask_a(false);
        assert!(outcome.unwrap_err().to_string().contains("AccessDenied"));
    }
}
