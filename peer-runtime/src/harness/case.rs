//! One attempt of one test: its nodes, the hooks around it, its body, its time limit, and an end to all of it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::booting::Booting;
use super::event::Peers;
use super::everywhere;
use super::fault::{Fault, panic_of};
use super::given::{Given, Parts};
use super::groups::Hook;
use super::interrupt::Interrupts;
use super::leaks;
use super::report;
use super::stage::{self, Outcome, Print, Stage, Work};
use super::tests::{Body, Flavor, Test};
use super::verdict::TestStatus;
use crate::plane;
use crate::scope::{Line, Nodes, Scope};

/// What surrounds a test in its groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    /// What the inits of suite and groups returned.
    pub(super) given: Given,
    /// Of each group that has any, outermost first: what runs before the test, and after it.
    pub(super) hooks: Vec<(Option<&'static Hook>, Option<&'static Hook>)>,
    /// For the test with what is before it, and again for each hook behind it.
    pub(super) limit: Duration,
    /// What suite and groups own, which the test may use.
    pub(super) homes: Vec<Scope>,
}

/// How one attempt ended.
pub(super) struct Ended {
    pub(super) fault: Option<Fault>,
    /// Its time, the hooks before it included.
    pub(super) took: Duration,
    /// Its peers, as they were when it ended, and those of its groups.
    pub(super) peers: Peers,
    /// The output of all of them since it began, where that was not printed at once.
    pub(super) console: Vec<Line>,
    pub(super) comments: Vec<String>,
    pub(super) directory: Option<PathBuf>,
    /// Its thread is still blocked.
    pub(super) abandoned: bool,
}

impl Ended {
    /// One that never began.
    pub(super) fn not_run(fault: Fault) -> Self {
        let (console, comments) = (Vec::new(), Vec::new());
        let (fault, took, peers) = (Some(fault), Duration::ZERO, Peers::default());
        Self { fault, took, peers, console, comments, directory: None, abandoned: false }
    }
}

/// How far the hooks before the test have come, and what they gave.
#[derive(Default)]
struct Before {
    passed: usize,
    given: Given,
}

/// Runs `test`; `begun` is told its scope, `print` shows a line of the console, on the calling thread, if it is `live`.
pub(super) fn run(
    test: &'static Test,
    around: &Around,
    live: bool,
    interrupts: &Interrupts,
    begun: impl FnOnce(&Scope),
    print: Print<'_>,
) -> Ended {
    let kind = stage::Kind { flavor: test.flavor, worker_threads: test.worker_threads };
    let mut stage = Stage::new(&test.path(), kind, live, interrupts);
    begun(stage.scope());
    let since = Instant::now();
    let before = Arc::new(Mutex::new(Before { passed: 0, given: around.given.clone() }));
    let body = work(test, around, &before, stage.scope());
    let mut fault = stage.run_last(around.limit, body, print).err();
    let took = since.elapsed();
    let passed = lock(&before).passed;
    if let Some((Some(init), _)) = around.hooks.get(passed) {
        fault = fault.map(|fault| fault.of_init(&init.path()));
    }
    let of_groups = around.homes.iter().flat_map(Scope::peers).collect();
    let peers = Peers { own: stage.peers(), barriers: stage.barriers(), of_groups };
    after(test, around, &stage, &before, interrupts, &mut fault, print);
    let_go(test, around, &stage, &before, interrupts, &mut fault, print);
    let scope = stage.scope().clone();
    let why = if fault.is_some() { "the test failed" } else { "the test ended" };
    plane::handle().block_on(scope.end(why));
    let abandoned = !stage.leave(&mut fault, print);
    leaks::judge(test, &mut fault, scope.leaks());
    scope.tells(panic_of(fault.as_ref()));
    let (console, comments) = (scope.output(&around.homes, true), scope.comments());
    let directory = scope.clear(test.passes(fault.as_ref()) || fault.as_ref().is_some_and(Fault::is_skip));
    scope.forget_peers();
    Ended { fault, took, peers, console, comments, directory, abandoned }
}

