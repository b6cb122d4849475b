//! Tests that hang, and tests that end the whole process, run by `peer::main!()`; by tests/harness/runners.rs, and by nothing else.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod crashing;
mod hanging;

peer::main!();
