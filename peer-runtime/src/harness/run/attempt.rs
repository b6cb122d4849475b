//! One attempt of one test: its hooks, its nodes, its body, its time limit, and the end of all of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::booting::Booting;
use super::cancel::Cancel;
use super::group_scope::{drop_job, hook_job};
use super::worker::{Job, OnInterrupt, Worker};
use crate::harness::declare::{Body, Fixtures, Hook, Inputs, Leaks, Test, TestStatus};
use crate::harness::event::{EventSink, Note};
use crate::harness::everywhere;
use crate::harness::outcome::{AttemptOutcome, Blocked, Fault, Peers, passes};
use crate::scope::{Scope, Show};

/// What surrounds a test in its groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    /// What the inits of suite and groups returned.
    pub(super) fixtures: Fixtures,
    /// Of each group that has any, outermost first: the hooks before and behind each test.
    pub(super) hooks: Vec<(Option<&'static Hook>, Option<&'static Hook>)>,
    /// For the test with the hooks before it, and again for each hook behind it.
    pub(super) limit: Duration,
    /// What suite and groups own, which the test may use.
    pub(super) outer: Vec<Scope>,
}

/// How far the hooks before the test have come.
struct HooksPassed {
    /// Of how many groups.
    passed: usize,
    fixtures: Fixtures,
}

/// Runs `test` once. `on_start` receives its scope; `show`, if there is one, the output of its peers.
pub(super) fn run(
    test: &'static Test,
    around: &Surroundings,
    show: Option<Show>,
    (cancel, sink): (&Cancel, &EventSink),
    on_start: impl FnOnce(&Scope),
) -> AttemptOutcome {
    let mut worker = Worker::new(&test.path(), test.runtime(), show, cancel);
    let scope = worker.scope().clone();
    on_start(&scope);
    let since = Instant::now();
    let progress = Arc::new(Mutex::new(HooksPassed { passed: 0, fixtures: around.fixtures.clone() }));
    let job = body_job(test, around, &progress, &scope);
    let mut fault = worker.run_only(around.limit, job).err();
    // Hooks behind the test may skip themselves.
    let lost_skip = scope.panics().take_skip();
    let took = since.elapsed();
    let HooksPassed { passed, fixtures } = {
        let mut progress = progress.lock();
        HooksPassed { passed: progress.passed, fixtures: std::mem::take(&mut progress.fixtures) }
    };
    if let Some((Some(init), _)) = around.hooks.get(passed) {
        fault = fault.map(|fault| fault.in_init(init.path()));
    }
    let seen = worker.take_seen();
    let of_groups = around.outer.iter().flat_map(Scope::peers).collect();
    let peers = Peers { own: seen.peers, barriers: seen.barriers, of_groups };
    let outcome = AttemptOutcome { fault, took, peers, ..AttemptOutcome::default() };
    let mut teardown = Teardown { test, around, worker, outcome, abandoned: Vec::new() };
    teardown.run_ends(passed, &fixtures);
    teardown.drop_fixtures(fixtures);
    let why = if teardown.outcome.fault.is_some() { "the test failed" } else { "the test ended" };
    teardown.worker.end_scope(why);
    let mut outcome = teardown.join(Instant::now());
    judge_leaks(test, &mut outcome, &scope, sink);
    scope.panics().remove(outcome.fault.as_ref().and_then(Fault::recorded_panic));
    let passes = passes(test, outcome.fault.as_ref());
    let has_report = !passes && !outcome.fault.as_ref().is_some_and(Fault::is_skip);
    // What the groups printed meanwhile matters only if the test failed.
    outcome.output = scope.output(if passes { &[] } else { &around.outer }, true);
    outcome.comments.splice(0..0, scope.comments());
    // An abandoned test may have been about to skip itself.
    let may_have_skipped = outcome.fault.as_ref().is_some_and(Fault::is_abandoned)
        || matches!(outcome.fault, Some(Fault::End { after_skip: true, .. }));
    outcome.lost_skip = lost_skip.filter(|_| has_report && !may_have_skipped);
    outcome.directory = match scope.clear(!has_report) {
        Ok(Some(directory)) if !has_report => {
            sink.note(&test.path(), Note::DirectoryKept(directory));
            None
        }
        Ok(directory) => directory,
        Err(error) => {
            sink.note(&test.path(), Note::DirectoryNotRemoved(error.to_string()));
            None
        }
    };
    if !has_report {
        let blocked = outcome.blocked.iter().cloned();
        blocked.for_each(|blocked| sink.note(&test.path(), Note::Blocked(blocked)));
    }
    scope.forget_peers();
    outcome
}

/// The hooks before the test, its nodes, and its body.
fn body_job(test: &'static Test, around: &Surroundings, progress: &Arc<Mutex<HooksPassed>>, scope: &Scope) -> Job {
    let (progress, hooks, scope) = (Arc::clone(progress), around.hooks.clone(), scope.clone());
    // Without hooks before it, its nodes boot while its thread starts.
    let early = hooks.iter().all(|(init, _)| init.is_none()).then(|| Booting::begin(test, &scope));
    Box::new(move || {
        Box::pin(async move {
            for (init, _) in hooks {
                if let Some(init) = init {
                    let fixtures = progress.lock().fixtures.clone();
                    let inputs = Inputs { fixtures: fixtures.clone(), ..Inputs::default() };
                    let value = (init.run)(inputs).await?;
                    progress.lock().fixtures = fixtures.and(value);
                }
                progress.lock().passed += 1;
            }
            let booting = early.unwrap_or_else(|| Booting::begin(test, &scope));
            let nodes = booting.nodes().await?;
            let fixtures = progress.lock().fixtures.clone();
            match test.body {
                Body::Here(body) => {
                    body(Inputs { nodes: Some(nodes), fixtures, ..Inputs::default() }).await.map_err(Fault::from)
                }
                Body::Everywhere(_) => everywhere::run(test, &nodes).await,
            }
            .map(|()| None)
        })
    })
}

