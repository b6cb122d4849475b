//! The children of the keeper: those it spawned, each with its descendants, and the orphans it inherited.

use std::collections::{HashMap, HashSet};
use std::io;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::{Signal, WaitOptions};

mod pausing;

use super::origin_socket::{Descriptors, OriginSocket};
use super::spawn;
use crate::sys::{self, SignalFd};
use crate::timeouts::{Deadline, LEAVE, LOOK_AGAIN, UNLIMITED};
use crate::tree::{self, Found, Roots, Search, SubtreeKill};
use crate::wire::keeper::{Exit, FromKeeper, LeakedProcess, Spawn, SpawnFailure, Step};
use crate::wire::process_tag::ProcessTag;

/// How many children one round reaps, or searches again, before the keeper looks at everything else.
const AT_ONCE: usize = 1000;

struct Child {
    pid: u32,
    /// Once it has ended: the end of its descendants, and when that begins.
    ending: Option<(SubtreeKill, Deadline)>,
    /// Until all its descendants stand still: the deadline, and the turn of the request.
    pausing: Option<(Deadline, u32)>,
    /// What was stopped on request, by pid and start time.
    paused: HashSet<(u32, u64)>,
    /// Holds its name, if it has one, until all its descendants are gone.
    _name: Option<UnixListener>,
}

pub(super) struct Supervisor {
    pub(super) socket: OriginSocket,
    /// Readable when a child has ended.
    signals: SignalFd,
    /// The nice value of its children.
    nice: i32,
    search: Search,
    children: HashMap<ProcessTag, Child>,
    tags: HashMap<u32, ProcessTag>,
    /// The tags of the orphans. Until an orphan is reaped, its pid is not reused.
    inherited: HashMap<u32, Option<ProcessTag>>,
}

impl Supervisor {
    pub(super) fn new(socket: OriginSocket, signals: SignalFd, nice: i32) -> Self {
        Self {
            socket,
            signals,
            nice,
            search: Search::new(),
            children: HashMap::new(),
            tags: HashMap::new(),
            inherited: HashMap::new(),
        }
    }

    /// What to wait for: a request of the origin, and the end of a child.
    pub(super) fn awaited(&self) -> (PollFd<'_>, PollFd<'_>) {
        (self.socket.awaited(), PollFd::new(&self.signals, PollFlags::IN))
    }

    pub(super) fn spawn(&mut self, spawn: &Spawn, descriptors: Descriptors) -> io::Result<()> {
        let spawned = match descriptors {
            Some(descriptors) => spawn::hold_name(spawn)
                .and_then(|name| Ok((name, spawn::spawn(&self.signals, self.nice, spawn, &descriptors)?))),
            None => Err(SpawnFailure { step: Step::Fork, errno: Errno::MFILE.raw_os_error() }),
        };
        let outcome = spawned.map(|(name, pid)| {
            let child = Child { pid, ending: None, pausing: None, paused: HashSet::new(), _name: name };
            self.children.insert(spawn.tag, child);
            self.tags.insert(pid, spawn.tag);
            pid
        });
        self.socket.send(&FromKeeper::Spawned { tag: spawn.tag, outcome })
    }

    /// The pid of a child that has not ended.
    fn running(&self, tag: ProcessTag) -> Option<u32> {
        let child = self.children.get(&tag)?;
        // Another process may have its pid by now.
        (self.tags.get(&child.pid) == Some(&tag)).then_some(child.pid)
    }

    pub(super) fn kill(&self, tag: ProcessTag) {
        if let Some(pid) = self.running(tag) {
            kill_group(pid);
            signal(pid, Signal::KILL);
        }
    }

    pub(super) fn terminate(&self, tag: ProcessTag) {
        if let Some(pid) = self.running(tag) {
            signal(pid, Signal::TERM);
        }
    }

