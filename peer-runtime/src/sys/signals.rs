//! A process that blocks all signals, and learns of its children through a descriptor.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

use super::start::Start;
use crate::wire::keeper::Exit;

/// A process with one thread, all of whose signals are blocked: a descriptor that is readable when a child has ended.
#[derive(Debug)]
pub(crate) struct SignalFd(OwnedFd);

impl AsFd for SignalFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Blocks every signal. Only before main, where there is one thread, and in a process that starts no other.
pub(crate) fn block_signals(_: &Start) -> io::Result<SignalFd> {
    // SAFETY: the sets are initialised by `sigfillset` and `sigemptyset`; the descriptor is new, and has no other owner.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        // A process that ignores SIGCHLD would never learn of its children.
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        match libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(SignalFd(OwnedFd::from_raw_fd(fd))),
        }
    }
}

/// The next child that has ended and is not reaped, and its exit.
pub(crate) fn next_ended() -> Option<(u32, Exit)> {
    // SAFETY: zeroes are a valid `siginfo_t`, which `waitid` fills in; its fields are those of an ended child.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        if libc::waitid(libc::P_ALL, 0, &raw mut info, options) != 0 || info.si_pid() == 0 {
            return None;
        }
        let status = info.si_status();
        let exit = if info.si_code == libc::CLD_EXITED { Exit::Status(status) } else { Exit::Signal(status) };
        Some((info.si_pid().unsigned_abs(), exit))
    }
}

/// Closes every descriptor from `first` on. Only before main, where nothing in this process owns one of them.
pub(crate) fn close_from(_: &Start, first: u32) {
    // SAFETY: called before anything in this process owns one of them.
    if unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) } == 0 {
        return;
    }
    // An old kernel, or a filter that refuses the call.
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let open: Vec<i32> = open.filter_map(|fd| fd.file_name().to_str()?.parse().ok()).collect();
    for fd in open.into_iter().filter(|fd| fd.unsigned_abs() >= first) {
        // SAFETY: as above; the descriptor of the listing is closed already.
        unsafe { libc::close(fd) };
    }
}
