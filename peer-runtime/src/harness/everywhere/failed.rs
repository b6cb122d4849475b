//! Why a body did not pass in one of its nodes: as the node tells it, and as a reader is told.

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::panic::RemotePanic;

/// Why a body did not pass, in the words of its node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Told {
    Panicked { panic: RemotePanic, at: SystemTime },
    Failed { text: String, place: Option<String>, infrastructure: bool, at: SystemTime },
    Skipped { why: String, at: SystemTime },
}

/// Why a body did not pass.
#[derive(Debug)]
pub(crate) enum Why {
    Told(Told),
    /// Its node said nothing more.
    Lost(Error),
}

/// The rank that ended all.
#[derive(Debug)]
pub struct FailedRank {
    pub(super) rank: usize,
    pub(super) of: usize,
    pub(super) node: String,
    pub(super) why: Why,
    /// Those that failed after it.
    pub(super) then: Vec<String>,
    /// Those that had not ended by then.
    pub(super) running: Vec<usize>,
}

impl FailedRank {
    /// Which one it is.
    pub(crate) fn whose(&self) -> String {
        format!("rank {} of {}, `{}`", self.rank, self.of, self.node)
    }

    /// In which order they are causes. The end of a node is what others fail by, and is told later than they fail; else it is by
    /// time. A skip comes behind all that failed, which it would hide otherwise.
    pub(super) fn order(&self) -> (bool, Option<SystemTime>, usize) {
        let (is_skip, at) = match &self.why {
            Why::Lost(_) => (false, None),
            Why::Told(Told::Panicked { at, .. } | Told::Failed { at, .. }) => (false, Some(*at)),
            Why::Told(Told::Skipped { at, .. }) => (true, Some(*at)),
        };
        (is_skip, at, self.rank)
    }

    /// Whether a peer of the rank could not boot, and that is not the fault of the test.
    pub(crate) fn is_infrastructure(&self) -> bool {
        matches!(self.why, Why::Told(Told::Failed { infrastructure: true, .. }))
    }

    pub(crate) fn panic(&self) -> Option<&RemotePanic> {
        match &self.why {
            Why::Told(Told::Panicked { panic, .. }) => Some(panic),
            _ => None,
        }
    }

    /// Where, as far as that is known.
    pub(crate) fn place(&self) -> Option<String> {
        match &self.why {
            Why::Told(Told::Panicked { panic, .. }) => Some(panic.location().to_owned()),
            Why::Told(Told::Failed { place, .. }) => place.clone(),
            _ => None,
        }
    }

    /// What went wrong, without the place and the backtrace.
    pub(crate) fn reason(&self) -> String {
        match &self.why {
            Why::Told(Told::Panicked { panic, .. }) => format!("panicked: {}", panic.message()),
            Why::Told(Told::Failed { text, .. }) => format!("failed: {text}"),
            Why::Told(Told::Skipped { why, .. }) => format!("skipped: {why}"),
            Why::Lost(error) => match error.down_reason() {
                // What it printed is told with all the rest.
                Some(reason) => format!("went down: {reason}"),
                None => format!("was lost: {error}"),
            },
        }
    }
}

/// All about it, in lines for a reader.
impl fmt::Display for FailedRank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Told(Told::Panicked { panic, .. }) => fmt::Display::fmt(panic, f)?,
            Why::Told(Told::Failed { text, place: Some(place), .. }) => write!(f, "failed at {place}:\n{text}")?,
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
    use crate::error::Kind;

    #[test]
    fn what_failed_comes_before_a_skip_and_the_end_of_a_node_before_all() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let failed = |at| Told::Failed { text: "no quorum".to_owned(), place: None, infrastructure: false, at };
        let of =
            |rank, why| FailedRank { rank, of: 4, node: "a@b".to_owned(), why, then: Vec::new(), running: Vec::new() };
        let mut all = [
            of(0, Why::Told(Told::Skipped { why: "not here".to_owned(), at: at(1) })),
            of(1, Why::Told(failed(at(3)))),
            of(2, Why::Told(failed(at(2)))),
            of(3, Why::Lost(Error::new(Kind::Timeout, "a call", "it is gone"))),
        ];
        all.sort_by_key(FailedRank::order);
        assert_eq!(all.map(|failed| failed.rank), [3, 2, 1, 0]);
    }
}
