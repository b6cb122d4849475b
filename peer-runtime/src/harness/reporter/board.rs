//! What is known of a run while it goes on: how far it has come, and what runs since when.

use std::sync::{Arc, Weak};
use std::time::Instant;

use super::super::event::{Event, Finished, Running, What};
use super::bar::{Bar, Now};
use crate::timeouts::{self, FRAME};

#[derive(Default)]
pub(super) struct Board {
    pub(super) tests: usize,
    pub(super) done: usize,
    pub(super) failed: usize,
    pub(super) entries: Vec<Entry>,
    /// When the ticker looks again by itself.
    pub(super) looks: Option<Instant>,
    pub(super) ended: bool,
    /// When it was last drawn.
    pub(super) drawn: Option<Instant>,
    /// More has happened since.
    pub(super) is_stale: bool,
}

/// Something that runs.
pub(super) struct Entry {
    running: Held,
    pub(super) name: String,
    since: Instant,
    /// How often it was told.
    pub(super) told: u32,
}

/// A hook that passes is not told to have ended, but nobody has it any more.
enum Held {
    Test(Arc<Running>),
    Hook(Weak<Running>),
}

impl Entry {
    pub(super) fn new(running: &Arc<Running>) -> Self {
        let held = match running.what {
            What::Test => Held::Test(Arc::clone(running)),
            What::Hook => Held::Hook(Arc::downgrade(running)),
        };
        Self { running: held, name: running.name.clone(), since: running.since, told: 0 }
    }

    pub(super) fn running(&self) -> Option<Arc<Running>> {
        match &self.running {
            Held::Test(running) => Some(Arc::clone(running)),
            Held::Hook(running) => running.upgrade(),
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.since.checked_add(timeouts::long(self.told))
    }
}

impl Board {
    /// Keeps what an event changes of it.
    pub(super) fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Begun { tests, .. } => self.tests = *tests,
            Event::Started { running, .. } => {
                // An attempt takes the place of the one before.
                self.entries.retain(|entry| entry.name != running.name);
                self.entries.push(Entry::new(running));
            }
            Event::Finished(finished) => self.finished(finished),
            Event::Over { tests } => self.done += tests,
            Event::Waiting { .. } | Event::Line { .. } | Event::Interrupted | Event::Ended(_) => {}
        }
    }

    pub(super) fn finished(&mut self, finished: &Finished) {
        self.entries.retain(|entry| entry.name != finished.name);
        self.done += usize::from(finished.is_over());
        self.failed += usize::from(finished.verdict.fails());
    }

    /// From when on it may be drawn again.
    pub(super) fn next_frame(&self) -> Option<Instant> {
        self.drawn.and_then(|drawn| drawn.checked_add(FRAME))
    }

    /// What the progress line shows; `now` is what ages are counted to.
    pub(super) fn bar(&self, now: Instant) -> Bar {
        let running = self.entries.iter().filter_map(Entry::running).map(|running| Now {
            name: running.name.clone(),
            age: now.saturating_duration_since(running.since).as_secs(),
            nodes: running.scope.peer_count(),
        });
        Bar { done: self.done, of: self.tests, failed: self.failed, running: running.collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::verdict::Verdict;
    use super::super::sample::{hook, running, test};
    use super::*;

    #[test]
    fn it_knows_what_is_done_and_what_runs() {
        let mut board = Board { tests: 40, ..Board::default() };
        assert_eq!(board.bar(Instant::now()).fit(80), "0/40 done");
        let seconds = Duration::from_secs;
        let now = {
            let (a, b) = (running("a", What::Test, seconds(7)), running("b", What::Test, seconds(3)));
            let passed = running("init_per_suite", What::Hook, seconds(9));
            board.entries.extend([&a, &b, &passed].map(Entry::new));
            a.since.checked_add(seconds(7)).expect("the clock runs that long")
        };
        board.finished(&test("b", Verdict::Failed));
        board.finished(&hook("end_per_suite", Verdict::Failed));
        assert_eq!(board.bar(now).fit(80), "1/40 done, 2 failed  a (7s)");
    }

    #[test]
    fn a_test_is_done_when_its_last_round_is() {
        let mut board = Board { tests: 1, ..Board::default() };
        for (round, done) in [(1, 0), (2, 0), (3, 1)] {
            board.finished(&Finished { round, rounds: 3, is_last: round == 3, ..test("a", Verdict::Passed) });
            assert_eq!(board.done, done);
        }
    }
}