    /// Reaps what has ended, and continues what is not done. Returns how long it can wait until the next call.
    pub(super) fn poll_children(&mut self) -> io::Result<Duration> {
        self.socket.flush()?;
        // Its content does not matter: `waitid` knows which child has ended. The error is that it is empty.
        let _ = rustix::io::read(&self.signals, &mut [0; 128]);
        let mut more = true;
        for _ in 0..AT_ONCE {
            let Some((pid, exit)) = sys::next_ended() else {
                more = false;
                break;
            };
            match self.tags.get(&pid) {
                Some(tag) => self.exited(*tag, pid, exit)?,
                None => drop(self.reap(pid)),
            }
        }
        let ending = self.children.iter().filter(|(_, child)| child.ending.is_some());
        for tag in ending.map(|(tag, _)| *tag).collect::<Vec<_>>() {
            self.continue_ending(tag)?;
        }
        let pausing = self.children.iter().filter(|(_, child)| child.pausing.is_some());
        for tag in pausing.map(|(tag, _)| *tag).collect::<Vec<_>>() {
            self.continue_pausing(tag)?;
        }
        let undone = self.children.values().any(|child| child.ending.is_some() || child.pausing.is_some());
        Ok(match (more, undone) {
            (true, _) => Duration::ZERO,
            (false, true) => LOOK_AGAIN,
            (false, false) => UNLIMITED,
        })
    }

    fn exited(&mut self, tag: ProcessTag, pid: u32, exit: Exit) -> io::Result<()> {
        // After an orderly end, descendants that notice it get time to end by themselves.
        let grace = if matches!(exit, Exit::Status(_)) { LEAVE } else { Duration::ZERO };
        let alone = self.inherited_from(Some(tag)).is_empty();
        if alone {
            // Until the child is reaped, the number of its group is not reused.
            kill_group(pid);
            self.reap(pid);
            self.children.remove(&tag);
            self.socket.queue(&FromKeeper::Exited { tag, exit });
            return self.is_gone(tag, Vec::new());
        }
        if let Some(child) = self.children.get_mut(&tag) {
            child.pausing = None;
            child.ending = Some((SubtreeKill::new(Some(pid)), Deadline::after(grace)));
        }
        if grace.is_zero() {
            // Reads their command lines before it kills them.
            self.step(tag);
            kill_group(pid);
        }
        self.reap(pid);
        self.socket.send(&FromKeeper::Exited { tag, exit })
    }

    /// One step towards the end of a child's descendants. Returns whether none is left.
    fn step(&mut self, tag: ProcessTag) -> bool {
        let Some(child) = self.children.get_mut(&tag) else { return true };
        let Some((mut ending, begins)) = child.ending.take() else { return true };
        let done = if begins.left().is_zero() {
            let find = || {
                self.stop_groups(Some(tag));
                self.below(tag)
            };
            ending.step(find).is_empty()
        } else {
            self.below(tag).is_empty()
        };
        if let Some(child) = self.children.get_mut(&tag) {
            child.ending = Some((ending, begins));
        }
        done
    }

    fn continue_ending(&mut self, tag: ProcessTag) -> io::Result<()> {
        let done = self.step(tag);
        let overdue = self.children[&tag].ending.as_ref().is_some_and(|(ending, _)| ending.is_overdue());
        if !done && !overdue {
            return Ok(());
        }
        let Some((ending, _)) = self.children.remove(&tag).and_then(|child| child.ending) else { return Ok(()) };
        for pid in ending.pids().filter(|pid| !self.tags.contains_key(pid)).collect::<Vec<_>>() {
            // Orphans are children of this process by now; others have a parent that reaps them.
            self.reap(pid);
        }
        self.is_gone(tag, ending.leaked())
    }

    fn is_gone(&mut self, tag: ProcessTag, leaked: Vec<LeakedProcess>) -> io::Result<()> {
        self.socket.send(&FromKeeper::Gone { tag, leaked })?;
        if self.children.is_empty() {
            // Orphans without a known tag descend from some child. One step: a process that cannot be killed must not block.
            SubtreeKill::new(None).step(|| {
                self.stop_groups(None);
                self.find(|supervisor| supervisor.inherited_from(None))
            });
        }
        Ok(())
    }

