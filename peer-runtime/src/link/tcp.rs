//! TCP control connections, the origin's side: listening, and telling the peer from strangers.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};

use super::reader::Reader;
use crate::options::Connection;
use crate::timeouts::{ACCEPT_AGAIN, Deadline, PROOF};
use crate::wire::frame::{Item, Stream};
use crate::wire::message::{self, ToOrigin};
use crate::wire::{MAGIC, PROTOCOL};

/// Strangers that may be heard at the same time; more wait in the kernel's queue.
const HEARD: usize = 64;
/// A hello is no longer than this.
const HELLO: usize = 1024;

/// What is shown of a message that is something else, in characters.
const SHOWN: usize = 200;

/// A port on which one peer is awaited.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: tokio::net::TcpListener,
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
    /// Listens as `connection` says; on the control plane.
    pub(crate) fn bind(connection: Connection) -> io::Result<Option<Self>> {
        let address = match connection {
            Connection::StandardIo => return Ok(None),
            Connection::Tcp(port) => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
            Connection::TcpAt(ip, port) => SocketAddr::new(ip, port),
        };
        let socket = TcpListener::bind(address)?;
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
            socket: tokio::net::TcpListener::from_std(socket)?,
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
    /// dropped, beside each other, so that none of them keeps the peer waiting.
    pub(crate) async fn accept(self, token: [u8; 32], limit: usize) -> Result<Caller, Unheard> {
        let (proved, mut callers) = mpsc::channel(1);
        let heard = Arc::new(Semaphore::new(HEARD));
        loop {
            let room = Arc::clone(&heard).acquire_owned();
            tokio::select! {
                Some(caller) = callers.recv() => return caller,
                arrived = async { (room.await, self.socket.accept().await) } => {
                    let (Ok(room), Ok((stream, _))) = arrived else {
                        // Out of descriptors, most likely, and the caller still waits: a moment for others to close some.
                        Deadline::after(ACCEPT_AGAIN).passed().await;
                        continue;
                    };
                    let proved = proved.clone();
                    tokio::spawn(async move {
                        let heard = match attach(stream) {
                            Ok((reader, write)) => {
                                tokio::time::timeout(PROOF, hear(reader, write, token, limit)).await.ok().flatten().map(Ok)
                            }
                            // Our own fault, and perhaps it was the peer.
                            Err(error) => Some(Err(error)),
                        };
                        drop(room);
                        if let Some(caller) = heard {
                            // A second one with the same proof finds the place taken.
                            let _ = proved.try_send(caller);
                        }
                    });
                }
            }
        }
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

/// The two ends of a connection.
fn attach(socket: TcpStream) -> Result<(Reader, OwnedFd), Unheard> {
    let unheard = |error, socket| Unheard { error, _socket: socket };
    socket.set_nodelay(true).map_err(|error| unheard(error, None))?;
    let write = OwnedFd::from(socket.into_std().map_err(|error| unheard(error, None))?);
    match write.try_clone().and_then(Reader::new) {
        Ok(reader) => Ok((reader, write)),
        Err(error) => Err(unheard(error, Some(write))),
    }
}

/// Listens to one caller until it has proved itself, or failed to.
async fn hear(reader: Reader, write: OwnedFd, token: [u8; 32], limit: usize) -> Option<Caller> {
    let mut claim = Claim::new();
    let hello = loop {
        match claim.check(&token) {
            Checked::Proved(hello) => break hello,
            Checked::Refused => return None,
            Checked::Unfinished => {}
        }
        match reader.read(claim.spare()).await {
            Ok(bytes) if bytes > 0 => claim.filled(bytes),
            _ => return None,
        }
    };
    let mut stream = claim.stream;
    stream.set_limit(limit);
    Some(Caller { reader, write, stream, hello })
}

/// What a caller has said so far, which has to begin with the magic and a hello.
#[derive(Debug)]
pub(crate) struct Claim {
    magic: [u8; MAGIC.len()],
    got: usize,
    stream: Stream,
}

/// What a claim is worth.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    Proved(Hello),
    Refused,
    Unfinished,
}

impl Claim {
    pub(crate) fn new() -> Self {
        Self { magic: [0; MAGIC.len()], got: 0, stream: Stream::frames(HELLO) }
    }

    /// Where the next bytes go.
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        if self.got < self.magic.len() { &mut self.magic[self.got..] } else { self.stream.spare() }
    }

    /// That many bytes were put into [`spare`](Self::spare).
    pub(crate) fn filled(&mut self, bytes: usize) {
        if self.got < self.magic.len() { self.got += bytes } else { self.stream.filled(bytes) }
    }

    pub(crate) fn check(&mut self, token: &[u8; 32]) -> Checked {
        if self.got < self.magic.len() {
            return Checked::Unfinished;
        }
        if &self.magic != MAGIC {
            return Checked::Refused;
        }
        match self.stream.next() {
            Ok(Some(Item::Frame(frame))) => read_hello(frame, token).map_or(Checked::Refused, Checked::Proved),
            Ok(Some(Item::Console(_))) | Err(_) => Checked::Refused,
            Ok(None) => Checked::Unfinished,
        }
    }

    /// How much memory it takes up.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn room(&self) -> usize {
        self.stream.room()
    }
}

/// The first frame of a peer; the error says what it is instead.
pub(crate) fn read_hello(frame: &[u8], token: &[u8; 32]) -> Result<Hello, String> {
    match message::decode::<ToOrigin<'_>>(frame) {
        Ok((ToOrigin::Hello { protocol, .. }, _)) if protocol != PROTOCOL => Err(format!(
            "it speaks version {protocol} of the protocol, not {PROTOCOL}: rebuild it with the same version of `peer`"
        )),
        Ok((ToOrigin::Hello { token: proof, build, os_pid, host, home, .. }, _)) => {
            if !same(&proof, token) {
                return Err("it did not prove that it is the peer that was started".to_owned());
            }
            Ok(Hello { build, os_pid, host: host.to_owned(), home })
        }
        Ok((other, _)) => {
            let other: String = format!("{other:?}").chars().take(SHOWN).collect();
            Err(format!("its first message is not a hello but {other}"))
        }
        Err(fault) => Err(format!("its first message is {fault}")),
    }
}

/// Compares in a time that does not depend on where the two differ.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    std::hint::black_box(a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b))) == 0
}
