//! The harness as a user meets it: suites that cargo, nextest or a test here runs as a child, and what they print.
//!
//! The suites are in `suites/`, what they are to print is in `golden/`. `UPDATE_GOLDEN=1 cargo test --test harness` writes
//! the golden files anew; read every line of the difference.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

mod budget;
#[path = "suites/cases/cases.rs"]
mod cases;
mod golden;
mod groups;
mod reports;
mod results;
#[path = "suites/cases/rounds.rs"]
mod rounds;
mod runners;
mod runs;
mod slots;
mod suite;
#[path = "../it/support/process.rs"]
mod support;
mod whole;
