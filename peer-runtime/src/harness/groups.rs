//! What link-time tables hold besides tests: groups of tests, and the hooks around them.

use std::any::{Any, TypeId};
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::fault::Fault;
use super::given::{Kind, Parts, Value};
use super::tests::Outcome;
use crate::registry::Place;
use crate::timeouts::TIMETRAP;

/// Every `#[peer_group]` that is linked into this executable.
#[cfg(not(test))]
#[linkme::distributed_slice]
pub static GROUPS: [Group];

/// Every hook of a group or of the suite.
#[cfg(not(test))]
#[linkme::distributed_slice]
pub static HOOKS: [Hook];

/// What `peer::main!` says of its target, if it says anything.
#[cfg(not(test))]
#[linkme::distributed_slice]
pub static SUITES: [Suite];

/// None, as there are no tests.
#[cfg(test)]
pub static SUITES: [Suite; 0] = [];
/// None, as there are no tests.
#[cfg(test)]
pub static GROUPS: [Group; 0] = [];
/// None, as there are no tests.
#[cfg(test)]
pub static HOOKS: [Hook; 0] = [];

/// A condition on the direct children of a round, after which there is no further one.
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

/// How often something is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// At most so often; 0 is never.
    pub rounds: u32,
    /// Less often, if this comes true.
    pub until: Option<Until>,
}

impl Repeat {
    /// Once.
    pub const ONCE: Self = Self { rounds: 1, until: None };
}

/// A module of tests.
#[derive(Debug)]
pub struct Group {
    /// The module itself, the crate included.
    pub module: &'static str,
    /// Where it is written.
    pub place: Place,
    /// One after the other, until one fails; otherwise side by side.
    pub sequence: bool,
    /// In an order by chance.
    pub shuffle: bool,
    /// Where that order comes from, unless somebody asks for another one when it runs.
    pub seed: Option<u64>,
    /// How often.
    pub repeat: Repeat,
    /// The time limit of its tests and hooks, if not that of the group around it.
    pub timetrap: Option<Duration>,
    /// How many nodes its init starts, if they count for anything.
    pub weight: Option<u32>,
}

/// A whole target.
#[derive(Debug)]
pub struct Suite {
    /// The time limit of its tests and hooks that have none from a group or of their own.
    pub timetrap: Option<Duration>,
    /// How many nodes its init starts, if they count for anything.
    pub weight: Option<u32>,
}

/// The time limit where neither a test nor a group says one.
pub(super) fn timetrap_of_suite() -> Duration {
    SUITES.iter().find_map(|suite| suite.timetrap).unwrap_or(TIMETRAP)
}

/// How many slots the suite holds.
pub(super) fn weight_of_suite() -> Option<u32> {
    SUITES.iter().find_map(|suite| suite.weight)
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before everything.
    InitPerSuite,
    /// After everything.
    EndPerSuite,
    /// Before the first test of a group.
    InitPerGroup,
    /// After the last one.
    EndPerGroup,
    /// Before each test.
    InitPerTestcase,
    /// After each test.
    EndPerTestcase,
}

/// What a hook's body comes to.
pub(super) type HookBody = Pin<Box<dyn Future<Output = Result<Option<Value>, Fault>>>>;

/// A function that runs around tests.
#[derive(Debug)]
pub struct Hook {
    /// The module of its group, the crate included; for hooks of the suite the module that it is written in.
    pub module: &'static str,
    /// When it runs.
    pub moment: Moment,
    /// Where it is written.
    pub place: Place,
    /// What it takes of what others give.
    pub wants: &'static [Kind],
    /// What it gives to those below it.
    pub gives: Option<Kind>,
    /// What it does.
    pub run: fn(Parts) -> HookBody,
}

/// Asks for what generated code says at the definition of an init.
pub fn assert_given<T: Send + Sync + 'static>() {}

/// What an init that cannot fail returned.
pub fn given<T: Any + Send + Sync>(value: T) -> Result<Option<Value>, Fault> {
    // Nothing is nothing to give.
    let is_nothing = TypeId::of::<T>() == TypeId::of::<()>();
    Ok((!is_nothing).then(|| Arc::new(value) as Value))
}

/// What an init that can fail returned.
pub fn given_or_failed<T: Any + Send + Sync, E: Debug + 'static>(result: Result<T, E>) -> Result<Option<Value>, Fault> {
    match result {
        Ok(value) => given(value),
        Err(error) => Err::<(), E>(error).into_result().map(|()| None),
    }
}

/// What an end came to.
pub fn ended(outcome: impl Outcome) -> Result<Option<Value>, Fault> {
    outcome.into_result().map(|()| None)
}
