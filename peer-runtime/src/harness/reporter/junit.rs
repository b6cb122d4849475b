//! `--junit PATH`: a report for CI systems, in the form that Jenkins' schema describes.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite, XmlString};

use super::super::details::{Described, Details, seconds};
use super::super::event::{Event, Finished, Reporter, Summary, What};
use super::super::gist;
use super::super::paint::Paint;
use super::super::report;
use super::super::verdict::Verdict;
use super::super::words;
use super::written::{Lost, lost};
use crate::aside;
use crate::name;

mod file;

use file::Target;

pub(super) struct JUnit {
    /// As it was given.
    path: PathBuf,
    target: Target,
    /// With one suite, which is what is written.
    report: Report,
    /// Those of the cases.
    names: HashSet<String>,
    since: Instant,
    lost: Lost,
}

/// The name of this executable, without what Cargo puts behind it.
pub(super) fn suite_name() -> String {
    name::of_program(&name::own_path())
}

impl JUnit {
    /// A report on the suite with this name, whose file is made at once.
    pub(super) fn create(path: &Path, suite: &str, lost: &Lost) -> std::io::Result<Self> {
        let target = Target::create(path, &text(suite))?;
        let mut suite = TestSuite::new(text(suite));
        suite.disabled = None;
        let mut report = Report::new(suite.name.clone());
        report.add_test_suite(suite);
        Ok(Self {
            path: path.to_owned(),
            target,
            report,
            names: HashSet::new(),
            since: Instant::now(),
            lost: lost.clone(),
        })
    }

    fn suite(&mut self) -> &mut TestSuite {
        &mut self.report.test_suites[0]
    }

    fn finished(&mut self, finished: &Finished, nodes: &Described) {
        if finished.what == What::Hook && finished.verdict.is_ok() {
            return;
        }
        let name = self.case_name(finished);
        // The schema has properties for a suite only, so each bears the name of its test.
        let mut add = |what: &str, value: &str| {
            self.suite().add_property(Property::new(text(&format!("{name}: {what}")), text(value)));
        };
        if finished.attempt > 1 {
            add("attempt", &finished.attempt.to_string());
        }
        if finished.rounds > 1 {
            add("round", &format!("{} of {}", finished.round, finished.rounds));
        }
        // Of what passes, viewers would show a row for each node.
        let shown = finished.verdict != Verdict::Passed;
        for (node, _) in nodes.all().filter(|_| shown) {
            add(&format!("node {}", node.node), &node.options);
        }
        for comment in &finished.comments {
            add("comment", comment);
        }
        let mut case = TestCase::new(text(&name), status(finished, nodes));
        case.set_classname(self.suite().name.clone());
        case.set_time(finished.took);
        if finished.verdict.fails() && !finished.console.is_empty() {
            case.set_system_out(text(&output(finished)));
        }
        self.suite().add_test_case(case);
    }

    fn ended(&mut self, summary: &Summary) {
        self.suite().set_time(summary.took);
        if summary.interrupted {
            self.suite().add_property(("interrupted", "true"));
            self.suite().add_property(("not begun", summary.not_begun.to_string().as_str()));
        }
        if let Err(error) = self.write(Target::write) {
            aside::tell(&self.lost(&error));
        }
    }

    /// The run is ended in its middle: what had a result by then is kept, and an error says so.
    pub(super) fn cut_short(&mut self, why: &str) {
        if self.suite().test_cases.is_empty() && self.target.is_file() {
            // What is there says the same.
            return;
        }
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("not ended").set_message(text(why));
        let mut case = TestCase::new("the run has not ended", status);
        case.set_classname(self.suite().name.clone()).set_time(Duration::ZERO);
        let took = self.since.elapsed();
        self.suite().add_test_case(case);
        self.suite().set_time(took);
        if let Err(error) = self.write(Target::write_without_waiting) {
            words::tell_text(&self.lost(&error));
        }
    }

    /// What is told of a report that cannot be written; the run fails for it.
    fn lost(&self, error: &std::io::Error) -> String {
        self.lost.note();
        lost(&format!("--junit {}: the report", self.path.display()), error)
    }

    fn write(&self, write: fn(&Target, &str) -> std::io::Result<()>) -> std::io::Result<()> {
        write(&self.target, &self.xml().map_err(std::io::Error::other)?)
    }

