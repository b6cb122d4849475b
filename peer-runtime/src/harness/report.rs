//! What a person reads of a failed test: what went wrong and where, then every node.

use std::fmt::Write;

use super::body::{Ended, Fault};
use super::tests::Test;
use crate::panic;
use crate::timeouts::{self, BLOCKED_TEST};

/// Up to this many lines of output are all in the reports of the nodes.
const SHORT: usize = 20;

/// The report of a failed run.
pub(super) fn report(test: &Test, ended: &Ended) -> String {
    let mut text = format!("peer test `{}` {}\n", test.path(), cause(test, ended.fault.as_ref()));
    // Writing to a string cannot fail.
    if ended.abandoned {
        let limit = timeouts::display(BLOCKED_TEST);
        let _ = writeln!(
            text,
            "  its thread is still blocked {limit} after its end, and was abandoned; it can start and call nothing any more"
        );
    }
    if let Some(directory) = &ended.directory {
        let _ = writeln!(text, "  directory: {}", directory.display());
    }
    if ended.console.len() > SHORT {
        text.push_str("\noutput of all nodes:\n");
        for line in &ended.console {
            let _ = writeln!(text, "  {line}");
        }
    }
    match ended.peers.len() {
        0 => text.push_str("\nno nodes were started\n"),
        1 => text.push_str("\n1 node:\n"),
        n => {
            let _ = writeln!(text, "\n{n} nodes:");
        }
    }
    for peer in &ended.peers {
        let _ = write!(text, "{peer}");
    }
    text
}

fn cause(test: &Test, fault: Option<&Fault>) -> String {
    match fault {
        None => "passed".to_owned(),
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
