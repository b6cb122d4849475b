//! The same as `suite_whole` under the stock harness, where `peer::main!` gives the time limit, and nothing else.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod whole;

peer::main!(timetrap = "2s");
