//! What runs just now: a progress line on a terminal, and, everywhere, a word about what has been running for long.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::super::event::{Event, Reporter, Running};
use super::board::{Board, Entry};
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
        lock(&self.shared.screen).stop_drawing();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

impl Reporter for Progress {
    fn hear(&mut self, event: &Event<'_>) {
        self.shared.board().hear(event);
        match event {
            Event::Begun { .. } => {
                let shared = Arc::clone(&self.shared);
                let ticker = thread::Builder::new().name("progress".to_owned()).spawn(move || shared.tick());
                // Without a thread for it nothing is told while it runs; what it comes to is told all the same.
                self.ticker = ticker.ok();
                return self.shared.update();
            }
            Event::Started { .. } => {
                let board = self.shared.board();
                let due = board.entries.last().and_then(Entry::due);
                // Not for each test: most have ended when it looks again.
                if board.looks.is_none_or(|looks| due.is_some_and(|due| due < looks)) {
                    self.shared.changed.notify_all();
                }
            }
            Event::Finished(_) => return self.shared.update(),
            Event::Over { .. } => {}
            Event::Interrupted => {
                // The terminal may be somebody else's by now.
                return lock(&self.shared.screen).stop_drawing();
            }
            Event::Waiting { .. } | Event::Line { .. } => return,
            Event::Ended(_) => return self.end(),
        }
        self.shared.draw();
    }
}

impl Shown {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known now is drawn behind the line of its event, which is printed in a moment.
    fn update(&self) {
        if self.draws {
            let bar = self.board().bar(Instant::now());
            lock(&self.screen).progress_is(bar);
        }
    }

    /// Draws what is known now; a moment later, by the ticker, if it was drawn a moment ago.
    fn draw(&self) {
        if !self.draws {
            return;
        }
        let mut board = self.board();
        let now = Instant::now();
        if let Some(next) = board.next_frame().filter(|next| now < *next) {
            board.is_stale = true;
            if board.looks.is_none_or(|looks| next < looks) {
                self.changed.notify_all();
            }
            return;
        }
        (board.drawn, board.is_stale) = (Some(now), false);
        let bar = board.bar(now);
        drop(board);
        lock(&self.screen).progress(bar);
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
            let frame = board.next_frame().filter(|_| board.is_stale);
            if !due.is_empty() || redraw.left().is_zero() || frame.is_some_and(|at| at <= now) {
                return Some(due);
            }
            let next = board.entries.iter().filter_map(Entry::due).chain(redraw.instant()).chain(frame).min();
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

    use super::super::super::event::What;
    use super::super::super::verdict::Verdict;
    use super::super::sample::{Paper, node, running, test};
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
        printed(&paper, "test quick::a has been running for 30s\n");
        let hook = running("quick::init_per_group", What::Hook, seconds(10));
        progress.hear(&Event::Started { running: &hook, attempt: 1 });
        let both = "test quick::a has been running for 30s\nhook quick::init_per_group has been running for 10s\n";
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
            vec![node("a-1@host", "running", "running, idle"), node("a-2@host", "booting", "booting, for 61.0s")];
        let barriers = vec!["`loaded`, for 59.1s".to_owned()];
        let notice = Notice { name: "a".to_owned(), what: What::Test, since: seconds(60), nodes, barriers };
        assert_eq!(
            lines::running(&notice),
            "test a has been running for 60s\n  at barrier `loaded`, for 59.1s\n  a-1@host: running, idle\n  a-2@host: booting, for 61.0s\n"
        );
    }

    #[test]
    fn it_is_drawn_where_there_is_a_terminal_and_gone_at_the_end() {
        let paper = Paper::default();
        let screen = Screen::shared(paper.writer(), paper.writer(), Some(|| 80));
        let mut progress = Progress::new(&screen, lines::running);
        progress.hear(&Event::Begun { tests: 1, seed: None, slots: 8 });
        lock(&screen).print("running 1 test\n");
        progress.hear(&Event::Ended(&super::super::super::event::Summary::default()));
        assert!(
            paper.text().starts_with("running 1 test\n\u{1b}D\u{1b}[A\u{1b}7\r\u{1b}[B\u{1b}[K0/1 done"),
            "{:?}",
            paper.text()
        );
        assert!(paper.text().ends_with("\u{1b}[J"), "{:?}", paper.text());
    }

    #[test]
    fn however_much_happens_it_is_drawn_as_often_as_somebody_can_read() {
        let paper = Paper::default();
        let screen = Screen::shared(paper.writer(), paper.writer(), Some(|| 80));
        let mut progress = Progress::new(&screen, lines::running);
        let since = Instant::now();
        progress.hear(&Event::Begun { tests: 1000, seed: None, slots: 8 });
        for _ in 0..1000 {
            progress.hear(&Event::Started { running: &running("a", What::Test, seconds(0)), attempt: 1 });
            progress.hear(&Event::Finished(&test("a", Verdict::Passed)));
        }
        let most = 2 + since.elapsed().as_millis() / timeouts::FRAME.as_millis();
        let drawn = || paper.text().matches(" done").count();
        assert!(drawn() as u128 <= most, "{} of {most}", drawn());
        // And what happened last is drawn a moment later.
        let deadline = Deadline::after(seconds(20));
        while !paper.text().contains("1000/1000 done") {
            assert!(!deadline.left().is_zero(), "{:?}", paper.text());
            thread::yield_now();
        }
    }

    #[test]
    fn after_an_interrupt_nothing_is_drawn() {
        let paper = Paper::default();
        let screen = Screen::shared(paper.writer(), paper.writer(), Some(|| 80));
        let mut progress = Progress::new(&screen, lines::running);
        progress.hear(&Event::Begun { tests: 2, seed: None, slots: 8 });
        progress.hear(&Event::Interrupted);
        let before = paper.text();
        // Made before the interrupt by another thread, which had to wait for the screen.
        lock(&screen).progress(progress.shared.board().bar(Instant::now()));
        progress.hear(&Event::Finished(&test("a", Verdict::Interrupted)));
        lock(&screen).print("test a ... FAILED (interrupted)\n");
        drop(progress);
        assert_eq!(paper.text(), before + "test a ... FAILED (interrupted)\n");
    }
}
