//! Ports of one's own.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which the system hands out ports by itself, and different in each test process.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port on 127.0.0.1 that is free for UDP and for TCP, as is the one after it (RTCP).
pub fn free_port() -> u16 {
    let start = 10_000 + (std::process::id() % 1_000) as u16 * 16;
    NEXT.compare_exchange(0, start, Ordering::Relaxed, Ordering::Relaxed).ok();
    loop {
        let port = NEXT.fetch_add(2, Ordering::Relaxed);
        if is_free(port) && is_free(port + 1) {
            return port;
        }
    }
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
