//! Control connections: bytes in, frames out, the same for a pipe and for a socket.
//!
//! The origin's end is asynchronous ([`reader`], [`outbox`], [`tcp`], [`crowd`], [`claim`]) and lives on the control
//! plane; the node's end ([`blocking`]) is plain blocking I/O on threads of the node's own.

pub(crate) mod blocking;
pub(crate) mod handshake;
pub(crate) mod outbox;
mod pending;
pub(crate) mod reader;
pub(crate) mod tcp;
