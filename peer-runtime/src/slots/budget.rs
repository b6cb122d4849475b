//! How many nodes this machine is good for.

use std::path::Path;
use std::thread;

/// Nodes mostly wait: this many share a core.
const PER_CORE: u64 = 4;

/// The memory that a node is given, in bytes.
const PER_NODE: u64 = 128 << 20;

/// Four nodes for each core, if there are 128 MiB of free memory for each.
pub(super) fn default_budget() -> u32 {
    let cores = thread::available_parallelism().map_or(1, |cores| u64::try_from(cores.get()).unwrap_or(1));
    budget(cores, free_memory())
}

/// Where it is not known how much memory there is, the cores decide.
fn budget(cores: u64, memory: Option<u64>) -> u32 {
    let by_cores = cores.saturating_mul(PER_CORE);
    let nodes = memory.map_or(by_cores, |memory| by_cores.min(memory / PER_NODE));
    u32::try_from(nodes.max(1)).unwrap_or(u32::MAX)
}

/// In bytes: what the machine has left, or what the control groups around this process allow, if that is less.
///
/// Not what is left of a group's limit: most of what counts as used there is cache, which makes room.
fn free_memory() -> Option<u64> {
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    let machine = read(Path::new("/proc/meminfo")).and_then(|text| available(&text));
    let groups = read(Path::new("/proc/self/cgroup")).unwrap_or_default();
    let limit = group_of(&groups).and_then(|(root, group, file)| {
        let group = Path::new(group.trim_start_matches('/'));
        // The limit of each group around this one holds as well. Without a limit it says `max`.
        let limits = group.ancestors().filter_map(|group| read(&Path::new(root).join(group).join(file)));
        limits.filter_map(|limit| limit.trim().parse().ok()).min()
    });
    machine.into_iter().chain(limit).min()
}

/// `MemAvailable` of `/proc/meminfo`, which is in KiB.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1 << 10)
}

/// The group of this process that limits memory, of `/proc/self/cgroup`: below which folder, and the file with its limit.
fn group_of(groups: &str) -> Option<(&'static str, &str, &'static str)> {
    groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (number, controllers, group) = (parts.next()?, parts.next()?, parts.next()?);
        if controllers.split(',').any(|one| one == "memory") {
            return Some(("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
        }
        let unified = number == "0" && controllers.is_empty();
        unified.then_some(("/sys/fs/cgroup", group, "memory.max"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_and_memory_make_the_budget() {
        assert_eq!(budget(2, None), 8);
        assert_eq!(budget(2, Some(5 * PER_NODE)), 5);
        assert_eq!(budget(2, Some(100 * PER_NODE)), 8);
        assert_eq!(budget(2, Some(0)), 1);
        assert_eq!(budget(u64::MAX, None), u32::MAX);
        assert!(free_memory().is_some_and(|bytes| bytes > 0));
    }

    #[test]
    fn files_of_the_kernel_are_read() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:   2048 kB\n"), Some(2 << 20));
        assert_eq!(available("MemTotal: 9 kB\n"), None);
        let unified = group_of("0::/user.slice/a\n");
        assert_eq!(unified.map(|group| group.1), Some("/user.slice/a"));
        let legacy = group_of("5:memory:/docker/x\n0::/\n");
        assert_eq!(legacy.map(|group| group.0), Some("/sys/fs/cgroup/memory"));
    }
}
