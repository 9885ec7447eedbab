#![allow(unsafe_code, reason = "scheduling and limits are system calls")]

use std::io;
use std::ptr;
use std::sync::Once;
use std::thread;

use libc::{c_int, c_long, pid_t, rlim_t, rlimit, sched_param};

use super::{rtkit, say_once};

/// In the lower half of what RealtimeKit allows (20): above everything that is not in real time, below the sound server.
pub(super) const PRIORITY: u8 = 10;
/// How long a thread may run without a rest before it is no longer in real time, in µs.
const LONGEST_RUN: rlim_t = 100_000;
/// What RealtimeKit takes for the hard limit at most, in µs. Beyond it the kernel kills.
const HARD_LIMIT: rlim_t = 200_000;

pub(super) fn ask() {
    // SAFETY: takes nothing and never fails.
    let thread = unsafe { libc::gettid() };
    let outcome = guard(None).and_then(|()| schedule(thread, libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, PRIORITY));
    match outcome {
        Ok(()) => say_once(Ok("SCHED_RR")),
        Err(refusal) => ask_rtkit(thread, refusal),
    }
}

/// The bus may answer late or never: this is not the business of the thread that asks.
fn ask_rtkit(thread: pid_t, refusal: io::Error) {
    let ask = move || {
        let outcome = guard(Some(HARD_LIMIT))
            .map_err(|error| error.to_string())
            .and_then(|()| rtkit::ask(thread).map_err(|error| error.to_string()));
        say_once(outcome.map(|()| "RealtimeKit").map_err(|error| format!("{refusal}; RealtimeKit: {error}")));
    };
    if let Err(error) = thread::Builder::new().name("sound-rtkit".to_owned()).spawn(ask) {
        say_once(Err(error.to_string()));
    }
}

/// Sees to it that a thread which never rests can't take a core from everybody else: the kernel sends SIGXCPU, and its
/// handler takes the privilege back.
fn guard(hard: Option<rlim_t>) -> io::Result<()> {
    handle_sigxcpu()?;
    let mut limit = rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes one `rlimit` to a live one.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_RTTIME, &raw mut limit) }.into())?;
    limit.rlim_max = limit.rlim_max.min(hard.unwrap_or(libc::RLIM_INFINITY));
    // Reaching the hard limit is death: the warning has to come well before it.
    limit.rlim_cur = LONGEST_RUN.min(limit.rlim_max / 2);
    // SAFETY: the kernel reads one `rlimit`.
    checked(unsafe { libc::setrlimit(libc::RLIMIT_RTTIME, &raw const limit) }.into())
}

fn handle_sigxcpu() -> io::Result<()> {
    static HANDLED: Once = Once::new();
    let mut outcome = Ok(());
    HANDLED.call_once(|| {
        // SAFETY: an all-zero `sigaction` is a valid one without flags; the handler only makes system calls.
        outcome = checked(unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = take_back as extern "C" fn(c_int) as usize;
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(libc::SIGXCPU, &raw const action, ptr::null_mut()).into()
        });
    });
    outcome
}

/// The kernel gives the signal to the thread that ran too long.
extern "C" fn take_back(_signal: c_int) {
    // SAFETY: a system call on the calling thread; `errno` is put back, as the interrupted code may be about to read it.
    unsafe {
        let errno = *libc::__errno_location();
        let parameters = sched_param { sched_priority: 0 };
        libc::syscall(libc::SYS_sched_setscheduler, 0, libc::SCHED_OTHER, &raw const parameters);
        *libc::__errno_location() = errno;
    }
}

/// The system call itself: musl's function of that name refuses everything.
fn schedule(thread: pid_t, policy: c_int, priority: u8) -> io::Result<()> {
    let parameters = sched_param { sched_priority: priority.into() };
    // SAFETY: the kernel reads one `sched_param`.
    checked(unsafe { libc::syscall(libc::SYS_sched_setscheduler, thread, policy, &raw const parameters) })
}

fn checked(result: c_long) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn policy() -> c_int {
        // SAFETY: takes a number.
        let policy = unsafe { libc::syscall(libc::SYS_sched_getscheduler, 0) };
        c_int::try_from(policy).unwrap() & !libc::SCHED_RESET_ON_FORK
    }

    /// Whether this process may do at all what is tested: root may, and whoever has a limit for it.
    fn is_allowed() -> bool {
        let allowed = thread::spawn(|| schedule(0, libc::SCHED_RR, 1).is_ok()).join().unwrap();
        if !allowed {
            eprintln!("NOT RUN: this process may not run in real time");
        }
        allowed
    }

    #[test]
    fn the_thread_that_asks_runs_in_real_time_and_its_children_do_not() {
        if !is_allowed() {
            return;
        }
        let asking = thread::spawn(|| {
            ask();
            (policy(), thread::spawn(policy).join().unwrap())
        });
        assert_eq!(asking.join().unwrap(), (libc::SCHED_RR, libc::SCHED_OTHER));
    }

    #[test]
    fn a_thread_that_never_rests_loses_the_privilege() {
        if !is_allowed() {
            return;
        }
        let spinning = thread::spawn(|| {
            ask();
            let start = Instant::now();
            while policy() == libc::SCHED_RR && start.elapsed() < Duration::from_secs(5) {}
            policy()
        });
        assert_eq!(spinning.join().unwrap(), libc::SCHED_OTHER);
    }
}
