//! Memory as the kernel counts it.

use std::path::Path;

/// The resident memory of a process and of all below it, in MB; what ends meanwhile has none.
pub(crate) fn of_all_below(pid: u32) -> f64 {
    let process = Path::new("/proc").join(pid.to_string());
    let status = std::fs::read_to_string(process.join("status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: f64 = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default();
    let threads = std::fs::read_dir(process.join("task")).into_iter().flatten().flatten();
    let children = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let below = children.flat_map(|pids| pids.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>());
    kilobytes * 1024.0 / 1e6 + below.map(of_all_below).sum::<f64>()
}
