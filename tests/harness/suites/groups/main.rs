//! Groups that pass, fail, skip, hang and crash on purpose, which tests/harness/groups.rs runs as a user would.
//!
//! Each module is a scenario by itself. What happens in which order is written to the file that `TRACE` names.
#![allow(missing_docs, clippy::unwrap_used, clippy::unused_async, reason = "tests")]

mod abandoned;
mod barriers;
mod blocked;
mod conditions;
mod controls;
mod crashes;
mod directories;
mod dropped;
mod ends;
mod everywhere;
mod given;
mod infrastructure;
mod inits;
mod interrupted;
mod levels;
mod nodes;
mod order;
mod panics;
mod parallel;
mod repeat;
mod sequence;
mod shuffles;
mod stops;
mod traps;
mod unread;
mod verdicts;

use std::io::Write;

/// Says that something happens, in one write, so that lines do not mix.
fn trace(what: &str) {
    let Some(path) = std::env::var_os("TRACE") else { return };
    let mut file = std::fs::File::options().append(true).open(path).unwrap();
    file.write_all(format!("{what}\n").as_bytes()).unwrap();
}

peer::main!();
