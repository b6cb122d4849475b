//! The processes below one: found, described, ended.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process that is alive.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    /// Of its first thread, which may end before the others.
    state: char,
    threads: u32,
    /// With its pid, this is the process, and no later one of that pid.
    started: u64,
    command: String,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, parent, state, command, .. } = self;
        write!(f, "pid {pid}, state {state}, parent {parent}: {command}")
    }
}

impl Process {
    fn read(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // Behind the name, which may contain anything.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        // The 20th and the 22nd field of all.
        let threads = fields.nth(15)?.parse().ok()?;
        let started = fields.nth(1)?.parse().ok()?;
        let command = String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/cmdline")).ok()?).replace('\0', " ");
        Some(Self { pid, parent, state, threads, started, command })
    }

    fn is_still(&self) -> bool {
        Self::read(self.pid).is_some_and(|now| now.started == self.started)
    }

    fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X') && self.threads <= 1
    }

    /// Or as good as that: it has no thread that could be seen to run.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.state, 'T' | 't' | 'Z')
    }

    pub(crate) fn is_keeper(&self) -> bool {
        self.command.split(' ').any(|argument| argument == "--peer-keeper=1")
    }

    /// Waits until it has ended, or for the deadline.
    pub(crate) fn await_end(&self, deadline: Instant) {
        let limit = Timespec::try_from(deadline.saturating_duration_since(Instant::now())).unwrap();
        if let Some(held) = self.hold() {
            // An error says that it is time to look again.
            let _ = poll(&mut [PollFd::new(&held, PollFlags::IN)], Some(&limit));
        }
    }

    /// None where it has ended.
    fn hold(&self) -> Option<OwnedFd> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw)?;
        let held = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        self.is_still().then_some(held)
    }

    /// Sends a signal to this process, and to no later one of its pid.
    pub(crate) fn send(&self, signal: Signal) {
        if let Some(held) = self.hold() {
            // An error says that it has ended.
            let _ = pidfd_send_signal(held, signal);
        }
    }
}

/// The children of all threads of a process.
fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().flat_map(str::parse).collect::<Vec<u32>>()).collect()
}

/// Everything alive below a process. What starts or ends meanwhile may be missed, but nobody else's is found: pids are
/// used again, so a child counts only if its parent was still the same when the child was looked at.
pub(crate) fn below(root: u32) -> Vec<Process> {
    let mut pending: Vec<Process> = Process::read(root).into_iter().collect();
    let mut found: HashMap<u32, Process> = HashMap::new();
    while let Some(parent) = pending.pop() {
        let listed = children(parent.pid).into_iter().filter_map(Process::read);
        let children: Vec<Process> = listed.filter(|child| child.parent == parent.pid).collect();
        if parent.is_still() {
            for child in children {
                if found.insert(child.pid, child.clone()).is_none() {
                    pending.push(child);
                }
            }
        }
    }
    found.into_values().filter(|process| !process.has_ended()).collect()
}
