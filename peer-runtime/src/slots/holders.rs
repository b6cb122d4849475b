//! Who holds the locks, as the kernel lists them; for a reader, and for nothing else.

use std::path::Path;

use rustix::fs::{OFlags, fstat};

use super::directory::Directory;
use crate::name;

/// A process that holds some of the locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) pid: u32,
    /// The name of its program.
    pub(crate) program: String,
    /// How many slots it holds.
    pub(crate) slots: usize,
    /// Whether it gathers slots, and is served before others.
    pub(crate) has_turn: bool,
}

/// The processes that hold these locks, in the order of their pids; this one only if it waits for what it has itself. What
/// cannot be found out is left out.
pub(super) fn of(directory: &Directory, turn: &str, slots: &[&str]) -> Vec<Holder> {
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    let inode = |name: &str| Some(fstat(directory.fifo(name, OFlags::RDONLY).ok()?).ok()?.st_ino);
    let turn = inode(turn);
    let slots: Vec<u64> = slots.iter().filter_map(|name| inode(name)).collect();
    let mut holders: Vec<Holder> = Vec::new();
    for (pid, held) in locks.lines().filter_map(lock) {
        let (is_slot, is_turn) = (slots.contains(&held), turn == Some(held));
        if !is_slot && !is_turn {
            continue;
        }
        let at = holders.iter().position(|holder| holder.pid == pid).unwrap_or_else(|| {
            holders.push(Holder { pid, program: program(pid), slots: 0, has_turn: false });
            holders.len() - 1
        });
        holders[at].slots += usize::from(is_slot);
        holders[at].has_turn |= is_turn;
    }
    // Another file system may have other files of these numbers.
    holders.retain(|holder| has_open(holder.pid, directory.path()));
    holders.retain(|holder| holder.pid != std::process::id() || !holder.has_turn);
    holders.sort_by_key(|holder| holder.pid);
    holders
}

/// Whether a process has something in this folder open.
fn has_open(pid: u32, folder: &Path) -> bool {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let mut paths = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let folder = folder.canonicalize().unwrap_or_default();
    paths.any(|path| path.parent() == Some(&folder))
}

/// Of a line of `/proc/locks`: who holds it, and on which inode. Not of who waits for it, which no line of ours does.
fn lock(line: &str) -> Option<(u32, u64)> {
    // `1: FLOCK  ADVISORY  WRITE 4711 00:1a:815 0 EOF`
    let mut words = line.split_whitespace().skip(1);
    if words.next()? != "FLOCK" {
        return None;
    }
    let pid = words.nth(2)?.parse().ok()?;
    let inode = words.next()?.rsplit(':').next()?.parse().ok()?;
    Some((pid, inode))
}

/// What the process is, if it is there still and belongs to this user.
fn program(pid: u32) -> String {
    name::of_program(&std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_of_files_are_found_among_all() {
        assert_eq!(lock("1: FLOCK  ADVISORY  WRITE 4711 00:1a:815 0 EOF"), Some((4711, 815)));
        for other in
            ["1: POSIX  ADVISORY  WRITE 4711 00:1a:815 0 EOF", "1: -> FLOCK  ADVISORY  WRITE 5 0:1:2 0 EOF", "", "1:"]
        {
            assert_eq!(lock(other), None, "{other}");
        }
    }

    #[test]
    fn a_program_goes_by_its_name() {
        assert!(program(std::process::id()).starts_with("peer_runtime"));
        assert_eq!(program(0), "");
    }
}
