//! The end of a process in the middle of a run: by a test that calls `exit`. Without a word of it the run would seem to have passed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

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
    let what = by_exit(&who);
    let text = for_everybody(&what, &format!("whatever has no line above has no verdict ({stands})"));
    let first = FIRST.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(first) = first {
        first(&what);
    }
    aside::tell_last(&text);
    words::tell_kept();
    words::tell_held();
    sys::exit_now(FAILED.into());
}

/// Tests that another harness runs in this process, each with the process: a child that is forked from it is another one.
static OF_OTHERS: Mutex<Vec<(u32, String)>> = Mutex::new(Vec::new());

/// While it lives, the end of this process is the failure of one test, which another harness would take for passed.
pub(super) struct OfAnother((u32, String));

impl OfAnother {
    pub(super) fn new(test: &str) -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| sys::at_exit(ended_in_another));
        let own = (std::process::id(), format!("`{test}`"));
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

fn of_others() -> MutexGuard<'static, Vec<(u32, String)>> {
    OF_OTHERS.lock().unwrap_or_else(PoisonError::into_inner)
}

extern "C" fn ended_in_another() {
    let process = std::process::id();
    let running = of_others().iter().filter(|(of, _)| *of == process).map(|(_, name)| name.clone()).collect::<Vec<_>>();
    if !running.is_empty() {
        let what = by_exit(&running);
        aside::tell_last(&for_everybody(&what, "what has not ended by now has no verdict"));
        sys::exit_now(FAILED.into());
    }
}

fn by_exit(running: &[String]) -> String {
    format!("{} has ended this process, by `exit`, and with it the run", one_of(running))
}

/// What it means, and the line that nextest looks for.
fn for_everybody(what: &str, means: &str) -> String {
    let line = if gist::under_nextest() { format!("\n{}", gist::for_nextest(what)) } else { String::new() };
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
