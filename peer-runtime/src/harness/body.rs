//! One run of one test: a scope, a thread with a runtime of its own, a time limit, and an end to all of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::Notify;

use super::leaks;
use super::tests::{Flavor, Test};
use crate::error::Error;
use crate::failure::Failure;
use crate::options::StartOptions;
use crate::origin::Snapshot;
use crate::panic;
use crate::plane;
use crate::scope::{Heard, Nodes, Scope, ct_peer};
use crate::timeouts::{BLOCKED_TEST, Deadline, TIMETRAP};

/// How many lines are searched for an end behind them.
const LINES: usize = 1 << 20;

/// Why a test did not pass.
#[derive(Debug)]
pub enum Fault {
    /// With the place, where panics are recorded.
    Panicked {
        payload: Box<dyn Any + Send>,
        place: Option<String>,
    },
    Failed(Failure),
    /// It returned another error than a `Failure`, in its own words.
    Returned(String),
    /// One of its nodes did not boot.
    NoNodes(Error),
    /// A linked peer went down; its report.
    Crashed(String),
    TimedOut(Duration),
    /// It passed, and its peers had left processes behind.
    Leaked(Vec<String>),
    /// The test could not be run at all.
    NotRun(std::io::Error),
}

/// How one run of a test ended.
pub(super) struct Ended {
    pub(super) fault: Option<Fault>,
    /// Its peers, as they were when it ended.
    pub(super) peers: Vec<Snapshot>,
    /// The output of its peers, where that was not printed at once.
    pub(super) console: Vec<String>,
    /// Its directory, where that is kept because it failed.
    pub(super) directory: Option<PathBuf>,
    /// Its thread is still blocked.
    pub(super) abandoned: bool,
}

/// What the calling thread hears.
enum Event {
    Scope(Heard),
    Done(Result<(), Fault>),
    Released,
}

/// Runs `test`; `print` shows a line of the console, on the calling thread, if it is `live`.
pub(super) fn run(test: &'static Test, live: bool, mut print: impl FnMut(&str)) -> Ended {
    let (events, inbox) = mpsc::channel();
    let listener = {
        let events = events.clone();
        // A test that has ended is told nothing any more.
        move |heard| drop(events.send(Event::Scope(heard)))
    };
    let scope = Scope::of_test(test.path(), live, Arc::new(listener));
    let limit = test.timetrap.unwrap_or(TIMETRAP);
    let deadline = Deadline::after(limit);
    let stop = Arc::new(Notify::new());
    let (release, released) = mpsc::channel();
    let thread = {
        let (scope, stop) = (scope.clone(), Arc::clone(&stop));
        let body = move || on_own_thread(test, &scope, &stop, &events, &released);
        thread::Builder::new().name(test.path()).spawn(body)
    };
    let mut ended = Ended { fault: None, peers: Vec::new(), console: Vec::new(), directory: None, abandoned: false };
    ended.fault = match &thread {
        Err(error) => Some(Fault::NotRun(std::io::Error::new(error.kind(), error.to_string()))),
        Ok(_) => wait(&inbox, deadline, limit, &mut print),
    };
    ended.peers = scope.peers();
    let why = if ended.fault.is_some() { "the test failed" } else { "the test ended" };
    plane::handle().block_on(scope.end(why));
    stop.notify_one();
    // An error says that the thread has gone already.
    let _ = release.send(());
    ended.abandoned = thread.is_ok() && !let_go(&inbox, &mut ended.fault, &mut print);
    leaks::judge(test, &mut ended.fault, scope.leaks());
    ended.console = scope.console();
    ended.directory = scope.clear(test.passes(ended.fault.as_ref()));
    scope.forget_peers();
    ended
}

