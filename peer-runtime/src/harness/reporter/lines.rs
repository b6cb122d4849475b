//! The lines that stock libtest prints, for people and for programs that read them, and behind them what failed and why.

use std::collections::HashSet;
use std::fmt::Write;

use super::super::details::{Described, Details, seconds};
use super::super::event::{Event, Finished, Reporter, Summary, What};
use super::super::paint::Paint;
use super::super::report;
use super::super::verdict::Verdict;
use super::super::words;
use super::notice::Notice;
use super::screen::{Shared, lock};
use super::waiting;
use crate::sanitize;

/// So many characters are in a line of the short form, as in libtest's.
const COLUMNS: usize = 88;

/// What is said at once, since what blocks has some seconds to let go.
const INTERRUPTED: &str = "\ninterrupted: what runs is being ended, in order; a second interrupt ends it at once\n";

pub(super) struct Lines {
    screen: Shared,
    paint: Paint,
    /// A character per test in place of a line.
    terse: bool,
    times: bool,
    tests: usize,
    done: usize,
    /// So many characters of the short form there were.
    characters: usize,
    /// What failed: the name, and what is to be read of it.
    failures: Vec<(String, &'static str)>,
    /// What passed on a retry, with what failed before.
    flaky: Vec<String>,
}

impl Lines {
    pub(super) fn new(screen: &Shared, paint: Paint, terse: bool, times: bool) -> Self {
        let (screen, failures, flaky) = (screen.clone(), Vec::new(), Vec::new());
        Self { screen, paint, terse, times, tests: 0, done: 0, characters: 0, failures, flaky }
    }

    fn begun(&mut self, tests: usize, seed: Option<u64>) {
        self.tests = tests;
        let plural = if tests == 1 { "" } else { "s" };
        let mut text = format!("\nrunning {tests} test{plural}\n");
        // Writing to a string cannot fail.
        if let Some(seed) = seed {
            let _ = writeln!(text, "shuffle seed {seed}: PEER_SEED={seed} gives this order again");
        }
        self.print(&text);
    }

    /// Whole lines, with what others said.
    fn print(&self, text: &str) {
        lock(&self.screen).print(&self.paint.sanitize(text));
    }

    fn finished(&mut self, finished: &Finished) {
        if finished.what == What::Hook && finished.verdict.is_ok() {
            return;
        }
        self.done += usize::from(finished.is_over());
        // Whoever reads its line may end this process by that.
        if finished.verdict.fails() {
            let nodes = &Described::of(&finished.peers);
            let told = words::hold(self.paint.sanitize(&failure(finished, nodes, self.paint)).into_owned());
            self.failures.push((finished.name.clone(), told));
        }
        if self.terse {
            self.character(&finished.verdict);
        } else {
            self.print(&self.line(finished));
        }
        if let Verdict::Flaky { attempt } = finished.verdict {
            self.flaky.push(format!("    {} (passed on attempt {attempt})\n{}", finished.name, earlier(finished, 8)));
        }
    }

    fn line(&self, finished: &Finished) -> String {
        let Finished { name, verdict, took, .. } = finished;
        let word = self.paint.verdict(verdict, verdict.word());
        let round = if finished.rounds > 1 { format!(" [{}]", round(finished)) } else { String::new() };
        let time = if self.times { format!(" <{}>", seconds(*took)) } else { String::new() };
        format!("test {name} ... {word}{round}{time}\n")
    }

    fn character(&mut self, verdict: &Verdict) {
        let character = match verdict {
            Verdict::Passed | Verdict::Flaky { .. } => '.',
            Verdict::Skipped { .. } => 'i',
            _ => 'F',
        };
        let mut text = self.paint.verdict(verdict, character);
        self.characters += 1;
        if self.characters.is_multiple_of(COLUMNS) {
            let _ = writeln!(text, " {}/{}", self.done, self.tests);
        }
        lock(&self.screen).print_part(&text);
    }

