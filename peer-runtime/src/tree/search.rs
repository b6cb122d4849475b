//! Finding all processes below some others.

use std::collections::{HashMap, HashSet};
use std::fs;

use super::{Seen, mark};
use crate::wire::keeper::Mark;

/// How many of those above a process are told.
const ABOVE: usize = 16;
/// How often the marks of all processes are read again where some ended meanwhile, which may have left others.
const LOOKS: usize = 50;

/// Where a search starts.
#[derive(Clone, Debug)]
pub(crate) enum Roots {
    /// With the processes of these pids, themselves included.
    Pids(Vec<u32>),
    /// With whatever bears one of these marks on this machine.
    Marks(HashSet<Mark>),
}

/// A process that was found, and those above it, nearest first, up to its root or so many.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) seen: Seen,
    pub(crate) above: Vec<u32>,
}

/// How to ask for the children of a process.
#[derive(Debug)]
pub(crate) struct Search {
    /// The kernel lists them, which not every kernel does.
    listed: bool,
}

impl Search {
    pub(crate) fn new() -> Self {
        Self { listed: fs::exists("/proc/thread-self/children").unwrap_or(false) }
    }

    /// Looks at every process of the machine.
    #[cfg(test)]
    pub(crate) fn scanning() -> Self {
        Self { listed: false }
    }

    /// The children of this process, which has one thread; reaped or not, and complete if none is reaped meanwhile.
    pub(crate) fn own_children(&self) -> Vec<u32> {
        match fs::read_to_string("/proc/thread-self/children") {
            Ok(list) if self.listed => list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect(),
            _ => Table::read().children(std::process::id()),
        }
    }

    /// All processes below the roots, them included, that have not ended.
    pub(crate) fn below(&self, roots: &Roots) -> Vec<Found> {
        let table = (!self.listed).then(Table::read);
        let children = |parent| match &table {
            Some(table) => table.children(parent),
            None => listed_children(parent),
        };
        let roots = match roots {
            Roots::Pids(pids) => pids.iter().filter_map(|pid| Seen::read(*pid)).collect(),
            Roots::Marks(marks) => marked(marks),
        };
        let mut waiting: Vec<Found> = roots.into_iter().map(|seen| Found { seen, above: Vec::new() }).collect();
        let (mut found, mut known) = (Vec::new(), HashSet::new());
        while let Some(next) = waiting.pop() {
            let Found { seen, above } = &next;
            if !known.insert(seen.pid) {
                continue;
            }
            let listed = children(seen.pid).into_iter().filter_map(Seen::read);
            let below: Vec<_> = listed.filter(|child| child.parent == seen.pid).collect();
            // Pids are used again: these are its children only if it has been the same all the time. What it has left behind
            // is found elsewhere, by the next look.
            if Seen::read(seen.pid).is_some_and(|now| now.started == seen.started) {
                let above: Vec<u32> = std::iter::once(seen.pid).chain(above.iter().copied()).take(ABOVE).collect();
                waiting.extend(below.into_iter().map(|seen| Found { seen, above: above.clone() }));
            }
            if !seen.has_ended() {
                found.push(next);
            }
        }
        found
    }
}

/// Each thread has children of its own.
fn listed_children(parent: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else { return Vec::new() };
    let lists = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Who bears one of these marks; this process is not looked at.
fn marked(marks: &HashSet<Mark>) -> Vec<Seen> {
    let own = std::process::id();
    for _ in 0..LOOKS {
        let mut pids: Vec<u32> = all().filter(|pid| *pid != own).collect();
        // Whoever starts others all the time and ends is among the newest, which are the last ones.
        pids.reverse();
        let mut vanished = false;
        let mut bear = |pid| {
            let seen = Seen::read(pid);
            let mark = mark(pid);
            // Still the same, or the mark is another one's.
            let now = Seen::read(pid).filter(|now| seen.is_some_and(|seen| seen.started == now.started));
            vanished |= now.is_none();
            now.filter(|_| mark.is_some_and(|mark| marks.contains(&mark)))
        };
        let found: Vec<Seen> = pids.into_iter().filter_map(&mut bear).collect();
        if !vanished || !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Who is whose child, for kernels that do not list it.
struct Table(HashMap<u32, Vec<u32>>);

impl Table {
    fn read() -> Self {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for seen in all().filter_map(Seen::read) {
            children.entry(seen.parent).or_default().push(seen.pid);
        }
        Self(children)
    }

    fn children(&self, parent: u32) -> Vec<u32> {
        self.0.get(&parent).cloned().unwrap_or_default()
    }
}
