//! The results of a run: counts them, and sends them to the reports.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::harness::declare::Test;
use crate::harness::event::{Event, EventSink, Finished, Running, Summary, UnitKind};
use crate::harness::outcome::{AttemptOutcome, Fault, SkippedBy, Verdict};
use crate::scope::Scope;

/// Counts results and sends them.
pub(super) struct Results<'a> {
    sink: &'a EventSink,
    keeps_output: bool,
    summary: Mutex<Summary>,
    /// The tests that have started or have a result.
    seen: Mutex<HashSet<String>>,
}

impl<'a> Results<'a> {
    pub(super) fn new(sink: &'a EventSink, filtered: usize, keeps_output: bool) -> Self {
        let summary = Mutex::new(Summary { filtered, ..Summary::default() });
        Self { sink, keeps_output, summary, seen: Mutex::default() }
    }

    /// Whether a test has started or has a result.
    pub(super) fn has_seen(&self, test: &Test) -> bool {
        self.seen.lock().contains(&test.path())
    }

    /// The summary of a run of so many tests.
    pub(super) fn end(self, tests: usize, interrupted: bool, took: Duration) -> Summary {
        let seen = self.seen.into_inner().len();
        let not_started = if interrupted { tests.saturating_sub(seen) } else { 0 };
        Summary { interrupted, took, not_started, ..self.summary.into_inner() }
    }

    /// These tests have no further round, without a result that says so; `count` them, unless a group around has one.
    pub(super) fn rounds_over(&self, tests: impl IntoIterator<Item = &'static Test>, count: bool) {
        let paths: Vec<String> = tests.into_iter().map(Test::path).collect();
        let tests = paths.len();
        self.seen.lock().extend(paths);
        if count {
            self.sink.send(Event::RoundsOver { tests });
        }
    }

    pub(super) fn started(&self, name: &str, kind: UnitKind, scope: &Scope, outer: &[Scope], attempt: u32) {
        let (name, since, scope, outer) = (name.to_owned(), Instant::now(), scope.clone(), outer.to_vec());
        if kind == UnitKind::Test {
            self.seen.lock().insert(name.clone());
        }
        let running = Arc::new(Running { name, kind, since, scope, outer });
        self.sink.send(Event::UnitStarted { running, attempt });
    }

    pub(super) fn hook_passed(&self, path: &str) {
        self.sink.send(Event::HookPassed { name: path.to_owned() });
    }

    /// Reports a hook that did not pass: why nothing below it can run.
    pub(super) fn hook_failed(&self, path: &str, failed: AttemptOutcome) -> Verdict {
        let verdict = failed.fault.as_ref().map_or(Verdict::Failed, Verdict::of);
        let because = match &verdict {
            Verdict::Ignored(_) => verdict.clone(),
            _ => Verdict::Skipped(SkippedBy::Init(path.to_owned())),
        };
        self.finished(Finished {
            name: path.to_owned(),
            kind: UnitKind::Hook,
            test: None,
            verdict,
            attempts: vec![failed],
            round: 1,
            rounds: 1,
            is_last: true,
            missing_before: 0,
        });
        because
    }

    /// An init before the test that failed has a result of its own, with all that there was then.
    pub(super) fn report_init(&self, outcome: AttemptOutcome) -> AttemptOutcome {
        match outcome.fault {
            Some(Fault::Init { hook, fault }) if !fault.is_skip() => {
                let took = outcome.took;
                self.hook_failed(&hook, AttemptOutcome { fault: Some(*fault), ..outcome });
                AttemptOutcome { took, ..AttemptOutcome::default() }
            }
            _ => outcome,
        }
    }

    /// Reports that a test was skipped; `again` if a group around it may have another round.
    pub(super) fn skip(&self, test: &'static Test, why: &Verdict, again: bool) -> Verdict {
        self.finished(Finished {
            name: test.path(),
            kind: UnitKind::Test,
            test: Some(test),
            verdict: why.clone(),
            attempts: Vec::new(),
            round: 1,
            rounds: 1,
            is_last: !again,
            missing_before: 0,
        });
        why.clone()
    }

    /// Counts and reports a result.
    pub(super) fn finished(&self, mut finished: Finished) {
        if !finished.verdict.fails() && !self.keeps_output {
            finished.attempts.iter_mut().for_each(|attempt| attempt.output.clear());
        }
        self.summary.lock().count(finished.kind, &finished.verdict);
        if finished.kind == UnitKind::Test {
            self.seen.lock().insert(finished.name.clone());
        }
        self.sink.send(Event::UnitFinished(Box::new(finished)));
    }
}