/// Waits for the end of the body, of its time, or of a link.
fn wait(
    inbox: &mpsc::Receiver<Event>,
    deadline: Deadline,
    limit: Duration,
    print: &mut impl FnMut(&str),
) -> Option<Fault> {
    loop {
        // Also while lines arrive without pause, and behind them perhaps the end.
        if deadline.left().is_zero() {
            return overtaken(inbox).unwrap_or(Some(Fault::TimedOut(limit)));
        }
        match inbox.recv_timeout(deadline.left()) {
            Ok(Event::Scope(Heard::Line(line))) => print(&line),
            Ok(Event::Scope(Heard::Crashed(report))) => return Some(Fault::Crashed(report)),
            Ok(Event::Done(outcome)) => return outcome.err(),
            Ok(Event::Released) => {}
            Err(_) => return Some(Fault::TimedOut(limit)),
        }
    }
}

/// The end that had come in time, and still waited behind lines that were not printed yet.
fn overtaken(inbox: &mpsc::Receiver<Event>) -> Option<Option<Fault>> {
    inbox.try_iter().take(LINES).find_map(|event| match event {
        Event::Done(outcome) => Some(outcome.err()),
        Event::Scope(Heard::Crashed(report)) => Some(Some(Fault::Crashed(report))),
        Event::Scope(Heard::Line(_)) | Event::Released => None,
    })
}

/// Waits until the thread has let go of the runtime; what still happens meanwhile counts.
fn let_go(inbox: &mpsc::Receiver<Event>, fault: &mut Option<Fault>, print: &mut impl FnMut(&str)) -> bool {
    let deadline = Deadline::after(BLOCKED_TEST);
    loop {
        if deadline.left().is_zero() {
            return false;
        }
        match inbox.recv_timeout(deadline.left()) {
            Ok(Event::Scope(Heard::Line(line))) => print(&line),
            Ok(Event::Scope(Heard::Crashed(report))) => *fault = fault.take().or(Some(Fault::Crashed(report))),
            Ok(Event::Done(_)) => {}
            Ok(Event::Released) => return true,
            Err(_) => return false,
        }
    }
}

/// The thread of the test: its runtime, its nodes, its body.
fn on_own_thread(
    test: &'static Test,
    scope: &Scope,
    stop: &Notify,
    events: &mpsc::Sender<Event>,
    released: &mpsc::Receiver<()>,
) {
    scope.enter_for_good();
    let runtime = match runtime(test, scope.clone()) {
        Ok(runtime) => runtime,
        Err(error) => {
            // The other side waits for both.
            let _ = events.send(Event::Done(Err(Fault::NotRun(error))));
            let _ = events.send(Event::Released);
            return;
        }
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            tokio::select! {
                outcome = nodes_and_body(test) => outcome,
                // Nobody asks for the outcome any more.
                () = stop.notified() => Ok(()),
            }
        })
    }));
    // On this thread, which is the one that panicked.
    let outcome = outcome.unwrap_or_else(|payload| Err(panicked(payload)));
    // Who ran the test may have given it up, here and below.
    let _ = events.send(Event::Done(outcome));
    // The scope ends first: what the runtime waits for when it is dropped may wait for a node.
    let _ = released.recv();
    drop(runtime);
    let _ = events.send(Event::Released);
}

fn runtime(test: &Test, scope: Scope) -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = match test.flavor {
        Flavor::CurrentThread => tokio::runtime::Builder::new_current_thread(),
        Flavor::MultiThread => tokio::runtime::Builder::new_multi_thread(),
    };
    if let Some(threads) = test.worker_threads {
        builder.worker_threads(threads);
    }
    builder.enable_all().on_thread_start(move || scope.enter_for_good()).build()
}

async fn nodes_and_body(test: &'static Test) -> Result<(), Fault> {
    let path = format!("{}::{}", test.module, test.name);
    let starts: Vec<_> = (0..test.nodes)
        .map(|_| tokio::spawn(ct_peer(&path, StartOptions::new().connection(test.connection))))
        .collect();
    let mut nodes = Vec::new();
    for start in starts {
        match start.await {
            Ok(Ok(node)) => nodes.push(node),
            Ok(Err(error)) => return Err(Fault::NoNodes(error)),
            Err(error) => return Err(panicked(Box::new(error.to_string()))),
        }
    }
    (test.body)(Nodes::new(nodes)).await
}

fn panicked(payload: Box<dyn Any + Send>) -> Fault {
    let place = panic::place(&panic::message(&*payload));
    Fault::Panicked { payload, place }
}
