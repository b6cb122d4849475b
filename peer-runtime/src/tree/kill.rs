//! Kills a subtree of processes that may start others meanwhile: stops all of them until a search finds no new one, then kills.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal};

use super::{Found, Seen, command, pid};
use crate::timeouts::{Deadline, KILLED, LOOK_AGAIN, OBEY};
use crate::wire::keeper::{KEEPER, LeakedProcess};

/// The most searches of one step: something may start processes as fast as they are stopped.
const ROUNDS: usize = 200;
/// How many processes are polled for their end at once.
const AWAITED: usize = 16;
/// The most leaked processes that are reported.
const REPORTED: usize = 200;

type Key = (u32, u64);

/// The end of some processes; each step searches for them again.
#[derive(Debug)]
pub(crate) struct SubtreeKill {
    found: HashSet<Key>,
    /// The killed processes; `None` for the keeper of a nested origin and its descendants, which end by themselves.
    killed: HashMap<Key, Option<LeakedProcess>>,
    /// The process group of the peer that leaked them; without one they are not reported.
    group: Option<u32>,
    deadline: Deadline,
    /// The last step found a new process.
    growing: bool,
}

impl SubtreeKill {
    pub(crate) fn new(group: Option<u32>) -> Self {
        let deadline = Deadline::after(KILLED);
        Self { found: HashSet::new(), killed: HashMap::new(), group, deadline, growing: false }
    }

    /// One step: stops and kills what `find` finds, and returns it.
    pub(crate) fn step(&mut self, mut find: impl FnMut() -> Vec<Found>) -> Vec<Found> {
        self.growing = false;
        for round in 0.. {
            let mut found = find();
            self.add_lost(&mut found);
            let before = self.found.len();
            if self.stop(&found) || round >= ROUNDS {
                self.kill(&found);
                return found;
            }
            if round > 0 && self.found.len() == before {
                // SIGSTOP takes effect when the process gets a processor.
                let _ = poll(&mut [], Timespec::try_from(OBEY).ok().as_ref());
            }
        }
        Vec::new()
    }

    /// Stops the processes. Returns whether all stood still before.
    fn stop(&mut self, found: &[Found]) -> bool {
        let is_new = |process: &Found| !self.found.contains(&process.key());
        let running: Vec<_> = found.iter().filter(|process| is_new(process) || !process.seen.stands_still()).collect();
        // By group first: a process of a group cannot escape by forking just now.
        signal_groups(running.iter().copied(), Signal::STOP);
        let mut still = true;
        for process in running {
            // Another user's process never stops; the deadline ends that.
            let refused = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
            still &= process.seen.signal(Signal::STOP).as_ref().is_err_and(refused);
            self.growing |= self.found.insert(process.key());
        }
        still
    }

    fn kill(&mut self, found: &[Found]) {
        if self.group.is_some() {
            let mut commands = Commands::default();
            for process in found.iter().take(REPORTED.saturating_sub(self.killed.len())) {
                // A killed process has no command line.
                self.killed.entry(process.key()).or_insert_with(|| describe(process, self.group, &mut commands));
            }
        }
        signal_groups(found, Signal::KILL);
        for process in found {
            // It may have ended, or belong to another user.
            let _ = process.seen.signal(Signal::KILL);
        }
    }

    /// Adds processes of earlier searches that still run, but have lost the ancestors through which they were found.
    fn add_lost(&mut self, found: &mut Vec<Found>) {
        let found_again: HashSet<_> = found.iter().map(Found::key).collect();
        self.found.retain(|key| {
            if found_again.contains(key) {
                return true;
            }
            let Some(seen) = Seen::read(key.0).filter(|seen| seen.started == key.1) else { return false };
            if !seen.has_ended() {
                found.push(Found { seen, ancestors: Vec::new() });
            }
            true
        });
    }

    /// The pids of all that were found and not reaped yet.
    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> {
        self.found.iter().map(|(pid, _)| *pid)
    }

    /// Steps until nothing is found, or only what cannot be killed.
    pub(crate) fn finish(&mut self, mut find: impl FnMut() -> Vec<Found>) {
        loop {
            let found = self.step(&mut find);
            if found.is_empty() || self.is_overdue() {
                return;
            }
            await_end_of_one(&found);
        }
    }

    /// What is left cannot be killed.
    pub(crate) fn is_overdue(&self) -> bool {
        self.deadline.left().is_zero() && !self.growing
    }

    /// The killed processes, oldest first.
    pub(crate) fn leaked(self) -> Vec<LeakedProcess> {
        let alive = |(pid, started)| Seen::read(pid).is_some_and(|seen| seen.started == started && !seen.has_ended());
        let leaked = |(key, leaked): (Key, Option<_>)| Some((key.1, LeakedProcess { alive: alive(key), ..leaked? }));
        let mut all: Vec<_> = self.killed.into_iter().filter_map(leaked).collect();
        all.sort_by_key(|(started, leaked)| (*started, leaked.pid));
        all.into_iter().map(|(_, leaked)| leaked).collect()
    }
}

impl Found {
    fn key(&self) -> Key {
        (self.seen.pid, self.seen.started)
    }
}

/// The command lines of stopped processes, each read once, and whether it is a keeper's.
#[derive(Default)]
struct Commands(HashMap<u32, (String, bool)>);

impl Commands {
    fn of(&mut self, pid: u32) -> &(String, bool) {
        self.0.entry(pid).or_insert_with(|| (command(pid), is_keeper(pid)))
    }
}

/// Describes a process that the leader of `group` leaked.
fn describe(found: &Found, group: Option<u32>, commands: &mut Commands) -> Option<LeakedProcess> {
    let Seen { pid, group: own_group, .. } = found.seen;
    let (command, mut below_keeper) = commands.of(pid).clone();
    let mut ancestors = Vec::new();
    for pid in &found.ancestors {
        let (command, is_keeper) = commands.of(*pid);
        below_keeper |= is_keeper;
        ancestors.push((*pid, command.clone()));
    }
    (!below_keeper).then(|| LeakedProcess { pid, command, in_group: Some(own_group) == group, ancestors, alive: false })
}

/// Signals the groups of processes, but not this process's own. All processes of a group descend from the same peer.
fn signal_groups<'a>(of: impl IntoIterator<Item = &'a Found>, signal: Signal) {
    let own = rustix::process::getpgrp();
    let members: HashMap<u32, Seen> = of.into_iter().map(|found| (found.seen.group, found.seen)).collect();
    for (group, member) in members {
        let Ok(id) = pid(group) else { continue };
        // As long as a process is in it, its number is not reused.
        let is_its = Seen::read(member.pid).is_some_and(|now| (now.started, now.group) == (member.started, group));
        if id != own && is_its {
            // The group may be empty, or belong to another user.
            let _ = rustix::process::kill_process_group(id, signal);
        }
    }
}

fn is_keeper(pid: u32) -> bool {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    words.split(|byte| *byte == 0).nth(1) == Some(KEEPER.as_bytes())
}

fn await_end_of_one(found: &[Found]) {
    let held: Vec<_> = found
        .iter()
        .take(AWAITED)
        .filter_map(|found| rustix::process::pidfd_open(pid(found.seen.pid).ok()?, PidfdFlags::empty()).ok())
        .collect();
    let mut polls: Vec<_> = held.iter().map(|held| PollFd::new(held, PollFlags::IN)).collect();
    // On an error the caller looks again at once.
    let _ = poll(&mut polls, Timespec::try_from(LOOK_AGAIN).ok().as_ref());
}