    fn ended(&self, summary: &Summary) {
        let Summary { passed, failed, ignored, filtered, .. } = summary;
        let mut screen = lock(&self.screen);
        let mut text = String::new();
        if !self.failures.is_empty() {
            screen.print("\nfailures:\n\n");
            // One by one: they may be long.
            for (_, failure) in &self.failures {
                screen.print(failure);
                screen.print("\n");
            }
            text.push_str("\nfailures:\n");
            // One that failed in several rounds is one to look for.
            let mut told = HashSet::new();
            for (name, _) in self.failures.iter().filter(|(name, _)| told.insert(name)) {
                let _ = writeln!(text, "    {name}");
            }
        }
        if !self.flaky.is_empty() {
            text.push_str("\nflaky:\n");
            self.flaky.iter().for_each(|flaky| text.push_str(flaky));
        }
        if summary.interrupted {
            text.push_str("\ninterrupted: this is what ran until then");
            match summary.not_begun {
                0 => {}
                1 => text.push_str("; 1 test had not begun"),
                // Writing to a string cannot fail.
                tests => drop(write!(text, "; {tests} tests had not begun")),
            }
            text.push('\n');
        }
        let is_ok = *failed == 0 && !summary.interrupted;
        let word = if is_ok { self.paint.good("ok") } else { self.paint.bad("FAILED") };
        let took = summary.took.as_secs_f64();
        let _ = writeln!(
            text,
            "\ntest result: {word}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; \
             {filtered} filtered out; finished in {took:.2}s\n"
        );
        screen.print(&self.paint.sanitize(&text));
        words::are_told();
    }
}

impl Reporter for Lines {
    fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Begun { tests, seed, .. } => self.begun(*tests, *seed),
            Event::Started { .. } => {}
            Event::Over { tests } => self.done += tests,
            Event::Waiting { name, what, wait } => self.print(&waiting::in_lines(name, *what, wait)),
            Event::Interrupted => lock(&self.screen).print(INTERRUPTED),
            Event::Line { line, .. } => lock(&self.screen).show(&self.paint.sanitize(line)),
            Event::Finished(finished) => self.finished(finished),
            Event::Ended(summary) => self.ended(summary),
        }
    }
}

fn round(finished: &Finished) -> String {
    format!("round {} of {}", finished.round, finished.rounds)
}

/// All that is to be read of a failure, its name first.
pub(super) fn failure(finished: &Finished, nodes: &Described, paint: Paint) -> String {
    let attempt = (finished.attempt > 1).then(|| format!("attempt {}", finished.attempt));
    let round = (finished.rounds > 1).then(|| round(finished));
    let which: Vec<String> = attempt.into_iter().chain(round).collect();
    let which = if which.is_empty() { String::new() } else { format!(" ({})", which.join(", ")) };
    let mut text = format!("{}\n", paint.bold(format_args!("---- {}{which} ----", finished.name)));
    if let Some(cause) = &finished.cause {
        let _ = writeln!(text, "{}", cause.trim_end());
    }
    // Of this attempt, and not of those before it.
    text.push_str(&report::abandoned(&finished.abandoned));
    if !finished.earlier.is_empty() {
        let _ = write!(text, "\nearlier attempts:\n{}", earlier(finished, 2));
    }
    text.push_str(&Details::of(finished, nodes).text(paint));
    text
}

/// What went wrong before the last attempt, indented by so many spaces.
fn earlier(finished: &Finished, indent: usize) -> String {
    let mut text = String::new();
    for (attempt, earlier) in (1..).zip(&finished.earlier) {
        let told = format!("attempt {attempt}: {}", earlier.text());
        for line in told.lines() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{:indent$}{line}", "");
        }
    }
    text
}

