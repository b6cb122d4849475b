//! TCP control connections, the origin's side: listening, and telling the peer from strangers.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SocketFlags;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::handshake::{Authenticated, Hello};
use super::pending::PendingHandshakes;
use super::reader::Reader;
use crate::options::Connection;
use crate::sys;
use crate::timeouts::{ACCEPT, ACCEPT_AGAIN, Deadline};
use crate::wire::frame::Stream;

/// Callers that wait in the kernel's queue. One that finds no place there tries again only a second later.
const QUEUE: i32 = 4096;

/// A port on which one peer is awaited.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: AsyncFd<OwnedFd>,
    pub(crate) addresses: Vec<SocketAddr>,
    /// Whether a link to it could be half-open: never within one machine's loopback.
    pub(crate) heartbeat: bool,
}

/// The peer, connected, with what it sent so far.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) reader: Reader,
    pub(crate) write: OwnedFd,
    pub(crate) stream: Stream,
    pub(crate) hello: Hello,
}

impl Listener {
    /// Listens as `connection` says; on the I/O thread.
    pub(crate) fn bind(connection: Connection) -> io::Result<Option<Self>> {
        let address = match connection {
            Connection::StandardIo => return Ok(None),
            Connection::Tcp(port) => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
            Connection::TcpAt(ip, port) => SocketAddr::new(ip, port),
        };
        let socket = TcpListener::bind(address)?;
        SockRef::from(&socket).listen(QUEUE)?;
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        // Listening everywhere: the peer comes by the loopback address of the same family.
        let reach = match local.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let addresses = vec![SocketAddr::new(reach, local.port())];
        Ok(Some(Self {
            socket: sys::watch(socket.into(), Interest::READABLE)?,
            addresses,
            heartbeat: !local.ip().is_loopback(),
        }))
    }

    /// Waits for the caller that proves with `token` to be the peer. Handshakes run side by side until then.
    pub(crate) async fn accept(self, token: [u8; 32], limit: usize) -> Result<Caller, AcceptError> {
        let mut pending = PendingHandshakes::default();
        let mut pause = None;
        // Since when waiting callers cannot be accepted.
        let mut failing: Option<Instant> = None;
        loop {
            let next = async {
                if let Some(pause) = pause {
                    Deadline::after(pause).passed().await;
                }
                self.arrival().await
            };
            tokio::select! {
                biased;
                Some(ended) = pending.next() => if let Some(peer) = ended {
                    return admit(peer, limit);
                },
                arrived = next, if !pending.is_full() => match arrived.and_then(|socket| pending.begin(socket, token)) {
                    Ok(()) => (failing, pause) = (None, None),
                    Err(error) => {
                        // Most likely there are too few descriptors: others get a moment to close some.
                        pause = Some(ACCEPT_AGAIN);
                        // Without a descriptor the kernel fails before it looks for a caller.
                        failing = self.has_caller().then(|| failing.unwrap_or_else(Instant::now));
                        if failing.is_some_and(|since| since.elapsed() >= ACCEPT) {
                            return Err(AcceptError { error, _socket: None });
                        }
                    }
                },
            }
        }
    }

    async fn arrival(&self) -> io::Result<OwnedFd> {
        loop {
            let mut ready = self.socket.readable().await?;
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            if let Ok(accepted) = ready.try_io(|socket| Ok(rustix::net::accept_with(socket, flags)?)) {
                return accepted;
            }
        }
    }

    fn has_caller(&self) -> bool {
        let mut polls = [PollFd::new(&self.socket, PollFlags::IN)];
        // An error counts as a caller.
        !matches!(poll(&mut polls, Some(&Timespec::default())), Ok(0))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Closing is not enough: a process between fork and exec has a copy, and would keep the port open.
        let _ = SockRef::from(&self.socket).shutdown(Shutdown::Both);
    }
}

/// The origin cannot accept the peer. The connection stays open: closing it would look as if the peer had ended.
#[derive(Debug)]
pub(crate) struct AcceptError {
    pub(crate) error: io::Error,
    _socket: Option<OwnedFd>,
}

/// The two ends of the peer's connection, for frames of at most `limit` bytes.
fn admit(peer: Authenticated, limit: usize) -> Result<Caller, AcceptError> {
    let Authenticated { socket, mut stream, hello } = peer;
    stream.set_limit(limit);
    let reader = SockRef::from(&socket).set_tcp_nodelay(true).and_then(|()| Reader::new(socket.try_clone()?));
    match reader {
        Ok(reader) => Ok(Caller { reader, write: socket, stream, hello }),
        Err(error) => Err(AcceptError { error, _socket: Some(socket) }),
    }
}
