//! The same as `suite_hanging` under the stock harness.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod hanging;
