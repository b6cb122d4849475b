//! The message of a stack overflow, in a node that has no `main`.
//!
//! The standard library installs its own handler where it calls `main`. A node that serves before
//! `main` would die of a silent SIGSEGV; this handler says what the other one would have said.

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering};

/// Room for the handler, beside what the kernel puts there: it calls `write` and nothing deep.
const HANDLER_STACK: usize = 16 << 10;
/// How far below the lowest mapped address a large frame may reach.
const GUARD: usize = 64 << 10;

thread_local! {
    /// The lowest address of this thread's stack; 0 where it is not known.
    static STACK_LOW: Cell<usize> = const { Cell::new(0) };
    static STACK: RefCell<Option<HandlerStack>> = const { RefCell::new(None) };
}

static INSTALLED: AtomicBool = AtomicBool::new(false);

pub(crate) fn report_stack_overflow() {
    INSTALLED.store(true, Ordering::Relaxed);
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

/// The stack of the handler on one thread; undone when the thread ends.
struct HandlerStack(Box<[u8]>);

impl Drop for HandlerStack {
    fn drop(&mut self) {
        STACK_LOW.set(0);
        let none = libc::stack_t { ss_sp: std::ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: self.0.len() };
        // SAFETY: this disables the stack that the box holds, before the box is freed.
        unsafe { libc::sigaltstack(&raw const none, std::ptr::null_mut()) };
    }
}

/// Gives the calling thread a stack for the handler, where there is one of ours.
pub(crate) fn watch_this_thread() {
    if !INSTALLED.load(Ordering::Relaxed) || STACK_LOW.get() != 0 {
        return;
    }
    // SAFETY: `getauxval` takes any key, and gives 0 for what the kernel does not say.
    let frame = unsafe { libc::getauxval(libc::AT_MINSIGSTKSZ) };
    let size = HANDLER_STACK + usize::try_from(frame).unwrap_or_default();
    let mut stack = HandlerStack(vec![0_u8; size].into_boxed_slice());
    // SAFETY: the attributes are initialised by the first call, read, and destroyed; the handler's
    // stack is entries in a thread local that disables it before it is freed.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) != 0 {
            return;
        }
        let (mut low, mut size) = (std::ptr::null_mut::<c_void>(), 0);
        if libc::pthread_attr_getstack(&raw const attributes, &raw mut low, &raw mut size) == 0 {
            let alternative = libc::stack_t { ss_sp: stack.0.as_mut_ptr().cast(), ss_flags: 0, ss_size: stack.0.len() };
            libc::sigaltstack(&raw const alternative, std::ptr::null_mut());
            STACK_LOW.set(low as usize);
        }
        libc::pthread_attr_destroy(&raw mut attributes);
    }
    STACK.set(Some(stack));
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
        if (*info).si_code <= 0 {
            // A process sent it: there is no fault that would come again.
            libc::raise(signal);
        }
    }
}
