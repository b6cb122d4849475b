//! What runs just now: a progress line on a terminal, and, everywhere, a word about what has been running for long.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::super::event::{Event, Finished, Reporter, Running, What};
use super::notice::{NodeNow, Notice};
use super::screen::{Shared, lock};
use crate::scope::Scope;
use crate::timeouts::{self, Deadline, REDRAW, UNLIMITED};

/// The form of a notice, in lines.
pub(super) type Form = fn(&Notice) -> String;

pub(super) struct Progress {
    shared: Arc<Shown>,
    ticker: Option<JoinHandle<()>>,
}

struct Shown {
    screen: Shared,
    draws: bool,
    form: Form,
    board: Mutex<Board>,
    changed: Condvar,
}

/// What is known of the run.
#[derive(Default)]
struct Board {
    tests: usize,
    done: usize,
    failed: usize,
    entries: Vec<Entry>,
    /// When the ticker looks again by itself.
    looks: Option<Instant>,
    ended: bool,
    /// Nothing is drawn any more.
    interrupted: bool,
}

struct Entry {
    running: Held,
    name: String,
    since: Instant,
    /// How often it was told.
    told: u32,
}

/// A hook that passes is not told to have ended, but nobody has it any more.
enum Held {
    Test(Arc<Running>),
    Hook(Weak<Running>),
}

impl Entry {
    fn new(running: &Arc<Running>) -> Self {
        let held = match running.what {
            What::Test => Held::Test(Arc::clone(running)),
            What::Hook => Held::Hook(Arc::downgrade(running)),
        };
        Self { running: held, name: running.name.clone(), since: running.since, told: 0 }
    }

    fn running(&self) -> Option<Arc<Running>> {
        match &self.running {
            Held::Test(running) => Some(Arc::clone(running)),
            Held::Hook(running) => running.upgrade(),
        }
    }

    fn due(&self) -> Option<Instant> {
        self.since.checked_add(timeouts::long(self.told))
    }
}

impl Progress {
    /// Says in this form what runs for long, and draws if the screen does.
    pub(super) fn new(screen: &Shared, form: Form) -> Self {
        let (board, changed) = (Mutex::default(), Condvar::new());
        let draws = lock(screen).draws();
        Self { shared: Arc::new(Shown { screen: screen.clone(), draws, form, board, changed }), ticker: None }
    }

    fn end(&mut self) {
        self.shared.board().ended = true;
        self.shared.changed.notify_all();
        if let Some(ticker) = self.ticker.take() {
            // It only prints; if it panicked, that was told on standard error.
            let _ = ticker.join();
        }
        lock(&self.shared.screen).progress(String::new());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

impl Reporter for Progress {
    fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Begun { tests, .. } => {
                self.shared.board().tests = *tests;
                let shared = Arc::clone(&self.shared);
                let ticker = thread::Builder::new().name("progress".to_owned()).spawn(move || shared.tick());
                // Without a thread for it nothing is told while it runs; what it comes to is told all the same.
                self.ticker = ticker.ok();
            }
            Event::Started { running, .. } => {
                let entry = Entry::new(running);
                let mut board = self.shared.board();
                // Not for each test: most have ended when it looks again.
                if board.looks.is_none_or(|looks| entry.due().is_some_and(|due| due < looks)) {
                    self.shared.changed.notify_all();
                }
                // An attempt takes the place of the one before.
                board.entries.retain(|entry| entry.name != running.name);
                board.entries.push(entry);
            }
            Event::Finished(finished) => self.shared.board().finished(finished),
            Event::Over { tests } => self.shared.board().done += tests,
            Event::Interrupted => {
                // The terminal may be somebody else's by now.
                self.shared.board().interrupted = true;
                return lock(&self.shared.screen).progress(String::new());
            }
            Event::Waiting { .. } | Event::Line { .. } => return,
            Event::Ended(_) => return self.end(),
        }
        self.shared.draw();
    }
}

impl Board {
    fn finished(&mut self, finished: &Finished) {
        self.entries.retain(|entry| entry.name != finished.name);
        self.done += usize::from(finished.is_over());
        self.failed += usize::from(finished.verdict.fails());
    }

    /// In one line; `now` is what ages are counted to.
    fn line(&self, now: Instant) -> String {
        let failed = if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
        let running: Vec<String> = self
            .entries
            .iter()
            .filter_map(Entry::running)
            .map(|running| {
                let age = now.saturating_duration_since(running.since).as_secs();
                let nodes = match running.scope.peers().len() {
                    0 => String::new(),
                    1 => ", 1 node".to_owned(),
                    n => format!(", {n} nodes"),
                };
                format!("{} ({age}s{nodes})", running.name)
            })
            .collect();
        let running = if running.is_empty() { String::new() } else { format!("  {}", running.join("  ")) };
        format!("{}/{} done{failed}{running}", self.done, self.tests)
    }
}

