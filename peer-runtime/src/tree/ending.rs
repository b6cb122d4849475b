//! Ending processes that may go on starting others: first all are stopped, until none is new, and then killed.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal};

use super::{Found, Seen, command, pid};
use crate::timeouts::{Deadline, KILLED, LOOK_AGAIN, OBEY};
use crate::wire::keeper::{KEEPER, Left};

/// How often new processes are looked for without a pause: something may start them as fast as they are stopped.
const ROUNDS: usize = 200;
/// Of how many processes the end is waited for at once.
const AWAITED: usize = 16;
/// Of how many processes there is anything to tell; a reader has no use for more.
const TOLD: usize = 200;

/// A process that was met, by its pid and its start.
type Key = (u32, u64);

/// The end of some processes, which are found anew in each step.
#[derive(Debug)]
pub(crate) struct Ending {
    met: HashSet<Key>,
    /// What there is to tell of those that had to be killed. Nothing is, of the keeper of a process that is an origin
    /// itself, and of what is below that: it would have been ended there.
    told: HashMap<Key, Option<Left>>,
    /// The process group of the peer whose leavings these are; without one there is nobody to tell anything.
    group: Option<u32>,
    deadline: Deadline,
    /// The last step met somebody new.
    growing: bool,
}

impl Ending {
    pub(crate) fn new(group: Option<u32>) -> Self {
        let deadline = Deadline::after(KILLED);
        Self { met: HashSet::new(), told: HashMap::new(), group, deadline, growing: false }
    }

    /// One step: stops and kills whatever `find` finds, and gives it; nothing if there is nothing more to find.
    pub(crate) fn step(&mut self, mut find: impl FnMut() -> Vec<Found>) -> Vec<Found> {
        self.growing = false;
        for round in 0.. {
            let mut found = find();
            self.add_lost(&mut found);
            let met = self.met.len();
            if self.stop(&found) || round >= ROUNDS {
                self.kill(&found);
                return found;
            }
            if round > 0 && self.met.len() == met {
                // Who has yet to obey needs a processor for that.
                let _ = poll(&mut [], Timespec::try_from(OBEY).ok().as_ref());
            }
        }
        Vec::new()
    }

    /// Stops them; whether they had stood still before.
    fn stop(&mut self, found: &[Found]) -> bool {
        let is_new = |process: &Found| !self.met.contains(&process.key());
        let running: Vec<_> = found.iter().filter(|process| is_new(process) || !process.seen.stands_still()).collect();
        // By their groups first: nobody in a group gets away by starting another one just now.
        signal_groups(running.iter().copied(), Signal::STOP);
        let mut still = true;
        for process in running {
            // Another user's it may be: the deadline is for that.
            let refused = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
            still &= process.seen.signal(Signal::STOP).as_ref().is_err_and(refused);
            self.growing |= self.met.insert(process.key());
        }
        still
    }

    fn kill(&mut self, found: &[Found]) {
        if self.group.is_some() {
            let mut words = Words::default();
            for process in found.iter().take(TOLD.saturating_sub(self.told.len())) {
                // Before it loses its command line.
                self.told.entry(process.key()).or_insert_with(|| describe(process, self.group, &mut words));
            }
        }
        signal_groups(found, Signal::KILL);
        for process in found {
            // An error says that it has just ended, or that it is another user's.
            let _ = process.seen.signal(Signal::KILL);
        }
    }

    /// What was met before may have lost those above it by which it was found, and not have ended yet.
    fn add_lost(&mut self, found: &mut Vec<Found>) {
        let found_again: HashSet<_> = found.iter().map(Found::key).collect();
        self.met.retain(|key| {
            if found_again.contains(key) {
                return true;
            }
            let Some(seen) = Seen::read(key.0).filter(|seen| seen.started == key.1) else { return false };
            if !seen.has_ended() {
                found.push(Found { seen, above: Vec::new() });
            }
            true
        });
    }

    /// The pids of those that were met and that somebody has yet to reap.
    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> {
        self.met.iter().map(|(pid, _)| *pid)
    }

    /// Steps until there is nothing more to find, or only what cannot be ended.
    pub(crate) fn finish(&mut self, mut find: impl FnMut() -> Vec<Found>) {
        loop {
            let found = self.step(&mut find);
            if found.is_empty() || self.is_overdue() {
                return;
            }
            await_end_of_one(&found);
        }
    }

    /// No more time is to be spent on it: what is left does not end.
    pub(crate) fn is_overdue(&self) -> bool {
        self.deadline.left().is_zero() && !self.growing
    }

    /// What there is to tell of all that had to be killed.
    pub(crate) fn told(self) -> Vec<Left> {
        let alive = |(pid, started)| Seen::read(pid).is_some_and(|seen| seen.started == started && !seen.has_ended());
        let told = self.told.into_iter().filter_map(|(key, left)| Some((key.1, Left { alive: alive(key), ..left? })));
        let mut told: Vec<_> = told.collect();
        // In the order in which they were started.
        told.sort_by_key(|(started, left)| (*started, left.pid));
        told.into_iter().map(|(_, left)| left).collect()
    }
}

impl Found {
    fn key(&self) -> Key {
        (self.seen.pid, self.seen.started)
    }
}

/// The command lines of processes that stand still, each read once, and whether it is a keeper's.
#[derive(Default)]
struct Words(HashMap<u32, (String, bool)>);

impl Words {
    fn of(&mut self, pid: u32) -> &(String, bool) {
        self.0.entry(pid).or_insert_with(|| (command(pid), is_keeper(pid)))
    }
}

/// What there is to tell of a process that is left behind by the leader of `group`.
fn describe(found: &Found, group: Option<u32>, words: &mut Words) -> Option<Left> {
    let Seen { pid, group: own_group, .. } = found.seen;
    let (command, mut kept) = words.of(pid).clone();
    let mut above = Vec::new();
    for pid in &found.above {
        let (command, is_keeper) = words.of(*pid);
        kept |= is_keeper;
        above.push((*pid, command.clone()));
    }
    (!kept).then(|| Left { pid, command, in_group: Some(own_group) == group, above, alive: false })
}

/// Signals the groups of processes. Whoever is in one of them descends from the same peer, but for the group of this process.
fn signal_groups<'a>(of: impl IntoIterator<Item = &'a Found>, signal: Signal) {
    let own = rustix::process::getpgrp();
    let members: HashMap<u32, Seen> = of.into_iter().map(|found| (found.seen.group, found.seen)).collect();
    for (group, member) in members {
        let Ok(id) = pid(group) else { continue };
        // As long as somebody is in it, its number is no other group's.
        let is_its = Seen::read(member.pid).is_some_and(|now| (now.started, now.group) == (member.started, group));
        if id != own && is_its {
            // An error says that nobody is left in it, or that they are another user's.
            let _ = rustix::process::kill_process_group(id, signal);
        }
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
