//! How many nodes this machine can run at once.

use std::thread;

/// Nodes mostly wait, so this many share a core.
const PER_CORE: u64 = 4;

/// The memory of a node, in bytes.
const PER_NODE: u64 = 128 << 20;

/// Four nodes for each core, as long as there are 128 MiB of free memory for each.
pub(super) fn default_budget() -> u32 {
    let cores = thread::available_parallelism().map_or(1, |cores| u64::try_from(cores.get()).unwrap_or(1));
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    // A container sees the memory of the whole machine, and its own limit in this file; without a limit that says `max`.
    // What is used of the limit does not count: most of it is cache, which makes room.
    let limit = read("/sys/fs/cgroup/memory.max").trim().parse().ok();
    budget(cores, available(&read("/proc/meminfo")).into_iter().chain(limit).min())
}

/// If the memory is unknown, the cores decide.
fn budget(cores: u64, memory: Option<u64>) -> u32 {
    let by_cores = cores.saturating_mul(PER_CORE);
    let nodes = memory.map_or(by_cores, |memory| by_cores.min(memory / PER_NODE));
    u32::try_from(nodes.max(1)).unwrap_or(u32::MAX)
}

/// `MemAvailable` of `/proc/meminfo`, which is in KiB.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1 << 10)
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
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:   2048 kB\n"), Some(2 << 20));
        assert_eq!(available("MemTotal: 9 kB\n"), None);
    }
}
