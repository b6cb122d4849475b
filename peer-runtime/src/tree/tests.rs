//! Real processes, found and ended.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::timeouts::{Deadline, KILLED};

/// A shell below which `script` runs, with a tag; it has started everything when it says so.
fn start(tag: ProcessTag, script: &str) -> Child {
    let mut command = Command::new("prlimit");
    command.arg(format!("--locks={tag}:")).args(["sh", "-c", script]).process_group(0);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    child
}

fn pids(found: &[Found]) -> HashSet<u32> {
    found.iter().map(|found| found.seen.pid).collect()
}

const TREE: &str = "sleep 100 & sh -c 'sleep 101 & sleep 102 & wait' & echo ready; wait";

#[test]
fn both_ways_of_searching_find_the_same() {
    let mut shell = start(1 << 41 | 1, TREE);
    let roots = Roots::Pids(vec![shell.id()]);
    let deadline = Deadline::after(KILLED);
    // The inner shell starts its own after the outer one has said that it is ready.
    let all = loop {
        let found = Search::new().below(&roots);
        if found.len() == 5 || deadline.left().is_zero() {
            break found;
        }
        std::thread::yield_now();
    };
    assert_eq!(all.len(), 5, "{all:?}");
    assert_eq!(pids(&all), pids(&Search::scanning().below(&roots)));
    assert_eq!(pids(&all), pids(&Search::new().below(&Roots::Tags([1 << 41 | 1].into()))));
    let inner = all.iter().find(|found| command(found.seen.pid) == "sleep 101").unwrap();
    assert_eq!((inner.ancestors.len(), inner.ancestors[1]), (2, shell.id()));

    let mut ending = SubtreeKill::new(Some(shell.id()));
    ending.finish(|| Search::new().below(&roots));
    let leaked = ending.leaked();
    assert_eq!(leaked.len(), 5, "{leaked:?}");
    assert!(leaked.iter().all(|left| left.in_group && !left.alive));
    shell.wait().unwrap();
}

#[test]
fn a_later_process_of_the_same_pid_is_left_alone() {
    let mut shell = start(1 << 41 | 3, "echo ready; exec sleep 100");
    let seen = Seen::read(shell.id()).unwrap();
    let earlier = Seen { started: seen.started - 1, ..seen };
    assert!(earlier.signal(rustix::process::Signal::KILL).is_err());
    assert!(!Seen::read(shell.id()).unwrap().has_ended());
    seen.signal(rustix::process::Signal::KILL).unwrap();
    shell.wait().unwrap();
}
