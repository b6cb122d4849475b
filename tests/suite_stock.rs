//! The same as tests/suite_whole.rs under the stock harness, where `peer::main!` gives the time limit, and nothing else.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

#[path = "suite/whole.rs"]
mod whole;

peer::main!(timetrap = "2s");
