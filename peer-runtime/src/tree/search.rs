//! Finding all descendants of processes.

use std::collections::{HashMap, HashSet};
use std::fs;

use super::{Seen, tag};
use crate::wire::process_tag::ProcessTag;

/// The most ancestors of a process that are reported.
const ANCESTORS: usize = 16;
/// How often the tags of all processes are read: a process that ends meanwhile may have started others.
const LOOKS: usize = 50;

/// Where a search starts.
#[derive(Clone, Debug)]
pub(crate) enum Roots {
    /// At the processes with these pids.
    Pids(Vec<u32>),
    /// At all processes of this machine with one of these tags.
    Tags(HashSet<ProcessTag>),
}

/// A process, and the pids of its ancestors, nearest first, up to its root.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) seen: Seen,
    pub(crate) ancestors: Vec<u32>,
}

#[derive(Debug)]
pub(crate) struct Search {
    /// The kernel lists them; not every kernel does.
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

    /// The children of this process, which has one thread, those that have ended included.
    pub(crate) fn own_children(&self) -> Vec<u32> {
        match fs::read_to_string("/proc/thread-self/children") {
            Ok(list) if self.listed => list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect(),
            _ => Table::read().children(std::process::id()),
        }
    }

    /// The roots and all their descendants that have not ended.
    pub(crate) fn below(&self, roots: &Roots) -> Vec<Found> {
        let table = (!self.listed).then(Table::read);
        let children = |parent| match &table {
            Some(table) => table.children(parent),
            None => listed_children(parent),
        };
        let roots = match roots {
            Roots::Pids(pids) => pids.iter().filter_map(|pid| Seen::read(*pid)).collect(),
            Roots::Tags(tags) => with_tags(tags),
        };
        let mut waiting: Vec<Found> = roots.into_iter().map(|seen| Found { seen, ancestors: Vec::new() }).collect();
        let (mut found, mut known) = (Vec::new(), HashSet::new());
        while let Some(next) = waiting.pop() {
            let Found { seen, ancestors } = &next;
            if !known.insert(seen.pid) {
                continue;
            }
            let listed = children(seen.pid).into_iter().filter_map(Seen::read);
            let below: Vec<_> = listed.filter(|child| child.parent == seen.pid).collect();
            // Pids are reused: these are its children only if it has been the same process all the time.
            if Seen::read(seen.pid).is_some_and(|now| now.started == seen.started) {
                let path = std::iter::once(seen.pid).chain(ancestors.iter().copied());
                let ancestors: Vec<u32> = path.take(ANCESTORS).collect();
                waiting.extend(below.into_iter().map(|seen| Found { seen, ancestors: ancestors.clone() }));
            }
            if !seen.has_ended() {
                found.push(next);
            }
        }
        found
    }
}

/// The kernel lists them by thread.
fn listed_children(parent: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else { return Vec::new() };
    let lists = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// All processes with one of these tags, except this one.
fn with_tags(tags: &HashSet<ProcessTag>) -> Vec<Seen> {
    let own = std::process::id();
    for _ in 0..LOOKS {
        let mut pids: Vec<u32> = all().filter(|pid| *pid != own).collect();
        // Newest first: a process that starts others all the time and ends is among the newest.
        pids.reverse();
        let mut vanished = false;
        let mut bear = |pid| {
            let seen = Seen::read(pid);
            let tag = tag(pid);
            // If it is another process by now, the tag may be that one's.
            let now = Seen::read(pid).filter(|now| seen.is_some_and(|seen| seen.started == now.started));
            vanished |= now.is_none();
            now.filter(|_| tag.is_some_and(|tag| tags.contains(&tag)))
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

/// The children of all processes, for kernels that do not list them.
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
