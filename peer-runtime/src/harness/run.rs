//! `peer::main!()`: from the command line to the exit status.

use std::io::Write;
use std::process::ExitCode;

use libtest_mimic::Arguments;

use super::engine::{Engine, Options};
use super::gate::Room;
use super::interrupt::Interrupts;
use super::lines::Lines;
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
        room: room(&arguments),
        live: arguments.nocapture,
        ignored: arguments.ignored || arguments.include_ignored,
        shuffle: false,
        seed: number("PEER_SHUFFLE_SEED").unwrap_or_else(rand::random),
        timetrap: TIMETRAP,
        factor: factor(),
        filtered,
    };
    let summary = Engine::new(options, interrupts, Box::new(Lines::default())).run(&plan);
    if summary.failed > 0 || summary.interrupted { ExitCode::from(FAILED) } else { ExitCode::SUCCESS }
}

fn chosen(test: &Test, arguments: &Arguments) -> bool {
    let path = test.path();
    let matches = |filter: &str| if arguments.exact { path == filter } else { path.contains(filter) };
    arguments.filter.as_deref().is_none_or(matches)
        && !arguments.skip.iter().any(|skip| matches(skip))
        && (!arguments.ignored || test.ignore.is_some())
}

/// `PEER_JOBS` says how many nodes there may be, `--test-threads` how many tests.
fn room(arguments: &Arguments) -> Room {
    let default = Room::of_machine();
    let few = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).max(1);
    Room {
        nodes: number("PEER_JOBS").map_or(default.nodes, few),
        tests: arguments.test_threads.map_or(default.tests, |threads| few(threads as u64)),
    }
}

/// What a variable of the environment says, if it is a number.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse().ok();
    if number.is_none() {
        complain(&format!("{name}={text:?} is no number, and was ignored"));
    }
    number
}

/// What every time limit is multiplied by: `PEER_TIMETRAP_FACTOR`, Common Test's `multiply_timetraps`.
pub(super) fn factor() -> u32 {
    number("PEER_TIMETRAP_FACTOR")
        .and_then(|factor| u32::try_from(factor).ok())
        .filter(|factor| *factor > 0)
        .unwrap_or(1)
}

fn complain(text: &str) {
    // Where standard error is closed nobody wants to know.
    let _ = writeln!(std::io::stderr(), "peer: {text}");
}
