//! One test on behalf of stock libtest or nextest: by its `#[test]` function, which they run.

use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::time::Duration;

use super::after;
use super::case::{self, Around, Ended};
use super::echo::{self, show};
use super::engine::Tally;
use super::environment::Settings;
use super::exit::OfAnother;
use super::fault::{self, Fault};
use super::gist;
use super::given::Given;
use super::groups::Hook;
use super::groups::timetrap_of_suite;
use super::home::{Failed, Home};
use super::interrupt::Interrupts;
use super::plan::{Branch, Plan};
use super::report;
use super::retries::Retries;
use super::runner;
use super::tests::{ShouldPanic, Test};
use super::weight::weight_below;
use crate::aside;
use crate::name;
use crate::slots;

/// The same for all tests of this process, which ask for it one by one.
static PLAN: LazyLock<(Plan, Vec<String>)> = LazyLock::new(|| {
    let plan = Plan::of_all();
    let problems = plan.problems();
    (plan, problems)
});

/// The body of the `#[test]` function of a `#[peer_test]`: runs that test on behalf of libtest.
///
/// # Panics
/// If the test fails: with what it panicked with, so that `#[should_panic]` can look at it.
pub fn run_test(module: &str, name: &str) {
    let (plan, problems) = &*PLAN;
    let found = plan.tests().into_iter().find(|test| test.module == module && test.name == name);
    let Some(test) = found else { panic!("peer: `{module}::{name}` is not in the table of tests of this executable") };
    let _running = OfAnother::new(&test.path());
    let above = plan.above(test);
    let refused = refusal(plan, problems, &above).map_or(Ok(()), Err);
    match refused.and_then(|()| Settings::of_one_test().map_err(|problems| told(&problems))) {
        Ok(settings) => {
            slots::keep_to(settings.jobs);
            tell(test, rounds(test, plan, &above, settings.factor));
        }
        // Which is not the panic that was expected: without one, libtest fails the test.
        Err(why) if test.should_panic != ShouldPanic::No => show(&why),
        Err(why) => panic!("{why}"),
    }
}

/// Runs all rounds, as `peer::main!()` does; how the last one ended that failed, otherwise the last one that was not
/// skipped, if there is any.
fn rounds(test: &'static Test, plan: &Plan, above: &[&Branch], factor: u32) -> Option<Ended> {
    let rounds = test.repeat.rounds;
    let mut decides: Option<Ended> = None;
    let mut has_failed = false;
    for round in 1..=rounds {
        let ended = attempts(test, plan, above, factor);
        let (passed, skipped) = (test.passes(ended.fault.as_ref()), ended.fault.as_ref().is_some_and(Fault::is_skip));
        let failed = !passed && !skipped;
        let tally = Tally { passed: passed.into(), failed: failed.into(), skipped: skipped.into(), stop: false };
        let stop = matches!(ended.fault, Some(Fault::Init(..)));
        if failed {
            if rounds > 1 {
                show(&format!("round {round} of {rounds}"));
            }
            // Libtest tells of a panic that is not the right one.
            if test.should_panic == ShouldPanic::No || !ended.fault.as_ref().is_some_and(Fault::is_panic) {
                show_failure(test, &ended);
            }
        }
        let counts = if has_failed { failed } else { !skipped };
        has_failed |= failed;
        let other = if counts { decides.replace(ended) } else { Some(ended) };
        let_go(other);
        if stop || test.repeat.until.is_some_and(|until| tally.meets(until)) {
            break;
        }
    }
    decides
}

/// The report of one that did not pass; one that passed where a panic was expected has none.
fn show_failure(test: &Test, ended: &Ended) {
    if ended.fault.is_some() {
        show(&report::report(test, ended));
    }
}

fn told(problems: &[String]) -> String {
    format!("peer: {}", problems.join("\npeer: "))
}

