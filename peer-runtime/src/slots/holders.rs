//! Who holds the locks, as the kernel lists them; for a reader, and for nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use rustix::fs::{OFlags, fstat};

use super::directory::Directory;
use crate::name;

/// How often the kernel's list is looked at.
const LOOKS: usize = 4;

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
    let inode = |name: &str| Some(fstat(directory.fifo(name, OFlags::RDONLY).ok()?).ok()?.st_ino);
    let turn = inode(turn);
    let slots: Vec<u64> = slots.iter().filter_map(|name| inode(name)).collect();
    let is_ours = |held: u64| slots.contains(&held) || turn == Some(held);
    let mut holders: Vec<Holder> = Vec::new();
    for (pid, held) in listed(&is_ours) {
        let (is_slot, is_turn) = (slots.contains(&held), turn == Some(held));
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

/// The locks that are ours. While others take and give back theirs the kernel may list one twice, or, for once, not at all.
fn listed(is_ours: &dyn Fn(u64) -> bool) -> BTreeSet<(u32, u64)> {
    let look = |_| std::fs::read_to_string("/proc/locks").unwrap_or_default();
    let found = |locks: String| locks.lines().filter_map(lock).collect::<Vec<_>>();
    (0..LOOKS).map(look).flat_map(found).filter(|(_, held)| is_ours(*held)).collect()
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

    /// So many that the kernel lists them piece by piece.
    const MANY: usize = 512;

    #[test]
    fn while_others_come_and_go_each_lock_is_listed_once() {
        let folder = std::env::temp_dir().join(format!("peer-locks-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("there is room");
        let file = |name: &str| std::fs::File::create(folder.join(name)).expect("there is room");
        let own: Vec<_> = (0..3).map(|at| file(&format!("own-{at}"))).collect();
        let inodes: Vec<u64> = own.iter().map(|file| fstat(file).expect("it is open").st_ino).collect();
        let lock = |file: &std::fs::File| file.lock().expect("nobody else has it");
        let others: Vec<_> = (0..MANY).map(|at| file(&format!("other-{at}"))).collect();
        own.iter().for_each(lock);
        others.iter().for_each(lock);
        let ends = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !ends.load(std::sync::atomic::Ordering::Relaxed) {
                    others.iter().for_each(|file| file.unlock().expect("it is locked"));
                    others.iter().for_each(lock);
                }
            });
            let found: Vec<usize> = (0..200).map(|_| listed(&|held| inodes.contains(&held)).len()).collect();
            ends.store(true, std::sync::atomic::Ordering::Relaxed);
            assert_eq!(found, [3; 200]);
        });
        std::fs::remove_dir_all(folder).expect("it is there");
    }

    #[test]
    fn a_program_goes_by_its_name() {
        assert!(program(std::process::id()).starts_with("peer_runtime"));
        assert_eq!(program(0), "");
    }
}
