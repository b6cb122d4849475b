//! TCP control connections, the origin's side: listening, and telling the peer from strangers.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SocketFlags;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::TcpStream;

use super::handshake::{Checked, Claim};
use super::pending::Crowd;
use super::reader::Reader;
use crate::options::Connection;
use crate::sys;
use crate::wire::frame::Stream;

/// Callers that wait in the kernel's queue. One that finds no place there tries again only a second later.
const QUEUE: i32 = 4096;

/// Callers that are looked at before anybody else has a turn.
const AT_ONCE: u64 = 16;

/// A port on which one peer is awaited.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: AsyncFd<OwnedFd>,
    addresses: Vec<SocketAddr>,
    /// Whether a link to it could be half-open: never within one machine's loopback.
    heartbeat: bool,
}

/// A caller that has proved to be the peer, with what it sent so far.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) reader: Reader,
    pub(crate) write: OwnedFd,
    pub(crate) stream: Stream,
    pub(crate) hello: Hello,
}

/// What a peer says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) build: u128,
    pub(crate) os_pid: u32,
    pub(crate) host: String,
    pub(crate) home: u128,
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

    /// Where the peer finds it.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Whether signs of life have to be asked for.
    pub(crate) fn needs_heartbeat(&self) -> bool {
        self.heartbeat
    }

    /// Waits for the caller that proves with `token` to be the peer. Wrong and silent ones are
    /// dropped, beside each other, so that none of them keeps the peer waiting; and so is everybody
    /// else as soon as the peer is here.
    pub(crate) async fn accept(self, token: [u8; 32], limit: usize) -> Result<Caller, Unheard> {
        let mut crowd = Crowd::default();
        for turn in 1_u64.. {
            if turn.is_multiple_of(AT_ONCE) {
                // What else is to be done for the peer is done on this thread, too.
                tokio::task::yield_now().await;
            }
            let closed = crowd.closed();
            let next = async {
                if let Some(closed) = closed {
                    closed.passed().await;
                }
                self.arrival().await
            };
            tokio::select! {
                biased;
                Some(proved) = crowd.proved() => return proved.admit(limit),
                arrived = next => match arrived.and_then(|socket| first_look(socket, &token)) {
                    Ok(Looked::Proved(proved)) => return proved.admit(limit),
                    Ok(Looked::Stranger) => crowd.accepted(),
                    Ok(Looked::Unfinished(socket, claim)) => crowd.hear(hear(socket, claim, token)),
                    Err(error) => crowd
                        .not_accepted(error, self.somebody_waits())
                        .map_err(|error| Unheard { error, _socket: None })?,
                },
            }
        }
        unreachable!("callers are counted for longer than anything runs")
    }

    /// The next caller.
    async fn arrival(&self) -> io::Result<OwnedFd> {
        loop {
            let mut ready = self.socket.readable().await?;
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            if let Ok(accepted) = ready.try_io(|socket| Ok(rustix::net::accept_with(socket, flags)?)) {
                return accepted;
            }
        }
    }

    /// Whether there is a caller to accept.
    fn somebody_waits(&self) -> bool {
        let mut polls = [PollFd::new(&self.socket, PollFlags::IN)];
        // An error says that this cannot be found out now.
        !matches!(poll(&mut polls, Some(&Timespec::default())), Ok(0))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Closing is not enough: a process between fork and exec has a copy, and would keep the port open.
        let _ = SockRef::from(&self.socket).shutdown(Shutdown::Both);
    }
}

/// A caller that cannot be listened to, for a reason of ours. It is not hung up on: that would look as if it had ended.
#[derive(Debug)]
pub(crate) struct Unheard {
    pub(crate) error: io::Error,
    _socket: Option<OwnedFd>,
}

/// A connection whose other end has proved to be the peer.
#[derive(Debug)]
pub(super) struct Proved {
    socket: OwnedFd,
    stream: Stream,
    hello: Hello,
}

impl Proved {
    /// The two ends of the connection, for frames of at most `limit` bytes.
    fn admit(mut self, limit: usize) -> Result<Caller, Unheard> {
        let unheard = |error, socket| Unheard { error, _socket: Some(socket) };
        let write = self.socket;
        if let Err(error) = SockRef::from(&write).set_tcp_nodelay(true) {
            return Err(unheard(error, write));
        }
        self.stream.set_limit(limit);
        match write.try_clone().and_then(Reader::new) {
            Ok(reader) => Ok(Caller { reader, write, stream: self.stream, hello: self.hello }),
            Err(error) => Err(unheard(error, write)),
        }
    }
}

/// What a caller is, by what it has said when it is accepted.
enum Looked {
    Proved(Proved),
    Stranger,
    Unfinished(TcpStream, Claim),
}

/// Reads what is there already. In a flood that tells most strangers, who would take far more time as somebody to listen to.
fn first_look(socket: OwnedFd, token: &[u8; 32]) -> io::Result<Looked> {
    let mut claim = Claim::new();
    loop {
        match rustix::io::read(&socket, claim.spare()) {
            Ok(0) => return Ok(Looked::Stranger),
            Ok(bytes) => claim.filled(bytes),
            Err(rustix::io::Errno::INTR) => continue,
            Err(rustix::io::Errno::AGAIN) => {
                return Ok(Looked::Unfinished(TcpStream::from_std(socket.into())?, claim));
            }
            Err(_) => return Ok(Looked::Stranger),
        }
        match claim.check(token) {
            Checked::Proved(hello) => {
                return Ok(Looked::Proved(Proved { socket, stream: claim.into_stream(), hello }));
            }
            Checked::Refused => return Ok(Looked::Stranger),
            Checked::Unfinished => {}
        }
    }
}

/// Listens to one caller until it has proved itself, or failed to.
async fn hear(socket: TcpStream, mut claim: Claim, token: [u8; 32]) -> Option<Proved> {
    loop {
        let bytes = read(&socket, claim.spare()).await?;
        claim.filled(bytes);
        match claim.check(&token) {
            Checked::Proved(hello) => {
                let socket = socket.into_std().ok()?.into();
                return Some(Proved { socket, stream: claim.into_stream(), hello });
            }
            Checked::Refused => return None,
            Checked::Unfinished => {}
        }
    }
}

/// Waits for bytes, and reads what fits; none at the end, whatever it is.
async fn read(socket: &TcpStream, buffer: &mut [u8]) -> Option<usize> {
    loop {
        socket.readable().await.ok()?;
        match socket.try_read(buffer) {
            Ok(0) => return None,
            Ok(bytes) => return Some(bytes),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => return None,
        }
    }
}
