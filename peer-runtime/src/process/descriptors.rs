//! The descriptors of a new process, and this side's ends of its pipes.

use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};

use super::request::{Output, SpawnRequest, not_entered};
use crate::name;
use crate::wire::keeper::DESCRIPTORS;

/// The origin's ends of standard input, of the frames and of the console.
type Ends = (OwnedFd, Option<OwnedFd>, Option<OwnedFd>);

/// Makes the descriptors of the new process, its directory first, and this side's ends.
pub(super) fn make(request: &SpawnRequest) -> io::Result<([OwnedFd; DESCRIPTORS], Ends)> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = match &request.current_dir {
        None => rustix::fs::open(".", flags, Mode::empty())?,
        Some(path) => rustix::fs::open(path, flags, Mode::empty()).map_err(io::Error::from).map_err(|error| {
            // A lack of descriptors is no error of the directory.
            if name::is_short(&error) { error } else { not_entered(&error) }
        })?,
    };
    let (stdin_read, stdin) = pipe()?;
    let (mut frames, mut console) = (None, None);
    let (out, err) = match request.output {
        Output::Inherited => (copy(rustix::stdio::stdout())?, copy(rustix::stdio::stderr())?),
        Output::FramesAndConsole => {
            let (read, out) = pipe()?;
            frames = Some(read);
            let (read, err) = pipe()?;
            console = Some(read);
            (out, err)
        }
        Output::Console => {
            let (read, out) = pipe()?;
            console = Some(read);
            let err = out.try_clone()?;
            (out, err)
        }
    };
    for fd in [Some(&stdin), frames.as_ref(), console.as_ref()].into_iter().flatten() {
        rustix::io::ioctl_fionbio(fd, true)?;
    }
    Ok(([directory, stdin_read, out, err], (stdin, frames, console)))
}

/// Copies one of this process's own; `/dev/null` where it is closed.
fn copy(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    match rustix::io::fcntl_dupfd_cloexec(fd, 3) {
        Err(rustix::io::Errno::BADF) => Ok(File::options().write(true).open("/dev/null")?.into()),
        copied => Ok(copied?),
    }
}

/// The reading and the writing end of a pipe.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = io::pipe()?;
    Ok((OwnedFd::from(read), OwnedFd::from(write)))
}
