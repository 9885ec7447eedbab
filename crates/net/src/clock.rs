//! The clock that instants are read from: one that runs on while the machine sleeps.

use bellbird_base::Instant;

/// The present instant, from `CLOCK_BOOTTIME` on Linux and the clock that counts sleep on other systems.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn now() -> Instant {
    read(rustix::time::ClockId::Boottime)
}

/// The present instant, from the system's monotonic clock, which on Apple's systems counts sleep.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub fn now() -> Instant {
    read(rustix::time::ClockId::Monotonic)
}

/// The present instant, from the performance counter, which on Windows counts sleep.
#[cfg(not(unix))]
pub fn now() -> Instant {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    Instant::ORIGIN + START.get_or_init(std::time::Instant::now).elapsed()
}

#[cfg(unix)]
fn read(clock: rustix::time::ClockId) -> Instant {
    let time = rustix::time::clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    Instant::from_nanos(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_and_never_back() {
        let first = now();
        let second = now();
        assert!(first > Instant::ORIGIN);
        assert!(second >= first);
    }
}
