//! Tests that run in a process of their own, and the processes of this machine.

use std::path::Path;
use std::process::Command;

use super::{command, within};

/// Runs an ignored test of the calling module in a process of its own, its output shown.
///
/// So does what sets something of the whole process, counts its children or descriptors, or ends its keeper: in this
/// process others run beside it.
macro_rules! driven {
    ($test:expr) => {
        crate::support::driven(&crate::support::test_name(module_path!(), &$test))
    };
}

/// What libtest calls a test of this module.
pub(crate) fn test_name(module: &str, test: &str) -> String {
    match module.split_once("::") {
        Some((_, module)) => format!("{module}::{test}"),
        None => test.to_owned(),
    }
}

/// What [`driven!`] runs: the test of this name.
pub(crate) fn driven(test: &str) -> Command {
    let mut command = command(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", test, "--nocapture", "--test-threads=1"]);
    command
}

/// The value of an environment variable that the driving test sets.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: another test runs this one"))
}

/// The port that the driving test listens on.
pub(crate) fn driver_port() -> u16 {
    variable("PEER_TEST_PORT").parse().unwrap()
}

/// Lets a process that waits for a line from `fifo` go on.
#[track_caller]
pub(crate) fn release(fifo: &Path) {
    let fifo = fifo.to_owned();
    within("the reader of a fifo", move || std::fs::write(fifo, "go\n")).unwrap();
}

/// All processes of this machine, also those that have ended and are not reaped.
pub(crate) fn processes() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// The parent of a process; none if there is no such process.
pub(crate) fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which may contain anything, and the state.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

pub(crate) fn children(of: u32) -> Vec<u32> {
    processes().into_iter().filter(|pid| parent(*pid) == Some(of)).collect()
}

/// Everything below a process.
pub(crate) fn descendants(of: u32) -> Vec<u32> {
    let children = children(of);
    children.iter().copied().chain(children.iter().flat_map(|child| descendants(*child))).collect()
}
