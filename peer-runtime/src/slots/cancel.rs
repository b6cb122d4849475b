//! What ends waits from another thread.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{EventfdFlags, eventfd};

/// Ends all waits for slots that were given it, also those that begin later.
#[derive(Debug)]
pub(crate) struct Cancel {
    cancelled: AtomicBool,
    /// Readable from then on: nobody reads it.
    event: OwnedFd,
}

impl Cancel {
    pub(crate) fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { cancelled: AtomicBool::new(false), event })
    }

    /// From any thread, as often as one likes.
    pub(crate) fn cancel(&self) -> io::Result<()> {
        // Counted once, so that the counter never is full.
        if !self.cancelled.swap(true, Ordering::SeqCst) {
            rustix::io::write(&self.event, &1u64.to_ne_bytes())?;
        }
        Ok(())
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }
}

impl AsFd for Cancel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}
