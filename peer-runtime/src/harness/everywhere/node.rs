//! The node's side of a body that runs everywhere: a thread and a runtime of its own, so that a body that blocks does not
//! block the control of its node.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::thread;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::failure;
use crate::harness::declare::{Body, BodyError, BodyFuture, Inputs, Rank, TESTS, Test};
use crate::harness::outcome::{Fault, RankError};
use crate::mailbox::Address;
use crate::panic::{self, Skip};
use crate::registry::{Handler, RemoteFunction, SourceLocation, answer, answer_async};
use crate::scope;
use crate::sys;

type RankBody = fn(Inputs) -> BodyFuture;

/// A comment, and the rank that it is of.
pub(super) type Comment = (usize, String);

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
    pub(super) comments: Address<Comment>,
}

/// As whom this process comments; a node is one rank of one test.
static COMMENTS: OnceLock<(usize, Address<Comment>)> = OnceLock::new();

/// The functions that an origin calls, in the table of each test executable.
pub(crate) static FUNCTIONS: [RemoteFunction; 2] = [
    RemoteFunction {
        type_name: || std::any::type_name_of_val(&run_rank),
        module: module_path!(),
        name: "run_rank",
        signature: "run_rank(Job) -> Result<(), RankError>",
        place: SourceLocation { file: file!(), line: line!(), column: column!(), written: (line!(), column!()) },
        handler: Handler::Async(|request| answer_async::<_, (Job,)>(run_rank, request)),
    },
    RemoteFunction {
        type_name: || std::any::type_name_of_val(&is_failing),
        module: module_path!(),
        name: "is_failing",
        signature: "is_failing() -> bool",
        place: SourceLocation { file: file!(), line: line!(), column: column!(), written: (line!(), column!()) },
        handler: Handler::Sync(|request| answer::<_, ()>(is_failing, request)),
    },
];

/// Adds a comment of this rank; `false` in a process that is none.
pub(crate) fn comment(text: &str) -> bool {
    COMMENTS.get().map(|(rank, to)| to.send((*rank, text.to_owned()))).is_some()
}

/// Whether something has gone wrong here that may be about to end the body.
pub(super) fn is_failing() -> bool {
    panic::have_happened() || failure::has_been_made()
}

/// Runs the body of a test in this node.
pub(super) async fn run_rank(job: Job) -> Result<(), RankError> {
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
        on_own_thread(test, body, Rank::new(job.rank, job.names, job.homes), done);
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

fn failed(text: String) -> RankError {
    RankError::Failed { text, place: None, infrastructure: false, at: SystemTime::now() }
}

fn on_own_thread(test: &Test, body: RankBody, rank: Rank, done: oneshot::Sender<Result<(), RankError>>) {
    let runtime = match test.runtime().build(sys::watch_this_thread) {
        Ok(runtime) => runtime,
        // The origin may have given up, here and below.
        Err(error) => return drop(done.send(Err(failed(format!("its runtime cannot start: {error}"))))),
    };
    let inputs = Inputs { rank: Some(rank), ..Inputs::default() };
    let result = catch_unwind(AssertUnwindSafe(|| runtime.block_on(async { body(inputs).await })));
    let result = match result {
        Ok(result) => result.map_err(returned),
        Err(payload) => Err(match payload.downcast::<Skip>() {
            Ok(skip) => RankError::Skipped { why: skip.0, at: SystemTime::now() },
            Err(payload) => {
                let (panic, at) = panic::caught_at(payload);
                RankError::Panicked { panic, at }
            }
        }),
    };
    // Before the runtime is dropped, which may take long.
    drop(done.send(result));
}

fn returned(error: BodyError) -> RankError {
    let infrastructure = Fault::Returned(error.clone()).is_infrastructure();
    let (text, place, at) = match error {
        BodyError::Failed { text, location, at, .. } => (text, Some(location), at),
        BodyError::Error(error) => (error.to_string(), None, SystemTime::now()),
        BodyError::Other(text) => (text, None, SystemTime::now()),
    };
    RankError::Failed { text, place, infrastructure, at }
}
