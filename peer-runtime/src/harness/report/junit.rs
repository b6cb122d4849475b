//! `--junit PATH`: a report for CI systems, in the form that quick-junit writes.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, process};

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite, XmlString};

use super::message::Message;
use super::render::palette::Palette;
use super::render::result::{Rendered, skip_reason};
use super::terminal::Terminal;
use crate::harness::event::Event;
use crate::harness::outcome::Verdict;
use crate::name;

pub(super) struct JUnit {
    /// As it was given.
    path: PathBuf,
    target: PathBuf,
    suite: TestSuite,
    /// Those of the cases.
    names: HashSet<String>,
}

impl JUnit {
    /// Creates the file, which says that the run has not ended until a report replaces it.
    pub(super) fn create(path: &Path) -> Result<Self, String> {
        let cannot = |error: io::Error| format!("--junit {}: it cannot be written: {error}", path.display());
        // A test may change the current directory.
        let target = fs::canonicalize(path).or_else(|_| std::path::absolute(path)).map_err(cannot)?;
        let mut suite = TestSuite::new(text(&name::of_program(&name::own_path())));
        suite.disabled = None;
        suite.set_time(Duration::ZERO);
        let junit = Self { path: path.to_owned(), target, suite, names: HashSet::new() };
        junit.write_unfinished("it crashed, was killed, or still goes on").map_err(cannot)?;
        Ok(junit)
    }

    pub(super) fn receive(&mut self, message: &Message<'_>, terminal: &mut Terminal) {
        let written = match message {
            Message::Event(Event::RunStarted { seed: Some(seed), .. }) => {
                self.suite.add_property(("seed", seed.to_string().as_str()));
                return;
            }
            Message::Result(result) => return self.add(result),
            Message::Event(Event::RunFinished(summary)) => {
                self.suite.set_time(summary.took);
                if summary.interrupted {
                    self.suite.add_property(("interrupted", "true"));
                    self.suite.add_property(("not begun", summary.not_started.to_string().as_str()));
                }
                self.write(self.suite.clone())
            }
            Message::Exit(why) => self.write_unfinished(why),
            _ => return,
        };
        if let Err(error) = written {
            terminal.write_failed(&format!("--junit {}: the report", self.path.display()), &error);
        }
    }

    fn add(&mut self, result: &Rendered<'_>) {
        let finished = result.finished;
        let name = self.case_name(result);
        // Jenkins' schema has properties for suites only, so each bears the name of its test.
        let mut add = |what: &str, value: &str| {
            self.suite.add_property(Property::new(text(&format!("{name}: {what}")), text(value)));
        };
        if result.attempt > 1 {
            add("attempt", &result.attempt.to_string());
        }
        if finished.rounds > 1 {
            add("round", &format!("{} of {}", finished.round, finished.rounds));
        }
        // Viewers show a row for each property, which is too much for what passes.
        for (node, _) in result.nodes.all().filter(|_| finished.verdict != Verdict::Passed) {
            add(&format!("node {}", node.node), &node.options);
        }
        for comment in &result.comments {
            add("comment", comment);
        }
        let mut case = TestCase::new(text(&name), status(result));
        case.set_classname(self.suite.name.clone());
        case.set_time(result.took);
        if !result.output.is_empty() {
            case.set_system_out(text(result.details().timeline(Palette::Plain).trim_start()));
        }
        self.suite.add_test_case(case);
    }

