//! The same as tests/suite_hanging.rs under the stock harness.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

#[path = "suite/hanging.rs"]
mod hanging;
