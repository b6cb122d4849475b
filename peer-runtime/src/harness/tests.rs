//! What a link-time table holds: the tests of this executable.

use std::any::Any;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::everywhere::Rank;
use super::fault::Fault;
use super::given::{Kind, Parts};
use super::groups::Repeat;
use crate::failure::Failure;
use crate::options::Connection;
use crate::panic;
use crate::registry::Place;

/// Every `#[peer_test]` that is linked into this executable.
#[cfg(not(test))]
#[linkme::distributed_slice]
pub static TESTS: [Test];

/// None: the unit tests of this crate link it a second time, by way of `peer`, and a table is there once.
#[cfg(test)]
pub static TESTS: [Test; 0] = [];

/// Which runtime a test's body gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    /// One thread, as in `#[tokio::test]`.
    CurrentThread,
    /// Several threads.
    MultiThread,
}

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

/// What becomes of processes that a test's peers left behind, and that had to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaks {
    /// They are told.
    Report,
    /// They fail the test.
    Fail,
}

/// What a test's body comes to.
pub(super) type Doing = Pin<Box<dyn Future<Output = Result<(), Fault>>>>;

/// What a test does in each of its nodes.
pub(super) type RankBody = fn(Rank) -> Doing;

/// What a test does, and where.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// In the process of the test, on what it takes.
    Here(fn(Parts) -> Doing),
    /// In every node, each of which is told its rank.
    Everywhere(RankBody),
}

/// A test with nodes.
#[derive(Debug)]
pub struct Test {
    /// Its module, the crate included.
    pub module: &'static str,
    /// Its function.
    pub name: &'static str,
    /// Where it is written.
    pub place: Place,
    /// The reason of `#[ignore]`, empty if none is given.
    pub ignore: Option<&'static str>,
    /// What `#[should_panic]` says.
    pub should_panic: ShouldPanic,
    /// How many nodes the test is given; 0 for none.
    pub nodes: u32,
    /// The control connection of its nodes.
    pub connection: Connection,
    /// Its time limit, if not the usual one.
    pub timetrap: Option<Duration>,
    /// Its runtime.
    pub flavor: Flavor,
    /// The threads of that.
    pub worker_threads: Option<usize>,
    /// What it does about leaks.
    pub leaks: Leaks,
    /// What it takes of what inits give.
    pub wants: &'static [Kind],
    /// How often it is run.
    pub repeat: Repeat,
    /// How often it is tried again if it fails.
    pub retries: u32,
    /// How many nodes it counts for, if not as many as it has.
    pub weight: Option<u32>,
    /// Nothing else runs beside it.
    pub exclusive: bool,
    /// Whether each of its nodes works in a directory of its own.
    pub own_dirs: bool,
    /// What it does.
    pub body: Body,
}

impl Test {
    /// The name by which libtest would list it: its path within the crate.
    pub(crate) fn path(&self) -> String {
        match self.module.split_once("::") {
            Some((_, module)) => format!("{module}::{}", self.name),
            None => self.name.to_owned(),
        }
    }

    /// Whether an end with this fault, or with none, is the one that it is to have.
    pub(super) fn passes(&self, fault: Option<&Fault>) -> bool {
        match (self.should_panic, fault) {
            (ShouldPanic::No, None) | (ShouldPanic::Yes, Some(Fault::Panicked { .. })) => true,
            (ShouldPanic::With(expected), Some(Fault::Panicked { payload, .. })) => {
                panic::message(&**payload).contains(expected)
            }
            (ShouldPanic::Yes, Some(Fault::InRank(failed))) => failed.panic().is_some(),
            (ShouldPanic::With(expected), Some(Fault::InRank(failed))) => {
                failed.panic().is_some_and(|panic| panic.message().contains(expected))
            }
            _ => false,
        }
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

/// What a test may return: nothing, or a `Result` of nothing with any error that can be printed.
pub trait Outcome {
    /// Passed, or why not.
    fn into_result(self) -> Result<(), Fault>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), Fault> {
        Ok(())
    }
}

impl<E: Debug + 'static> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), Fault> {
        self.map_err(|error| {
            let text = format!("{error:?}");
            // Of its own errors a test knows the place.
            let error = match (Box::new(error) as Box<dyn Any>).downcast::<Failure>() {
                Ok(failure) => return Fault::Failed(*failure),
                Err(error) => error,
            };
            error.downcast().map_or(Fault::Returned(text), |error| Fault::Error(*error))
        })
    }
}

/// What a test's body came to.
pub fn outcome(outcome: impl Outcome) -> Result<(), Fault> {
    outcome.into_result()
}

/// What a body that runs in the nodes came to there.
pub fn rank_outcome(outcome: impl RankOutcome) -> Result<(), Fault> {
    outcome.into_result()
}

/// What a body that runs in the nodes may return.
pub trait RankOutcome: Outcome {}

impl RankOutcome for () {}

impl RankOutcome for Result<(), Failure> {}

#[cfg(test)]
impl Test {
    /// One that passes, for tests of what runs it.
    pub(super) const PASSES: Self = Self {
        module: "suite::sample",
        name: "passes",
        place: Place { file: "suite.rs", line: 3, column: 1, written: (3, 1) },
        ignore: None,
        should_panic: ShouldPanic::No,
        nodes: 0,
        connection: Connection::StandardIo,
        timetrap: None,
        flavor: Flavor::CurrentThread,
        worker_threads: None,
        leaks: Leaks::Report,
        wants: &[],
        repeat: Repeat::ONCE,
        retries: 0,
        weight: None,
        exclusive: false,
        own_dirs: false,
        body: Body::Here(|_| Box::pin(async { Ok(()) })),
    };
}
