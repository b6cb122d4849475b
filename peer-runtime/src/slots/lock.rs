//! A lock that dies with its holder, and whose release can be waited for among many.
//!
//! It is a fifo. The holder has it open for reading and writing, and has locked (`flock`) that very open file. There is
//! no other way to become a writer of it, so whoever has a writer holds the lock or is about to try. Who waits has it
//! open for reading, watches it (`watch.rs`), and then tries. Why no release is missed:
//!
//! - *Who holds it gives it back*: it unlocks, then writes a byte, then closes. The byte is an edge to all who watch at
//!   that time. It does not matter who reads it: whoever watches edges is told of it without reading.
//! - *Who holds it is killed*: the kernel unlocks a file before it closes the fifo behind it (`__fput`), and the close of
//!   the last writer is a hang-up, an edge again. The same if it is killed between unlocking and the byte.
//! - *Somebody else tries at that moment* and is a writer, so that there is no hang-up yet: either it gets the lock, and
//!   its own release will be told, or it does not, and its close is the hang-up.
//! - *Released before it was watched*: who watches tries once more after it has begun to.
//!
//! A child of the holder has copies of the descriptors between its fork and its exec, and both the lock and the writer
//! last until the last copy is closed. For a release that changes nothing: unlocking is for all copies, and the byte is
//! told at once. If the holder is killed then, the lock and the writer end together with the child's exec or exit. A
//! child that never executes anything prolongs what a killed holder held, and hides the hang-up of others, for as long
//! as it lives; the only remedy is to have none.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::directory::Directory;

/// Enough for all bytes that may be there: each holder reads those from before it.
const BYTES: usize = 4096;

/// A lock that is held; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Held(OwnedFd);

impl Held {
    /// Takes the lock of this name, if nobody has it.
    pub(super) fn take(directory: &Directory, name: &str) -> io::Result<Option<Self>> {
        let fifo = directory.fifo(name, OFlags::RDWR)?;
        match flock(&fifo, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(directory.error("lock", name, error)),
        }
        let held = Self(fifo);
        held.drain();
        Ok(Some(held))
    }

    /// Reads what earlier holders wrote, so that the fifo never is full. If that takes an edge from somebody, it is told
    /// of the release of this lock instead.
    fn drain(&self) {
        let mut bytes = [0; BYTES];
        // An error says that it is empty.
        while matches!(rustix::io::read(&self.0, &mut bytes), Ok(BYTES)) {}
    }

    /// What a child of the holder has.
    #[cfg(test)]
    pub(super) fn copy(&self) -> OwnedFd {
        self.0.try_clone().expect("a descriptor can be copied")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Neither can fail on a fifo that is open and has room; if one did, closing does the same.
        let _ = flock(&self.0, FlockOperation::Unlock);
        let _ = rustix::io::write(&self.0, b".");
    }
}
