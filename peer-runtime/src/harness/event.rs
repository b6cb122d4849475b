//! What happens in a run, as those hear it who print and write: they alone do so.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::verdict::Verdict;
use crate::origin::Snapshot;
use crate::scope::{Line, Scope};
use crate::slots::Wait;

/// What a result belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Test,
    /// A hook, which has a result only if it did not pass.
    Hook,
}

/// Something that runs just now.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) name: String,
    pub(super) what: What,
    /// From when on its time counts.
    pub(super) since: Instant,
    /// What it owns: its nodes, and what they do.
    pub(super) scope: Scope,
    /// What its groups own.
    pub(super) homes: Vec<Scope>,
}

/// The peers that something had, as they were when it ended.
#[derive(Default)]
pub(super) struct Peers {
    pub(super) own: Vec<Snapshot>,
    /// At which barriers it waited itself, and for how long.
    pub(super) barriers: Vec<String>,
    /// Those of its groups, which it may have used.
    pub(super) of_groups: Vec<Snapshot>,
}

/// An attempt that failed, and was not the last one.
#[derive(Clone, Debug)]
pub(super) struct Earlier {
    pub(super) verdict: Verdict,
    /// What went wrong and where.
    pub(super) cause: String,
    /// Its directory, if it had one.
    pub(super) directory: Option<PathBuf>,
}

impl Earlier {
    /// All of it, for a reader.
    pub(super) fn text(&self) -> String {
        let directory = self.directory.as_ref().map(|directory| format!("\n  its directory: {}", directory.display()));
        self.cause.trim_end().to_owned() + &directory.unwrap_or_default()
    }
}

/// One round of something, with all its attempts.
pub(super) struct Finished {
    /// The path within the crate: `quick::a_leader_is_elected`, `quick::end_per_group`.
    pub(super) name: String,
    pub(super) what: What,
    pub(super) verdict: Verdict,
    /// Of the last attempt.
    pub(super) took: Duration,
    /// The last one, from 1.
    pub(super) attempt: u32,
    /// From 1; 1 of 1 without a `repeat`.
    pub(super) round: u32,
    pub(super) rounds: u32,
    /// No further round comes, of it and of the groups around it.
    pub(super) is_last: bool,
    /// What went wrong and where, for a reader, if it did not pass: the first lines of its report. Of what passed on a
    /// retry that of the first attempt.
    pub(super) cause: Option<String>,
    /// The attempts before the last one, all of which failed.
    pub(super) earlier: Vec<Earlier>,
    /// What `peer::comment` added.
    pub(super) comments: Vec<String>,
    /// What its peers were doing, and what they printed.
    pub(super) peers: Peers,
    pub(super) console: Vec<Line>,
    /// Its directory, if it had one and that is kept.
    pub(super) directory: Option<PathBuf>,
    /// What is told of its threads that are still blocked.
    pub(super) abandoned: Vec<String>,
}

impl Finished {
    /// One that was tried once, at no time, by nobody else.
    pub(super) fn new(name: &str, what: What, verdict: Verdict, cause: Option<String>) -> Self {
        Self {
            name: name.to_owned(),
            what,
            verdict,
            took: Duration::ZERO,
            attempt: 1,
            round: 1,
            rounds: 1,
            is_last: true,
            cause,
            earlier: Vec::new(),
            comments: Vec::new(),
            peers: Peers::default(),
            console: Vec::new(),
            directory: None,
            abandoned: Vec::new(),
        }
    }

    /// Whether one more test is done. Those whose rounds end early without one are told by [`Event::Over`].
    pub(super) fn is_over(&self) -> bool {
        self.what == What::Test && self.is_last
    }
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) passed: usize,
    pub(super) failed: usize,
    /// Ignored by their authors, or skipped.
    pub(super) ignored: usize,
    pub(super) filtered: usize,
    /// Passed on a retry, among those that passed.
    pub(super) flaky: usize,
    /// Ended early by a signal.
    pub(super) interrupted: bool,
    /// So many tests had not begun by then, and are nowhere else.
    pub(super) not_begun: usize,
    pub(super) took: Duration,
}

impl Summary {
    /// Counts one more result.
    pub(super) fn count(&mut self, finished: &Finished) {
        match &finished.verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Flaky { .. } => {
                self.passed += 1;
                self.flaky += 1;
            }
            // A hook is no test.
            Verdict::Skipped { .. } if finished.what == What::Hook => {}
            Verdict::Skipped { .. } => self.ignored += 1,
            _ => self.failed += 1,
        }
    }
}

/// Something that happens.
pub(super) enum Event<'a> {
    /// So many tests are to run, each perhaps several times.
    Begun {
        tests: usize,
        seed: Option<u64>,
        slots: u32,
    },
    /// One attempt of something starts.
    Started {
        running: &'a Arc<Running>,
        attempt: u32,
    },
    /// Something waits for long for what other runs hold.
    Waiting {
        name: &'a str,
        what: What,
        wait: &'a Wait,
    },
    /// The run is to end in order.
    Interrupted,
    /// A line of output, where it is shown at once.
    Line {
        test: &'a str,
        line: &'a str,
    },
    Finished(&'a Finished),
    /// So many tests, which had not had their last round, have none any more.
    Over {
        tests: usize,
    },
    Ended(&'a Summary),
}

/// Who hears of what happens, one event at a time.
pub(super) trait Reporter: Send {
    fn hear(&mut self, event: &Event<'_>);
}
