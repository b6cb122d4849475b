//! A target with hooks of its own and a time limit for all of it, run by `peer::main!()`; by tests/harness/whole.rs, and by nothing else.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod whole;

peer::main!(timetrap = "2s");
