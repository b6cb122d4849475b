//! What a person reads of a failed test: what went wrong and where, then every node.

use super::alone;
use super::case::Ended;
use super::details::{Described, Details};
use super::event::Earlier;
use super::fault::{self, Fault, cut, panic_of};
use super::groups::Hook;
use super::paint::Paint;
use super::tests::{ShouldPanic, Test};
use super::verdict::Verdict;
use crate::panic;
use crate::scope::Panicked;
use crate::timeouts;
use crate::truncate;

/// The report of a failed run.
pub(super) fn report(test: &Test, ended: &Ended) -> String {
    let nodes = Described::of(&ended.peers);
    let details = Details {
        directory: ended.directory.as_deref(),
        comments: &ended.comments,
        nodes: &nodes,
        console: &ended.console,
    };
    let cause = cause(test, ended.fault.as_ref());
    let alone = alone::told(test).unwrap_or_default();
    let abandoned = abandoned(&ended.abandoned);
    format!("peer test `{}` {}{alone}\n{abandoned}{}", test.path(), cause.trim_end(), details.text(Paint::PLAIN))
}

/// What is told behind a cause of threads that are still blocked, each in a line.
pub(super) fn abandoned(told: &[String]) -> String {
    told.iter().map(|told| format!("  {told}\n")).collect()
}

/// What went wrong with the last attempt, and where, and what it may come from.
pub(super) fn last_cause_of(test: &Test, ended: &Ended) -> String {
    cause_of(test, ended).trim_end().to_owned() + &alone::told(test).unwrap_or_default()
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

/// What went wrong with an attempt that is not the last one, for the report on all of them.
pub(super) fn earlier(test: &Test, ended: &Ended) -> Earlier {
    let verdict = ended.fault.as_ref().map_or(Verdict::Failed, Verdict::of);
    let cause = format!("{}\n{}", cause_of(test, ended).trim_end(), abandoned(&ended.abandoned));
    Earlier { verdict, cause: cause.trim_end().to_owned(), directory: ended.directory.clone() }
}

/// The same in a text, and where its directory is.
pub(super) fn attempt(test: &Test, ended: &Ended) -> String {
    let directory = ended.directory.as_ref().map(|directory| format!("\nits directory: {}", directory.display()));
    cause_of(test, ended) + &directory.unwrap_or_default()
}

/// What went wrong with a hook, and where.
pub(super) fn hook_cause(name: &str, fault: &Fault) -> String {
    if let Fault::Crashed(report) = fault {
        return format!("`{name}` failed, since a linked peer went down:\n{}", indent(report));
    }
    let head = hook_head(name, fault);
    format!("{head}:\n{}{}", indent(&fault.reason()), backtrace(panic_of(Some(fault))))
}

/// Which hook did not pass, and where: where it failed, or else where it is written.
fn hook_head(name: &str, fault: &Fault) -> String {
    let verb = if fault.is_skip() { "skipped" } else { "failed" };
    match (fault.place(), Hook::place_of(name)) {
        (Some(place), _) => format!("`{name}` {verb} at {place}"),
        (None, Some(place)) => format!("`{name}` ({place}) {verb}"),
        (None, None) => format!("`{name}` {verb}"),
    }
}

fn cause(test: &Test, fault: Option<&Fault>) -> String {
    match fault {
        None if test.should_panic != ShouldPanic::No => format!("({}) did not panic as expected", test.place),
        None => "passed".to_owned(),
        Some(Fault::Skipped(why)) => format!("skipped: {why}"),
        Some(Fault::Init(..)) => format!("could not run:\n{}", indent(&fault.map(Fault::reason).unwrap_or_default())),
        Some(Fault::End { hook, of_skipped, fault }) => {
            let (head, backtrace) = (hook_head(hook, fault), backtrace(panic_of(Some(fault))));
            let what = if *of_skipped { "was skipped" } else { "passed" };
            format!("{what}, and then {head}:\n{}{backtrace}", indent(&fault.reason()))
        }
        Some(Fault::Drop(_)) => format!("failed:\n{}", indent(&fault.map(Fault::reason).unwrap_or_default())),
        Some(Fault::Interrupted) => "was interrupted".to_owned(),
        Some(Fault::Panicked { payload, told: Some(told) }) => {
            let backtrace = backtrace(Some(told));
            format!("panicked at {}:\n{}{backtrace}", told.place, indent(&panic::message(&**payload)))
        }
        // A hook of the user's own said where.
        Some(Fault::Panicked { payload, .. }) if panic::are_recorded() => {
            format!("panicked:\n{}", indent(&panic::message(&**payload)))
        }
        // Under libtest it was printed right before this, and captured with it.
        Some(Fault::Panicked { .. }) => "panicked, as told above".to_owned(),
        Some(Fault::Returned(text)) => format!("({}) returned an error:\n{}", test.place, indent(text)),
        Some(Fault::Error(error)) => format!("({}) returned an error:\n{}", test.place, indent(&fault::said(error))),
        Some(Fault::Failed(failure)) => {
            format!("failed at {}:\n{}", failure.location(), indent(&fault::failed(failure)))
        }
        Some(Fault::InRank(failed)) => {
            format!("({}) failed in {}:\n{}", test.place, failed.whose(), indent(&failed.to_string()))
        }
        Some(Fault::NoNodes(error)) => {
            format!("({}) was not given its nodes:\n{}", test.place, indent(&fault::said(error)))
        }
        Some(Fault::Crashed(report)) => {
            format!("({}) was taken down by a linked peer:\n{}", test.place, indent(report))
        }
        Some(Fault::TimedOut(limit)) => {
            format!("({}) did not end within its timetrap of {}", test.place, timeouts::display(*limit))
        }
        Some(Fault::Cut(limit)) => format!("({}) did not end within {}", test.place, cut(*limit)),
        Some(Fault::Leaked(leaks)) => {
            let count = leaks.len();
            let what = if count == 1 { "a process" } else { "processes" };
            let leaks = indent(&leaks.join("\n"));
            format!("({}) left {what} behind, ended now, and is marked `leaks = \"fail\"`:\n{leaks}", test.place)
        }
        Some(Fault::NotRun(error)) => format!("({}) could not be run: {error}", test.place),
    }
}

fn backtrace(told: Option<&Panicked>) -> String {
    let backtrace = told.and_then(|told| told.backtrace.as_deref());
    backtrace.map(|text| format!("\n  backtrace:\n{text}")).unwrap_or_default()
}

/// Whatever others said, which may be of any length.
fn indent(text: &str) -> String {
    truncate::text(text).lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_text_without_bounds_both_ends_are_told() {
        let text = format!("left: [{}] right: [{}]", "1, ".repeat(1_000_000), "2, ".repeat(1_000_000));
        let cause = hook_cause("quick::init_per_group", &Fault::Returned(text));
        assert!(cause.len() < truncate::LIMIT + 256, "{}", cause.len());
        assert!(cause.starts_with("`quick::init_per_group` failed:\n  left: [1, 1, "), "{}", &cause[..80]);
        assert!(
            cause.contains("\n  [5934482 bytes are left out here]\n  "),
            "{}",
            &cause[truncate::LIMIT / 2..][..128]
        );
        assert!(cause.ends_with("2, 2, ]"));
    }
}
