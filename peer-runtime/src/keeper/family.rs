//! The children of the keeper: those it spawned, each with what it has started, and those it inherited.

use std::collections::{HashMap, HashSet};
use std::io;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::{Signal, WaitOptions};

mod pausing;

use super::line::{Descriptors, Line};
use super::spawn;
use crate::sys::{self, Quiet};
use crate::timeouts::{Deadline, LEAVE, LOOK_AGAIN, UNLIMITED};
use crate::tree::{self, Ending, Found, Roots, Search};
use crate::wire::keeper::{Exit, FromKeeper, Left, Mark, Refused, Spawn, Step};

/// So many are taken note of, or looked for again, before there is an eye on everything else.
const AT_ONCE: usize = 1000;

/// One that it spawned.
struct Child {
    pid: u32,
    /// Once it has ended itself: the end of what it had started, and from when on.
    ending: Option<(Ending, Deadline)>,
    /// Until everything below it stands still, and whose turn it was to ask for that.
    pausing: Option<(Deadline, u32)>,
    /// What was stopped on request, by pid and start.
    paused: HashSet<(u32, u64)>,
    /// Holds its name, if it has one, until everything below it is gone.
    _name: Option<UnixListener>,
}

pub(super) struct Family {
    line: Line,
    /// Readable when a child has ended.
    ended: Quiet,
    /// The nice value of those that it spawns.
    nice: i32,
    search: Search,
    children: HashMap<Mark, Child>,
    marks: HashMap<u32, Mark>,
    /// The marks of those it inherited: until they are reaped their pids are theirs.
    inherited: HashMap<u32, Option<Mark>>,
}

impl Family {
    pub(super) fn new(line: Line, ended: Quiet, nice: i32) -> Self {
        Self {
            line,
            ended,
            nice,
            search: Search::new(),
            children: HashMap::new(),
            marks: HashMap::new(),
            inherited: HashMap::new(),
        }
    }

    pub(super) fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    /// What to wait for: the line, and the descriptor that tells of ended children.
    pub(super) fn awaited(&self) -> (PollFd<'_>, PollFd<'_>) {
        (self.line.awaited(), PollFd::new(&self.ended, PollFlags::IN))
    }

    pub(super) fn spawn(&mut self, spawn: &Spawn, descriptors: Descriptors) -> io::Result<()> {
        let spawned = match descriptors {
            Some(descriptors) => spawn::hold_name(spawn)
                .and_then(|name| Ok((name, spawn::spawn(&self.ended, self.nice, spawn, &descriptors)?))),
            None => Err(Refused { step: Step::Fork, errno: Errno::MFILE.raw_os_error() }),
        };
        let outcome = spawned.map(|(name, pid)| {
            let child = Child { pid, ending: None, pausing: None, paused: HashSet::new(), _name: name };
            self.children.insert(spawn.mark, child);
            self.marks.insert(pid, spawn.mark);
            pid
        });
        self.line.tell(&FromKeeper::Spawned { mark: spawn.mark, outcome })
    }

    /// The pid of a child that has not ended.
    fn running(&self, mark: Mark) -> Option<u32> {
        let child = self.children.get(&mark)?;
        // By now its pid may be another one's.
        (self.marks.get(&child.pid) == Some(&mark)).then_some(child.pid)
    }

    pub(super) fn kill(&self, mark: Mark) {
        if let Some(pid) = self.running(mark) {
            kill_group(pid);
            signal(pid, Signal::KILL);
        }
    }

    pub(super) fn terminate(&self, mark: Mark) {
        if let Some(pid) = self.running(mark) {
            signal(pid, Signal::TERM);
        }
    }

