//! What `peer::main!()` costs: an empty test beside libtest's, tests with nodes beside a bare loop that starts and stops
//! the same peers, and how full the slots are where tests with several nodes wait for each other.
//!
//! `cargo bench --bench harness` prints lines `name value unit ratio-to-floor` and, at the end, the marks that are met and
//! not met. `PEER_BENCH=empty,nodes` runs a part: any of `empty`, `nodes`, `slots`. All runs are processes of their own,
//! those that are compared take turns, and values are medians.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench is read on a terminal")]

use std::process::ExitCode;

#[path = "harness/bare.rs"]
mod bare;
#[path = "harness/libtest.rs"]
#[macro_use]
mod empties;
#[path = "common/marks.rs"]
mod marks;
#[path = "harness/memory.rs"]
mod memory;
#[path = "common/parts.rs"]
mod parts;
#[path = "harness/runs.rs"]
mod runs;
#[path = "harness/suite.rs"]
mod suite;
#[path = "common/table.rs"]
mod table;

use marks::{Mark, most};
use runs::{Role, Run, libtest};
use table::Table;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const PARTS: [&str; 3] = ["empty", "nodes", "slots"];

const MARKS: [Mark; 4] = [
    Mark {
        text: "an empty #[peer_test]: at most 1 ms over libtest's #[test]",
        figure: "empty_over_libtest",
        against: None,
        factor: 1.0,
        unit: " ms",
        at_least: false,
    },
    most("a test with one node: at most 5 % over a bare loop", "test_1_node", "bare_1_node", 1.05),
    most("a test with four nodes: at most 5 % over a bare loop", "test_4_nodes", "bare_4_nodes", 1.05),
    most("40 tests of 4 nodes: at most 15 % over boots and bodies by slots", "slots_40x4", "ideal_40x4", 1.15),
];

fn main() -> ExitCode {
    let outcome = match runs::role() {
        Some(Role::Suite) => return peer::__private::main(),
        Some(Role::Bare { nodes, times, wait }) => bare::run(nodes, times, wait),
        None => run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome {
    let mut table = Table::new();
    for part in parts::chosen(&PARTS)? {
        match part {
            "empty" => empty(&mut table)?,
            "nodes" => nodes(&mut table)?,
            _ => slots(&mut table)?,
        }
    }
    marks::print(&table, &MARKS);
    Ok(())
}

/// A thousand tests that do nothing, each run with as many threads as it likes.
fn empty(table: &mut Table) -> Outcome {
    let libtest = libtest()?;
    let each = |run: Run| Ok::<_, Box<dyn std::error::Error>>(run.seconds()? / f64::from(empties::TESTS));
    let (mut plain, mut stock, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..7 {
        plain.push(each(Run::of(&libtest).arg("plain::"))?);
        stock.push(each(Run::of(&libtest).arg("with_peer::"))?);
        own.push(each(Run::suite()?.arg("empties::with_peer::"))?);
    }
    let floor = table.median("libtest_empty", &plain, 1e3, "ms", None);
    table.median("empty_under_libtest", &stock, 1e3, "ms", Some(floor));
    let own = table.median("empty", &own, 1e3, "ms", Some(floor));
    table.figure("empty_over_libtest", own - floor, "ms", None);
    Ok(())
}

/// A hundred tests with nodes and nothing to do, one after the other; what a process takes without them is taken off.
fn nodes(table: &mut Table) -> Outcome {
    for (nodes, name) in [(1, "1_node"), (4, "4_nodes")] {
        let (mut bare, mut tests) = (Vec::new(), Vec::new());
        for _ in 0..7 {
            let loops =
                |times| Ok::<_, Box<dyn std::error::Error>>(bare::boots_and_bodies(nodes, times, 0)?.with_stops);
            let suite = |filter: &str| {
                Run::suite()?.arg(filter).arg("--jobs=4").arg(&format!("--test-threads={nodes}")).seconds()
            };
            bare.push((loops(suite::TESTS)? - loops(0)?) / f64::from(suite::TESTS));
            tests.push((suite(&format!("with_{name}::"))? - suite("no test at all")?) / f64::from(suite::TESTS));
        }
        let floor = table.median(format!("bare_{name}"), &bare, 1e3, "ms", None);
        table.median(format!("test_{name}"), &tests, 1e3, "ms", Some(floor));
    }
    Ok(())
}

/// Forty tests of four nodes in which each node waits, on eight slots: how long all of it takes, and what the slots would
/// need for the boots and bodies alone.
fn slots(table: &mut Table) -> Outcome {
    let (mut ideal, mut tests, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let bodies = bare::boots_and_bodies(4, suite::BUSY, suite::WAIT)?.without_stops;
        ideal.push(bodies * 4.0 / f64::from(suite::SLOTS));
        let run = Run::suite()?.arg("busy::").arg(&format!("--jobs={}", suite::SLOTS));
        let (seconds, most) = run.watched(memory::of_all_below)?;
        tests.push(seconds);
        memory.push(most);
    }
    let floor = table.median("ideal_40x4", &ideal, 1e3, "ms", None);
    table.median("slots_40x4", &tests, 1e3, "ms", Some(floor));
    table.median("memory_40x4", &memory, 1.0, "MB", None);
    Ok(())
}
