//! Tests that hang, and tests that end the whole process, run by `peer::main!()`; by tests/runners, and by nothing else.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

#[path = "suite/crashing.rs"]
mod crashing;
#[path = "suite/hanging.rs"]
mod hanging;

peer::main!();
