//! The children of the keeper: those it spawned, each with what it has started, and those it inherited.

use std::collections::{HashMap, HashSet};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;

use rustix::io::Errno;
use rustix::process::{Signal, WaitOptions};

use super::line::{Descriptors, Line};
use super::spawn;
use crate::sys;
use crate::timeouts::{Deadline, PAUSED};
use crate::tree::{self, Ending, Found, Roots, Search};
use crate::wire::keeper::{Exit, FromKeeper, Mark, Refused, Spawn, Step};

/// One that it spawned.
struct Child {
    pid: u32,
    /// Once it has ended itself: the end of what it had started.
    ending: Option<Ending>,
    /// Until everything below it stands still.
    pausing: Option<Deadline>,
    /// What was stopped on request, by pid and start.
    paused: HashSet<(u32, u64)>,
    /// Holds its name, if it has one, until everything below it is gone.
    _name: Option<UnixListener>,
}

pub(super) struct Family {
    line: Line,
    /// Readable when a child has ended.
    ended: OwnedFd,
    search: Search,
    own: u32,
    children: HashMap<Mark, Child>,
    marks: HashMap<u32, Mark>,
    /// The marks of those it inherited: until they are reaped their pids are theirs.
    inherited: HashMap<u32, Option<Mark>>,
}

impl Family {
    pub(super) fn new(line: Line, ended: OwnedFd) -> Self {
        Self {
            line,
            ended,
            search: Search::new(),
            own: std::process::id(),
            children: HashMap::new(),
            marks: HashMap::new(),
            inherited: HashMap::new(),
        }
    }

    pub(super) fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    /// What is readable when there is something to do: the line, and the descriptor that tells of ended children.
    pub(super) fn fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.line.fd(), self.ended.as_fd()]
    }

    pub(super) fn spawn(&mut self, spawn: &Spawn, descriptors: Descriptors) -> io::Result<()> {
        let spawned = match descriptors {
            Some(descriptors) => {
                spawn::hold_name(spawn).and_then(|name| Ok((name, spawn::spawn(spawn, &descriptors)?)))
            }
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

    /// The pid of a child that has not been reaped.
    fn running(&self, mark: Mark) -> Option<u32> {
        self.children.get(&mark).filter(|child| child.ending.is_none()).map(|child| child.pid)
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

    pub(super) fn pause(&mut self, mark: Mark) {
        if let Some(child) = self.children.get_mut(&mark) {
            child.pausing = Some(Deadline::after(PAUSED));
        }
    }

    pub(super) fn resume(&mut self, mark: Mark) -> io::Result<()> {
        let found = self.below(mark);
        let Some(child) = self.children.get_mut(&mark) else { return Ok(()) };
        child.pausing = None;
        let mut errno = None;
        for Found { seen, .. } in found {
            if child.paused.contains(&(seen.pid, seen.started))
                && let Err(error) = seen.signal(Signal::CONT)
                && error.raw_os_error() != Some(Errno::SRCH.raw_os_error())
            {
                errno = error.raw_os_error();
            }
        }
        child.paused.clear();
        self.line.tell(&FromKeeper::Paused { mark, errno })
    }

    /// Takes note of who has ended, and goes on with what is not done. Whether something is still not done.
    pub(super) fn tend(&mut self) -> io::Result<bool> {
        // It only says that there is one, and who has ended the kernel knows; an error says that it is empty.
        let _ = rustix::io::read(&self.ended, &mut [0; 128]);
        while let Some((pid, exit)) = sys::next_ended() {
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
        Ok(self.children.values().any(|child| child.ending.is_some() || child.pausing.is_some()))
    }

    /// One that it spawned has ended: so does all that it had started.
    fn exited(&mut self, mark: Mark, pid: u32, exit: Exit) -> io::Result<()> {
        let alone = self.inherited_from(Some(mark)).is_empty();
        let result = self.line.tell(&FromKeeper::Exited { mark, exit });
        if let Some(child) = self.children.get_mut(&mark) {
            child.pausing = None;
            child.ending = Some(Ending::new(Some(pid)));
        }
        if !alone {
            // They are looked at before they are killed.
            self.step(mark);
        }
        // Until the child is reaped the group is nobody else's.
        kill_group(pid);
        self.reap(pid);
        result
    }

    /// One step towards the end of what a child had started; whether nothing is left.
    fn step(&mut self, mark: Mark) -> bool {
        let Some(mut ending) = self.children.get_mut(&mark).and_then(|child| child.ending.take()) else { return true };
        let done = ending.step(|| self.below(mark)).is_empty();
        if let Some(child) = self.children.get_mut(&mark) {
            child.ending = Some(ending);
        }
        done
    }

    fn go_on_ending(&mut self, mark: Mark) -> io::Result<()> {
        let done = self.step(mark);
        let overdue = self.children[&mark].ending.as_ref().is_some_and(Ending::is_overdue);
        if !done && !overdue {
            return Ok(());
        }
        let Some(ending) = self.children.remove(&mark).and_then(|child| child.ending) else { return Ok(()) };
        for pid in ending.pids() {
            // Those that are children of this process by now; the others have a parent for that.
            self.reap(pid);
        }
        let left = ending.told();
        self.line.tell(&FromKeeper::Gone { mark, left })?;
        if self.children.is_empty() {
            // Whoever bears the mark of nobody came from somebody. What cannot be ended must not hold this up.
            Ending::new(None).step(|| self.find(|family| family.inherited_from(None)));
        }
        Ok(())
    }

    fn go_on_pausing(&mut self, mark: Mark) -> io::Result<()> {
        let found = self.below(mark);
        let Some(child) = self.children.get_mut(&mark) else { return Ok(()) };
        let mut errno = None;
        let mut still = true;
        for Found { seen, .. } in &found {
            let known = child.paused.contains(&(seen.pid, seen.started));
            // What somebody else has stopped, somebody else continues.
            let is_still = if known { seen.stands_still() } else { seen.is_stopped() };
            if is_still {
                continue;
            }
            still = false;
            child.paused.insert((seen.pid, seen.started));
            if let Err(error) = seen.signal(Signal::STOP) {
                errno = error.raw_os_error().filter(|errno| *errno != Errno::SRCH.raw_os_error());
            }
        }
        if !still && errno.is_none() && child.pausing.is_some_and(|deadline| deadline.left().is_zero()) {
            errno = Some(Errno::TIMEDOUT.raw_os_error());
        }
        if still || errno.is_some() {
            child.pausing = None;
            self.line.tell(&FromKeeper::Paused { mark, errno })?;
        }
        Ok(())
    }

    /// Those it inherited that bear `mark`, or all of them.
    fn inherited_from(&mut self, mark: Option<Mark>) -> Vec<u32> {
        loop {
            let mut from = self.search.children(self.own);
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
    }

    /// A child that it spawned, and everything below it, of whatever generation.
    fn below(&mut self, mark: Mark) -> Vec<Found> {
        let itself = self.running(mark);
        self.find(|family| family.inherited_from(Some(mark)).into_iter().chain(itself).collect())
    }

    /// What is below `roots`, which are children of this process.
    fn find(&mut self, roots: impl Fn(&mut Self) -> Vec<u32>) -> Vec<Found> {
        loop {
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
    }

    /// Ends everything below this process.
    pub(super) fn end_all(&mut self) {
        // From here on all are alike.
        self.marks.clear();
        Ending::new(None).finish(|| self.find(|family| family.inherited_from(None)));
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
