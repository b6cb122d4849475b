//! Writing to whoever reads, for as long as they do: nobody who has stopped reading holds up the end of a process.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::{Errno, write};

use crate::timeouts::{ALL_READ, Deadline, LOOK_AGAIN, READS_ON};

/// What a pipe that has room takes without making its writer wait.
const PIECE: usize = 4096;

/// Who reads what is told, for as long as that goes on.
pub(super) struct Reader<'a> {
    to: BorrowedFd<'a>,
    /// Nothing is left over of what was said.
    pub(super) reads: bool,
    until: Deadline,
}

impl<'a> Reader<'a> {
    pub(super) fn new(to: BorrowedFd<'a>) -> Self {
        Self { to, reads: true, until: Deadline::after(ALL_READ) }
    }

    /// Writes it; nothing more from then on if nobody reads on.
    pub(super) fn say(&mut self, mut text: &[u8]) {
        let mut moves = Deadline::after(READS_ON);
        while self.reads && !text.is_empty() {
            let left = moves.left().min(self.until.left());
            if left.is_zero() {
                self.reads = false;
                return;
            }
            match wait([PollFd::from_borrowed_fd(self.to, PollFlags::OUT)], left)
                .and_then(|()| write(self.to, &text[..text.len().min(PIECE)]))
            {
                Ok(written) => {
                    text = &text[written..];
                    moves = Deadline::after(READS_ON);
                }
                Err(Errno::INTR) => {}
                // Somebody was faster, or it is a terminal that has room, but not for this.
                Err(Errno::AGAIN) => drop(wait([], left.min(LOOK_AGAIN))),
                Err(_) => self.reads = false,
            }
        }
    }
}

fn wait<const N: usize>(mut what: [PollFd<'_>; N], most: Duration) -> Result<(), Errno> {
    match poll(&mut what, Timespec::try_from(most).ok().as_ref())? {
        0 => Err(Errno::TIMEDOUT),
        _ => Ok(()),
    }
}

/// The same without ever waiting for its reader; what others write there waits as before. Where that is refused, it is as it was,
/// and a file has no reader.
pub(super) fn without_waiting(fd: OwnedFd) -> OwnedFd {
    let kind = fstat(&fd).map(|found| FileType::from_raw_mode(found.st_mode));
    if !matches!(kind, Ok(FileType::Fifo | FileType::CharacterDevice)) {
        return fd;
    }
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    open(format!("/proc/self/fd/{}", fd.as_raw_fd()), flags, Mode::empty()).unwrap_or(fd)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::AsFd;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Instant;

    use rustix::fs::fcntl_getfl;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::*;

    /// How long that takes: to say as much so often, within `most` in all.
    fn said(to: impl Into<OwnedFd>, texts: usize, bytes: usize, most: Duration) -> Duration {
        let to = to.into();
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            let (since, mut to) = (Instant::now(), Reader::new(to.as_fd()));
            to.until = Deadline::after(most);
            (0..texts).for_each(|_| to.say(b"x\n".repeat(bytes / 2).as_slice()));
            done.send(since.elapsed())
        });
        is_done.recv_timeout(READS_ON * 15).expect("it ends")
    }

    #[test]
    fn who_reads_nothing_is_given_up_once() {
        let (_reader, writer) = std::io::pipe().expect("there are descriptors");
        // Far more than any pipe takes.
        let took = said(writer, 4, 64 << 20, ALL_READ);
        assert!(took < READS_ON * 3, "{took:?}");
    }

    #[test]
    fn who_reads_slowly_is_given_up_in_the_end() {
        let (mut reader, writer) = std::io::pipe().expect("there are descriptors");
        let (_goes_on, ends) = mpsc::channel::<()>();
        thread::spawn(move || {
            while ends.recv_timeout(READS_ON / 4) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = reader.read(&mut vec![0; 1 << 16]);
            }
        });
        let took = said(writer, 1, 64 << 20, READS_ON * 2);
        assert!(took >= READS_ON * 2 && took < READS_ON * 10, "{took:?}");
    }

    /// A terminal, and who shows it.
    fn terminal() -> (OwnedFd, OwnedFd) {
        let shows = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are terminals");
        grantpt(&shows).and_then(|()| unlockpt(&shows)).expect("it is ours");
        let path = ptsname(&shows, Vec::new()).expect("it has a name");
        (open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("it can be opened"), shows)
    }

    #[test]
    fn a_terminal_whose_reader_has_stopped_holds_nobody_up() {
        let (terminal, _shows) = terminal();
        let took = said(without_waiting(terminal), 4, 1 << 20, ALL_READ);
        // It has room once more when it is looked at again.
        assert!(took < ALL_READ / 2, "{took:?}");
    }

    #[test]
    fn others_who_write_there_still_wait() {
        let (_reader, writer) = std::io::pipe().expect("there are descriptors");
        let (terminal, _shows) = terminal();
        for fd in [writer.into(), terminal] {
            let own = without_waiting(fd.try_clone().expect("there are descriptors"));
            let waits = |fd: BorrowedFd<'_>| !fcntl_getfl(fd).expect("it has flags").contains(OFlags::NONBLOCK);
            assert_eq!((waits(fd.as_fd()), waits(own.as_fd())), (true, false));
        }
    }
}
