//! `peer::main!()`: from the command line to the exit status.

use std::io::Write;
use std::process::ExitCode;

use libtest_mimic::Arguments;

use super::engine::{Engine, Options};
use super::event::{Event, Reporter};
use super::interrupt::Interrupts;
use super::plan::Plan;
use super::tests::Test;
use crate::panic;
use crate::timeouts::TIMETRAP;

/// The exit status of a run in which something failed, as libtest's.
const FAILED: u8 = 101;

/// The main of a test target with `harness = false`: see `peer::main!`.
pub fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut plan = Plan::of_all();
    let problems = plan.problems();
    if !problems.is_empty() {
        for problem in problems {
            complain(&problem);
        }
        return ExitCode::from(FAILED);
    }
    let all = plan.tests().len();
    plan.retain(&|test| chosen(test, &arguments));
    let filtered = all - plan.tests().len();
    if arguments.list {
        let mut out = std::io::stdout().lock();
        for test in plan.tests() {
            // Where standard output is closed nobody reads the list.
            let _ = writeln!(out, "{}: test", test.path());
        }
        return ExitCode::SUCCESS;
    }
    // The report is printed at the end, far from where the panic was.
    panic::record_panics(false);
    let interrupts = Interrupts::default();
    if let Err(error) = interrupts.watch() {
        complain(&format!("an interrupt ends this run at once, since signals cannot be watched: {error}"));
    }
    let options = Options {
        slots: u32::try_from(arguments.test_threads.unwrap_or(8)).unwrap_or(u32::MAX).max(1),
        live: arguments.nocapture,
        ignored: arguments.ignored || arguments.include_ignored,
        shuffle: false,
        seed: rand::random(),
        timetrap: TIMETRAP,
        factor: factor(),
        filtered,
    };
    let summary = Engine::new(options, interrupts, Box::new(Plain)).run(&plan);
    if summary.failed > 0 || summary.interrupted { ExitCode::from(FAILED) } else { ExitCode::SUCCESS }
}

fn chosen(test: &Test, arguments: &Arguments) -> bool {
    let path = test.path();
    let matches = |filter: &str| if arguments.exact { path == filter } else { path.contains(filter) };
    arguments.filter.as_deref().is_none_or(matches)
        && !arguments.skip.iter().any(|skip| matches(skip))
        && (!arguments.ignored || test.ignore.is_some())
}

/// What every time limit is multiplied by: `PEER_TIMETRAP_FACTOR`, Common Test's `multiply_timetraps`.
pub(super) fn factor() -> u32 {
    std::env::var("PEER_TIMETRAP_FACTOR")
        .ok()
        .and_then(|text| text.parse().ok())
        .filter(|factor| *factor > 0)
        .unwrap_or(1)
}

fn complain(text: &str) {
    // Where standard error is closed nobody wants to know.
    let _ = writeln!(std::io::stderr(), "peer: {text}");
}

struct Plain;

impl Reporter for Plain {
    fn hear(&mut self, event: &Event<'_>) {
        let mut out = std::io::stdout().lock();
        let _ = match event {
            Event::Begun { tests, .. } => writeln!(out, "\nrunning {tests} tests"),
            Event::Finished(finished) => {
                let told = writeln!(out, "test {} ... {}", finished.name, finished.verdict.word());
                finished.cause.iter().for_each(|cause| drop(writeln!(out, "{cause}")));
                told
            }
            Event::Line { line, .. } => writeln!(out, "{line}"),
            Event::Ended(summary) => writeln!(out, "\n{summary:?}"),
            Event::Started { .. } => Ok(()),
        };
    }
}
