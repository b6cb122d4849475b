//! What went wrong in an attempt, and where: as a paragraph, and as one line.

use std::fmt;

use crate::harness::declare::{Hook, ShouldPanic, Test};
use crate::harness::outcome::{Fault, PanicFault, passes};
use crate::timeouts;
use crate::truncate;

/// How many lines the headline takes of what its first line announces.
const ANNOUNCED: usize = 4;

/// The lines in which `assert_eq!` shows both values.
const SIDES: [&str; 2] = ["left: ", "right: "];

/// Behind this line the error of a barrier names those who did not arrive.
const MISSING: &str = "missing:";

/// What went wrong in an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cause {
    /// The test or hook, where, and in which way it failed.
    subject: String,
    /// What the test, the hook or a node says about it; may be empty.
    what: String,
    /// What the headline says in place of that, if anything.
    short: Option<String>,
    backtrace: Option<String>,
}

impl Cause {
    /// Of an attempt of a test.
    pub(crate) fn of_test(test: &Test, fault: Option<&Fault>) -> Self {
        let cause = Self { backtrace: fault.and_then(backtrace), ..of_body(test, fault) };
        let name = test.path();
        let unexpected = match (test.should_panic, fault) {
            (ShouldPanic::With(expected), Some(fault))
                if fault.panic_message().is_some() && !passes(test, Some(fault)) =>
            {
                format!("panic did not contain expected string {expected:?}\n")
            }
            _ => String::new(),
        };
        Self { subject: format!("{unexpected}peer test `{name}` {}", cause.subject), ..cause }
    }

    /// Of a hook.
    pub(crate) fn of_hook(name: &str, fault: &Fault) -> Self {
        match fault {
            Fault::Crashed(report) => Self::new(format!("`{name}` failed, since a linked peer went down"), report),
            _ => Self { backtrace: backtrace(fault), ..Self::new(hook_subject(name, fault), &fault.to_string()) },
        }
    }

    fn new(subject: impl Into<String>, what: &str) -> Self {
        Self { subject: subject.into(), what: what.to_owned(), ..Self::default() }
    }

    /// Where and what, in one line: for lists that show no more, and for nextest.
    pub(crate) fn headline(&self) -> String {
        let what = self.short.as_ref().unwrap_or(&self.what);
        let mut lines = what.lines().map(str::trim).take_while(|line| !line.is_empty());
        let mut headline = self.subject.replace('\n', "; ");
        let Some(first) = lines.next() else { return headline };
        headline = format!("{headline}: {first}");
        let rest: Vec<&str> = lines.collect();
        let more = match rest.iter().position(|line| *line == MISSING) {
            Some(missing) => &rest[missing..],
            None if first.ends_with(':') => &rest,
            None => &rest[..rest.iter().take_while(|line| SIDES.iter().any(|side| line.starts_with(side))).count()],
        };
        for line in more.iter().take(ANNOUNCED) {
            headline.push_str(if headline.ends_with(':') { " " } else { "; " });
            headline.push_str(line);
        }
        headline
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.subject)?;
        if !self.what.is_empty() {
            write!(f, ":\n{}", indent(&self.what))?;
        }
        match &self.backtrace {
            Some(backtrace) => write!(f, "\n  backtrace:\n{}", backtrace.trim_end()),
            None => Ok(()),
        }
    }
}

