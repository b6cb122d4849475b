//! What a person reads of a failed test: what went wrong and where, then every node.

use super::case::Ended;
use super::details::{Described, Details};
use super::fault::Fault;
use super::paint::Paint;
use super::tests::{ShouldPanic, Test};
use crate::panic;
use crate::timeouts;

/// The report of a failed run.
pub(super) fn report(test: &Test, ended: &Ended) -> String {
    let nodes = Described::of(&ended.peers);
    let details = Details {
        abandoned: ended.abandoned,
        directory: ended.directory.as_deref(),
        comments: &ended.comments,
        nodes: &nodes,
        console: &ended.console,
    };
    let cause = cause(test, ended.fault.as_ref());
    format!("peer test `{}` {}\n{}", test.path(), cause.trim_end(), details.text(Paint::PLAIN))
}

/// What went wrong with an attempt, and where.
pub(super) fn cause_of(test: &Test, ended: &Ended) -> String {
    let cause = format!("peer test `{}` {}", test.path(), cause(test, ended.fault.as_ref()));
    match (test.should_panic, &ended.fault) {
        (ShouldPanic::With(expected), Some(fault)) if fault.is_panic() => {
            format!("panic did not contain expected string {expected:?}\n{cause}")
        }
        _ => cause,
    }
}

/// What went wrong with an attempt that is not the last one, and where its directory is.
pub(super) fn attempt(test: &Test, ended: &Ended) -> String {
    let directory = ended.directory.as_ref().map(|directory| format!("\nits directory: {}", directory.display()));
    cause_of(test, ended) + &directory.unwrap_or_default()
}

/// What went wrong with a hook, and where.
pub(super) fn hook_cause(name: &str, fault: &Fault) -> String {
    let place = fault.place().map(|place| format!(" at {place}")).unwrap_or_default();
    let verb = if matches!(fault, Fault::Skipped(_)) { "skipped" } else { "failed" };
    format!("`{name}` {verb}{place}:\n{}", indent(&fault.reason()))
}

fn cause(test: &Test, fault: Option<&Fault>) -> String {
    match fault {
        None if test.should_panic != ShouldPanic::No => "did not panic as expected".to_owned(),
        None => "passed".to_owned(),
        Some(Fault::Skipped(why)) => format!("skipped: {why}"),
        Some(Fault::Init(..)) => format!("could not run:\n{}", indent(&fault.map(Fault::reason).unwrap_or_default())),
        Some(Fault::End(name, fault)) => {
            let place = fault.place().map(|place| format!(" at {place}")).unwrap_or_default();
            format!("passed, and then `{name}` failed{place}:\n{}", indent(&fault.reason()))
        }
        Some(Fault::Interrupted) => "was interrupted".to_owned(),
        Some(Fault::Panicked { payload, place: Some(place) }) => {
            format!("panicked at {place}:\n{}", indent(&panic::message(&**payload)))
        }
        // Under libtest it was printed right before this, and captured with it.
        Some(Fault::Panicked { .. }) => "panicked, as told above".to_owned(),
        Some(Fault::Returned(text)) => format!("({}) returned an error:\n{}", test.place, indent(text)),
        Some(Fault::Failed(failure)) => format!("failed at {}:\n{}", failure.location(), indent(&failure.to_string())),
        Some(Fault::InRank(failed)) => {
            format!("({}) failed in {}:\n{}", test.place, failed.whose(), indent(&failed.to_string()))
        }
        Some(Fault::NoNodes(error)) => {
            format!("({}) was not given its nodes:\n{}", test.place, indent(&error.to_string()))
        }
        Some(Fault::Crashed(report)) => {
            format!("({}) was taken down by a linked peer:\n{}", test.place, indent(report))
        }
        Some(Fault::TimedOut(limit)) => {
            format!("({}) did not end within its timetrap of {}", test.place, timeouts::display(*limit))
        }
        Some(Fault::Leaked(leaks)) => {
            let count = leaks.len();
            let what = if count == 1 { "a process" } else { "processes" };
            let leaks = indent(&leaks.join("\n"));
            format!("({}) left {what} behind, ended now, and is marked `leaks = \"fail\"`:\n{leaks}", test.place)
        }
        Some(Fault::NotRun(error)) => format!("({}) could not be run: {error}", test.place),
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
