//! A body in its node: on a thread and a runtime of its own, so that it may block and control of the node goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::thread;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::super::fault::Fault;
use super::super::runtime;
use super::super::tests::{Body, RankBody, TESTS, Test};
use super::failed::Told;
use super::rank::Rank;
use crate::failure;
use crate::mailbox::Address;
use crate::panic::{self, Skip};
use crate::registry::{Handler, Place, RemoteFunction, answer, answer_async};
use crate::scope;
use crate::sys;

/// A comment, and the rank that it is of.
pub(super) type Said = (usize, String);

/// What a node is to run, and as whom.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Job {
    /// Of the test, by which the same executable finds it.
    pub(super) module: String,
    pub(super) name: String,
    pub(super) rank: usize,
    /// The full names of all ranks.
    pub(super) names: Vec<String>,
    /// Where each keeps its mailboxes.
    pub(super) homes: Vec<u128>,
    /// Where comments go.
    pub(super) comments: Address<Said>,
}

/// As whom this process comments; a node is one rank of one test.
static COMMENTS: OnceLock<(usize, Address<Said>)> = OnceLock::new();

/// The functions that an origin calls, in the table of each test executable.
pub(crate) static FUNCTIONS: [RemoteFunction; 2] = [
    RemoteFunction {
        type_name: || std::any::type_name_of_val(&run_rank),
        module: module_path!(),
        name: "run_rank",
        signature: "run_rank(Job) -> Result<(), Told>",
        place: Place { file: file!(), line: line!(), column: column!(), written: (line!(), column!()) },
        handler: Handler::Async(|request| answer_async::<_, (Job,)>(run_rank, request)),
    },
    RemoteFunction {
        type_name: || std::any::type_name_of_val(&is_failing),
        module: module_path!(),
        name: "is_failing",
        signature: "is_failing() -> bool",
        place: Place { file: file!(), line: line!(), column: column!(), written: (line!(), column!()) },
        handler: Handler::Sync(|request| answer::<_, ()>(is_failing, request)),
    },
];

/// Adds a comment of this rank; `false` in a process that is none.
pub(in super::super) fn comment(text: &str) -> bool {
    COMMENTS.get().map(|(rank, to)| to.send((*rank, text.to_owned()))).is_some()
}

/// Whether something has gone wrong here that may be about to end the body.
pub(super) fn is_failing() -> bool {
    panic::have_happened() || failure::has_been_made()
}

/// Runs the body of a test in this node.
pub(super) async fn run_rank(job: Job) -> Result<(), Told> {
    let Some((test, body)) = find(&job) else {
        return Err(failed(format!(
            "`{}::{}` is no test of this executable that runs everywhere",
            job.module, job.name
        )));
    };
    // The node is booted anew for each attempt.
    let _ = COMMENTS.set((job.rank, job.comments.clone()));
    let (done, outcome) = oneshot::channel();
    let run = move || {
        sys::watch_this_thread();
        on_own_thread(test, body, Rank::new(job), done);
    };
    if let Err(error) = thread::Builder::new().name(test.path()).spawn(run) {
        return Err(failed(format!("the node has no thread for its body: {error}")));
    }
    let outcome = outcome.await.unwrap_or_else(|_| Err(failed("the thread of its body has ended".to_owned())));
    if outcome.is_ok() {
        // One that failed is told at once, and its node is ended for that.
        scope::root().end("its body has ended").await;
    }
    outcome
}

fn find(job: &Job) -> Option<(&'static Test, RankBody)> {
    let test = TESTS.iter().find(|test| test.module == job.module && test.name == job.name)?;
    match test.body {
        Body::Everywhere(body) => Some((test, body)),
        Body::Here(_) => None,
    }
}

fn failed(text: String) -> Told {
    Told::Failed { text, place: None, infrastructure: false, at: SystemTime::now() }
}

fn on_own_thread(test: &Test, body: RankBody, rank: Rank, done: oneshot::Sender<Result<(), Told>>) {
    let kind = runtime::Kind { flavor: test.flavor, worker_threads: test.worker_threads };
    let runtime = match runtime::runtime(kind, sys::watch_this_thread) {
        Ok(runtime) => runtime,
        // As below.
        Err(error) => return drop(done.send(Err(failed(format!("its runtime cannot start: {error}"))))),
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(async { body(rank).await })));
    let told = match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Fault::Failed(failure))) => Err(Told::Failed {
            text: failure.to_string(),
            place: Some(failure.location().to_string()),
            at: failure.at(),
            infrastructure: Fault::Failed(failure).is_infrastructure(),
        }),
        Ok(Err(fault)) => Err(failed(fault.reason())),
        Err(payload) => Err(match payload.downcast::<Skip>() {
            Ok(skip) => Told::Skipped { why: skip.0, at: SystemTime::now() },
            Err(payload) => {
                let (panic, at) = panic::caught_at(payload);
                Told::Panicked { panic, at }
            }
        }),
    };
    // What the runtime still has to end comes later. An error says that the origin does not ask any more.
    drop(done.send(told));
}
