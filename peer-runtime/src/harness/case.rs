//! One attempt of one test: its nodes, the hooks around it, its body, its time limit, and an end to all of it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::after::After;
use super::booting::Booting;
use super::event::Peers;
use super::everywhere;
use super::fault::{Fault, panic_of};
use super::given::{Given, Parts};
use super::groups::Hook;
use super::home::Failed;
use super::interrupt::Interrupts;
use super::leaks;
use super::runtime;
use super::stage::{Stage, Work};
use super::tests::{Body, Test};
use super::verdict::TestStatus;
use crate::scope::{Line, Nodes, Scope, Show};

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
    /// What is told of its threads that are still blocked.
    pub(super) abandoned: Vec<String>,
}

impl Ended {
    /// One that never began, since this init around its groups did not pass.
    pub(super) fn of_init(name: &str, failed: Failed) -> Self {
        let Failed { fault, took, peers, console, comments, directory, abandoned } = failed;
        let fault = Some(Fault::Init(name.to_owned(), Box::new(fault)));
        Self { fault, took, peers, console, comments, directory, abandoned }
    }
}

/// Of a test that goes on.
const SKIPS_NOTHING: &str = "`peer::skip` was called where it skips nothing, in a task or on a thread beside the test";

/// How far the hooks before the test have come, and what they gave.
#[derive(Default)]
struct Before {
    passed: usize,
    given: Given,
}

/// Runs `test`; `begun` is told its scope, and `show`, if there is one, what its peers print.
pub(super) fn run(
    test: &'static Test,
    around: &Around,
    show: Option<Show>,
    interrupts: &Interrupts,
    begun: impl FnOnce(&Scope),
) -> Ended {
    let kind = runtime::Kind { flavor: test.flavor, worker_threads: test.worker_threads };
    let mut stage = Stage::new(&test.path(), kind, show, interrupts);
    begun(stage.scope());
    let since = Instant::now();
    let before = Arc::new(Mutex::new(Before { passed: 0, given: around.given.clone() }));
    let body = work(test, around, &before, stage.scope());
    let mut fault = stage.run_last(around.limit, body).err();
    // Hooks behind it may skip themselves.
    let skips = stage.scope().skipped();
    let took = since.elapsed();
    let Before { passed, given } = std::mem::take(&mut *lock(&before));
    if let Some((Some(init), _)) = around.hooks.get(passed) {
        fault = fault.map(|fault| fault.of_init(&init.path()));
    }
    let of_groups = around.homes.iter().flat_map(Scope::peers).collect();
    let mut peers = Peers { own: stage.peers(), barriers: stage.barriers(), of_groups };
    let scope = stage.scope().clone();
    let (stage, given_up) = (&mut stage, Vec::new());
    let mut after = After { test, around, stage, interrupts, fault: &mut fault, peers: &mut peers, given_up };
    after.ends(passed, &given);
    after.let_go(given);
    let why = if after.fault.is_some() { "the test failed" } else { "the test ended" };
    after.stage.end_scope(why);
    let abandoned = after.leave(Instant::now());
    let leaks = leaks::judge(test, &mut fault, scope.leaks());
    scope.tells(panic_of(fault.as_ref()));
    let passed = test.passes(fault.as_ref());
    // Of one that passed nobody reads what its groups printed meanwhile.
    let (console, mut comments) = (scope.output(if passed { &[] } else { &around.homes }, true), scope.comments());
    let has_report = !passed && !fault.as_ref().is_some_and(Fault::is_skip);
    match &fault {
        // Told beside its result, where no report for other programs has it.
        _ if !has_report => comments.extend(leaks),
        Some(Fault::End { of_skipped: true, .. }) => {}
        // It may have been about to skip the test.
        Some(fault) if fault.is_given_up() => {}
        _ => comments.extend(skips.iter().map(|why| format!("{SKIPS_NOTHING}: {why}"))),
    }
    let directory = leaks::kept_directory(&scope, !has_report);
    abandoned.iter().filter(|_| !has_report).for_each(|told| leaks::tell_leak(&test.path(), told));
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

pub(super) fn parts(given: Given) -> Parts {
    Parts { nodes: Nodes::new(Vec::new()), given, status: TestStatus::Passed }
}

fn lock(before: &Mutex<Before>) -> std::sync::MutexGuard<'_, Before> {
    before.lock().unwrap_or_else(PoisonError::into_inner)
}