    /// Stops the process groups of the orphans with `tag`, or of all orphans.
    ///
    /// Of a chain of processes that fork and exit faster than `/proc` can be read, the keeper inherits every link. Until
    /// an ended link is reaped, the number of its group is not reused, and SIGSTOP for the group stops the running link.
    fn stop_groups(&mut self, tag: Option<ProcessTag>) {
        let own = rustix::process::getpgrp();
        let mut known = HashSet::from([own]);
        let mut inherited = self.search.own_children();
        inherited.retain(|pid| !self.tags.contains_key(pid));
        // The newest ones are the most likely to have running processes in their groups.
        for pid in inherited.into_iter().rev() {
            let group = tree::pid(pid).ok().and_then(|pid| rustix::process::getpgid(Some(pid)).ok());
            // Each peer has a session of its own, so all processes of a group descend from the same peer.
            let Some(group) = group.filter(|group| !known.contains(group)) else { continue };
            if tag.is_none() || *self.inherited.entry(pid).or_insert_with(|| tree::tag(pid)) == tag {
                known.insert(group);
                // The group may be empty, or belong to another user.
                let _ = rustix::process::kill_process_group(group, Signal::STOP);
            }
        }
    }

    /// The orphans with `tag`, or all orphans.
    fn inherited_from(&mut self, tag: Option<ProcessTag>) -> Vec<u32> {
        for _ in 0..AT_ONCE {
            let mut from = self.search.own_children();
            from.retain(|pid| !self.tags.contains_key(pid));
            let all = from.len();
            // First, since it is cheap: a process that forks all the time leaves many ended ones here.
            from.retain(|pid| !self.reap(*pid));
            let ended = from.len() < all;
            from.retain(|pid| tag.is_none() || *self.inherited.entry(*pid).or_insert_with(|| tree::tag(*pid)) == tag);
            // An orphan that ended since it was listed may have left new ones.
            if !from.is_empty() || !ended {
                return from;
            }
        }
        Vec::new()
    }

    /// A child and all its descendants.
    fn below(&mut self, tag: ProcessTag) -> Vec<Found> {
        let itself = self.running(tag);
        self.find(|supervisor| supervisor.inherited_from(Some(tag)).into_iter().chain(itself).collect())
    }

    /// The descendants of `roots`, which are children of this process.
    fn find(&mut self, roots: impl Fn(&mut Self) -> Vec<u32>) -> Vec<Found> {
        for _ in 0..AT_ONCE {
            let roots = roots(self);
            let found = self.search.below(&Roots::Pids(roots.clone()));
            // An orphan that ended since it was listed may have left new ones.
            let mut ended = false;
            for pid in roots {
                ended |= !self.tags.contains_key(&pid) && self.reap(pid);
            }
            if !found.is_empty() || !ended {
                return found;
            }
        }
        Vec::new()
    }

    pub(super) fn end_all(&mut self) {
        // From here on children are orphans like all others.
        self.tags.clear();
        SubtreeKill::new(None).finish(|| {
            self.stop_groups(None);
            self.find(|supervisor| supervisor.inherited_from(None))
        });
    }

    /// Reaps a child if it has ended. Returns whether it had.
    fn reap(&mut self, pid: u32) -> bool {
        let Ok(id) = tree::pid(pid) else { return false };
        // Fails for a process that is no child of this one.
        let reaped = matches!(rustix::process::waitpid(Some(id), WaitOptions::NOHANG), Ok(Some(_)));
        if reaped {
            self.inherited.remove(&pid);
            self.tags.remove(&pid);
        }
        reaped
    }
}

fn kill_group(leader: u32) {
    if let Ok(group) = tree::pid(leader) {
        // The group may be empty.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

/// Signals a child that is not reaped, so its pid is not reused.
fn signal(pid: u32, signal: Signal) {
    if let Ok(pid) = tree::pid(pid) {
        // Fails for another user's process; the wait for its end then times out.
        let _ = rustix::process::kill_process(pid, signal);
    }
}