/// The cause behind the name of the test.
fn of_body(test: &Test, fault: Option<&Fault>) -> Cause {
    let place = test.place;
    let bare = |text: String| Cause::new(text, "");
    match fault {
        None if test.should_panic != ShouldPanic::No => bare(format!("({place}) did not panic as expected")),
        None => bare("passed".to_owned()),
        Some(Fault::Skipped(why)) => bare(format!("skipped: {why}")),
        Some(fault @ Fault::Init { .. }) => Cause::new("could not run", &fault.to_string()),
        Some(Fault::End { hook, after_skip, fault }) => {
            let before = if *after_skip { "was skipped" } else { "passed" };
            Cause::new(format!("{before}, and then {}", hook_subject(hook, fault)), &fault.to_string())
        }
        Some(fault @ Fault::Drop(_)) => Cause::new("failed", &fault.to_string()),
        Some(Fault::Interrupted) => bare("was interrupted".to_owned()),
        Some(Fault::Panicked(PanicFault { message, recorded: Some(panic) })) => {
            Cause::new(format!("panicked at {}", panic.location), message)
        }
        // The panic hook of the test itself printed the location.
        Some(Fault::Panicked(panic)) => Cause::new("panicked", &panic.message),
        Some(Fault::Returned(_)) => match fault.and_then(Fault::location) {
            Some(location) => Cause::new(format!("failed at {location}"), &text(fault)),
            None => Cause::new(format!("({place}) returned an error"), &text(fault)),
        },
        Some(Fault::Rank(failure)) => {
            let short = match failure.panic() {
                Some(panic) => format!("panicked at {}:\n{}", panic.location(), panic.message()),
                None => failure.reason(),
            };
            let subject = format!("({place}) failed in {}", failure.subject());
            Cause { short: Some(short), ..Cause::new(subject, &failure.to_string()) }
        }
        Some(Fault::Boot(_)) => Cause::new(format!("({place}) did not get its nodes"), &text(fault)),
        Some(Fault::Crashed(report)) => Cause::new(format!("({place}) was taken down by a linked peer"), report),
        Some(Fault::TimedOut(limit)) => {
            bare(format!("({place}) did not end within its timetrap of {}", timeouts::display(*limit)))
        }
        Some(Fault::GraceExpired(limit)) => {
            let limit = timeouts::display(*limit);
            bare(format!("({place}) did not end within the {limit} that an interrupt leaves it"))
        }
        Some(Fault::Leaked(leaks)) => {
            let what = if leaks.len() == 1 { "a process" } else { "processes" };
            let leaks: Vec<String> = leaks.iter().map(ToString::to_string).collect();
            Cause::new(format!("({place}) leaked {what}, and is marked `leaks = \"fail\"`"), &leaks.join("\n"))
        }
        Some(Fault::NotRun(error)) => bare(format!("({place}) could not be run: {error}")),
    }
}

fn text(fault: Option<&Fault>) -> String {
    fault.map(ToString::to_string).unwrap_or_default()
}

/// Which hook did not pass, and where it failed, or else where it is defined.
fn hook_subject(name: &str, fault: &Fault) -> String {
    let verb = if fault.is_skip() { "skipped" } else { "failed" };
    match (fault.location(), Hook::find(name)) {
        (Some(location), _) => format!("`{name}` {verb} at {location}"),
        (None, Some(hook)) => format!("`{name}` ({}) {verb}", hook.place),
        (None, None) => format!("`{name}` {verb}"),
    }
}

fn backtrace(fault: &Fault) -> Option<String> {
    fault.recorded_panic()?.backtrace.clone()
}

/// Indents foreign text of any length.
fn indent(text: &str) -> String {
    truncate::text(text).lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::harness::declare::BodyError;

    #[test]
    fn the_headline_says_where_and_what() {
        let headline = |what: &str| Cause::new("a", what).headline();
        assert_eq!((headline(""), headline("no disk\nnor tape\n")), ("a".to_owned(), "a: no disk".to_owned()));
        assert_eq!(headline("b:\n  1\n  2:\n  3\n  4\n  5"), "a: b: 1; 2: 3; 4", "four lines at most");
        let assertion = "not equal: no copy\n  left: None\n right: Some(1)\nand so on";
        assert_eq!(headline(assertion), "a: not equal: no copy; left: None; right: Some(1)");
        let barrier = "not passed within 3s\n  arrived:\n    the test\n  missing:\n    `n-1`: idle";
        assert_eq!(headline(barrier), "a: not passed within 3s; missing: `n-1`: idle");
    }

    #[test]
    fn a_cause_comes_from_the_fault() {
        let test = Test { should_panic: ShouldPanic::With("quorum"), ..Test::PASSES };
        let cause = |fault: Option<Fault>| Cause::of_test(&test, fault.as_ref()).to_string();
        assert_eq!(cause(None), "peer test `sample::passes` (suite.rs:3:1) did not panic as expected");
        assert_eq!(
            cause(Some(Fault::Returned(BodyError::Other("no disk\nnor tape".to_owned())))),
            "peer test `sample::passes` (suite.rs:3:1) returned an error:\n  no disk\n  nor tape"
        );
        let panic = Fault::Panicked(PanicFault { message: "no leader".to_owned(), recorded: None });
        assert!(cause(Some(panic)).starts_with("panic did not contain expected string \"quorum\"\npeer test `sample"));
        let fault = Box::new(Fault::TimedOut(Duration::from_secs(3)));
        assert_eq!(
            cause(Some(Fault::End { hook: "end".to_owned(), after_skip: false, fault })),
            "peer test `sample::passes` passed, and then `end` failed:\n  it did not end within its timetrap of 3s"
        );
    }
}
