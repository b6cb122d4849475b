//! What a person reads of a failed test: what went wrong and where, then every node.

use std::fmt::Write;

use super::case::Ended;
use super::event::Finished;
use super::fault::Fault;
use super::tests::{ShouldPanic, Test};
use crate::origin::Snapshot;
use crate::panic;
use crate::timeouts::{self, BLOCKED_TEST};

/// Up to this many lines of output are all in the reports of the nodes.
const SHORT: usize = 20;

/// The report of a failed run.
pub(super) fn report(test: &Test, ended: &Ended) -> String {
    let mut text = cause_of(test, ended);
    text.push('\n');
    let Ended { abandoned, console, comments, peers, .. } = ended;
    add_details(&mut text, *abandoned, console, comments, peers);
    text
}

/// The same, of a result.
pub(super) fn report_of(finished: &Finished) -> String {
    let mut text = String::new();
    let Finished { cause, abandoned, console, comments, peers, round, rounds, attempt, .. } = finished;
    // Writing to a string cannot fail, here and below.
    if *rounds > 1 {
        let _ = writeln!(text, "round {round} of {rounds}");
    }
    if *attempt > 1 {
        let _ = writeln!(text, "attempt {attempt}");
    }
    if let Some(cause) = cause {
        let _ = writeln!(text, "{cause}");
    }
    add_details(&mut text, *abandoned, console, comments, peers);
    text
}

fn add_details(text: &mut String, abandoned: bool, console: &[String], comments: &[String], peers: &[Snapshot]) {
    if abandoned {
        let limit = timeouts::display(BLOCKED_TEST);
        let _ = writeln!(
            text,
            "  its thread is still blocked {limit} after its end, and was abandoned; it can start and call nothing any more"
        );
    }
    for comment in comments {
        let _ = writeln!(text, "comment: {comment}");
    }
    if console.len() > SHORT {
        text.push_str("\noutput of all nodes:\n");
        for line in console {
            let _ = writeln!(text, "  {line}");
        }
    }
    match peers.len() {
        0 => text.push_str("\nno nodes were started\n"),
        1 => text.push_str("\n1 node:\n"),
        n => {
            let _ = writeln!(text, "\n{n} nodes:");
        }
    }
    for peer in peers {
        let _ = write!(text, "{peer}");
    }
}

/// What went wrong with an attempt, and where.
pub(super) fn cause_of(test: &Test, ended: &Ended) -> String {
    let cause = format!("peer test `{}` {}", test.path(), cause(test, ended.fault.as_ref()));
    match (test.should_panic, &ended.fault) {
        (ShouldPanic::With(expected), Some(Fault::Panicked { .. })) => {
            format!("panic did not contain expected string {expected:?}\n{cause}")
        }
        _ => cause,
    }
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