impl Shown {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self) {
        if !self.draws {
            return;
        }
        let board = self.board();
        if !board.interrupted {
            let line = board.line(Instant::now());
            drop(board);
            lock(&self.screen).progress(line);
        }
    }

    /// The thread that says what runs for long, and lets ages grow, until the run ends.
    fn tick(&self) {
        while let Some(due) = self.wait() {
            self.draw();
            for (running, told) in due {
                self.tell(&running, told);
            }
        }
    }

    /// Waits until something is to be told, or drawn again; nothing if the run has ended.
    fn wait(&self) -> Option<Vec<(Arc<Running>, u32)>> {
        let redraw = Deadline::after(if self.draws { REDRAW } else { UNLIMITED });
        let mut board = self.board();
        loop {
            if board.ended {
                return None;
            }
            let now = Instant::now();
            board.entries.retain(|entry| entry.running().is_some());
            let mut due = Vec::new();
            for entry in &mut board.entries {
                let is_due = entry.due().is_some_and(|at| at <= now);
                if let Some(running) = entry.running().filter(|_| is_due) {
                    // After a pause of this whole process only the last one counts.
                    while entry.due().is_some_and(|at| at <= now) {
                        entry.told += 1;
                    }
                    due.push((running, entry.told - 1));
                }
            }
            if !due.is_empty() || redraw.left().is_zero() {
                return Some(due);
            }
            let next = board.entries.iter().filter_map(Entry::due).chain(redraw.instant()).min();
            board.looks = next;
            board = match next {
                Some(at) => {
                    let left = at.saturating_duration_since(now);
                    self.changed.wait_timeout(board, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(board).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn tell(&self, running: &Arc<Running>, told: u32) {
        let scopes = std::iter::once(&running.scope).chain(&running.homes);
        let nodes = scopes.flat_map(Scope::peers).map(|peer| NodeNow::of(&peer)).collect();
        let barriers = running.scope.own_waits();
        let notice =
            Notice { name: running.name.clone(), what: running.what, since: timeouts::long(told), nodes, barriers };
        let text = (self.form)(&notice);
        let mut screen = lock(&self.screen);
        // What ended meanwhile has its result in a moment, behind which this would be odd.
        let still = |entry: &Entry| entry.running().is_some_and(|other| Arc::ptr_eq(&other, running));
        if self.board().entries.iter().any(still) {
            screen.print(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::verdict::Verdict;
    use super::super::sample::{Paper, hook, node, running, test};
    use super::super::screen::Screen;
    use super::super::{json, lines};
    use super::*;

    const AGES: [u64; 6] = [10, 30, 60, 120, 180, 240];

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Waits until it is printed.
    fn printed(paper: &Paper, expected: &str) {
        let deadline = Deadline::after(seconds(20));
        while paper.text() != expected {
            assert!(!deadline.left().is_zero(), "{:?}", paper.text());
            thread::yield_now();
        }
    }

    #[test]
    fn it_is_told_ever_more_seldom() {
        for (told, age) in (0..).zip(AGES) {
            assert_eq!(timeouts::long(told), seconds(age));
        }
    }

    #[test]
    fn what_runs_for_long_is_told_while_it_runs() {
        let paper = Paper::default();
        let mut progress = Progress::new(&paper.screen(), lines::running);
        progress.hear(&Event::Begun { tests: 2, seed: None, slots: 8 });
        progress.hear(&Event::Started { running: &running("quick::a", What::Test, seconds(40)), attempt: 1 });
        printed(&paper, "test quick::a has been running for 30 s\n");
        let hook = running("quick::init_per_group", What::Hook, seconds(10));
        progress.hear(&Event::Started { running: &hook, attempt: 1 });
        let both = "test quick::a has been running for 30 s\nhook quick::init_per_group has been running for 10 s\n";
        printed(&paper, both);
        drop(progress);
        assert_eq!(paper.text(), both);
    }

    #[test]
    fn what_has_ended_is_not_told() {
        let paper = Paper::default();
        let progress = Progress::new(&paper.screen(), json::running);
        let old = running("a", What::Test, seconds(11));
        progress.shared.board().entries.push(Entry::new(&old));
        progress.shared.board().finished(&test("a", Verdict::Passed));
        progress.shared.tell(&old, 0);
        assert_eq!(paper.text(), "");
    }

    #[test]
    fn a_notice_names_every_node() {
        let nodes =
            vec![node("a-1@host", "running", "running, idle"), node("a-2@host", "booting", "booting, for 61.0 s")];
        let barriers = vec!["`loaded`, for 59.1 s".to_owned()];
        let notice = Notice { name: "a".to_owned(), what: What::Test, since: seconds(60), nodes, barriers };
        assert_eq!(
            lines::running(&notice),
            "test a has been running for 60 s\n  at barrier `loaded`, for 59.1 s\n  a-1@host: running, idle\n  a-2@host: booting, for 61.0 s\n"
        );
    }

    #[test]
    fn the_line_tells_what_is_done_and_what_runs() {
        let mut board = Board { tests: 40, ..Board::default() };
        assert_eq!(board.line(Instant::now()), "0/40 done");
        let now = {
            let (a, b) = (running("a", What::Test, seconds(7)), running("b", What::Test, seconds(3)));
            let passed = running("init_per_suite", What::Hook, seconds(9));
            board.entries.extend([&a, &b, &passed].map(Entry::new));
            a.since + seconds(7)
        };
        board.finished(&test("b", Verdict::Failed));
        board.finished(&hook("end_per_suite", Verdict::Failed));
        assert_eq!(board.line(now), "1/40 done, 2 failed  a (7s)");
    }

    #[test]
    fn it_is_drawn_where_there_is_a_terminal_and_gone_at_the_end() {
        let paper = Paper::default();
        let screen = Screen::shared(paper.writer(), paper.writer(), Some(|| 80));
        let mut progress = Progress::new(&screen, lines::running);
        progress.hear(&Event::Begun { tests: 1, seed: None, slots: 8 });
        progress.hear(&Event::Ended(&super::super::super::event::Summary::default()));
        assert!(paper.text().starts_with("\r\u{1b}[K0/1 done"), "{:?}", paper.text());
        assert!(paper.text().ends_with("\r\u{1b}[K"), "{:?}", paper.text());
    }
}
