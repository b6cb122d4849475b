//! The harness, first form: one test function under stock libtest, and under `peer::main!()`.

mod body;
mod leaks;
mod report;
mod run;
mod tests;

pub use run::{main, run_test};
pub(crate) use tests::is_test_executable;
pub use tests::{Flavor, Leaks, ShouldPanic, TESTS, Test, outcome};
