//! Where this process and its children run, and how much they may open.

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Outcome;

/// Binds every thread of this process to one CPU, or lets them go again. Children inherit it.
pub(crate) fn bind(bound: bool) -> Outcome {
    static ALL: std::sync::OnceLock<CpuSet> = std::sync::OnceLock::new();
    let all = match ALL.get() {
        Some(all) => all,
        None => ALL.get_or_init(|| sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new())),
    };
    let mut set = *all;
    if bound {
        let first = (0..CpuSet::MAX_CPU).find(|cpu| all.is_set(*cpu)).ok_or("no CPU to bind to")?;
        set.clear();
        set.set(first);
    }
    for thread in std::fs::read_dir("/proc/self/task")? {
        let id = thread?.file_name().to_string_lossy().parse::<i32>()?;
        sched_setaffinity(Pid::from_raw(id), &set)?;
    }
    Ok(())
}

/// Five hundred peers have some thousand descriptors.
pub(crate) fn allow_many_descriptors() -> Outcome {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}