/// Something that has been running for long, without colours.
pub(super) fn running(notice: &Notice) -> String {
    let kind = if notice.what == What::Test { "test" } else { "hook" };
    let mut text = format!("{kind} {} has been running for {}s\n", notice.name, notice.since.as_secs());
    for barrier in &notice.barriers {
        let _ = writeln!(text, "  at barrier {barrier}");
    }
    for node in &notice.nodes {
        let _ = writeln!(text, "  {}: {}", node.name, node.doing);
    }
    sanitize::text(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Paper, assert_golden, description, line, run, test, verdicts};
    use super::*;

    fn printed(terse: bool, times: bool, act: impl FnOnce(&mut Lines)) -> String {
        let paper = Paper::default();
        act(&mut Lines::new(&paper.screen(), Paint::PLAIN, terse, times));
        paper.text()
    }

    #[test]
    fn what_passes_is_a_line_each() {
        let all = [test("quick::a", Verdict::Passed)];
        assert_eq!(
            printed(false, false, |lines| run(lines, None, &all, false)),
            "
running 1 test
test quick::a ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out; finished in 12.34s

"
        );
    }

    #[test]
    fn every_verdict_has_its_line_and_every_failure_is_told() {
        let text = printed(false, true, |lines| run(lines, Some(42), &verdicts(), false));
        assert_golden("lines.txt", &text);
    }

    #[test]
    fn the_short_form_has_a_character_each() {
        let all: Vec<Finished> =
            (0..90).map(|n| test("a", if n == 3 { Verdict::Failed } else { Verdict::Passed })).collect();
        let text = printed(true, false, |lines| run(lines, None, &all, true));
        let dots = format!("...F{} 88/90\n..\n", ".".repeat(84));
        assert!(text.starts_with(&format!("\nrunning 90 tests\n{dots}\nfailures:\n\n---- a ----\n")), "{text}");
        let end = "\ninterrupted: this is what ran until then; 2 tests had not begun\n\ntest result: FAILED. 89 passed; \
                   1 failed; 0 ignored; 0 measured; 4 filtered out; finished in 12.34s\n\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn the_short_form_counts_tests_and_not_rounds() {
        let all: Vec<Finished> = (1..=90)
            .map(|round| Finished { round, rounds: 90, is_last: round == 90, ..test("a", Verdict::Passed) })
            .chain(std::iter::once(test("b", Verdict::Passed)))
            .collect();
        let text = printed(true, false, |lines| {
            lines.hear(&Event::Begun { tests: 3, seed: None, slots: 8 });
            lines.hear(&Event::Over { tests: 1 });
            all.iter().for_each(|finished| lines.hear(&Event::Finished(finished)));
        });
        assert_eq!(text, format!("\nrunning 3 tests\n{} 1/3\n...", ".".repeat(88)));
    }

    #[test]
    fn a_failure_has_its_cause_first_and_then_its_nodes() {
        let failed = Finished {
            console: vec![line(1, "suite-fails-1-7@host", "one"), line(2_500, "suite-fails-2-7@host", "two")],
            comments: vec!["3 rounds were played".to_owned()],
            directory: Some("/tmp/peer/fails".into()),
            ..test("fails", Verdict::Failed)
        };
        let own = vec![
            description("suite-fails-1-7@host", "running"),
            description("suite-fails-2-7@host", "down: exit status 5"),
        ];
        let nodes = Described { own, ..Described::default() };
        assert_golden("failure.txt", &failure(&failed, &nodes, Paint::PLAIN));
        assert_golden("failure-coloured.txt", &failure(&failed, &nodes, Paint::COLOURED));
    }

    #[test]
    fn a_line_of_a_node_is_shown_at_once() {
        let event = Event::Line { test: "a", line: "a-1@host | hello" };
        assert_eq!(printed(false, false, |lines| lines.hear(&event)), "a-1@host | hello\n");
    }

    #[test]
    fn what_others_say_commands_no_terminal() {
        let said = "\u{1b}[31mred\u{1b}[2J";
        for (paint, shown) in [(Paint::PLAIN, "red\\u{1b}[2J"), (Paint::COLOURED, "\u{1b}[31mred\\u{1b}[2J\u{1b}[0m")] {
            let paper = Paper::default();
            let mut lines = Lines::new(&paper.screen(), paint, false, false);
            lines.hear(&Event::Line { test: "a", line: said });
            assert_eq!(paper.text(), format!("{shown}\n"));
        }
        let (name, since) = (said.to_owned(), std::time::Duration::from_secs(10));
        let notice = Notice { name, what: What::Test, since, nodes: Vec::new(), barriers: vec![said.to_owned()] };
        let told = "test red\\u{1b}[2J has been running for 10s\n  at barrier red\\u{1b}[2J\n";
        assert_eq!(running(&notice), told);
    }
}
