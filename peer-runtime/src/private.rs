//! All that generated code may touch. Not public API: it changes without notice.

pub use linkme;

#[cfg(feature = "test")]
pub use crate::harness::{
    Body, Flavor, GROUPS, Given, Group, HOOKS, Hook, Kind, Leaks, Moment, Parts, Repeat, SUITES, ShouldPanic, Suite,
    TESTS, Test, Until, Value, assert_given, ended, given, given_or_failed, main, outcome, rank_outcome, run_test,
};
pub use crate::options::{Connection, StartOptions};
pub use crate::registry::{
    Handler, Place, REMOTE_FUNCTIONS, RemoteFunction, answer, answer_async, assert_argument, assert_result,
};
pub use crate::scope::{ct_peer, ct_peer_name, ct_peer_name_of};
