//! The handshake: what a caller sends before the origin accepts it as the peer.

use std::os::fd::OwnedFd;

use crate::wire::frame::{Item, Stream};
use crate::wire::message::{self, ToOrigin};
use crate::wire::{MAGIC, PROTOCOL};

/// The longest hello, in bytes.
const HELLO: usize = 1024;

/// How much of a message that is no hello an error shows, in characters.
const SHOWN: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) build: u128,
    pub(crate) os_pid: u32,
    pub(crate) host: String,
    pub(crate) home: u128,
}

/// A connection whose caller has proved to be the peer.
#[derive(Debug)]
pub(super) struct Authenticated {
    pub(super) socket: OwnedFd,
    /// The rest of what it sent.
    pub(super) stream: Stream,
    pub(super) hello: Hello,
}

/// The bytes of one caller so far: they must begin with the magic and a hello.
#[derive(Debug)]
pub(crate) struct Handshake {
    magic: [u8; MAGIC.len()],
    got: usize,
    stream: Stream,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Proved(Hello),
    Refused,
    Unfinished,
}

impl Handshake {
    pub(crate) fn new() -> Self {
        Self { magic: [0; MAGIC.len()], got: 0, stream: Stream::frames(HELLO) }
    }

    /// Where the next bytes go.
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        if self.got < self.magic.len() { &mut self.magic[self.got..] } else { self.stream.spare() }
    }

    /// Takes that many bytes, which were put into [`spare`](Self::spare).
    pub(crate) fn filled(&mut self, bytes: usize) {
        if self.got < self.magic.len() { self.got += bytes } else { self.stream.filled(bytes) }
    }

    /// Decides as soon as enough bytes are there.
    pub(crate) fn check(&mut self, token: &[u8; 32]) -> Progress {
        if self.magic[..self.got] != MAGIC[..self.got] {
            return Progress::Refused;
        }
        if self.got < self.magic.len() {
            return Progress::Unfinished;
        }
        match self.stream.next() {
            Ok(Some(Item::Frame(frame))) => read_hello(frame, token).map_or(Progress::Refused, Progress::Proved),
            Ok(Some(Item::Console(_))) | Err(_) => Progress::Refused,
            Ok(None) => Progress::Unfinished,
        }
    }

    pub(super) fn into_stream(self) -> Stream {
        self.stream
    }

    /// How much memory it takes up.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn room(&self) -> usize {
        self.stream.room()
    }
}

/// Decodes the first frame of a peer; the error names what it is instead.
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
