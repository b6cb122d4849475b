//! One test on behalf of stock libtest or nextest: by its `#[test]` function, which they run.

use std::panic::resume_unwind;
use std::time::Duration;

use super::arguments::{complain, factor};
use super::case::{self, Around, Ended};
use super::fault::Fault;
use super::gate::weight;
use super::gist;
use super::given::Given;
use super::groups::Hook;
use super::groups::timetrap_of_suite;
use super::home::Home;
use super::interrupt::Interrupts;
use super::plan::{Branch, Plan};
use super::report;
use super::rounds::INFRASTRUCTURE_RETRIES;
use super::tests::{ShouldPanic, Test};
use crate::name;
use crate::slots;

/// The body of the `#[test]` function of a `#[peer_test]`: runs that test on behalf of libtest.
///
/// # Panics
/// If the test fails: with what it panicked with, so that `#[should_panic]` can look at it.
pub fn run_test(module: &str, name: &str) {
    let plan = Plan::of_all();
    let found = plan.tests().into_iter().find(|test| test.module == module && test.name == name);
    let Some(test) = found else { panic!("peer: `{module}::{name}` is not in the table of tests of this executable") };
    let above = plan.above(test);
    if let Some(why) = refusal(&plan, &above) {
        panic!("{why}");
    }
    for round in 1..=test.repeat.rounds {
        if let Some(ended) = attempts(test, &plan, &above) {
            if test.repeat.rounds > 1 {
                show(&format!("round {round} of {}", test.repeat.rounds));
            }
            fail(test, ended);
        }
    }
}

/// Why this test would not be what it is meant to be.
fn refusal(plan: &Plan, above: &[&Branch]) -> Option<String> {
    let problems = plan.problems();
    if !problems.is_empty() {
        return Some(format!("peer: {}", problems.join("\npeer: ")));
    }
    let needs_plan = above.iter().any(|branch| branch.needs_plan()) || plan.init.is_some() || plan.end.is_some();
    (needs_plan && !gist::under_nextest()).then(|| {
        let name = name::of_program(&name::own_path());
        format!(
            "peer: this test is in a group that has hooks or is a sequence, which stock libtest knows nothing of.\n\
             Put these lines into Cargo.toml, and `peer::main!();` at the end of the target, if it is not there:\n\n\
             [[test]]\nname = \"{name}\"\nharness = false\n"
        )
    })
}

/// Runs it until it passes, as often as it may; the last failure.
fn attempts(test: &'static Test, plan: &Plan, above: &[&Branch]) -> Option<Ended> {
    let (mut retries, mut reboots) = (test.retries, INFRASTRUCTURE_RETRIES);
    loop {
        let ended = one(test, plan, above);
        // By itself, or by an init around it.
        if let Some(skip) = ended.fault.as_ref().filter(|fault| fault.is_skip()) {
            show(&format!("skipped: {}", skip.reason()));
            // Libtest knows no skipped tests, so it is given what it expects of this one.
            match test.should_panic {
                ShouldPanic::No => return None,
                ShouldPanic::Yes => resume_unwind(Box::new("skipped")),
                ShouldPanic::With(expected) => resume_unwind(Box::new(expected)),
            }
        }
        if test.passes(ended.fault.as_ref()) && test.should_panic == ShouldPanic::No {
            return None;
        }
        let is_infrastructure = ended.fault.as_ref().is_some_and(Fault::is_infrastructure);
        let left = if is_infrastructure { &mut reboots } else { &mut retries };
        if *left == 0 || test.passes(ended.fault.as_ref()) {
            return Some(ended);
        }
        let more = if *left == 1 { "once more".to_owned() } else { format!("{left} more times") };
        show(&format!("{}\ntried again, {more} at most", report::attempt(test, &ended)));
        *left -= 1;
    }
}

