//! Pausing a child with all its descendants, and resuming what was paused.

use std::io;

use rustix::io::Errno;
use rustix::process::Signal;

use super::Supervisor;
use crate::timeouts::{Deadline, PAUSED};
use crate::tree::Found;
use crate::wire::keeper::FromKeeper;
use crate::wire::process_tag::ProcessTag;

impl Supervisor {
    pub(in crate::keeper) fn pause(&mut self, tag: ProcessTag, turn: u32) {
        if let Some(child) = self.children.get_mut(&tag) {
            child.pausing = Some((Deadline::after(PAUSED), turn));
        }
    }

    pub(in crate::keeper) fn resume(&mut self, tag: ProcessTag, turn: u32) -> io::Result<()> {
        let found = self.below(tag);
        let Some(child) = self.children.get_mut(&tag) else { return Ok(()) };
        child.pausing = None;
        let mut errno = None;
        for Found { seen, .. } in found {
            if child.paused.contains(&(seen.pid, seen.started))
                && let Err(error) = seen.signal(Signal::CONT)
                && error.raw_os_error() != Some(Errno::SRCH.raw_os_error())
            {
                errno = error.raw_os_error();
            }
        }
        child.paused.clear();
        self.socket.send(&FromKeeper::Paused { tag, turn, errno })
    }

    /// Stops what does not stand still yet, and answers once everything does.
    pub(super) fn continue_pausing(&mut self, tag: ProcessTag) -> io::Result<()> {
        let found = self.below(tag);
        let Some(child) = self.children.get_mut(&tag) else { return Ok(()) };
        let Some((deadline, turn)) = child.pausing else { return Ok(()) };
        let mut errno = None;
        let mut still = true;
        for Found { seen, .. } in &found {
            let known = child.paused.contains(&(seen.pid, seen.started));
            // What another process has stopped must stay stopped after a resume.
            let is_still = if known { seen.stands_still() } else { seen.is_stopped() };
            if is_still {
                continue;
            }
            still = false;
            child.paused.insert((seen.pid, seen.started));
            if let Err(error) = seen.signal(Signal::STOP) {
                let gone = error.raw_os_error() == Some(Errno::SRCH.raw_os_error());
                errno = errno.or(error.raw_os_error().filter(|_| !gone));
            }
        }
        if !still && errno.is_none() && deadline.left().is_zero() {
            errno = Some(Errno::TIMEDOUT.raw_os_error());
        }
        if still || errno.is_some() {
            child.pausing = None;
            self.socket.send(&FromKeeper::Paused { tag, turn, errno })?;
        }
        Ok(())
    }
}
