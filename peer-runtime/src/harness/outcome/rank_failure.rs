//! Why a body that runs everywhere did not pass on one of its ranks.

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::panic::RemotePanic;

/// Why a body did not pass, as its node reports it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum RankError {
    Panicked { panic: RemotePanic, at: SystemTime },
    Failed { text: String, place: Option<String>, infrastructure: bool, at: SystemTime },
    Skipped { why: String, at: SystemTime },
}

/// Why a rank ended all others.
#[derive(Clone, Debug)]
pub(crate) enum RankCause {
    Reported(RankError),
    /// Its node went down or was lost before it reported anything.
    Lost(Error),
}

/// The rank that ended all others.
#[derive(Clone, Debug)]
pub(crate) struct RankFailure {
    pub(crate) rank: usize,
    pub(crate) of: usize,
    pub(crate) node: String,
    pub(crate) cause: RankCause,
    /// Those that failed after it, each in a line.
    pub(crate) then: Vec<String>,
    /// Those that still ran.
    pub(crate) running: Vec<usize>,
}

impl RankFailure {
    /// The rank and its node.
    pub(crate) fn subject(&self) -> String {
        format!("rank {} of {}, `{}`", self.rank, self.of, self.node)
    }

    /// Orders causes: first the end of a node, by which others fail before it is noticed; then by time; skips last, since
    /// a skip must not hide a failure.
    pub(crate) fn order(&self) -> (bool, Option<SystemTime>, usize) {
        let (is_skip, at) = match &self.cause {
            RankCause::Lost(_) => (false, None),
            RankCause::Reported(RankError::Panicked { at, .. } | RankError::Failed { at, .. }) => (false, Some(*at)),
            RankCause::Reported(RankError::Skipped { at, .. }) => (true, Some(*at)),
        };
        (is_skip, at, self.rank)
    }

    /// Whether a peer of the rank could not boot, and that is not the fault of the test.
    pub(crate) fn is_infrastructure(&self) -> bool {
        matches!(self.cause, RankCause::Reported(RankError::Failed { infrastructure: true, .. }))
    }

    pub(crate) fn panic(&self) -> Option<&RemotePanic> {
        match &self.cause {
            RankCause::Reported(RankError::Panicked { panic, .. }) => Some(panic),
            _ => None,
        }
    }

    /// `file:line:column`, if it is known.
    pub(crate) fn location(&self) -> Option<String> {
        match &self.cause {
            RankCause::Reported(RankError::Panicked { panic, .. }) => Some(panic.location().to_owned()),
            RankCause::Reported(RankError::Failed { place, .. }) => place.clone(),
            _ => None,
        }
    }

    /// What went wrong, without the place and the backtrace.
    pub(crate) fn reason(&self) -> String {
        match &self.cause {
            RankCause::Reported(RankError::Panicked { panic, .. }) => format!("panicked: {}", panic.message()),
            RankCause::Reported(RankError::Failed { text, .. }) => format!("failed: {text}"),
            RankCause::Reported(RankError::Skipped { why, .. }) => format!("skipped: {why}"),
            RankCause::Lost(error) => match error.down_reason() {
                // The report shows its output elsewhere.
                Some(reason) => format!("went down: {reason}"),
                None => format!("was lost: {error}"),
            },
        }
    }
}

/// Everything about it, in lines.
impl fmt::Display for RankFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            RankCause::Reported(RankError::Panicked { panic, .. }) => fmt::Display::fmt(panic, f)?,
            RankCause::Reported(RankError::Failed { text, place: Some(place), .. }) => {
                write!(f, "failed at {place}:\n{text}")?
            }
            _ => f.write_str(&self.reason())?,
        }
        self.then.iter().try_for_each(|then| write!(f, "\nthen {then}"))?;
        let running: Vec<String> = self.running.iter().map(ToString::to_string).collect();
        match &running[..] {
            [] => Ok(()),
            [one] => write!(f, "\nrank {one} was still running, and was ended"),
            [others @ .., last] => {
                write!(f, "\nranks {} and {last} were still running, and were ended", others.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn what_failed_comes_before_a_skip_and_the_end_of_a_node_before_all() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let failed = |at| RankError::Failed { text: "no quorum".to_owned(), place: None, infrastructure: false, at };
        let of = |rank, cause| RankFailure {
            rank,
            of: 4,
            node: "a@b".to_owned(),
            cause,
            then: Vec::new(),
            running: Vec::new(),
        };
        let mut all = [
            of(0, RankCause::Reported(RankError::Skipped { why: "not here".to_owned(), at: at(1) })),
            of(1, RankCause::Reported(failed(at(3)))),
            of(2, RankCause::Reported(failed(at(2)))),
            of(3, RankCause::Lost(Error::new(ErrorKind::Timeout, "a call", "it is gone"))),
        ];
        all.sort_by_key(RankFailure::order);
        assert_eq!(all.map(|failed| failed.rank), [3, 2, 1, 0]);
    }
}
