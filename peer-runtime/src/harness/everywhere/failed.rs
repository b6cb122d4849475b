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

    pub(super) fn is_lost(&self) -> bool {
        matches!(self.why, Why::Lost(_))
    }

    /// When it failed; of one that was lost that is not known.
    pub(super) fn at(&self) -> Option<SystemTime> {
        match &self.why {
            Why::Told(Told::Panicked { at, .. } | Told::Failed { at, .. } | Told::Skipped { at, .. }) => Some(*at),
            Why::Lost(_) => None,
        }
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