/// Why this test would not be what it is meant to be.
fn refusal(plan: &Plan, problems: &[String], above: &[&Branch]) -> Option<String> {
    if !problems.is_empty() {
        return Some(told(problems));
    }
    let needs_plan = above.iter().any(|branch| branch.needs_plan()) || plan.init.is_some() || plan.end.is_some();
    let what = if above.iter().any(|branch| branch.is_repeated()) {
        // Rounds of a group are rounds of all its tests together.
        "is repeated"
    } else if needs_plan && !runner::has_own_process() {
        "has hooks or is a sequence"
    } else {
        return None;
    };
    let name = name::of_program(&name::own_path());
    Some(format!(
        "peer: this test is in a group that {what}, which stock libtest knows nothing of.\n\
         Put these lines into Cargo.toml, and `peer::main!();` at the end of the target, if it is not there:\n\n\
         [[test]]\nname = \"{name}\"\nharness = false\n\n\
         A plain `#[test]` in it is then run by nobody, and belongs into another target.\n"
    ))
}

/// Runs it until it does not fail, as often as it may; how the last attempt ended.
fn attempts(test: &'static Test, plan: &Plan, above: &[&Branch], factor: u32) -> Ended {
    let mut retries = Retries::of(test);
    let mut before: Option<Ended> = None;
    let mut ended = loop {
        let ended = one(test, plan, above, factor);
        echo::catch_up();
        let skipped = ended.fault.as_ref().filter(|fault| fault.is_skip()).map(Fault::reason);
        if skipped.is_some() || test.passes(ended.fault.as_ref()) {
            echo::if_wanted(&ended.console);
        }
        if let Some(why) = skipped {
            show(&format!("skipped: {why}"));
        }
        let Some(left) = retries.take(test, &ended) else { break ended };
        let more = if left == 1 { "once more".to_owned() } else { format!("{left} more times") };
        show(&format!("{}\ntried again, {more} at most", report::attempt(test, &ended)));
        let_go(before.replace(ended));
    };
    if let Some(before) = &mut before
        && ended.fault.as_ref().is_some_and(Fault::is_skip)
    {
        // Which makes up for nothing that failed before.
        std::mem::swap(before, &mut ended);
    }
    let_go(before);
    ended
}

/// Lets go of an attempt that nobody asks for any more.
fn let_go(ended: Option<Ended>) {
    if let Some(told) = ended.and_then(|ended| fault::let_go(ended.fault)) {
        show(&told);
    }
}

