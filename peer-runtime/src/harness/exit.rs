//! The end of a process in the middle of a run: by a test that calls `exit`. Without a word of it the run would seem to have passed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::gist;
use super::reporter::who;
use super::words;
use crate::aside;
use crate::sys;

/// The exit status of a run in which something failed, as libtest's.
pub(super) const FAILED: u8 = 101;

/// The exit status for arguments and variables that are not understood, as of every program whose arguments clap reads.
pub(super) const NOT_UNDERSTOOD: u8 = 2;

/// The process whose run is not over, if there is one; a child that is forked from it is another one.
static RUNNING: AtomicU32 = AtomicU32::new(0);

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
        is_meant();
        // Before that it would end with the status of a run that has passed.
        sys::wait_while_crashing();
    }
}

/// Says that the end of this process is meant from now on.
pub(super) fn is_meant() {
    RUNNING.store(0, Ordering::SeqCst);
}

/// Whether the run of this process is not over.
pub(super) fn is_running() -> bool {
    RUNNING.load(Ordering::SeqCst) == std::process::id()
}

extern "C" fn ended() {
    if !is_running() {
        return;
    }
    sys::wait_while_crashing();
    let (who, stands) = who();
    let what = format!("{} has ended this process, by `exit`, and with it the run", one_of(&who));
    let mut text = format!("{what}: whatever has no line above has no verdict ({stands})");
    if gist::under_nextest() {
        text = format!("{text}\n{}", gist::for_nextest(&what));
    }
    let first = FIRST.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(first) = first {
        first(&what);
    }
    aside::tell_last(&text);
    words::tell_kept();
    words::tell_held();
    sys::exit_now(FAILED.into());
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
