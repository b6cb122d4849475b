//! The processes below one: found, described, ended.

use std::fmt;
use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// A process that is alive.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    state: char,
    command: String,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, parent, state, command } = self;
        write!(f, "pid {pid}, state {state}, parent {parent}: {command}")
    }
}

impl Process {
    /// None where it has ended, reaped or not.
    fn read(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // Behind the name, which may contain anything.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let command = String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/cmdline")).ok()?).replace('\0', " ");
        (!matches!(state, 'Z' | 'X')).then_some(Self { pid, parent, state, command })
    }

    pub(crate) fn is_keeper(&self) -> bool {
        self.command.split(' ').any(|argument| argument == "--peer-keeper=1")
    }
}

/// The children of all threads of a process.
fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().flat_map(str::parse).collect::<Vec<u32>>()).collect()
}

/// Everything alive below a process. What starts or ends meanwhile may be missed.
pub(crate) fn below(pid: u32) -> Vec<Process> {
    let mut pending = children(pid);
    let mut found: Vec<Process> = Vec::new();
    while let Some(pid) = pending.pop() {
        if !found.iter().any(|process| process.pid == pid) {
            pending.extend(children(pid));
            found.extend(Process::read(pid));
        }
    }
    found
}

/// Sends a signal to a process of ours, which is not reaped by anybody else, or is one of those that are.
pub(crate) fn send(signal: Signal, pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // An error says that it has ended.
        let _ = kill_process(pid, signal);
    }
}
