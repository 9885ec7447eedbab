use std::io;
use std::os::fd::OwnedFd;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV4_ROUTE`, `RTMGRP_IPV6_IFADDR`, `RTMGRP_IPV6_ROUTE` of `linux/rtnetlink.h`.
const ADDRESSES_AND_ROUTES: u32 = 0x10 | 0x40 | 0x100 | 0x400;

/// The kernel's news of addresses and routes. What they say is not looked at, only that there are some.
pub(super) struct RouteSocket(AsyncFd<OwnedFd>);

impl RouteSocket {
    pub(super) fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        // No protocol is protocol 0, `NETLINK_ROUTE`.
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
        bind(&socket, &SocketAddrNetlink::new(0, ADDRESSES_AND_ROUTES))?;
        // SAFETY: an `OwnedFd` names the same open descriptor for as long as the `AsyncFd` owns it.
        #[allow(unsafe_code)]
        let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE)? };
        Ok(Self(socket))
    }

    /// Ends when there was news since the last time.
    pub(super) async fn changed(&self) -> io::Result<()> {
        let mut news = false;
        while !news {
            let mut ready = self.0.readable().await?;
            while let Ok(outcome) = ready.try_io(|socket| take(socket.get_ref())) {
                outcome?;
                news = true;
            }
        }
        Ok(())
    }
}

fn take(socket: &OwnedFd) -> io::Result<()> {
    let mut message = [0; 4096];
    match recv(socket, &mut message[..], RecvFlags::DONTWAIT) {
        Ok(_) => Ok(()),
        // More news than the socket holds: that is news too.
        Err(rustix::io::Errno::NOBUFS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
