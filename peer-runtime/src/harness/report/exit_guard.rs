//! Makes a run fail whose test calls `std::process::exit`, which would otherwise end it with the status that the test chooses.

use std::ffi::{c_int, c_void};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};

use super::plain;
use super::render::notes::{caller, error_line};
use crate::harness::event::{Event, EventSink};
use crate::harness::running;
use crate::sys;
use crate::timeouts::EXIT_REPORTED;

/// The exit status of a run that failed, as libtest's.
const FAILED: c_int = 101;

/// The process whose run goes on, if there is one. In a child that it forks, the guard does nothing.
static GUARDED: AtomicU32 = AtomicU32::new(0);

/// Where a run under `peer::main!()` sends its events.
static SINK: OnceLock<EventSink> = OnceLock::new();

/// The exit status of a run that has ended; no thread that was abandoned may change it.
static ENDED: AtomicI32 = AtomicI32::new(RUNNING);
const RUNNING: c_int = -1;

static UNDER_NEXTEST: AtomicBool = AtomicBool::new(false);

/// Until its end, `exit` fails the run, after a report of what there is.
#[derive(Debug)]
pub(crate) struct ExitGuard(());

impl ExitGuard {
    /// Guards the run that sends its events to `sink`. To be called once.
    pub(crate) fn arm(sink: EventSink) -> Self {
        let _ = SINK.set(sink);
        arm();
        Self(())
    }

    /// The run has ended, and the process ends with this status.
    pub(crate) fn end(self, status: u8) {
        ENDED.store(status.into(), Ordering::SeqCst);
    }
}

/// Guards this process for good, while tests run in it. Further calls do nothing.
pub(crate) fn arm_for_libtest(under_nextest: bool) {
    UNDER_NEXTEST.store(under_nextest, Ordering::SeqCst);
    arm();
}

fn arm() {
    if GUARDED.swap(process::id(), Ordering::SeqCst) == 0 {
        sys::at_exit_with(on_exit);
    }
}

extern "C" fn on_exit(status: c_int, _: *mut c_void) {
    if GUARDED.load(Ordering::SeqCst) != process::id() {
        return;
    }
    match ENDED.load(Ordering::SeqCst) {
        RUNNING => {}
        ended if ended == status => return,
        ended => sys::exit_now(ended),
    }
    let running = running::names();
    if let Some(sink) = SINK.get() {
        let (printed, reported) = mpsc::sync_channel(1);
        sink.send(Event::ProcessExits { running, printed });
        // The process ends in any case.
        let _ = reported.recv_timeout(EXIT_REPORTED);
        sys::exit_now(FAILED);
    } else if running.is_empty() {
        // Libtest ends the process.
        return;
    } else {
        let why = format!("{} called std::process::exit and ended the run", caller(&running));
        plain::print(&format!("[peer] {why}"));
        if UNDER_NEXTEST.load(Ordering::SeqCst) {
            plain::print(&error_line(&why));
        }
    }
    // The parent sees the last eight bits.
    sys::exit_now(if status & 0xff == 0 { FAILED } else { status });
}