/// What follows the body while its peers still run: the hooks behind the test, then its fixtures are dropped.
struct Teardown<'a> {
    test: &'a Test,
    around: &'a Surroundings,
    worker: Worker,
    outcome: AttemptOutcome,
    /// Hooks that were abandoned and may still block a thread, and where they run.
    abandoned: Vec<(String, Worker)>,
}

impl Teardown<'_> {
    /// Runs the hooks behind the test, innermost first, of those groups whose hooks before it have `passed`. Each may fail
    /// a test that has passed.
    fn run_ends(&mut self, passed: usize, fixtures: &Fixtures) {
        let around = self.around;
        for end in around.hooks.iter().take(passed).rev().filter_map(|(_, end)| *end) {
            // First the test drops all that its body owned.
            self.worker.settle();
            let status = Some(status(self.test, self.outcome.fault.as_ref()));
            let inputs = Inputs { status, fixtures: fixtures.clone(), ..Inputs::default() };
            if let Err(fault) = self.run_beside(end.path(), hook_job(end, inputs))
                && !fault.is_skip()
            {
                self.fail(end.path(), fault);
            }
        }
    }

    /// Drops the fixtures of the hooks before the test, which may fail a test that has passed.
    fn drop_fixtures(&mut self, fixtures: Fixtures) {
        let last = self.around.hooks.iter().rev().find_map(|(init, _)| *init);
        let Some(init) = last.filter(|_| fixtures.len() > self.around.fixtures.len()) else { return };
        self.worker.settle();
        if let Err(fault) = self.run_beside(init.path(), drop_job(fixtures))
            && (!matches!(fault, Fault::NotRun(_)) || self.passes())
        {
            self.fail(init.path(), Fault::Drop(Box::new(fault)));
        }
    }

    /// Runs a job on a thread of its own, since the test may block its thread.
    fn run_beside(&mut self, hook: String, job: Job) -> Result<(), Fault> {
        let mut beside = self.worker.beside(&hook);
        let result = beside.run(self.around.limit, OnInterrupt::Shorten, job);
        if result.is_err() && self.passes() {
            // The failure is about the peers as they are now.
            let seen = beside.take_seen();
            (self.outcome.peers.own, self.outcome.peers.barriers) = (seen.peers, seen.barriers);
        }
        if result.as_ref().is_err_and(Fault::is_abandoned) {
            self.abandoned.push((hook, beside));
        }
        result.map(drop)
    }

    fn passes(&self) -> bool {
        passes(self.test, self.outcome.fault.as_ref())
    }

    /// Fails a test that passed or was skipped; the fault of one that failed stays, and the other is reported with it.
    fn fail(&mut self, hook: String, fault: Fault) {
        let after_skip = self.outcome.fault.as_ref().is_some_and(Fault::is_skip);
        if after_skip || self.passes() {
            self.outcome.fault = Some(Fault::End { hook, after_skip, fault: Box::new(fault) });
        } else {
            self.worker.scope().panics().remove(fault.recorded_panic());
            self.outcome.later.push((hook, fault));
        }
    }

    /// Waits, since the end of the scope, until the threads of the test and of abandoned hooks have ended.
    fn join(self, since: Instant) -> AttemptOutcome {
        let Self { mut worker, mut outcome, abandoned, .. } = self;
        outcome.blocked.extend(worker.join(since).map(|after| Blocked { hook: None, after }));
        // What happened to the peers while they were stopped counts, too.
        outcome.fault = outcome.fault.or_else(|| worker.take_crash().map(Fault::Crashed));
        for (hook, mut worker) in abandoned {
            outcome.blocked.extend(worker.join(since).map(|after| Blocked { hook: Some(hook), after }));
        }
        outcome
    }
}

/// Leaks fail a test that passes otherwise and asks for it. Of one that passes they are noted; the output of one that fails
/// contains them.
fn judge_leaks(test: &Test, outcome: &mut AttemptOutcome, scope: &Scope, sink: &EventSink) {
    let leaks = scope.leaks();
    let passes = passes(test, outcome.fault.as_ref());
    if leaks.is_empty() || !passes && !outcome.fault.as_ref().is_some_and(Fault::is_skip) {
        return;
    }
    if passes && test.leaks == Leaks::Fail {
        outcome.fault = Some(Fault::Leaked(leaks));
        return;
    }
    for leak in leaks {
        // Reports for programs contain comments, and no notes.
        outcome.comments.push(leak.to_string());
        sink.note(&test.path(), Note::Leaked(leak));
    }
}

/// The status of a test for the hooks behind it.
fn status(test: &Test, fault: Option<&Fault>) -> TestStatus {
    match fault {
        fault if passes(test, fault) => TestStatus::Passed,
        Some(Fault::TimedOut(limit)) => TestStatus::TimedOut(*limit),
        Some(fault) if fault.is_skip() => TestStatus::Skipped(fault.to_string()),
        Some(Fault::Init { hook, fault }) => TestStatus::Skipped(format!("`{hook}` failed: {fault}")),
        Some(fault) => TestStatus::Failed { reason: fault.to_string(), place: fault.location() },
        None => TestStatus::Failed {
            reason: "it did not panic as expected".to_owned(),
            place: Some(test.place.to_string()),
        },
    }
}