    /// Takes note of who has ended, and goes on with what is not done. For how long nothing has to be done again.
    pub(super) fn tend(&mut self) -> io::Result<Duration> {
        self.line.flush()?;
        // It only says that there is one, and who has ended the kernel knows; an error says that it is empty.
        let _ = rustix::io::read(&self.ended, &mut [0; 128]);
        let mut more = true;
        for _ in 0..AT_ONCE {
            let Some((pid, exit)) = sys::next_ended() else {
                more = false;
                break;
            };
            match self.marks.get(&pid) {
                Some(mark) => self.exited(*mark, pid, exit)?,
                None => drop(self.reap(pid)),
            }
        }
        let ending = self.children.iter().filter(|(_, child)| child.ending.is_some());
        for mark in ending.map(|(mark, _)| *mark).collect::<Vec<_>>() {
            self.go_on_ending(mark)?;
        }
        let pausing = self.children.iter().filter(|(_, child)| child.pausing.is_some());
        for mark in pausing.map(|(mark, _)| *mark).collect::<Vec<_>>() {
            self.go_on_pausing(mark)?;
        }
        let undone = self.children.values().any(|child| child.ending.is_some() || child.pausing.is_some());
        Ok(match (more, undone) {
            (true, _) => Duration::ZERO,
            (false, true) => LOOK_AGAIN,
            (false, false) => UNLIMITED,
        })
    }

    /// One that it spawned has ended: so does all that it had started.
    fn exited(&mut self, mark: Mark, pid: u32, exit: Exit) -> io::Result<()> {
        // What notices by itself that it is gone may end by itself, if it ended in order.
        let grace = if matches!(exit, Exit::Status(_)) { LEAVE } else { Duration::ZERO };
        let alone = self.inherited_from(Some(mark)).is_empty();
        if alone {
            // Until the child is reaped the group is nobody else's.
            kill_group(pid);
            self.reap(pid);
            self.children.remove(&mark);
            self.line.tell_later(&FromKeeper::Exited { mark, exit });
            return self.is_gone(mark, Vec::new());
        }
        if let Some(child) = self.children.get_mut(&mark) {
            child.pausing = None;
            child.ending = Some((Ending::new(Some(pid)), Deadline::after(grace)));
        }
        if grace.is_zero() {
            // They are looked at before they are killed.
            self.step(mark);
            kill_group(pid);
        }
        self.reap(pid);
        self.line.tell(&FromKeeper::Exited { mark, exit })
    }

    /// One step towards the end of what a child had started; whether nothing is left.
    fn step(&mut self, mark: Mark) -> bool {
        let Some(child) = self.children.get_mut(&mark) else { return true };
        let Some((mut ending, begins)) = child.ending.take() else { return true };
        let done = if begins.left().is_zero() {
            let find = || {
                self.stop_groups(Some(mark));
                self.below(mark)
            };
            ending.step(find).is_empty()
        } else {
            self.below(mark).is_empty()
        };
        if let Some(child) = self.children.get_mut(&mark) {
            child.ending = Some((ending, begins));
        }
        done
    }

    fn go_on_ending(&mut self, mark: Mark) -> io::Result<()> {
        let done = self.step(mark);
        let overdue = self.children[&mark].ending.as_ref().is_some_and(|(ending, _)| ending.is_overdue());
        if !done && !overdue {
            return Ok(());
        }
        let Some((ending, _)) = self.children.remove(&mark).and_then(|child| child.ending) else { return Ok(()) };
        for pid in ending.pids().filter(|pid| !self.marks.contains_key(pid)).collect::<Vec<_>>() {
            // Those that are children of this process by now; the others have a parent for that.
            self.reap(pid);
        }
        self.is_gone(mark, ending.told())
    }

    /// Nothing is left of one that it spawned.
    fn is_gone(&mut self, mark: Mark, left: Vec<Left>) -> io::Result<()> {
        self.line.tell(&FromKeeper::Gone { mark, left })?;
        if self.children.is_empty() {
            // Whoever bears the mark of nobody came from somebody. What cannot be ended must not hold this up.
            Ending::new(None).step(|| {
                self.stop_groups(None);
                self.find(|family| family.inherited_from(None))
            });
        }
        Ok(())
    }

