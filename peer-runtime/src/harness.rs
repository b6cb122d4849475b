//! Running tests: `declare` <- `outcome` <- `event` <- `plan` <- `run`, and `report`, which turns events into text. `cli` and
//! `stock` put them together.

mod cli;
mod declare;
mod event;
mod everywhere;
mod outcome;
mod plan;
mod report;
mod run;
mod runner;
mod running;
mod settings;
mod skip;
mod stock;

pub use cli::main;
pub(crate) use declare::is_test_executable;
pub use declare::*;
pub(crate) use everywhere::FUNCTIONS;
pub use skip::{comment, skip};
pub use stock::run_test;
