//! The end of a process in the middle of a run: by a test that calls `exit`. Without a word of it the run would seem to have passed.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use super::gist;
use super::reporter::who;
use super::runner;
use super::words;
use crate::sys;

/// The exit status of a run in which something failed, as libtest's.
pub(super) const FAILED: u8 = 101;

/// The exit status after a second interrupt, as of a shell's command that SIGINT has ended.
pub(super) const INTERRUPTED: u8 = 130;

/// The exit status for arguments and variables that are not understood, as of every program whose arguments clap reads.
pub(super) const NOT_UNDERSTOOD: u8 = 2;

/// The process whose run is not over, if there is one; a child that is forked from it is another one.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// Where the end of the run is meant: the exit status of the process, whatever else ends it meanwhile.
static MEANT: AtomicI32 = AtomicI32::new(NOT_MEANT);
const NOT_MEANT: i32 = -1;

/// Told why, before anybody else.
type First = Box<dyn FnOnce(&str) + Send>;

static FIRST: Mutex<Option<First>> = Mutex::new(None);

/// Has this run if the run is ended by an `exit`.
#[cfg(feature = "junit")]
pub(super) fn at_first(run: impl FnOnce(&str) + Send + 'static) {
    *FIRST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(run));
}

/// While it lives, the end of this process is the failure of its run.
pub(super) struct Guard(());

impl Guard {
    /// To be taken once.
    pub(super) fn new() -> Self {
        RUNNING.store(std::process::id(), Ordering::SeqCst);
        sys::at_exit(ended);
        Self(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        is_meant(FAILED);
        // Before that it would end with the status of a run that has passed.
        sys::wait_while_crashing();
        RUNNING.store(0, Ordering::SeqCst);
    }
}

/// Says that the end of this process is meant from now on, with this status.
pub(super) fn is_meant(status: u8) {
    MEANT.store(status.into(), Ordering::SeqCst);
}

/// Whether the run of this process is not over.
pub(super) fn is_running() -> bool {
    is_of_this_process(&RUNNING) && MEANT.load(Ordering::SeqCst) == NOT_MEANT
}

fn is_of_this_process(number: &AtomicU32) -> bool {
    number.load(Ordering::SeqCst) == std::process::id()
}

extern "C" fn ended() {
    if !is_of_this_process(&RUNNING) {
        return;
    }
    let meant = MEANT.load(Ordering::SeqCst);
    if meant != NOT_MEANT {
        sys::exit_now(meant);
    }
    sys::wait_while_crashing();
    let (who, stands) = who();
    let what = by_exit(&who);
    let text = for_everybody(&what, &format!("whatever has no line above has no verdict ({stands})"));
    let first = FIRST.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(first) = first {
        first(&what);
    }
    words::tell_text(&text);
    words::tell_kept();
    words::tell_held();
    sys::exit_now(FAILED.into());
}

/// Tests that another harness runs in the process [`OF_OTHERS_IN`]; a child that is forked from it is another one, and may not even look.
static OF_OTHERS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static OF_OTHERS_IN: AtomicU32 = AtomicU32::new(0);

/// While it lives, the end of this process is the failure of one test, which another harness would take for passed.
pub(super) struct OfAnother(String);

impl OfAnother {
    pub(super) fn new(test: &str) -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            OF_OTHERS_IN.store(std::process::id(), Ordering::SeqCst);
            sys::at_exit_with(ended_in_another);
        });
        let own = format!("`{test}`");
        of_others().push(own.clone());
        Self(own)
    }
}

impl Drop for OfAnother {
    fn drop(&mut self) {
        let mut all = of_others();
        if let Some(at) = all.iter().position(|one| *one == self.0) {
            all.swap_remove(at);
        }
    }
}

fn of_others() -> MutexGuard<'static, Vec<String>> {
    OF_OTHERS.lock().unwrap_or_else(PoisonError::into_inner)
}

extern "C" fn ended_in_another(status: c_int, _: *mut c_void) {
    if !is_of_this_process(&OF_OTHERS_IN) {
        return;
    }
    let running = of_others().clone();
    if running.is_empty() {
        return;
    }
    // Libtest runs other tests beside them.
    let what = match runner::under_nextest() {
        true => by_exit(&running),
        false => {
            format!("this process is ended, by `exit`, while {} was running, and with it the run", one_of(&running))
        }
    };
    words::tell_text(&for_everybody(&what, "what has not ended by now has no verdict"));
    // A status that tells of a failure is one already.
    sys::exit_now(if status == 0 { FAILED.into() } else { status });
}

fn by_exit(running: &[String]) -> String {
    format!("{} has ended this process, by `exit`, and with it the run", one_of(running))
}

/// What it means, and the line that nextest looks for.
fn for_everybody(what: &str, means: &str) -> String {
    let line = if runner::under_nextest() { format!("\n{}", gist::for_nextest(what)) } else { String::new() };
    format!("{what}: {means}{line}")
}

/// A thread of its own may belong to any of what runs.
fn one_of(running: &[String]) -> String {
    match running {
        [] => "what is no test".to_owned(),
        [one] => one.clone(),
        all => format!("one of {}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_is_told_of_what_may_have_called_it() {
        let running = ["`a`", "`quick::init_per_group`"].map(str::to_owned);
        let told = [0, 1, 2].map(|all| one_of(&running[..all]));
        assert_eq!(told, ["what is no test", "`a`", "one of `a`, `quick::init_per_group`"]);
    }
}
