//! Running tests: one function under stock libtest and under nextest, whole plans of groups under `peer::main!()`.

mod after;
mod alone;
mod arguments;
mod booting;
mod case;
mod details;
mod echo;
mod engine;
mod environment;
mod event;
mod everywhere;
mod exit;
mod fault;
mod gate;
mod gist;
mod given;
mod groups;
mod home;
mod interrupt;
mod leaks;
mod live;
mod outputs;
mod paint;
mod patience;
mod plan;
mod report;
mod reporter;
mod retries;
mod rounds;
mod run;
mod runner;
mod runtime;
mod said;
mod shuffle;
mod stage;
mod stock;
mod teller;
mod tests;
mod verdict;
mod weight;
mod words;

pub(crate) use everywhere::FUNCTIONS;
pub use everywhere::Rank;
pub use given::{Given, Kind, Parts, Value};
pub use groups::{
    GROUPS, Group, HOOKS, Hook, Moment, Repeat, SUITES, Suite, Until, assert_given, ended, given, given_or_failed,
};
pub use run::main;
pub use said::{comment, skip};
pub use stock::run_test;
pub(crate) use tests::is_test_executable;
pub use tests::{Body, Flavor, Leaks, ShouldPanic, TESTS, Test, outcome, rank_outcome};
pub use verdict::TestStatus;
