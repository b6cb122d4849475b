//! The only unsafe code: what the platform offers in no safe form, behind a few safe functions.
#![allow(unsafe_code, reason = "this is the one place for it; each block says why it is sound")]

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

mod build;
mod overflow;
mod signals;
mod spawn;
mod start;

pub(crate) use build::build_id;
pub(crate) use overflow::{report_stack_overflow, watch_this_thread};
pub(crate) use signals::{SignalFd, block_signals, close_from, next_ended};
pub(crate) use spawn::{SpawnPlan, spawn};
pub(crate) use start::{Constructor, Start, before_main};

/// Ends the process at once: no destructor, no `atexit` handler, nothing that could block.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: `_exit` takes any status, and does not return.
    unsafe { libc::_exit(status) }
}

/// Writing to a closed pipe is an error and not a signal, as it is after every Rust `main`.
pub(crate) fn ignore_sigpipe() {
    // SAFETY: SIG_IGN runs no code.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Registers a descriptor with the I/O thread, which must be the current runtime.
pub(crate) fn watch(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is the same open descriptor until it is dropped, which is after the
    // registration has been undone.
    unsafe { Ok(AsyncFd::register_with_interest(fd, interest)?) }
}

/// Runs `run` when main returns or the process calls `exit`; also in a forked child that does.
pub(crate) fn at_exit(run: extern "C" fn()) {
    // SAFETY: a function without arguments, which lives as long as the process. Without memory it is not registered.
    let _ = unsafe { libc::atexit(run) };
}

unsafe extern "C" {
    /// Of the GNU C library.
    fn on_exit(run: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
}

/// Runs `run` with the exit status when main returns or the process calls `exit`.
pub(crate) fn at_exit_with(run: extern "C" fn(c_int, *mut c_void)) {
    // SAFETY: a function that lives as long as the process; the C library only passes the pointer on.
    let _ = unsafe { on_exit(run, std::ptr::null_mut()) };
}
