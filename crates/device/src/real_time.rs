//! Real-time scheduling for the threads that sound depends on.
//!
//! ```text
//! thread → ask → SCHED_RR, where the process may (root, RLIMIT_RTPRIO)
//!              → else RealtimeKit over D-Bus, from a thread of its own
//!              → else it runs on as before
//! a thread that never rests → SIGXCPU after RLIMIT_RTTIME → SCHED_OTHER
//! ```

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod rtkit;

use std::sync::atomic::{AtomicBool, Ordering};

/// Asks that the calling thread run before all that is not in real time, for as long as it lives.
///
/// Meant for threads that wait most of the time: one that computes for 100 ms without a rest loses the privilege. A
/// refusal is no error: the thread runs on as before. Whether it was granted is logged once in the life of the process.
/// On systems other than Linux nothing happens.
pub fn ask_for_real_time() {
    #[cfg(target_os = "linux")]
    linux::ask();
}

/// How an attempt went.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux tries"))]
fn say_once(outcome: Result<&str, String>) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if SAID.swap(true, Ordering::Relaxed) {
        return;
    }
    match outcome {
        Ok(how) => tracing::info!("sound runs in real time ({how})"),
        Err(why) => tracing::info!("sound does not run in real time, and may stutter while the machine is busy: {why}"),
    }
}
