//! Datagrams that came back by ICMP: Linux keeps them in a queue of errors beside the socket (`IP_RECVERR`).

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;

use nix::libc;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt,
    sockopt::{Ipv4RecvErr, Ipv6RecvErr},
};
use socket2::Socket;
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::close::CloseReason;

/// Asks the system to keep what comes back.
pub(super) fn ask_for(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    match address {
        SocketAddr::V4(_) => setsockopt(socket, Ipv4RecvErr, &true)?,
        SocketAddr::V6(_) => setsockopt(socket, Ipv6RecvErr, &true)?,
    }
    Ok(())
}

/// What came back since the last time: for whom, and why.
pub(super) fn read(socket: &UdpSocket) -> Vec<(SocketAddr, CloseReason)> {
    let mut returned = Vec::new();
    while let Ok(next) = socket.try_io(Interest::ERROR, || read_one(socket.as_raw_fd())) {
        returned.extend(next);
    }
    returned
}

fn read_one(socket: std::os::fd::RawFd) -> io::Result<Option<(SocketAddr, CloseReason)>> {
    // The start of the datagram would come along; its receiver is enough.
    let mut start = [0; 1];
    let mut pieces = [io::IoSliceMut::new(&mut start)];
    let mut control = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket, &mut pieces, Some(&mut control), flags)?;
    let remote = message.address.and_then(|address| to_std(&address));
    let reason = message.cmsgs()?.find_map(|control| reason(&control));
    Ok(remote.zip(reason))
}

fn reason(control: &ControlMessageOwned) -> Option<CloseReason> {
    #[allow(clippy::wildcard_enum_match_arm, reason = "the list of control messages is nix's and long")]
    let code = match control {
        ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => error.ee_errno,
        _ => return None,
    };
    // Too big a datagram was fragmented and will be again: that ends nothing.
    let code = i32::try_from(code).ok().filter(|&code| code != libc::EMSGSIZE)?;
    Some(CloseReason::from(&io::Error::from_raw_os_error(code)))
}

fn to_std(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from((v4.ip(), v4.port())));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::from((v6.ip(), v6.port()))))
}
