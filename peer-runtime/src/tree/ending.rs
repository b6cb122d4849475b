//! Ending processes that may go on starting others: first all are stopped, until none is new, and then killed.

use std::collections::{HashMap, HashSet};
use std::fs;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal};

use super::{Found, Seen, command, pid};
use crate::timeouts::{Deadline, KILLED, LOOK_AGAIN};
use crate::wire::keeper::{KEEPER, Left};

/// How often new processes are looked for without a pause: something may start them as fast as they are stopped.
const ROUNDS: usize = 200;
/// Of how many processes the end is waited for at once.
const AWAITED: usize = 16;

/// The end of some processes, which are found anew in each step.
#[derive(Debug)]
pub(crate) struct Ending {
    /// By pid and start. Nothing is told of the keeper of a process that is an origin itself, and of what is below that:
    /// it would have been ended there.
    met: HashMap<(u32, u64), Option<Left>>,
    /// The process group in which nobody is left behind.
    group: Option<u32>,
    deadline: Deadline,
}

impl Ending {
    pub(crate) fn new(group: Option<u32>) -> Self {
        Self { met: HashMap::new(), group, deadline: Deadline::after(KILLED) }
    }

    /// One step: stops and kills whatever `find` finds, and gives it; nothing if there is nothing more to find.
    pub(crate) fn step(&mut self, mut find: impl FnMut() -> Vec<Found>) -> Vec<Found> {
        for round in 0.. {
            let mut found = find();
            self.add_lost(&mut found);
            let mut quiet = true;
            for process in &found {
                if self.meet(process) | !process.seen.is_stopped() {
                    // An error says that it has just ended, or that it is somebody else's; the deadline is for that.
                    quiet &= process.seen.signal(Signal::STOP).is_err();
                }
            }
            if quiet || round >= ROUNDS {
                for process in &found {
                    // The same.
                    let _ = process.seen.signal(Signal::KILL);
                }
                return found;
            }
        }
        Vec::new()
    }

    /// What was met before may have lost those above it by which it was found, and not have ended yet.
    fn add_lost(&self, found: &mut Vec<Found>) {
        let found_again: HashSet<_> = found.iter().map(|found| (found.seen.pid, found.seen.started)).collect();
        let lost = self.met.keys().filter(|key| !found_again.contains(key)).filter_map(|(pid, started)| {
            let seen = Seen::read(*pid)?;
            (seen.started == *started && !seen.has_ended()).then(|| Found { seen, above: Vec::new() })
        });
        found.extend(lost);
    }

    /// The pids of all that were met.
    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> {
        self.met.keys().map(|(pid, _)| *pid)
    }

    /// Steps until there is nothing more to find, or no more time.
    pub(crate) fn finish(&mut self, mut find: impl FnMut() -> Vec<Found>) {
        loop {
            let found = self.step(&mut find);
            if found.is_empty() || self.is_overdue() {
                return;
            }
            await_end_of_one(&found);
        }
    }

    /// Whether it is met for the first time.
    fn meet(&mut self, found: &Found) -> bool {
        let Seen { started, group, .. } = found.seen;
        let own = found.seen.pid;
        let new = !self.met.contains_key(&(own, started));
        if new {
            let kept = std::iter::once(&own).chain(&found.above).any(|pid| is_keeper(*pid));
            let left = (!kept).then(|| {
                let above = found.above.iter().map(|pid| (*pid, command(*pid))).collect();
                let in_group = Some(group) == self.group;
                Left { pid: own, command: command(own), in_group, above, alive: false }
            });
            self.met.insert((own, started), left);
        }
        new
    }

    /// No more time is to be spent on it.
    pub(crate) fn is_overdue(&self) -> bool {
        self.deadline.left().is_zero()
    }

    /// What there is to tell of all that were met.
    pub(crate) fn told(self) -> Vec<Left> {
        let alive = |pid, started| Seen::read(pid).is_some_and(|seen| seen.started == started && !seen.has_ended());
        let told = self.met.into_iter().filter_map(|((pid, started), left)| {
            let left = left?;
            Some((started, Left { alive: alive(pid, started), ..left }))
        });
        let mut told: Vec<_> = told.collect();
        // In the order in which they were started.
        told.sort_by_key(|(started, left)| (*started, left.pid));
        told.into_iter().map(|(_, left)| left).collect()
    }
}

fn is_keeper(pid: u32) -> bool {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    words.split(|byte| *byte == 0).nth(1) == Some(KEEPER.as_bytes())
}

/// Waits for a moment, or until one of them has ended.
fn await_end_of_one(found: &[Found]) {
    let held: Vec<_> = found
        .iter()
        .take(AWAITED)
        .filter_map(|found| rustix::process::pidfd_open(pid(found.seen.pid).ok()?, PidfdFlags::empty()).ok())
        .collect();
    let mut polls: Vec<_> = held.iter().map(|held| PollFd::new(held, PollFlags::IN)).collect();
    // An error says that looking again is all that can be done.
    let _ = poll(&mut polls, Timespec::try_from(LOOK_AGAIN).ok().as_ref());
}
