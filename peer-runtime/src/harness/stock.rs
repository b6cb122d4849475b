//! One test on behalf of stock libtest or nextest: a plan of that test alone, run and reported as any other.

use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use super::declare::{ShouldPanic, Test};
use super::event::{Event, Finished, UnitKind, events};
use super::outcome::Verdict;
use super::plan::{Branch, Plan};
use super::report::{self, Libtest};
use super::run::{self, Cancel, Options};
use super::runner;
use super::settings::Settings;
use crate::name;
use crate::slots;

/// The problems of all declarations in this executable.
static PROBLEMS: LazyLock<Vec<String>> = LazyLock::new(|| Plan::of_all().problems());

/// The body of the `#[test]` function of a `#[peer_test]`: runs that test on behalf of libtest.
///
/// # Panics
/// If the test fails, with the message of its panic, so that libtest can compare it with `#[should_panic]`.
pub fn run_test(module: &str, name: &str) {
    let mut plan = Plan::of_all();
    let found = plan.tests().into_iter().find(|test| test.module == module && test.name == name);
    let Some(test) = found else { panic!("peer: `{module}::{name}` is not in the table of tests of this executable") };
    report::arm_for_libtest(runner::is_nextest());
    let settings = match check(&plan, test) {
        Ok(settings) => settings,
        // A panic could be the one that the test should end with. Without one, libtest fails it.
        Err(why) if test.should_panic != ShouldPanic::No => return report::problems(&[why]),
        Err(why) => panic!("peer: {why}"),
    };
    let missing_before = if runner::is_process_per_test() { plan.before_in_sequence(test) } else { 0 };
    plan.retain(&|other| std::ptr::eq(other, test));
    slots::keep_to(settings.jobs);
    let mut reporter = Libtest::new(runner::is_nextest());
    let options = Options {
        slots: u32::MAX,
        live: reporter.is_live(),
        keeps_output: reporter.shows_output(),
        // Libtest decides about ignored tests.
        ignored: true,
        shuffle: false,
        seed: 0,
        seeded: false,
        factor: settings.factor,
        filtered: 0,
        missing_before,
    };
    end(test, run_and_report(&plan, options, &mut reporter));
}

/// The result that decides about the test.
fn run_and_report(plan: &Plan, options: Options, reporter: &mut Libtest) -> Result<Option<Deciding>, String> {
    let (sink, events) = events();
    thread::scope(|threads| {
        let mut deciding: Option<Deciding> = None;
        let run = move || run::run(plan, options, &Cancel::default(), &sink);
        let scheduler = thread::Builder::new().name("scheduler".to_owned()).spawn_scoped(threads, run);
        let scheduler = scheduler.map_err(|error| format!("there is no thread to run the test on: {error}"))?;
        // On this thread, whose output libtest captures.
        while let Ok(event) = events.next(Duration::MAX) {
            let Some(event) = event else { continue };
            // A thread that was abandoned keeps a sink, so the channel may stay open.
            let is_last = matches!(event, Event::RunFinished(_));
            if let Event::UnitFinished(finished) = &event {
                deciding = Deciding::choose(deciding, Deciding::of(finished));
            }
            reporter.event(event);
            if is_last {
                break;
            }
        }
        match scheduler.join() {
            Ok(_) => Ok(deciding),
            Err(panic) => resume_unwind(panic),
        }
    })
}

/// A result, as far as libtest needs to know it.
struct Deciding {
    verdict: Verdict,
    is_test: bool,
    panic: Option<String>,
}

impl Deciding {
    fn of(finished: &Finished) -> Self {
        let is_test = finished.kind == UnitKind::Test;
        let fault = finished.decisive().and_then(|attempt| attempt.fault.as_ref());
        Self {
            verdict: finished.verdict.clone(),
            is_test,
            // Libtest compares that of the test, and not that of a hook around it.
            panic: fault.filter(|_| is_test).and_then(|fault| fault.panic_message()).map(str::to_owned),
        }
    }

    /// The newest failure; without one, the newest round that was not skipped.
    fn choose(before: Option<Self>, new: Self) -> Option<Self> {
        match before {
            Some(before) if before.verdict.fails() && !new.verdict.fails() => Some(before),
            Some(before) if !new.is_test && !new.verdict.fails() || new.verdict.is_skip() => Some(before),
            _ => Some(new),
        }
    }
}

/// What keeps this test from running here, or the settings for it.
fn check(plan: &Plan, test: &Test) -> Result<Settings, String> {
    if !PROBLEMS.is_empty() {
        return Err(PROBLEMS.join("\npeer: "));
    }
    let above = plan.above(test);
    let needs_plan = above.iter().any(|branch| branch.needs_plan()) || plan.init.is_some() || plan.end.is_some();
    if above.iter().any(|branch| Branch::is_repeated(branch)) {
        // A round of a group is one of all its tests together.
        return Err(needs_main("is repeated"));
    }
    if needs_plan && !runner::is_process_per_test() {
        return Err(needs_main("has hooks or is a sequence"));
    }
    Settings::read_for_one_test().map_err(|problems| problems.join("\npeer: "))
}

fn needs_main(what: &str) -> String {
    let name = name::of_program(&name::own_path());
    format!(
        "this test is in a group that {what}, which stock libtest does not support.\n\
         Put these lines into Cargo.toml, and `peer::main!();` at the end of the target:\n\n\
         [[test]]\nname = \"{name}\"\nharness = false\n\n\
         That target does not run plain `#[test]` functions: move them to another one.\n"
    )
}

/// Ends the `#[test]` function in the way that libtest understands. Everything is reported by now.
fn end(test: &Test, deciding: Result<Option<Deciding>, String>) {
    let expected = match test.should_panic {
        ShouldPanic::No => None,
        ShouldPanic::Yes => Some("skipped"),
        ShouldPanic::With(expected) => Some(expected),
    };
    match (deciding, expected) {
        (Err(why), None) => panic!("peer: {why}"),
        (Err(why), Some(_)) => report::problems(&[why]),
        // It ran in no round, or was skipped. Libtest has no such verdict, so it gets what it expects.
        (Ok(deciding), Some(expected)) if deciding.as_ref().is_none_or(|deciding| deciding.verdict.is_skip()) => {
            resume_unwind(Box::new(expected))
        }
        // Libtest decides whether the message is the expected one. It fails a test that does not panic.
        (Ok(Some(Deciding { panic: Some(message), .. })), Some(_)) => resume_unwind(Box::new(message)),
        (Ok(_), Some(_)) => {}
        (Ok(Some(deciding)), None) if deciding.verdict.fails() => {
            resume_unwind(Box::new("the test failed, as reported above"))
        }
        (Ok(_), None) => {}
    }
}
