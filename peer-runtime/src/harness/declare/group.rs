//! Groups of tests and the target as a whole.

use std::time::Duration;

use crate::registry::SourceLocation;
use crate::timeouts::TIMETRAP;

/// Every `#[peer_group]` of this executable.
#[cfg(not(test))]
#[linkme::distributed_slice]
pub static GROUPS: [Group];
/// Empty: the unit tests of this crate link it twice, and a table may exist once.
#[cfg(test)]
pub static GROUPS: [Group; 0] = [];

/// The arguments of `peer::main!`, if it has any.
#[cfg(not(test))]
#[linkme::distributed_slice]
pub static SUITES: [Suite];
/// Empty, as [`GROUPS`] is.
#[cfg(test)]
pub static SUITES: [Suite; 0] = [];

/// A condition on the direct children of a round that ends the repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// One of them failed.
    AnyFail,
    /// One of them passed.
    AnyOk,
    /// All of them failed.
    AllFail,
    /// All of them passed.
    AllOk,
}

/// How often a test or a group runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The maximum; 0 runs it never.
    pub rounds: u32,
    /// Ends the repetition earlier.
    pub until: Option<Until>,
}

impl Repeat {
    /// Once.
    pub const ONCE: Self = Self { rounds: 1, until: None };
}

/// A module of tests.
#[derive(Debug)]
pub struct Group {
    /// The path of the module, the crate included.
    pub module: &'static str,
    /// Where it is defined.
    pub place: SourceLocation,
    /// Its tests run one after the other until one fails; otherwise side by side.
    pub sequence: bool,
    /// Its tests run in a random order.
    pub shuffle: bool,
    /// The seed of that order, unless the run has one.
    pub seed: Option<u64>,
    /// How often it runs.
    pub repeat: Repeat,
    /// The time limit of its tests and hooks, if not that of the group around it.
    pub timetrap: Option<Duration>,
    /// How many nodes its init starts, for the budget.
    pub weight: Option<u32>,
}

impl Group {
    /// What `#[peer_group]` without arguments means.
    pub const DEFAULT: Self = Self {
        module: "",
        place: SourceLocation::NONE,
        sequence: false,
        shuffle: false,
        seed: None,
        repeat: Repeat::ONCE,
        timetrap: None,
        weight: None,
    };
}

/// A test target.
#[derive(Debug)]
pub struct Suite {
    /// The time limit of tests and hooks that have none of their own.
    pub timetrap: Option<Duration>,
    /// How many nodes its init starts, for the budget.
    pub weight: Option<u32>,
}

impl Suite {
    /// What `peer::main!` without arguments means.
    pub const DEFAULT: Self = Self { timetrap: None, weight: None };

    /// The time limit where neither a test nor a group has one.
    pub(crate) fn timetrap() -> Duration {
        SUITES.iter().find_map(|suite| suite.timetrap).unwrap_or(TIMETRAP)
    }

    /// How many nodes the suite's init starts, for the budget.
    pub(crate) fn weight() -> Option<u32> {
        SUITES.iter().find_map(|suite| suite.weight)
    }
}
