//! All that generated code may touch. Not public API: it changes without notice.

pub use linkme;

#[cfg(feature = "test")]
pub use crate::harness::{
    Body, Flavor, FromInputs, GROUPS, Group, HOOKS, Hook, Infallible, Inputs, Kind, Leaks, Moment, Repeat, Requirement,
    Returned, Role, SUITES, ShouldPanic, Suite, TESTS, Test, Until, ended, main, outcome, run_test,
};
pub use crate::options::{Connection, StartOptions};
pub use crate::registry::{
    Handler, REMOTE_FUNCTIONS, RemoteFunction, SourceLocation, answer, answer_async, assert_sendable,
};
pub use crate::scope::{ct_peer, ct_peer_name, ct_peer_name_of};
