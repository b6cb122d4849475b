//! The lines that stock libtest prints, for people and for programs that read them, and behind them the failures.

use std::collections::HashSet;
use std::fmt::Write;

use super::message::Message;
use super::render::nodes::seconds;
use super::render::notes::kind;
use super::render::result::{Rendered, round, word};
use super::terminal::Terminal;
use crate::harness::event::{Event, Summary, UnitKind};
use crate::harness::outcome::Verdict;

/// So many characters are in a line of the terse format, as in libtest's.
const COLUMNS: usize = 88;

/// The first interrupt leaves what runs some time to end.
const INTERRUPTED: &str = "\ninterrupted: ending what runs, in order; a second interrupt ends it at once\n";

#[derive(Default)]
pub(super) struct Human {
    /// A character per test in place of a line.
    terse: bool,
    times: bool,
    tests: usize,
    done: usize,
    terse_characters: usize,
    /// Names and reports.
    failures: Vec<(String, String)>,
    /// What failed before a retry passed.
    flaky: Vec<String>,
}

impl Human {
    pub(super) fn new(terse: bool, times: bool) -> Self {
        Self { terse, times, ..Self::default() }
    }

    pub(super) fn receive(&mut self, message: &Message<'_>, terminal: &mut Terminal) {
        match message {
            Message::Event(Event::RunStarted { tests, seed, .. }) => {
                self.tests = *tests;
                let plural = if *tests == 1 { "" } else { "s" };
                terminal.print(&format!("\nrunning {tests} test{plural}\n"));
                if let Some(seed) = seed {
                    terminal.print(&format!("shuffle seed {seed}: PEER_SEED={seed} gives this order again\n"));
                }
            }
            Message::Event(Event::RoundsOver { tests }) => self.done += tests,
            Message::Event(Event::UnitWaiting { name, kind: of, wait }) => {
                terminal.print(&format!("{} {name} {wait}\n", kind(*of)));
            }
            Message::Event(Event::Interrupted) => terminal.print(INTERRUPTED),
            Message::Event(Event::RunFinished(summary)) => self.finished(summary, terminal),
            Message::Event(_) => {}
            Message::Running { running, time, activity } => {
                let head = format!("{} {} has been running for {}s", kind(running.kind), running.name, time.as_secs());
                terminal.print(&format!("{head}\n{}", activity.text()));
            }
            Message::Result(result) => self.result(result, terminal),
            Message::Exit(_) => self.print_failures("failures until then:", terminal),
        }
    }

    fn result(&mut self, result: &Rendered<'_>, terminal: &mut Terminal) {
        let (finished, palette) = (result.finished, terminal.palette());
        let (name, verdict) = (&finished.name, &finished.verdict);
        self.done += usize::from(finished.kind == UnitKind::Test && finished.is_last);
        if self.terse {
            self.character(verdict, terminal);
        } else {
            let word = palette.verdict(verdict, word(verdict));
            let round = round(finished).map(|round| format!(" [{round}]")).unwrap_or_default();
            let time = if self.times { format!(" <{}>", seconds(result.took)) } else { String::new() };
            terminal.print(&format!("test {name} ... {word}{round}{time}\n"));
        }
        if verdict.fails() {
            self.failures.push((name.clone(), palette.sanitize(&result.failure(palette)).into_owned()));
        }
        if let Verdict::Flaky { attempt } = verdict {
            self.flaky.push(format!("    {name} (passed on attempt {attempt})\n{}", result.earlier_text(8)));
        }
    }

    fn character(&mut self, verdict: &Verdict, terminal: &mut Terminal) {
        let character = match verdict {
            verdict if verdict.is_ok() => '.',
            verdict if verdict.is_skip() => 'i',
            _ => 'F',
        };
        let mut text = terminal.palette().verdict(verdict, character);
        self.terse_characters += 1;
        if self.terse_characters.is_multiple_of(COLUMNS) {
            let _ = writeln!(text, " {}/{}", self.done, self.tests);
        }
        terminal.print(&text);
    }

    /// Prints the reports one by one, since they may be long, and behind them the names once more.
    fn print_failures(&mut self, head: &str, terminal: &mut Terminal) {
        if self.failures.is_empty() {
            return;
        }
        terminal.print(&format!("\n{head}\n\n"));
        for (_, report) in &self.failures {
            terminal.print_raw(report);
            terminal.print("\n");
        }
        let mut names = "\nfailures:\n".to_owned();
        let mut seen = HashSet::new();
        for (name, _) in self.failures.iter().filter(|(name, _)| seen.insert(name)) {
            let _ = writeln!(names, "    {name}");
        }
        terminal.print(&names);
    }

    fn finished(&mut self, summary: &Summary, terminal: &mut Terminal) {
        self.print_failures("failures:", terminal);
        let (palette, mut text) = (terminal.palette(), String::new());
        if !self.flaky.is_empty() {
            text.push_str("\nflaky:\n");
            text.extend(self.flaky.drain(..));
        }
        if summary.interrupted {
            text.push_str("\ninterrupted: this is what ran until then");
            match summary.not_started {
                0 => {}
                1 => text.push_str("; 1 test had not started"),
                tests => drop(write!(text, "; {tests} tests had not started")),
            }
            text.push('\n');
        }
        let Summary { passed, failed, ignored, filtered, .. } = summary;
        let is_ok = *failed == 0 && !summary.interrupted;
        let word = if is_ok { palette.good("ok") } else { palette.bad("FAILED") };
        let took = summary.took.as_secs_f64();
        let _ = writeln!(
            text,
            "\ntest result: {word}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; \
             {filtered} filtered out; finished in {took:.2}s\n"
        );
        terminal.print(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::render::palette::Palette;
    use super::super::sample::{self, Paper, assert_golden};
    use super::*;

    fn printed(human: Human, palette: Palette, seed: Option<u64>, all: Vec<sample::Finished>) -> String {
        let (paper, mut human) = (Paper::default(), human);
        let mut terminal = Terminal::on(&paper, palette);
        sample::run(seed, all, true, |message| human.receive(message, &mut terminal));
        paper.text()
    }

    #[test]
    fn every_verdict_has_its_line_and_every_failure_its_report() {
        let text = printed(Human::new(false, true), Palette::Plain, Some(42), sample::verdicts());
        assert_golden("lines.txt", &text);
    }

    #[test]
    fn colors_of_foreign_text_end_with_their_line_and_nothing_else_commands_the_terminal() {
        let text = printed(Human::new(false, false), Palette::Colored, None, vec![sample::failed()]);
        assert_golden("failure-colored.txt", &text);
    }

    #[test]
    fn the_terse_format_has_a_character_each_and_counts_tests() {
        let round = |round| {
            let test = sample::test("a", Verdict::Passed);
            sample::Finished { round, rounds: 90, is_last: round == 90, ..test }
        };
        let all = (1..=90).map(round).chain([sample::test("b", Verdict::Failed)]).collect();
        let text = printed(Human::new(true, false), Palette::Plain, None, all);
        let expected = format!("\nrunning 91 tests\n{} 0/91\n..F\nfailures:\n\n---- b ----\n", ".".repeat(88));
        assert!(text.starts_with(&expected), "{text}");
    }
}
