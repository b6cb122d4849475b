//! Groups that pass, fail, skip, hang and crash on purpose, which tests/groups.rs runs as a user would.
//!
//! Each module is a scenario by itself. What happens in which order is written to the file that `TRACE` names.
#![allow(missing_docs, clippy::unwrap_used, clippy::unused_async, reason = "tests")]

#[path = "suite/groups/abandoned.rs"]
mod abandoned;
#[path = "suite/groups/barriers.rs"]
mod barriers;
#[path = "suite/groups/blocked.rs"]
mod blocked;
#[path = "suite/groups/conditions.rs"]
mod conditions;
#[path = "suite/groups/controls.rs"]
mod controls;
#[path = "suite/groups/crashes.rs"]
mod crashes;
#[path = "suite/groups/directories.rs"]
mod directories;
#[path = "suite/groups/dropped.rs"]
mod dropped;
#[path = "suite/groups/ends.rs"]
mod ends;
#[path = "suite/groups/everywhere.rs"]
mod everywhere;
#[path = "suite/groups/given.rs"]
mod given;
#[path = "suite/groups/infrastructure.rs"]
mod infrastructure;
#[path = "suite/groups/inits.rs"]
mod inits;
#[path = "suite/groups/interrupted.rs"]
mod interrupted;
#[path = "suite/groups/levels.rs"]
mod levels;
#[path = "suite/groups/nodes.rs"]
mod nodes;
#[path = "suite/groups/order.rs"]
mod order;
#[path = "suite/groups/panics.rs"]
mod panics;
#[path = "suite/groups/parallel.rs"]
mod parallel;
#[path = "suite/groups/repeat.rs"]
mod repeat;
#[path = "suite/groups/sequence.rs"]
mod sequence;
#[path = "suite/groups/shuffles.rs"]
mod shuffles;
#[path = "suite/groups/stops.rs"]
mod stops;
#[path = "suite/groups/traps.rs"]
mod traps;
#[path = "suite/groups/unread.rs"]
mod unread;
#[path = "suite/groups/verdicts.rs"]
mod verdicts;

use std::io::Write;

/// Says that something happens, in one write, so that lines do not mix.
fn trace(what: &str) {
    let Some(path) = std::env::var_os("TRACE") else { return };
    let mut file = std::fs::File::options().append(true).open(path).unwrap();
    file.write_all(format!("{what}\n").as_bytes()).unwrap();
}

peer::main!();