/// One attempt, between the hooks of the suite and of its groups.
fn one(test: &'static Test, plan: &Plan, above: &[&Branch], factor: u32) -> Ended {
    // Its time has not begun before that. Nobody interrupts this wait in order: libtest knows nothing of that. What its
    // groups hold is taken in the same step.
    let weight = weight_below(above, test);
    let _slots = slots::take_for(weight, &mut |wait| aside::tell(&format!("test {} {wait}", test.path())));
    slots::take_problem().iter().for_each(|problem| aside::tell(problem));
    let interrupts = Interrupts::default();
    let mut limit = timetrap_of_suite().saturating_mul(factor);
    let mut given = Given::default();
    let mut homes: Vec<(Home, _, _, Given, Duration)> = Vec::new();
    let mut failed = None;
    let levels = std::iter::once((plan.init, plan.end)).chain(above.iter().map(|branch| (branch.init, branch.end)));
    let limits = std::iter::once(None).chain(above.iter().map(|branch| branch.group.and_then(|group| group.timetrap)));
    for ((init, end), own) in levels.zip(limits) {
        limit = own.map_or(limit, |own| own.saturating_mul(factor));
        if init.is_none() && end.is_none() {
            continue;
        }
        let outer: Vec<_> = homes.iter().map(|(home, ..)| home.scope().clone()).collect();
        let mut home = Home::new(&test.path(), echo::at_once(), &interrupts, &outer);
        if let Some(init) = init {
            match home.run(init, &given, limit) {
                Ok(more) => given = more,
                Err(error) => failed = Some((init, error)),
            }
        }
        let end = if failed.is_some() { None } else { end };
        homes.push((home, init, end, given.clone(), limit));
        if failed.is_some() {
            break;
        }
    }
    let around = Around {
        given,
        hooks: above.iter().map(|branch| (branch.init_case, branch.end_case)).collect(),
        limit: test.timetrap.map_or(limit, |own| own.saturating_mul(factor)),
        homes: homes.iter().map(|(home, ..)| home.scope().clone()).collect(),
    };
    let mut ended = match failed {
        Some((init, failed)) => Ended::of_init(&init.path(), *failed),
        None => case::run(test, &around, echo::at_once(), &interrupts, |_| {}),
    };
    // Each home lets go of what it gave, and so has to be the last one that has it.
    drop(around);
    for (mut home, init, end, given, limit) in homes.into_iter().rev() {
        if let Some(end) = end
            && let Err(failed) = home.run(end, &given, limit)
            && !failed.fault.is_skip()
        {
            fails_at_end(test, &mut ended, end.path(), *failed);
        }
        if let Err(failed) = home.let_go(given, limit) {
            fails_at_end(test, &mut ended, init.map(Hook::path).unwrap_or_default(), *failed);
        }
        let passed = test.passes(ended.fault.as_ref()) || ended.fault.as_ref().is_some_and(Fault::is_skip);
        for left in home.end(passed, None) {
            super::leaks::tell_leak(&test.path(), &left);
        }
    }
    ended
}

/// What cleans up behind a test failed.
fn fails_at_end(test: &Test, ended: &mut Ended, hook: String, failed: Failed) {
    // The first one counts, and the other is told with it.
    match after::fail(test, &mut ended.fault, hook.clone(), failed.fault) {
        Some(other) => {
            ended.comments.push(report::hook_cause(&hook, &other));
            ended.comments.extend(fault::let_go(Some(other)));
        }
        // As all is now.
        None => {
            (ended.console, ended.peers) = (failed.console, failed.peers);
            ended.directory = failed.directory.or(ended.directory.take());
        }
    }
    ended.comments.extend(failed.comments);
}

/// Tells libtest, in the way that it understands, what is reported already.
fn tell(test: &Test, ended: Option<Ended>) {
    let expected = match test.should_panic {
        ShouldPanic::No => None,
        ShouldPanic::Yes => Some("skipped"),
        ShouldPanic::With(expected) => Some(expected),
    };
    let Some(ended) = ended else {
        // All was skipped. Libtest knows no such thing, so it is given what it expects of this one.
        return expected.map_or((), |expected| resume_unwind(Box::new(expected)));
    };
    let fault = ended.fault.as_ref();
    if runner::under_nextest() && !test.passes(fault) && !fault.is_some_and(is_said) {
        // Behind all else: nextest takes what follows it as well.
        show(&gist::for_nextest(&report::cause_of(test, &ended)));
    }
    match ended.fault {
        None => {}
        // Libtest decides whether it is the right one.
        Some(Fault::Panicked { payload, .. }) => resume_unwind(payload),
        Some(Fault::InRank(failed)) if expected.is_some() && failed.panic().is_some() => {
            let message = failed.panic().map(|panic| panic.message().to_owned());
            resume_unwind(Box::new(message.unwrap_or_default()))
        }
        // A time-out or a lost node is not the panic that was expected: without one, libtest fails the test.
        Some(_) if expected.is_some() => {}
        Some(_) => resume_unwind(Box::new("the test failed, as reported above")),
    }
}

/// Whether a panic message said it, where it happened.
fn is_said(fault: &Fault) -> bool {
    match fault {
        Fault::Panicked { .. } => true,
        Fault::Init(_, fault) | Fault::End { fault, .. } | Fault::Drop(fault) => is_said(fault),
        _ => false,
    }
}