    /// CI systems take two cases with one name for one: the second one is `NAME (2)`.
    fn case_name(&mut self, finished: &Finished) -> String {
        let name = &finished.name;
        let name = if finished.rounds > 1 { format!("{name} (round {})", finished.round) } else { name.clone() };
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        names.find(|name| self.names.insert(name.clone())).unwrap_or(name)
    }

    /// The suite as the root: around it quick-junit puts an element with an attribute that Jenkins' schema does not know.
    fn xml(&self) -> Result<String, quick_junit::SerializeError> {
        let mut xml = self.report.to_string()?;
        // Without copies: it may be long.
        xml.truncate(xml.rfind("</testsuites>").unwrap_or(xml.len()));
        xml.truncate(xml.trim_end().len());
        xml.push('\n');
        let from = xml.find("<testsuite ").unwrap_or_default();
        xml.replace_range(..from, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Ok(xml)
    }
}

impl Reporter for JUnit {
    fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Begun { seed: Some(seed), .. } => {
                self.suite().add_property(("seed", seed.to_string().as_str()));
            }
            Event::Finished(finished) => self.finished(finished, &Described::of(&finished.peers)),
            Event::Ended(summary) => self.ended(summary),
            Event::Begun { .. }
            | Event::Started { .. }
            | Event::Waiting { .. }
            | Event::Interrupted
            | Event::Over { .. }
            | Event::Line { .. } => {}
        }
    }
}

fn status(finished: &Finished, nodes: &Described) -> TestCaseStatus {
    let cause = finished.cause.as_deref().unwrap_or_default().trim_end();
    let mut status = match &finished.verdict {
        Verdict::Skipped { why, by_failure } => {
            let mut status = TestCaseStatus::skipped();
            status
                .set_type(if *by_failure { "failure elsewhere" } else { "skipped" })
                .set_message(text(if why.is_empty() { "ignored" } else { why }));
            return status;
        }
        verdict => match word(verdict) {
            None => TestCaseStatus::success(),
            Some((kind, ty)) => {
                // The output is told by itself.
                let abandoned = report::abandoned(&finished.abandoned);
                let details = Details::of(finished, nodes).facts(Paint::PLAIN);
                let mut status = TestCaseStatus::non_success(kind);
                status
                    .set_type(ty)
                    .set_message(text(&gist::of(cause)))
                    .set_description(text(&format!("{cause}\n{abandoned}{details}")));
                status
            }
        },
    };
    for earlier in &finished.earlier {
        let (kind, ty) = word(&earlier.verdict).unwrap_or((NonSuccessKind::Failure, "failed"));
        let mut rerun = TestRerun::new(kind);
        rerun.set_type(ty).set_message(text(&gist::of(&earlier.cause))).set_description(text(&earlier.text()));
        status.add_rerun(rerun);
    }
    status
}

/// The words for what fails.
fn word(verdict: &Verdict) -> Option<(NonSuccessKind, &'static str)> {
    Some(match verdict {
        Verdict::Passed | Verdict::Flaky { .. } | Verdict::Skipped { .. } => return None,
        Verdict::Failed => (NonSuccessKind::Failure, "failed"),
        Verdict::TimedOut(_) => (NonSuccessKind::Failure, "timed out"),
        Verdict::Leaked => (NonSuccessKind::Failure, "leaked"),
        // JUnit's word for what is not the test's fault.
        Verdict::Infrastructure => (NonSuccessKind::Error, "infrastructure"),
        Verdict::Interrupted => (NonSuccessKind::Error, "interrupted"),
    })
}

/// A section for each node, in the order of their first lines: quick-junit has one element for all of them.
fn output(finished: &Finished) -> String {
    let mut names: Vec<&str> = Vec::new();
    for line in &finished.console {
        if !names.contains(&line.node.as_str()) {
            names.push(&line.node);
        }
    }
    let mut text = String::new();
    for name in names {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "==== {} ====", if name.is_empty() { "test" } else { name });
        for line in finished.console.iter().filter(|line| line.node == name) {
            let _ = writeln!(text, "{:>9} {}", seconds(line.at), line.text);
        }
    }
    text
}

/// Text without what XML does not allow; quick-junit knows most of it, and takes colours out.
fn text(text: &str) -> XmlString {
    XmlString::new(text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
}

#[cfg(test)]
mod tests;
