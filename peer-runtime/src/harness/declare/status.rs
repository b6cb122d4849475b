//! The status of a test, as `end_per_testcase` receives it.

use std::fmt;
use std::time::Duration;

use crate::timeouts;

/// The status of a test, as `#[end_per_testcase]` takes it; Common Test's `tc_status`.
///
/// ```no_run
/// use peer::prelude::*;
///
/// #[peer_group]
/// mod cluster {
///     use super::*;
///
///     #[end_per_testcase]
///     async fn keep(status: peer::TestStatus) {
///         if let peer::TestStatus::Failed { reason, .. } = status {
///             eprintln!("keeping the data directory: {reason}");
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
    /// It passed; an end behind it may still fail it.
    Passed,
    /// It failed.
    Failed {
        /// The error or the panic.
        reason: String,
        /// `file:line:column`, if it is known.
        place: Option<String>,
    },
    /// It did not end within its timetrap, this long.
    TimedOut(Duration),
    /// It, or its `#[init_per_testcase]`, called [`skip`](crate::skip).
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