    /// CI systems take two cases with one name for one, so the second one is `NAME (2)`.
    fn case_name(&mut self, result: &Rendered<'_>) -> String {
        let finished = result.finished;
        let round = if finished.rounds > 1 { format!(" (round {})", finished.round) } else { String::new() };
        let name = finished.name.clone() + &round;
        let mut names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name} ({number})")));
        names.find(|name| self.names.insert(name.clone())).unwrap_or(name)
    }

    /// Writes what there is by now, and an error that says that it is not all.
    fn write_unfinished(&self, why: &str) -> io::Result<()> {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("not ended").set_message(text(why));
        let mut case = TestCase::new("the run has not ended", status);
        case.set_classname(self.suite.name.clone()).set_time(Duration::ZERO);
        let mut suite = self.suite.clone();
        suite.add_test_case(case);
        self.write(suite)
    }

    /// Replaces the file as a whole.
    fn write(&self, suite: TestSuite) -> io::Result<()> {
        if fs::metadata(&self.target).is_ok_and(|found| !found.is_file()) {
            // A rename would replace a device or a pipe.
            return Err(io::Error::other("it is no regular file"));
        }
        let mut report = Report::new(suite.name.clone());
        report.add_test_suite(suite);
        let xml = report.to_string().map_err(io::Error::other)?;
        let mut beside = OsString::from(".");
        beside.push(self.target.file_name().unwrap_or_default());
        beside.push(format!(".{}", process::id()));
        let beside = self.target.with_file_name(beside);
        let written = fs::write(&beside, xml).and_then(|()| fs::rename(&beside, &self.target));
        if written.is_err() {
            // The error of writing it says more.
            let _ = fs::remove_file(&beside);
        }
        written
    }
}

fn status(result: &Rendered<'_>) -> TestCaseStatus {
    let verdict = &result.finished.verdict;
    if verdict.is_skip() {
        let mut status = TestCaseStatus::skipped();
        let by_failure = matches!(verdict, Verdict::Skipped(_));
        let why = skip_reason(verdict).unwrap_or_else(|| "ignored".to_owned());
        status.set_type(if by_failure { "failure elsewhere" } else { "skipped" }).set_message(text(&why));
        return status;
    }
    let mut status = match failure(verdict) {
        None => TestCaseStatus::success(),
        Some((kind, ty)) => {
            let description = result.cause_text() + &result.details().facts(Palette::Plain);
            let mut status = TestCaseStatus::non_success(kind);
            status.set_type(ty).set_message(text(&result.headline)).set_description(text(&description));
            status
        }
    };
    for earlier in &result.earlier {
        let (kind, ty) = failure(&earlier.verdict).unwrap_or((NonSuccessKind::Failure, "failed"));
        let mut rerun = TestRerun::new(kind);
        rerun.set_type(ty).set_message(text(&earlier.headline)).set_description(text(&earlier.text()));
        status.add_rerun(rerun);
    }
    status
}

/// JUnit's words for what fails; what is not the fault of the test is an error.
fn failure(verdict: &Verdict) -> Option<(NonSuccessKind, &'static str)> {
    Some(match verdict {
        Verdict::Failed => (NonSuccessKind::Failure, "failed"),
        Verdict::TimedOut(_) => (NonSuccessKind::Failure, "timed out"),
        Verdict::Leaked => (NonSuccessKind::Failure, "leaked"),
        Verdict::Infrastructure => (NonSuccessKind::Error, "infrastructure"),
        Verdict::Interrupted => (NonSuccessKind::Error, "interrupted"),
        Verdict::Passed | Verdict::Flaky { .. } | Verdict::Ignored(_) | Verdict::Skipped(_) => return None,
    })
}

/// Text without two characters that XML does not allow; quick-junit removes all others, and colors.
fn text(text: &str) -> XmlString {
    XmlString::new(text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, Paper};
    use super::*;

    #[test]
    fn until_its_end_a_report_says_that_the_run_has_not_ended() {
        let folder = std::env::temp_dir().join(format!("peer-junit-{}", process::id()));
        fs::create_dir_all(&folder).expect("it can be made");
        let mut junit = JUnit::create(&folder.join("report.xml")).expect("it can be written");
        let read = || fs::read_to_string(folder.join("report.xml")).expect("it was written");
        assert!(read().contains("<testcase name=\"the run has not ended\"") && read().contains("errors=\"1\""));
        let mut all = sample::verdicts();
        all.extend([sample::failed(), sample::test("fails", Verdict::Passed)]);
        let mut terminal = Terminal::on(&Paper::default(), Palette::Plain);
        sample::run(Some(42), all, true, |message| junit.receive(message, &mut terminal));
        sample::assert_golden("junit.xml", &read());
        assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 1, "no file stays beside it");
        let _ = fs::remove_dir_all(folder);
    }
}
