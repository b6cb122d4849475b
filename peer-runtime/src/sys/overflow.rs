//! The message of a stack overflow, in a node that has no `main`.
//!
//! The standard library installs its own handler where it calls `main`. A node that serves before
//! `main` would die of a silent SIGSEGV; this handler says what the other one would have said.

use std::cell::Cell;
use std::ffi::{c_int, c_void};

/// Room for the handler: it calls `write` and nothing deep.
const HANDLER_STACK: usize = 16 << 10;
/// How far below the lowest mapped address a large frame may reach.
const GUARD: usize = 64 << 10;

thread_local! {
    /// The lowest address of this thread's stack; 0 where it is not known.
    static STACK_LOW: Cell<usize> = const { Cell::new(0) };
}

/// Installs the handler for this process.
pub(crate) fn report_stack_overflow() {
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: the action is zeroed, which is valid for it, and its handler only does what a
        // signal handler may do.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handle as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
}

/// Gives the calling thread a stack for the handler. The thread must last as long as its code runs.
pub(crate) fn watch_this_thread() {
    if STACK_LOW.get() != 0 {
        return;
    }
    let stack = Box::leak(vec![0_u8; HANDLER_STACK].into_boxed_slice());
    // SAFETY: the attributes are initialised by the first call, read, and destroyed; the handler's
    // stack is leaked, so it outlives the thread.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) != 0 {
            return;
        }
        let (mut low, mut size) = (std::ptr::null_mut::<c_void>(), 0);
        if libc::pthread_attr_getstack(&raw const attributes, &raw mut low, &raw mut size) == 0 {
            let alternative = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: HANDLER_STACK };
            libc::sigaltstack(&raw const alternative, std::ptr::null_mut());
            STACK_LOW.set(low as usize);
        }
        libc::pthread_attr_destroy(&raw mut attributes);
    }
}

unsafe extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: the kernel passes a valid `info`; reading a constant-initialised thread local,
    // `write`, `sigaction` and `abort` are allowed in a handler.
    unsafe {
        let address = (*info).si_addr() as usize;
        let low = STACK_LOW.get();
        if low != 0 && (low.saturating_sub(GUARD)..low + GUARD).contains(&address) {
            let text = b"\nthread has overflowed its stack\nfatal runtime error: stack overflow, aborting\n";
            libc::write(2, text.as_ptr().cast(), text.len());
            libc::abort();
        }
        // Not ours: the same fault again, with the default action.
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(signal, &raw const action, std::ptr::null_mut());
    }
}