    /// Stops the process groups of those it inherited that bear `mark`, or of all of them.
    ///
    /// Of what forks faster than it can be looked at, this process inherits everybody as soon as the next one is there. As
    /// long as somebody who has ended is not reaped, the number of its group is nobody else's, and whoever goes on forking
    /// in that group stands still.
    fn stop_groups(&mut self, mark: Option<Mark>) {
        let own = rustix::process::getpgrp();
        let mut known = HashSet::from([own]);
        let mut inherited = self.search.own_children();
        inherited.retain(|pid| !self.marks.contains_key(pid));
        // The newest ones are the most likely to have somebody left in their groups.
        for pid in inherited.into_iter().rev() {
            let group = tree::pid(pid).ok().and_then(|pid| rustix::process::getpgid(Some(pid)).ok());
            // A peer has a session of its own, so that everybody in a group has come from the same one.
            let Some(group) = group.filter(|group| !known.contains(group)) else { continue };
            if mark.is_none() || *self.inherited.entry(pid).or_insert_with(|| tree::mark(pid)) == mark {
                known.insert(group);
                // An error says that nobody is left in it, or that they are another user's.
                let _ = rustix::process::kill_process_group(group, Signal::STOP);
            }
        }
    }

    /// Those it inherited that bear `mark`, or all of them.
    fn inherited_from(&mut self, mark: Option<Mark>) -> Vec<u32> {
        for _ in 0..AT_ONCE {
            let mut from = self.search.own_children();
            from.retain(|pid| !self.marks.contains_key(pid));
            let all = from.len();
            // First, and cheaply: whatever forks all the time leaves many of them here.
            from.retain(|pid| !self.reap(*pid));
            let ended = from.len() < all;
            from.retain(|pid| {
                mark.is_none() || *self.inherited.entry(*pid).or_insert_with(|| tree::mark(*pid)) == mark
            });
            // Those that have ended since they were listed may have left others to this process.
            if !from.is_empty() || !ended {
                return from;
            }
        }
        Vec::new()
    }

    /// A child that it spawned, and everything below it, of whatever generation.
    fn below(&mut self, mark: Mark) -> Vec<Found> {
        let itself = self.running(mark);
        self.find(|family| family.inherited_from(Some(mark)).into_iter().chain(itself).collect())
    }

    /// What is below `roots`, which are children of this process.
    fn find(&mut self, roots: impl Fn(&mut Self) -> Vec<u32>) -> Vec<Found> {
        for _ in 0..AT_ONCE {
            let roots = roots(self);
            let found = self.search.below(&Roots::Pids(roots.clone()));
            // Those that have ended since they were listed may have left others to this process.
            let mut ended = false;
            for pid in roots {
                ended |= !self.marks.contains_key(&pid) && self.reap(pid);
            }
            if !found.is_empty() || !ended {
                return found;
            }
        }
        Vec::new()
    }

    /// Ends everything below this process.
    pub(super) fn end_all(&mut self) {
        // From here on all are alike.
        self.marks.clear();
        Ending::new(None).finish(|| {
            self.stop_groups(None);
            self.find(|family| family.inherited_from(None))
        });
    }

    /// Reaps a child if it has ended; whether it had.
    fn reap(&mut self, pid: u32) -> bool {
        let Ok(id) = tree::pid(pid) else { return false };
        // An error says that it is no child of this process, and that there is nothing to reap.
        let reaped = matches!(rustix::process::waitpid(Some(id), WaitOptions::NOHANG), Ok(Some(_)));
        if reaped {
            self.inherited.remove(&pid);
            self.marks.remove(&pid);
        }
        reaped
    }
}

fn kill_group(leader: u32) {
    if let Ok(group) = tree::pid(leader) {
        // An error says that nobody is in it.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

/// Signals a child that is not reaped, so that its pid is its own.
fn signal(pid: u32, signal: Signal) {
    if let Ok(pid) = tree::pid(pid) {
        // An error says that it is another user's, and who waits for its end finds out.
        let _ = rustix::process::kill_process(pid, signal);
    }
}
