//! Control connections: bytes in, frames out, the same for a pipe and for a socket.
//!
//! The origin's end is asynchronous ([`reader`], [`outbox`], [`tcp`], [`pending`], [`handshake`]) and lives on the I/O
//! thread; the node's end ([`blocking`]) is blocking I/O on threads of the node's own.

pub(crate) mod blocking;
pub(crate) mod handshake;
pub(crate) mod outbox;
mod pending;
pub(crate) mod reader;
pub(crate) mod tcp;
