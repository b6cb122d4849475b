//! Tests that need a program besides Rust and the C linker: real servers, cargo-nextest, a validator.
//!
//! `peer::main!()` runs them: it reports a test whose program is missing as ignored, with the name of the package.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

#[path = "../harness/budget.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "other targets use the rest of it")]
mod budget;
mod installed;
mod nextest;
mod postgres;
mod redis;
#[path = "../harness/runs.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "other targets use the rest of it")]
mod runs;
mod schema;
#[path = "../harness/suite.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "other targets use the rest of it")]
mod suite;
#[path = "../it/support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "other targets use the rest of it")]
mod support;

/// The limit of each wait for a server.
fn patient(options: peer::StartOptions) -> peer::StartOptions {
    options.wait_boot(peer::WaitBoot::For(peer::UNLIMITED))
}

peer::main!();
