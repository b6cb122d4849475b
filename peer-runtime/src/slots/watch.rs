//! Waiting for any of many locks to be given back.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::cancel::Cancel;
use super::directory::Directory;

/// Stands for the cancellation where others have the place of their lock.
const CANCELLED: u64 = u64::MAX;

/// Readers of locks, watched for edges: a byte stays where it is, and wakes everybody once.
#[derive(Debug)]
pub(super) struct Watch {
    epoll: OwnedFd,
    readers: Vec<OwnedFd>,
}

impl Watch {
    /// Watches these locks from now on.
    pub(super) fn new(directory: &Directory, names: &[&str], cancel: &Cancel) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, cancel, EventData::new_u64(CANCELLED), EventFlags::IN)?;
        let mut readers = Vec::new();
        for (at, name) in (0..).zip(names) {
            let reader = directory.fifo(name, OFlags::RDONLY)?;
            // A hang-up is told without being asked for.
            epoll::add(&epoll, &reader, EventData::new_u64(at), EventFlags::IN | EventFlags::ET)?;
            readers.push(reader);
        }
        Ok(Self { epoll, readers })
    }

    /// Watches the lock at this place no longer.
    pub(super) fn forget(&self, at: usize) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, &self.readers[at])?)
    }

    /// The places of locks that may have been given back, none if that takes longer than `limit`; `None` if the wait is
    /// cancelled.
    pub(super) fn wait(&mut self, limit: Duration) -> io::Result<Option<Vec<usize>>> {
        let mut events = Vec::with_capacity(self.readers.len() + 1);
        // What no clock can hold is no limit.
        let limit = Timespec::try_from(limit).ok();
        match epoll::wait(&self.epoll, spare_capacity(&mut events), limit.as_ref()) {
            // A signal that this process handles.
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let places = events.iter().map(|event| event.data.u64());
        // What is no place is the cancellation.
        Ok(places.map(|place| usize::try_from(place).ok().filter(|_| place != CANCELLED)).collect())
    }
}
