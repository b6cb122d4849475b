//! `peer::main!()`: from the command line to the exit status.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use super::arguments::Arguments;
use super::engine::{Engine, Options};
use super::environment::Settings;
use super::exit::{FAILED, Guard, NOT_UNDERSTOOD};
use super::groups::timetrap_of_suite;
use super::interrupt::Interrupts;
use super::plan::Plan;
use super::reporter::{Reporters, list, lost, reporters};
use super::runner;
use crate::aside;
use crate::panic;
use crate::scope;
use crate::slots;

/// The main of a test target with `harness = false`: see `peer::main!`.
pub fn main() -> ExitCode {
    let arguments = match Arguments::of_process() {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let settings = match Settings::of(&arguments) {
        Ok(settings) => settings,
        Err(problems) => {
            problems.iter().for_each(|problem| aside::tell(problem));
            return ExitCode::from(NOT_UNDERSTOOD);
        }
    };
    let mut plan = Plan::of_all();
    let problems = plan.problems();
    if !problems.is_empty() {
        problems.iter().for_each(|problem| aside::tell(problem));
        return ExitCode::from(FAILED);
    }
    let all = plan.tests().len();
    plan.retain(&|test| arguments.chooses(&test.path(), test.ignore.is_some()));
    let tests = plan.tests();
    if arguments.libtest.list {
        return listed(&list(&tests, arguments.format()));
    }
    let Reporters { all: reporter, way, lost } = match reporters(&arguments) {
        Ok(all) => all,
        Err(why) => {
            aside::tell(&why);
            return ExitCode::from(FAILED);
        }
    };
    let _lent = aside::goes_through(way);
    // Those of tests are told with them, and only if they fail.
    // Nextest has all output shown at once, and would be told each panic once more.
    let take = if runner::under_nextest() { scope::take_panic_in_any_case } else { scope::take_panic };
    panic::record_panics(panic::Says::Somebody(take));
    let interrupts = Interrupts::default();
    if let Err(error) = interrupts.watch() {
        aside::tell(&format!("an interrupt ends this run at once, since signals cannot be watched: {error}"));
    }
    let Settings { jobs, threads, seed, factor } = settings;
    let options = Options {
        slots: threads.unwrap_or(u32::MAX).min(slots::keep_to(jobs)),
        live: arguments.is_live(),
        ignored: arguments.runs_ignored(),
        shuffle: arguments.shuffles(),
        seed: seed.unwrap_or_else(rand::random),
        seeded: seed.is_some(),
        timetrap: timetrap_of_suite(),
        factor,
        filtered: all - tests.len(),
    };
    let guard = Guard::new();
    let summary = Engine::new(options, interrupts, reporter).run(&plan);
    drop(guard);
    if summary.failed > 0 || summary.interrupted || lost.any() { ExitCode::from(FAILED) } else { ExitCode::SUCCESS }
}

/// Prints the list of all tests, and nothing else.
fn listed(list: &str) -> ExitCode {
    let mut out = std::io::stdout();
    match out.write_all(list.as_bytes()).and_then(|()| out.flush()) {
        // A reader who has left wants no more.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            aside::tell(&lost("standard output: the list", &error));
            ExitCode::from(FAILED)
        }
        _ => ExitCode::SUCCESS,
    }
}
