//! Running tests: one function under stock libtest and under nextest, whole plans of groups under `peer::main!()`.

mod body;
mod event;
mod given;
mod groups;
mod leaks;
mod report;
mod run;
mod tests;
mod verdict;

pub use given::{Given, Kind, Parts, Value};
pub use groups::{GROUPS, Group, HOOKS, Hook, Moment, Repeat, Until, ended, given, given_or_failed};
pub use run::{main, run_test};
pub(crate) use tests::is_test_executable;
pub use tests::{Flavor, Leaks, ShouldPanic, TESTS, Test, outcome};
pub use verdict::TestStatus;
