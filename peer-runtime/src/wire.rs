//! The native protocol, spoken between an origin and its peers. Pure: no I/O, and no bytes make it panic.
//!
//! Both directions carry frames: four bytes of big-endian length, then a message. A message is a
//! header ([`message`], postcard) and the rest of the frame, its payload, in an encoding of its
//! own. On standard output, what comes before [`MAGIC`] is text for the console, and so is what
//! comes after a [`message::ToOrigin::Bye`].
//!
//! Origin to peer: `Boot` (always the first frame, on standard input), `Call`, `Cast`, `Message`,
//! `Halt`, `Shutdown`, `Input`, `EndOfInput`, `Ping`, `Barrier`.
//! Peer to origin: `Hello` (always the first frame), `Started`, `Reply`, `Panic`, `Refused`,
//! `Message`, `Note`, `Pong`, `Bye`, `Arrive`, `Withdraw`.

pub(crate) mod frame;
pub(crate) mod keeper;
pub(crate) mod message;
pub(crate) mod process_tag;

/// What the peer says first, before its first frame.
pub(crate) const MAGIC: &[u8; 12] = b"\0\xffpeer-1\xfe\r\n\0";
/// Counted up when a change would make the other side misunderstand.
pub(crate) const PROTOCOL: u32 = 1;
/// The largest frame unless `frame_limit` says otherwise.
pub(crate) const FRAME_LIMIT: usize = 64 << 20;

#[cfg(test)]
mod tests;
