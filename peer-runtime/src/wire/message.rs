//! The messages, in both directions: the whole contract between an origin and a node.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::frame;
use crate::barrier::{Members, Verdict};
use crate::codec::Encoding;
use crate::mailbox::Target;
use crate::panic::RemotePanic;

/// What a peer has to know before anything else.
#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct BootSpec {
    pub(crate) protocol: u32,
    pub(crate) name: String,
    /// The host part of its name, where the origin decides it.
    pub(crate) host: Option<String>,
    pub(crate) longnames: bool,
    pub(crate) origin: String,
    /// With it the peer proves that it is the one that was started.
    pub(crate) token: [u8; 32],
    pub(crate) connect: Connect,
    pub(crate) build: u128,
    pub(crate) frame_limit: u32,
    /// The process whose terminal the node keeps; `None` if its console is relayed.
    pub(crate) terminal: Option<u32>,
    pub(crate) input: bool,
    /// Are the steps of the boot shown on the console?
    pub(crate) debug: bool,
    /// Its directory within that of its scope; it makes it when it needs it.
    pub(crate) directory: Option<OsString>,
}

// The token stays out of every log.
impl fmt::Debug for BootSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BootSpec").field("name", &self.name).field("connect", &self.connect).finish_non_exhaustive()
    }
}

/// How the node reaches its origin.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) enum Connect {
    /// By standard input and output.
    StandardIo,
    /// The first of these that answers; `heartbeat` where the link can be half-open.
    Tcp { addresses: Vec<SocketAddr>, heartbeat: bool },
}

/// What a call or a cast names.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) enum Function<'a> {
    /// By the name of its type, between equal builds; the payload is postcard.
    Typed(&'a str),
    /// By module and name; the payload is MessagePack. The signature is the caller's view.
    Named { module: &'a str, name: &'a str, signature: &'a str },
}

impl Function<'_> {
    pub(crate) fn encoding(&self) -> Encoding {
        match self {
            Self::Typed(_) => Encoding::Postcard,
            Self::Named { .. } => Encoding::MessagePack,
        }
    }
}

impl fmt::Display for Function<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Typed(name) => f.write_str(name),
            Self::Named { module, name, .. } => write!(f, "{module}::{name}"),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) enum ToPeer<'a> {
    /// The first message.
    Boot(BootSpec),
    /// The payload is the tuple of arguments.
    Call {
        seq: u64,
        #[serde(borrow)]
        function: Function<'a>,
    },
    /// A call without a reply.
    Cast {
        #[serde(borrow)]
        function: Function<'a>,
    },
    /// The payload is the message.
    Message { to: Target, type_name: &'a str, encoding: Encoding },
    /// End at once.
    Halt,
    /// Run the stop hooks, then end.
    Shutdown,
    /// The payload goes to standard input.
    Input,
    /// A reader of standard input finds the end of the file.
    EndOfInput,
    /// Answered with `Pong`.
    Ping,
    /// The verdict on the node's arrival with this number.
    Barrier { id: u64, verdict: Verdict },
}

/// Why a node did not run a function.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub enum Refusal {
    Undef,
    BadArg,
    TooLarge,
    Codec,
    NotRun,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) enum ToOrigin<'a> {
    /// The first message; the token proves that this is the peer.
    Hello { protocol: u32, token: [u8; 32], build: u128, os_pid: u32, host: &'a str, home: u128 },
    /// The node is started; its full name.
    Started { node: &'a str },
    /// The payload is the result, encoded as the arguments were.
    Reply { seq: u64 },
    /// The function panicked.
    Panic { seq: u64, panic: RemotePanic },
    /// The function was not run, or its result cannot be sent.
    Refused { seq: u64, refusal: Refusal, text: &'a str },
    /// The payload is the message.
    Message { to: Target, type_name: &'a str, encoding: Encoding },
    /// Something for a reader of the console that concerns no call.
    Note { text: &'a str },
    /// The answer to `Ping`.
    Pong,
    /// The node ends in order, with nothing more to say.
    Bye,
    /// A thread of the node arrives at a barrier, with a number of the node's own.
    Arrive { id: u64, name: &'a str, members: Members, timeout: Duration },
    /// That arrival waits no longer.
    Withdraw { id: u64 },
}

/// Bytes that are not a message.
#[derive(Debug, thiserror::Error)]
#[error("a frame of {length} bytes that is no message ({fault})")]
pub(crate) struct NoMessage {
    length: usize,
    fault: postcard::Error,
}

/// The message in a frame, and its payload.
pub(crate) fn decode<'a, M: Deserialize<'a>>(bytes: &'a [u8]) -> Result<(M, &'a [u8]), NoMessage> {
    postcard::take_from_bytes(bytes).map_err(|fault| NoMessage { length: bytes.len(), fault })
}

/// Appends the frame of `message` with `payload` to `out`; the error is a length beyond `limit`.
pub(crate) fn append<M: Serialize>(out: &mut Vec<u8>, limit: usize, message: &M, payload: &[u8]) -> Result<(), usize> {
    frame::append(out, limit, |out| {
        header(message, out);
        out.extend_from_slice(payload);
    })
}

/// Appends the header of `message`; the payload follows it.
pub(crate) fn header<M: Serialize>(message: &M, out: &mut Vec<u8>) {
    // Our own types, into memory: it cannot fail.
    Encoding::Postcard.append(message, out).unwrap_or_else(|error| unreachable!("a header: {error}"));
}

/// The frame of a message that has no payload and is shorter than any limit.
pub(crate) fn small<M: Serialize>(message: &M) -> Vec<u8> {
    let mut out = Vec::new();
    match append(&mut out, u32::MAX as usize, message, &[]) {
        Ok(()) => out,
        Err(length) => unreachable!("a small message of {length} bytes"),
    }
}
