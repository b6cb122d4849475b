//! What a target declares: its tests, groups and hooks, in link-time tables.

mod body;
mod fixture;
mod group;
mod hook;
mod inputs;
mod moment;
mod rank;
mod runtime;
mod status;
mod test;

pub use body::outcome;
pub(crate) use body::{BodyError, BodyFuture};
pub use fixture::Kind;
pub(crate) use fixture::{Fixtures, Value};
pub use group::{GROUPS, Group, Repeat, SUITES, Suite, Until};
pub use hook::{HOOKS, Hook, Infallible, Returned, ended};
pub use inputs::{FromInputs, Inputs, Requirement, Role};
pub use moment::Moment;
pub use rank::Rank;
pub use runtime::Flavor;
pub(crate) use runtime::RuntimeSpec;
pub use status::TestStatus;
pub use test::{Body, Leaks, ShouldPanic, TESTS, Test};
pub(crate) use test::{is_test_executable, tests};
