//! What nextest is told beside the lines: why a test failed, on standard error and in the form that it looks for.
//!
//! Panics, too: they are kept for the report, so that of all that panicked meanwhile nextest finds what was the cause.

use super::super::event::{Event, Finished, Reporter};
use super::super::gist;
use super::screen::{Shared, lock};
use crate::sanitize;

pub(super) struct Nextest {
    screen: Shared,
    /// Told at the end, since nextest takes all that is behind the first line as well.
    failed: Vec<String>,
}

impl Nextest {
    pub(super) fn new(screen: &Shared) -> Self {
        Self { screen: screen.clone(), failed: Vec::new() }
    }
}

impl Reporter for Nextest {
    fn hear(&mut self, event: &Event<'_>) {
        match event {
            // What was skipped for it says no more than the hook that failed.
            Event::Finished(finished) if finished.verdict.fails() => self.failed.push(line(finished)),
            Event::Ended(_) => {
                let mut screen = lock(&self.screen);
                self.failed.drain(..).for_each(|line| screen.show(&sanitize::text(&line)));
            }
            Event::Begun { .. }
            | Event::Started { .. }
            | Event::Waiting { .. }
            | Event::Over { .. }
            | Event::Interrupted
            | Event::Line { .. }
            | Event::Finished(_) => {}
        }
    }
}

fn line(finished: &Finished) -> String {
    let cause = finished.cause.clone();
    gist::for_nextest(&cause.unwrap_or_else(|| format!("{} {}", finished.name, finished.verdict.word())))
}

#[cfg(test)]
mod tests {
    use super::super::super::verdict::Verdict;
    use super::super::sample::{self, Paper, verdicts};
    use super::*;

    #[test]
    fn nextest_is_told_what_it_does_not_find() {
        let paper = Paper::default();
        let mut nextest = Nextest::new(&paper.screen());
        sample::run(&mut nextest, None, &verdicts(), false);
        let panicked = |test: &str| format!("Error: peer test `{test}` panicked at tests/a.rs:7:5: no quorum\n");
        let tests = ["quick::fails", "quick::hangs", "boots", "leaks", "interrupted"].map(panicked).concat();
        assert_eq!(paper.text(), tests + "Error: `quick::end_per_group` failed: no disk\n");
    }

    #[test]
    fn what_a_test_says_commands_nothing_here() {
        let paper = Paper::default();
        let failed =
            Finished { cause: Some("a\u{1b}[1m:\n  \u{1b}[2J".to_owned()), ..sample::test("a", Verdict::Failed) };
        sample::run(&mut Nextest::new(&paper.screen()), None, &[failed], false);
        assert_eq!(paper.text(), "Error: a: \\u{1b}[2J\n");
    }

    #[test]
    fn of_what_passes_it_is_told_nothing() {
        let paper = Paper::default();
        let all: Vec<Finished> = verdicts().into_iter().filter(|finished| !finished.verdict.fails()).collect();
        sample::run(&mut Nextest::new(&paper.screen()), None, &all, false);
        assert_eq!(paper.text(), "");
    }
}
