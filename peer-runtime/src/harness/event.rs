//! What happens in a run, as data: `run` sends it, `report` turns it into text.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::declare::Test;
use super::outcome::{AttemptOutcome, Blocked, Verdict};
use crate::leak::Leak;
use crate::scope::{Scope, Show};
use crate::slots::Wait;

/// Output that waits to be shown, in bytes. Lines beyond it are dropped, so that a reader that stands still stops no test.
const OUTPUT_QUEUE: usize = 16 << 20;

/// A test or a hook. A hook has a result only if it did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitKind {
    Test,
    Hook,
}

/// An attempt of a test or a hook that runs.
#[derive(Debug)]
pub(crate) struct Running {
    /// The path within the crate: `quick::a_leader_is_elected`, `quick::end_per_group`.
    pub(crate) name: String,
    pub(crate) kind: UnitKind,
    pub(crate) since: Instant,
    /// Owns its nodes.
    pub(crate) scope: Scope,
    /// Those of the groups around it.
    pub(crate) outer: Vec<Scope>,
}

/// One round of a test, or a hook that did not pass.
pub(crate) struct Finished {
    pub(crate) name: String,
    pub(crate) kind: UnitKind,
    /// Of a hook none.
    pub(crate) test: Option<&'static Test>,
    pub(crate) verdict: Verdict,
    /// All attempts; none if it did not run. Only the last one has peers and output.
    pub(crate) attempts: Vec<AttemptOutcome>,
    /// From 1.
    pub(crate) round: u32,
    /// 1 without a `repeat`.
    pub(crate) rounds: u32,
    /// No further round follows, of it and of the groups around it.
    pub(crate) is_last: bool,
    /// In a process of its own, so many tests before it in its sequence did not run.
    pub(crate) missing_before: usize,
}

impl Finished {
    /// The attempt that decides: the last one that was not skipped, or the last one.
    pub(crate) fn decisive(&self) -> Option<&AttemptOutcome> {
        let skipped = |attempt: &&AttemptOutcome| attempt.fault.as_ref().is_some_and(super::outcome::Fault::is_skip);
        self.attempts.iter().rev().find(|attempt| !skipped(attempt)).or(self.attempts.last())
    }
}

/// Something worth a line that is no result.
pub(crate) enum Note {
    /// The peers of a test or a group leaked a process, which was killed.
    Leaked(Leak),
    /// The directory of a group is kept.
    DirectoryKept(PathBuf),
    /// A directory could not be removed; the reason.
    DirectoryNotRemoved(String),
    /// A thread of a group's hooks was abandoned.
    Blocked(Blocked),
    /// Something of a group panicked in the background.
    Panicked(String),
    /// SIGINT and SIGTERM cannot be watched.
    SignalsNotWatched(String),
    /// The machine-wide budget of nodes cannot be kept.
    NoBudget(String),
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Ignored or skipped.
    pub(crate) ignored: usize,
    pub(crate) filtered: usize,
    /// Passed on a retry; counted among the passed ones, too.
    pub(crate) flaky: usize,
    pub(crate) interrupted: bool,
    /// Tests that an interrupt kept from starting; counted nowhere else.
    pub(crate) not_started: usize,
    pub(crate) took: Duration,
}

impl Summary {
    /// Counts one more result.
    pub(crate) fn count(&mut self, kind: UnitKind, verdict: &Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Flaky { .. } => {
                self.passed += 1;
                self.flaky += 1;
            }
            verdict if verdict.is_skip() => self.ignored += usize::from(kind == UnitKind::Test),
            _ => self.failed += 1,
        }
    }
}

/// Something that happens in a run.
pub(crate) enum Event {
    /// So many tests are to run, each perhaps several times.
    RunStarted { tests: usize, seed: Option<u64>, slots: u32 },
    /// An attempt starts.
    UnitStarted { running: Arc<Running>, attempt: u32 },
    /// A hook has ended, and has no result since it passed.
    HookPassed { name: String },
    /// It has waited long for slots that other runs hold.
    UnitWaiting { name: String, kind: UnitKind, wait: Wait },
    /// A line of output, where output is shown at once.
    Output { name: Arc<str>, line: String },
    /// So many lines of output were dropped here, since the reports did not keep up.
    OutputDropped { lines: usize },
    /// About the test, hook or group `name`; empty for the run.
    Noted { name: String, note: Note },
    /// The first interrupt.
    Interrupted,
    /// A result.
    UnitFinished(Box<Finished>),
    /// So many tests have no further round, without a result that says so.
    RoundsOver { tests: usize },
    /// The last event of a run.
    RunFinished(Summary),
    /// A test calls `exit` while these run. `printed` is sent or dropped once the reports have been written.
    ProcessExits { running: Vec<String>, printed: mpsc::SyncSender<()> },
}

/// Where events go. A receiver that is gone receives nothing, which is no error: the run goes on.
#[derive(Clone)]
pub(crate) struct EventSink {
    sender: mpsc::Sender<Event>,
    output: Arc<OutputQueue>,
}

#[derive(Default)]
struct OutputQueue {
    bytes: AtomicUsize,
    dropped: AtomicUsize,
}

/// Where events come from.
pub(crate) struct Events {
    receiver: mpsc::Receiver<Event>,
    output: Arc<OutputQueue>,
}

/// A queue of events.
pub(crate) fn events() -> (EventSink, Events) {
    let (sender, receiver) = mpsc::channel();
    let output = Arc::<OutputQueue>::default();
    (EventSink { sender, output: Arc::clone(&output) }, Events { receiver, output })
}

impl EventSink {
    pub(crate) fn send(&self, event: Event) {
        let lines = self.output.dropped.swap(0, Ordering::Relaxed);
        if lines > 0 {
            let _ = self.sender.send(Event::OutputDropped { lines });
        }
        let _ = self.sender.send(event);
    }

    pub(crate) fn note(&self, name: &str, note: Note) {
        self.send(Event::Noted { name: name.to_owned(), note });
    }

    /// Sends the output of a test or a hook line by line.
    pub(crate) fn show(&self, name: &str) -> Show {
        let (sink, name) = (self.clone(), Arc::<str>::from(name));
        Arc::new(move |line| {
            let queue = &sink.output;
            if queue.bytes.load(Ordering::Relaxed) > OUTPUT_QUEUE {
                queue.dropped.fetch_add(1, Ordering::Relaxed);
                return;
            }
            queue.bytes.fetch_add(line.len(), Ordering::Relaxed);
            sink.send(Event::Output { name: Arc::clone(&name), line });
        })
    }
}

impl Events {
    /// The next event; none after `timeout`. The error says that there will be no further one.
    pub(crate) fn next(&self, timeout: Duration) -> Result<Option<Event>, mpsc::RecvTimeoutError> {
        let event = match self.receiver.recv_timeout(timeout) {
            Err(mpsc::RecvTimeoutError::Timeout) => return Ok(None),
            event => event?,
        };
        if let Event::Output { line, .. } = &event {
            self.output.bytes.fetch_sub(line.len(), Ordering::Relaxed);
        }
        Ok(Some(event))
    }
}
