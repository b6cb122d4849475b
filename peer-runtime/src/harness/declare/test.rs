//! Tests.

use std::time::Duration;

use super::body::BodyFuture;
use super::group::Repeat;
use super::inputs::{Inputs, Requirement};
use super::runtime::{Flavor, RuntimeSpec};
use crate::options::Connection;
use crate::registry::SourceLocation;

/// Every `#[peer_test]` of this executable.
#[cfg(not(test))]
#[linkme::distributed_slice]
pub static TESTS: [Test];
/// Empty: the unit tests of this crate link it twice, and a table may exist once.
#[cfg(test)]
pub static TESTS: [Test; 0] = [];

/// Whether a test passes by panicking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShouldPanic {
    /// A panic fails it.
    No,
    /// With any message.
    Yes,
    /// With a message that contains this text.
    With(&'static str),
}

/// What the processes that a test leaked mean for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaks {
    /// They are reported.
    Report,
    /// They fail the test.
    Fail,
}

/// Where the body of a test runs.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// In the process of the test.
    Here(fn(Inputs) -> BodyFuture),
    /// In every node of the test, each with its rank among the inputs.
    Everywhere(fn(Inputs) -> BodyFuture),
}

/// A test with nodes.
#[derive(Debug)]
pub struct Test {
    /// Its module, the crate included.
    pub module: &'static str,
    /// Its function.
    pub name: &'static str,
    /// Where it is defined.
    pub place: SourceLocation,
    /// The reason of `#[ignore]`, empty if none is given.
    pub ignore: Option<&'static str>,
    /// What `#[should_panic]` says.
    pub should_panic: ShouldPanic,
    /// How many nodes it has.
    pub nodes: u32,
    /// The control connection of its nodes.
    pub connection: Connection,
    /// Its time limit, if not that of its group.
    pub timetrap: Option<Duration>,
    /// Its runtime.
    pub flavor: Flavor,
    /// The threads of a multi-threaded runtime.
    pub worker_threads: Option<usize>,
    /// What leaks mean for it.
    pub leaks: Leaks,
    /// What its parameters require.
    pub requires: &'static [Requirement],
    /// How often it runs.
    pub repeat: Repeat,
    /// How often it runs again after a failure.
    pub retries: u32,
    /// How many nodes it counts for, if not as many as it has.
    pub weight: Option<u32>,
    /// No other test runs beside it.
    pub exclusive: bool,
    /// Whether each of its nodes works in a directory of its own.
    pub own_dirs: bool,
    /// Its body.
    pub body: Body,
}

impl Test {
    /// What `#[peer_test]` without arguments means.
    pub const DEFAULT: Self = Self {
        module: "",
        name: "",
        place: SourceLocation::NONE,
        ignore: None,
        should_panic: ShouldPanic::No,
        nodes: 0,
        connection: Connection::StandardIo,
        timetrap: None,
        flavor: Flavor::CurrentThread,
        worker_threads: None,
        leaks: Leaks::Report,
        requires: &[],
        repeat: Repeat::ONCE,
        retries: 0,
        weight: None,
        exclusive: false,
        own_dirs: false,
        body: Body::Here(|_| Box::pin(async { Ok(()) })),
    };

    /// Its path within the crate, as libtest lists it.
    pub(crate) fn path(&self) -> String {
        match self.module.split_once("::") {
            Some((_, module)) => format!("{module}::{}", self.name),
            None => self.name.to_owned(),
        }
    }

    /// The runtime of its body.
    pub(crate) fn runtime(&self) -> RuntimeSpec {
        RuntimeSpec { flavor: self.flavor, worker_threads: self.worker_threads }
    }
}

/// The tests in the order of the sources.
pub(crate) fn tests() -> Vec<&'static Test> {
    let mut tests: Vec<_> = TESTS.iter().collect();
    tests.sort_by_key(|test| (test.place, test.module, test.name));
    tests
}

/// Whether this is a test executable: its main runs tests, and must not do so in a node.
pub(crate) fn is_test_executable() -> bool {
    !TESTS.is_empty()
}

#[cfg(test)]
impl Test {
    /// A test that passes, for unit tests of what runs tests.
    pub(crate) const PASSES: Self = Self {
        module: "suite::sample",
        name: "passes",
        place: SourceLocation { file: "suite.rs", line: 3, column: 1, written: (3, 1) },
        ..Self::DEFAULT
    };
}
