//! Telling systemd how far the server is (`sd_notify`), where it asks.

use std::ffi::OsString;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

/// The server listens.
pub const READY: &str = "READY=1";
/// The server ends.
pub const STOPPING: &str = "STOPPING=1";

/// Tells whoever started this program; nobody, where nobody asked.
pub fn tell(state: &str) {
    if let Some(socket) = std::env::var_os("NOTIFY_SOCKET") {
        tell_at(&socket, state);
    }
}

fn tell_at(socket: &OsString, state: &str) {
    let told = UnixDatagram::unbound().and_then(|sender| match abstract_name(socket) {
        Some(address) => sender.send_to_addr(state.as_bytes(), &address?),
        None => sender.send_to(state.as_bytes(), Path::new(socket)),
    });
    if let Err(error) = told {
        tracing::warn!("systemd could not be told {state}: {error}");
    }
}

/// A name with an @ in front stands in no folder.
#[cfg(target_os = "linux")]
fn abstract_name(socket: &OsString) -> Option<std::io::Result<std::os::unix::net::SocketAddr>> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStrExt as _;
    let name = socket.as_bytes().strip_prefix(b"@")?;
    Some(std::os::unix::net::SocketAddr::from_abstract_name(name))
}

#[cfg(not(target_os = "linux"))]
fn abstract_name(_: &OsString) -> Option<std::io::Result<std::os::unix::net::SocketAddr>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_started_the_program_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let systemd = UnixDatagram::bind(&path).unwrap();
        tell_at(&path.into_os_string(), READY);
        let mut told = [0; 32];
        let length = systemd.recv(&mut told).unwrap();
        assert_eq!(&told[..length], READY.as_bytes());
    }
}
