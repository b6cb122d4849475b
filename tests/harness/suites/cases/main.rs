//! A target with `harness = false`, which tests/harness runs as a user would.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

mod cases;

peer::main!();
