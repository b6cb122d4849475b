//! Inside a node: what its code sees, what it can do, and what becomes of what it prints.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "tests and what they run in nodes")]

mod console;
mod ends;
mod faults;
mod identity;
mod messages;
mod traffic;
#[path = "../otp_cases/util.rs"]
mod util;
