//! What is still done when this process crashes: by a signal that it sends to itself, or by a fault.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::event::{Timespec, poll};

use crate::timeouts::{CRASHED, Deadline};

/// What `abort`, faults, `intrinsics::abort` and refused system calls send, and what it is called.
const SIGNALS: [(c_int, &str); 7] = [
    (libc::SIGABRT, "SIGABRT"),
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGTRAP, "SIGTRAP"),
    (libc::SIGSYS, "SIGSYS"),
];

struct Handler {
    /// Given the name of the signal.
    run: fn(&'static str),
    /// Who handled them before, in the order of [`SIGNALS`].
    before: [libc::sigaction; SIGNALS.len()],
}

static HANDLER: OnceLock<Handler> = OnceLock::new();

/// The thread that crashed first.
static FIRST: AtomicI32 = AtomicI32::new(0);

/// Has `run` run once when this process crashes, before whoever handled that until now. It runs in a signal handler: it
/// waits for no lock, and asks for no memory. A signal that is ignored stays so.
pub(crate) fn at_crash(run: fn(&'static str)) {
    let before = SIGNALS.map(|(signal, _)| {
        let mut before = MaybeUninit::zeroed();
        // SAFETY: this only asks who handles it; zeroes are a valid answer.
        unsafe {
            libc::sigaction(signal, std::ptr::null(), before.as_mut_ptr());
            before.assume_init()
        }
    });
    if HANDLER.set(Handler { run, before }).is_err() {
        return;
    }
    for ((signal, _), before) in SIGNALS.iter().zip(before) {
        if before.sa_sigaction == libc::SIG_IGN {
            continue;
        }
        // SAFETY: the action is zeroed, which is valid for it, and its handler only does what a signal handler may do.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handle as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigaction(*signal, &raw const action, std::ptr::null_mut());
        }
    }
}

/// While another thread crashes, waits for the end of this process by that. In vain if whoever handled the signal before goes
/// on, so not for ever.
pub(crate) fn wait_while_crashing() {
    // SAFETY: `gettid` has no preconditions.
    let own = unsafe { libc::gettid() };
    if [0, own].contains(&FIRST.load(Ordering::SeqCst)) {
        return;
    }
    let deadline = Deadline::after(CRASHED);
    while !deadline.left().is_zero() {
        // Nothing comes but the end, or a signal.
        let _ = poll(&mut [], Timespec::try_from(deadline.left()).ok().as_ref());
    }
    // It was none: nobody waits for it again.
    FIRST.store(0, Ordering::SeqCst);
}

unsafe extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: `gettid` has no preconditions.
    let own = unsafe { libc::gettid() };
    let found = SIGNALS.iter().position(|(number, _)| *number == signal);
    let (Some(handler), Some(at)) = (HANDLER.get(), found) else { return };
    match FIRST.compare_exchange(0, own, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => (handler.run)(SIGNALS[at].1),
        // The process ends when the first one has been told; and whoever handles that ends in a second one, perhaps.
        Err(_) => wait_while_crashing(),
    }
    // SAFETY: what was there before, and zeroes, which are the default, are valid actions; the kernel passes a valid `info`.
    unsafe {
        let is_fault = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE].contains(&signal);
        let comes_again = is_fault && (*info).si_code > 0;
        let default: libc::sigaction = std::mem::zeroed();
        // A fault comes again by itself. One that somebody sent does not, and the standard library would wait for that.
        let next = if is_fault && !comes_again { &default } else { &handler.before[at] };
        libc::sigaction(signal, next, std::ptr::null_mut());
        if !comes_again {
            // It comes when this handler has returned.
            libc::raise(signal);
        }
    }
}
