//! The three standard descriptors of a node: frames leave them, the console takes them.
//!
//! Standard error stays the pipe that it was started with, and standard output becomes a copy of it, so that the origin reads
//! one stream in true order. Standard input becomes what the test feeds.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;

use rustix::stdio;

/// Above the three, and closed in whatever this process executes.
const FIRST_FREE: i32 = 3;

/// Takes standard input, where the boot specification comes from.
pub(super) fn take_input() -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(stdio::stdin(), FIRST_FREE)?)
}

/// Takes standard output for frames, and makes it a part of the console.
pub(super) fn take_output() -> io::Result<OwnedFd> {
    let frames = rustix::io::fcntl_dupfd_cloexec(stdio::stdout(), FIRST_FREE)?;
    stdio::dup2_stdout(stdio::stderr())?;
    Ok(frames)
}

/// Replaces standard input by a pipe; its end of the file comes when the result is dropped.
pub(super) fn feed_input() -> io::Result<OwnedFd> {
    let (read, write) = io::pipe()?;
    stdio::dup2_stdin(&read)?;
    Ok(OwnedFd::from(write))
}

/// Replaces standard input by that of the process `pid`, whose terminal this node keeps.
pub(super) fn share_input(pid: u32) -> io::Result<()> {
    let path = format!("/proc/{pid}/fd/0");
    let input = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY)
        .open(path)
        .and_then(|file| if file.is_terminal() { Ok(file) } else { Err(io::ErrorKind::Unsupported.into()) })
        // A pipe or a file is the origin's own: two readers would each find half of it.
        .or_else(|_| File::open("/dev/null"))?;
    Ok(stdio::dup2_stdin(&input)?)
}
