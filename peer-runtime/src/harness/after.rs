//! What is done behind a test, while its peers are still there: the hooks after it, and what the hooks before it gave is
//! let go.

use std::time::Instant;

use super::case::{Around, parts};
use super::event::Peers;
use super::fault::{self, Fault, blocked, panic_of};
use super::given::{Given, Parts};
use super::groups::Hook;
use super::interrupt::Interrupts;
use super::report;
use super::runtime;
use super::stage::{Stage, Work};
use super::tests::{Flavor, Test};
use super::verdict::TestStatus;

/// A test whose body has ended, and what it has come to so far.
pub(super) struct After<'a> {
    pub(super) test: &'a Test,
    pub(super) around: &'a Around,
    pub(super) stage: &'a mut Stage,
    pub(super) interrupts: &'a Interrupts,
    pub(super) fault: &'a mut Option<Fault>,
    pub(super) peers: &'a mut Peers,
    /// What was given up behind the test, and may still block a thread: which hook, and where it ran.
    pub(super) given_up: Vec<(String, Stage)>,
}

impl After<'_> {
    /// The hooks after the test, innermost first, of those groups whose hooks before it have `passed`; each may fail a test
    /// that has passed.
    pub(super) fn ends(&mut self, passed: usize, given: &Given) {
        let around = self.around;
        for end in around.hooks.iter().take(passed).rev().filter_map(|(_, end)| *end) {
            // The test comes before it, with all that its body drops.
            self.stage.settle();
            let parts = Parts { status: status(self.test, self.fault.as_ref()), ..parts(given.clone()) };
            let outcome = self.beside(end, Box::new(move || Box::pin((end.run)(parts))));
            if let Err(failed) = outcome
                && !failed.is_skip()
            {
                self.fails(end.path(), failed);
            }
        }
    }

    /// Lets go of what the hooks before the test gave; that may fail a test that has passed.
    pub(super) fn let_go(&mut self, given: Given) {
        let last = self.around.hooks.iter().rev().find_map(|(init, _)| *init);
        let Some(init) = last.filter(|_| given.has_more_than(&self.around.given)) else { return };
        self.stage.settle();
        if let Err(dropped) = self.beside(init, given.dropped())
            // That there was no thread for it is no news where something had failed before.
            && (!matches!(dropped, Fault::NotRun(_)) || self.test.passes(self.fault.as_ref()))
        {
            self.fails(init.path(), Fault::Drop(Box::new(dropped)));
        }
    }

    /// Runs something on a stage of its own, since the test may block its thread.
    fn beside(&mut self, hook: &Hook, work: Work) -> Result<(), Fault> {
        let kind = runtime::Kind { flavor: Flavor::CurrentThread, worker_threads: None };
        let mut beside = Stage::beside(self.stage, &hook.path(), kind, self.interrupts);
        let outcome = beside.clean_up(self.around.limit, work);
        if outcome.is_err() && self.test.passes(self.fault.as_ref()) {
            // What it failed with may be about peers as they are now.
            (self.peers.own, self.peers.barriers) = (beside.peers(), beside.barriers());
        }
        if outcome.as_ref().is_err_and(Fault::is_given_up) {
            self.given_up.push((hook.path(), beside));
        }
        outcome.map(drop)
    }

    /// Waits, since the end of its scope, until the threads of the test and of what was given up behind it have let go; what
    /// is told of those that have not.
    pub(super) fn leave(self, end: Instant) -> Vec<String> {
        let mut told = Vec::new();
        told.extend(self.stage.leave(end, self.fault).map(|after| blocked("its thread", after)));
        for (hook, mut stage) in self.given_up {
            let after = stage.leave(end, &mut None);
            told.extend(after.map(|after| blocked(&format!("the thread of `{hook}`"), after)));
        }
        told
    }

    fn fails(&mut self, hook: String, failed: Fault) {
        // The first one counts, and the other is told with it.
        if let Some(other) = fail(self.test, self.fault, hook.clone(), failed) {
            let scope = self.stage.scope();
            scope.comment(report::hook_cause(&hook, &other));
            scope.tells(panic_of(Some(&other)));
            fault::let_go(Some(other)).into_iter().for_each(|told| scope.comment(told));
        }
    }
}

/// What cleans up behind a test failed: that fails the test as well, if it passed or was skipped. Otherwise it is given back.
pub(super) fn fail(test: &Test, fault: &mut Option<Fault>, hook: String, failed: Fault) -> Option<Fault> {
    let of_skipped = fault.as_ref().is_some_and(Fault::is_skip);
    if !of_skipped && !test.passes(fault.as_ref()) {
        return Some(failed);
    }
    let passed = fault.replace(Fault::End { hook, of_skipped, fault: Box::new(failed) });
    // The panic that was expected; whether that can be dropped is nothing that fails here.
    drop(fault::let_go(passed));
    None
}

fn status(test: &Test, fault: Option<&Fault>) -> TestStatus {
    match fault {
        _ if test.passes(fault) => TestStatus::Passed,
        Some(Fault::TimedOut(limit)) => TestStatus::TimedOut(*limit),
        Some(fault) if fault.is_skip() => TestStatus::Skipped(fault.reason()),
        Some(Fault::Init(name, fault)) => TestStatus::Skipped(format!("`{name}` failed: {}", fault.reason())),
        Some(fault) => TestStatus::Failed { reason: fault.reason(), place: fault.place() },
        None => TestStatus::Failed {
            reason: "it did not panic as expected".to_owned(),
            place: Some(test.place.to_string()),
        },
    }
}
