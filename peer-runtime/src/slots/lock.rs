//! Locks that processes share, and the wait for any of several.
//!
//! A lock is a fifo. Its holder opens it for reading and writing, and takes a `flock` on it. A waiter opens it for
//! reading, tries the lock, and then polls for the hang-up that the kernel reports when the last writer closes the fifo.
//! A plain file has no such event, and a blocking `flock` waits for one file only and cannot be cancelled.
//!
//! No release is missed. The holder unlocks before it closes, and the kernel does the same for a killed process. A
//! waiter that tries is a writer for a moment: if it fails, another process holds the lock or closes the fifo later.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::{CWD, FileType, FlockOperation, Mode, OFlags, flock, fstat, mkfifoat};
use rustix::io::Errno;

#[derive(Debug)]
pub(super) struct Lock(OwnedFd);

impl Lock {
    pub(super) fn try_take(path: &Path) -> io::Result<Option<Self>> {
        let fifo = open(path, OFlags::RDWR)?;
        match flock(&fifo, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self(fifo))),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(failed("lock", path, error)),
        }
    }
}

#[cfg(test)]
impl std::os::fd::AsFd for Lock {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone does not unlock while a child between its fork and its exec has a copy of the descriptor.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// Ends all waits for locks, from any thread.
#[derive(Debug)]
pub(super) struct Cancel {
    is_cancelled: AtomicBool,
    /// Readable from then on.
    event: OwnedFd,
}

impl Cancel {
    pub(super) fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { is_cancelled: AtomicBool::new(false), event })
    }

    pub(super) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::SeqCst);
        // Fails only when the counter is full, and then it is readable anyway.
        let _ = rustix::io::write(&self.event, &1u64.to_ne_bytes());
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::SeqCst)
    }
}

/// Takes `count` of these locks, and waits for those that others hold. `None` if the wait is cancelled.
///
/// `patience` runs before each wait and says how long that may be at most.
pub(super) fn take<P: AsRef<Path>>(
    paths: &[P],
    count: usize,
    cancel: &Cancel,
    patience: &mut dyn FnMut() -> Duration,
) -> io::Result<Option<Vec<Lock>>> {
    let mut locks = Vec::new();
    let mut watched = Vec::new();
    let mut candidates: Vec<&Path> = paths.iter().map(P::as_ref).collect();
    loop {
        if cancel.is_cancelled() {
            return Ok(None);
        }
        for path in candidates {
            if locks.len() < count {
                // Open before the attempt: a release between the two is a hang-up, too.
                let reader = open(path, OFlags::RDONLY)?;
                match Lock::try_take(path)? {
                    Some(lock) => locks.push(lock),
                    None => watched.push((path, reader)),
                }
            }
        }
        if locks.len() == count {
            return Ok(Some(locks));
        }
        candidates = wait(&mut watched, cancel, patience())?;
    }
}

/// Waits until locks may be free, at most for `limit`. Returns their paths, and watches them no longer.
fn wait<'a>(watched: &mut Vec<(&'a Path, OwnedFd)>, cancel: &Cancel, limit: Duration) -> io::Result<Vec<&'a Path>> {
    let mut polls = vec![PollFd::new(&cancel.event, PollFlags::IN)];
    // A hang-up is reported without being asked for.
    polls.extend(watched.iter().map(|(_, reader)| PollFd::new(reader, PollFlags::empty())));
    // A duration that no clock can hold is no limit.
    match poll(&mut polls, Timespec::try_from(limit).ok().as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut is_ready = polls.iter().skip(1).map(|poll| !poll.revents().is_empty()).collect::<Vec<_>>().into_iter();
    let ready = watched.extract_if(.., |_| is_ready.next() == Some(true));
    Ok(ready.map(|(path, _)| path).collect())
}

/// Opens a fifo without waiting for its other end, and makes it if it is missing.
fn open(path: &Path, access: OFlags) -> io::Result<OwnedFd> {
    let flags = access | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let fifo = loop {
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(fifo) => break fifo,
            Err(Errno::NOENT) => match mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(failed("make", path, error)),
            },
            Err(error) => return Err(failed("open", path, error)),
        }
    };
    if FileType::from_raw_mode(fstat(&fifo)?.st_mode) == FileType::Fifo {
        Ok(fifo)
    } else {
        Err(io::Error::other(format!("`{}` is no fifo; remove it", path.display())))
    }
}

fn failed(verb: &str, path: &Path, error: Errno) -> io::Error {
    let remedy = match error {
        Errno::MFILE | Errno::NFILE => "raise `ulimit -n`, or lower PEER_JOBS",
        _ => "remove its directory while no tests run",
    };
    io::Error::other(format!("cannot {verb} `{}`: {}; {remedy}", path.display(), io::Error::from(error)))
}