/// The hooks before the test, its nodes, and its body.
fn work(test: &'static Test, around: &Around, before: &Arc<Mutex<Before>>, scope: &Scope) -> Work {
    let (before, hooks, scope) = (Arc::clone(before), around.hooks.clone(), scope.clone());
    // Without hooks before it they boot while its thread is being made.
    let early = hooks.iter().all(|(init, _)| init.is_none()).then(|| Booting::begin(test, &scope));
    Box::new(move || {
        Box::pin(async move {
            for (init, _) in hooks {
                let given = lock(&before).given.clone();
                if let Some(init) = init {
                    let value = (init.run)(parts(given.clone())).await?;
                    lock(&before).given = given.and(value);
                }
                lock(&before).passed += 1;
            }
            let booting = early.unwrap_or_else(|| Booting::begin(test, &scope));
            let nodes = booting.nodes().await?;
            let given = lock(&before).given.clone();
            match test.body {
                Body::Here(body) => body(Parts { nodes, ..parts(given) }).await,
                Body::Everywhere(_) => everywhere::run(test, &nodes).await,
            }
            .map(|()| None)
        })
    })
}

fn parts(given: Given) -> Parts {
    Parts { nodes: Nodes::new(Vec::new()), given, status: TestStatus::Passed }
}

fn lock(before: &Mutex<Before>) -> std::sync::MutexGuard<'_, Before> {
    before.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The hooks after the test, innermost first, of those groups whose hooks before it have passed. On a stage of their own,
/// since the test may block its thread; each may fail a test that has passed.
fn after(
    test: &Test,
    around: &Around,
    stage: &Stage,
    before: &Mutex<Before>,
    interrupts: &Interrupts,
    fault: &mut Option<Fault>,
    print: Print<'_>,
) {
    let (passed, given) = {
        let before = lock(before);
        (before.passed, before.given.clone())
    };
    let ends = around.hooks.iter().take(passed).rev().filter_map(|(_, end)| *end);
    for end in ends {
        let status = status(test, fault.as_ref());
        let kind = stage::Kind { flavor: Flavor::CurrentThread, worker_threads: None };
        let mut beside = Stage::beside(stage, &end.path(), kind, interrupts);
        let parts = Parts { status, ..parts(given.clone()) };
        let work: Work = Box::new(move || Box::pin((end.run)(parts)));
        let outcome: Outcome = beside.clean_up(around.limit, work, print);
        // What it blocks is abandoned with the test.
        drop(beside);
        match outcome {
            Err(end_fault) if end_fault.is_skip() => {}
            Err(end_fault) if test.passes(fault.as_ref()) => {
                *fault = Some(Fault::End(end.path(), Box::new(end_fault)));
            }
            // The first one counts, and the other is told with it.
            Err(end_fault) => {
                stage.scope().comment(report::hook_cause(&end.path(), &end_fault));
                stage.scope().tells(panic_of(Some(&end_fault)));
            }
            Ok(_) => {}
        }
    }
}

/// Lets go of what the hooks before the test gave, on a stage of its own; that may fail a test that has passed.
fn let_go(
    test: &Test,
    around: &Around,
    stage: &Stage,
    before: &Mutex<Before>,
    interrupts: &Interrupts,
    fault: &mut Option<Fault>,
    print: Print<'_>,
) {
    let given = std::mem::take(&mut lock(before).given);
    let last = around.hooks.iter().rev().find_map(|(init, _)| *init);
    let Some(init) = last.filter(|_| given.has_more_than(&around.given)) else { return };
    let kind = stage::Kind { flavor: Flavor::CurrentThread, worker_threads: None };
    let mut beside = Stage::beside(stage, &init.path(), kind, interrupts);
    if let Err(dropped) = beside.clean_up(around.limit, given.dropped(), print)
        && test.passes(fault.as_ref())
    {
        *fault = Some(Fault::End(init.path(), Box::new(Fault::Drop(Box::new(dropped)))));
    }
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
