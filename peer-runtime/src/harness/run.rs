//! The two ways to run tests: each by its `#[test]` function under libtest, or all by `peer::main!()`.

use std::io::Write;
use std::panic::resume_unwind;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use super::body::{self, Ended, Fault};
use super::report::report;
use super::tests::{self, ShouldPanic, Test};
use crate::panic;
use crate::slots;

/// The body of the `#[test]` function of a `#[peer_test]`: runs that test on behalf of libtest.
///
/// # Panics
/// If the test fails: with what it panicked with, so that `#[should_panic]` can look at it.
pub fn run_test(module: &str, name: &str) {
    let found = tests::tests().into_iter().find(|test| test.module == module && test.name == name);
    let Some(test) = found else { panic!("peer: `{module}::{name}` is not in the table of tests of this executable") };
    let ended = run_in_slots(test, prints_live(), show);
    let expects_panic = test.should_panic != ShouldPanic::No;
    match ended.fault {
        None => {}
        // Libtest decides whether it is the right one.
        Some(Fault::Panicked { payload, .. }) if expects_panic => resume_unwind(payload),
        Some(_) => {
            show(&report(test, &ended));
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

/// Runs a test when there are slots for its nodes; its time has not begun before that.
fn run_in_slots(test: &'static Test, live: bool, print: impl FnMut(&str)) -> Ended {
    let _slots = slots::take_for(test.nodes);
    body::run(test, live, print)
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

/// The main of a test target with `harness = false`: see `peer::main!`.
pub fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    // The report is printed at the end, far from where the panic was.
    panic::record_panics(false);
    let live = arguments.nocapture;
    let trials = tests::tests().into_iter().map(|test| {
        let trial = Trial::test(test.path(), move || verdict(test, &run_in_slots(test, live, show_directly)));
        trial.with_ignored_flag(test.ignore.is_some())
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// Prints a line of a node's output at once.
fn show_directly(line: &str) {
    // Where standard error is closed nobody wants to see it.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Passed, or the report.
fn verdict(test: &Test, ended: &Ended) -> Result<(), Failed> {
    if test.passes(ended.fault.as_ref()) {
        return Ok(());
    }
    let unexpected = |what: &str| Err(Failed::from(format!("{what}\n{}", report(test, ended))));
    match (test.should_panic, &ended.fault) {
        (ShouldPanic::With(expected), Some(Fault::Panicked { .. })) => {
            unexpected(&format!("panic did not contain expected string {expected:?}"))
        }
        (_, None) => unexpected("test did not panic as expected"),
        (_, Some(_)) => Err(Failed::from(report(test, ended))),
    }
}
