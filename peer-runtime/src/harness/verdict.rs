//! What a test came to, in the words of its users.

use std::fmt;
use std::time::Duration;

use super::fault::Fault;
use super::tests::Test;
use crate::timeouts;

/// What the test came to, as `end_per_testcase` is told; Common Test's `tc_status`.
///
/// ```no_run
/// use peer::prelude::*;
///
/// #[peer_group]
/// mod cluster {
///     use super::*;
///
///     async fn end_per_testcase(status: peer::TestStatus) {
///         if let peer::TestStatus::Failed { reason, .. } = status {
///             eprintln!("left as it was, for a look at it: {reason}");
///         }
///     }
///
///     #[peer_test]
///     async fn elects_a_leader() {}
/// }
/// # fn main() {}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TestStatus {
    /// It passed so far.
    Passed,
    /// It failed.
    Failed {
        /// What went wrong.
        reason: String,
        /// Where, as `file:line:column`, if that is known.
        place: Option<String>,
    },
    /// It did not end within its timetrap, which was this long.
    TimedOut(Duration),
    /// It said so itself, by [`skip`](crate::skip), or its `init_per_testcase` did not let it run.
    Skipped(String),
}

impl fmt::Display for TestStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed { reason, place: Some(place) } => write!(f, "failed at {place}: {reason}"),
            Self::Failed { reason, place: None } => write!(f, "failed: {reason}"),
            Self::TimedOut(limit) => write!(f, "timed out after {}", timeouts::display(*limit)),
            Self::Skipped(why) => write!(f, "skipped: {why}"),
        }
    }
}

/// The verdict on a test, all its attempts considered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    /// On this attempt, after others that had failed.
    Flaky {
        attempt: u32,
    },
    Failed,
    TimedOut(Duration),
    /// A node could not boot: not the test's fault.
    Infrastructure,
    /// It passed, and is to fail for what its peers left behind.
    Leaked,
    Skipped {
        why: String,
        /// Whether that is because something else failed, and not because somebody wanted it.
        by_failure: bool,
    },
    /// The run was ended before the test was.
    Interrupted,
}

impl Verdict {
    /// What a fault comes to.
    pub(super) fn of(fault: &Fault) -> Self {
        match fault {
            Fault::TimedOut(limit) | Fault::Cut(limit) => Self::TimedOut(*limit),
            Fault::End { fault, .. } | Fault::Drop(fault) => match Self::of(fault) {
                timed_out @ Self::TimedOut(_) => timed_out,
                _ => Self::Failed,
            },
            fault if fault.is_infrastructure() => Self::Infrastructure,
            Fault::Leaked(_) => Self::Leaked,
            Fault::Skipped(why) => Self::Skipped { why: in_one_line(why), by_failure: false },
            Fault::Interrupted => Self::Interrupted,
            _ => Self::Failed,
        }
    }

    /// That of a test which its author lets be.
    pub(super) fn ignored(test: &Test) -> Self {
        Self::Skipped { why: test.ignore.unwrap_or_default().to_owned(), by_failure: false }
    }

    /// That of those behind the one that failed in a sequence.
    pub(super) fn broken(by: &str) -> Self {
        Self::Skipped { why: format!("sequence: {by} failed"), by_failure: true }
    }

    /// That of those below an init that failed.
    pub(super) fn below(init: &str) -> Self {
        Self::Skipped { why: format!("`{init}` failed"), by_failure: true }
    }

    /// Whether it is no verdict on the test, because something else failed.
    pub(super) fn by_failure(&self) -> bool {
        matches!(self, Self::Skipped { by_failure: true, .. })
    }

    /// Whether the run fails for it.
    pub(super) fn fails(&self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut(_) | Self::Infrastructure | Self::Leaked | Self::Interrupted)
    }

    pub(super) fn is_ok(&self) -> bool {
        matches!(self, Self::Passed | Self::Flaky { .. })
    }

    /// The word of the line of a test, as libtest's readers know it.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Passed => "ok".to_owned(),
            Self::Flaky { attempt } => format!("ok (flaky: passed on attempt {attempt})"),
            Self::Failed => "FAILED".to_owned(),
            Self::TimedOut(limit) => format!("FAILED (timed out after {})", timeouts::display(*limit)),
            Self::Infrastructure => "FAILED (infrastructure)".to_owned(),
            Self::Leaked => "FAILED (leaked)".to_owned(),
            Self::Skipped { why, .. } if why.is_empty() => "ignored".to_owned(),
            Self::Skipped { why, .. } => format!("ignored, {why}"),
            Self::Interrupted => "FAILED (interrupted)".to_owned(),
        }
    }
}

/// A reason as it stands in the line of a test, where a second line would be taken for that of another one.
fn in_one_line(why: &str) -> String {
    let lines = why.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("; ")
}