/// One attempt, between the hooks of the suite and of its groups.
fn one(test: &'static Test, plan: &Plan, above: &[&Branch]) -> Ended {
    // Its time has not begun before that. Nobody interrupts this wait in order: libtest knows nothing of that.
    let _slots = slots::take_for(weight(test), &mut |wait| complain(&format!("test {} {wait}", test.path())));
    let interrupts = Interrupts::default();
    let mut limit = timetrap_of_suite().saturating_mul(factor());
    let mut given = Given::default();
    let mut homes: Vec<(Home, _, _, Given, Duration)> = Vec::new();
    let mut failed = None;
    let levels = std::iter::once((plan.init, plan.end)).chain(above.iter().map(|branch| (branch.init, branch.end)));
    let limits = std::iter::once(None).chain(above.iter().map(|branch| branch.group.and_then(|group| group.timetrap)));
    for ((init, end), own) in levels.zip(limits) {
        limit = own.map_or(limit, |own| own.saturating_mul(factor()));
        if init.is_none() && end.is_none() {
            continue;
        }
        let outer: Vec<_> = homes.iter().map(|(home, ..)| home.scope().clone()).collect();
        let mut home = Home::new(&test.path(), prints_live(), &interrupts, &outer);
        if let Some(init) = init {
            match home.run(init, &given, limit, &mut show) {
                Ok(more) => given = more,
                Err(error) => failed = Some(Fault::Init(init.path(), Box::new(error.fault))),
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
        limit: test.timetrap.map_or(limit, |own| own.saturating_mul(factor())),
        homes: homes.iter().map(|(home, ..)| home.scope().clone()).collect(),
    };
    let mut ended = match failed {
        Some(fault) => Ended::not_run(fault),
        None => case::run(test, &around, prints_live(), &interrupts, |_| {}, &mut show),
    };
    // Each home lets go of what it gave, and so has to be the last one that has it.
    drop(around);
    for (mut home, init, end, given, limit) in homes.into_iter().rev() {
        if let Some(end) = end
            && let Err(failed) = home.run(end, &given, limit, &mut show)
            && !failed.fault.is_skip()
            && ended.fault.is_none()
        {
            ended.fault = Some(Fault::End(end.path(), Box::new(failed.fault)));
        }
        if let Err(failed) = home.let_go(given, limit, &mut show)
            && ended.fault.is_none()
        {
            ended.fault = Some(Fault::End(init.map(Hook::path).unwrap_or_default(), Box::new(failed.fault)));
        }
        let passed = test.passes(ended.fault.as_ref()) || ended.fault.as_ref().is_some_and(Fault::is_skip);
        for left in home.end(passed, &mut show) {
            crate::scope::tell_leak(&test.path(), &left);
        }
    }
    ended
}

/// Tells libtest, in the way that it understands.
fn fail(test: &Test, ended: Ended) {
    let expects_panic = test.should_panic != ShouldPanic::No;
    let fault = ended.fault.as_ref();
    let is_said = test.passes(fault) || fault.is_some_and(is_said);
    let line = (gist::under_nextest() && !is_said).then(|| gist::for_nextest(&report::cause_of(test, &ended)));
    match ended.fault {
        None => {}
        // Libtest decides whether it is the right one.
        Some(Fault::Panicked { payload, .. }) if expects_panic => resume_unwind(payload),
        Some(Fault::InRank(failed)) if expects_panic && failed.panic().is_some() => {
            line.iter().for_each(|line| show(line));
            let message = failed.panic().map(|panic| panic.message().to_owned());
            resume_unwind(Box::new(message.unwrap_or_default()))
        }
        Some(_) => {
            show(&report::report(test, &ended));
            // Behind all else: nextest takes what follows it as well.
            line.iter().for_each(|line| show(line));
            if let Some(Fault::Panicked { payload, .. }) = ended.fault {
                resume_unwind(payload);
            }
            // A time-out or a lost node is not the panic that was expected: without one, libtest fails the test.
            if !expects_panic {
                resume_unwind(Box::new("the test failed, as reported above"));
            }
        }
    }
}

/// Whether a panic message said it, where it happened.
fn is_said(fault: &Fault) -> bool {
    match fault {
        Fault::Panicked { .. } => true,
        Fault::Init(_, fault) | Fault::End(_, fault) | Fault::Drop(fault) => is_said(fault),
        _ => false,
    }
}

/// Prints on the calling thread, where libtest captures it.
#[expect(clippy::print_stderr, reason = "only this macro is captured by libtest; `writeln!` to standard error is not")]
fn show(text: &str) {
    eprintln!("{text}");
}

/// Whether output is not captured, or shown anyway, so that it need not be kept.
fn prints_live() -> bool {
    std::env::args().skip(1).any(|arg| matches!(arg.as_str(), "--nocapture" | "--no-capture" | "--show-output"))
        || std::env::var_os("RUST_TEST_NOCAPTURE").is_some_and(|value| value != "0")
}
