//! What a caller on a TCP port has to say before it is taken for the peer.

use super::tcp::Hello;
use crate::wire::frame::{Item, Stream};
use crate::wire::message::{self, ToOrigin};
use crate::wire::{MAGIC, PROTOCOL};

/// A hello is no longer than this.
const HELLO: usize = 1024;

/// What is shown of a message that is something else, in characters.
const SHOWN: usize = 200;

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

    /// Decides, as soon as enough has been said.
    pub(crate) fn check(&mut self, token: &[u8; 32]) -> Checked {
        // What is no beginning of the magic never will be one.
        if self.magic[..self.got] != MAGIC[..self.got] {
            return Checked::Refused;
        }
        if self.got < self.magic.len() {
            return Checked::Unfinished;
        }
        match self.stream.next() {
            Ok(Some(Item::Frame(frame))) => read_hello(frame, token).map_or(Checked::Refused, Checked::Proved),
            Ok(Some(Item::Console(_))) | Err(_) => Checked::Refused,
            Ok(None) => Checked::Unfinished,
        }
    }

    /// The rest of what the caller sends, once it has proved itself.
    pub(super) fn into_stream(self) -> Stream {
        self.stream
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
