//! Limits: many peers at once, strangers on the port, too few descriptors and processes, a thousand restarts, secrets.
//!
//! The default run is a short one. `LIMITS_FULL=1` runs every test at its full length, and prints figures:
//! `LIMITS_FULL=1 cargo test --test it limits:: -- --nocapture --test-threads=1`.

mod boots;
mod restarts;
mod short;
mod strangers;

use peer::prelude::*;

use crate::support::*;

/// How often something is done: `usual` times, or `full` times where the long run is asked for.
fn rounds(usual: usize, full: usize) -> usize {
    if std::env::var_os("LIMITS_FULL").is_some() { full } else { usual }
}

/// How many descriptors this process has open.
fn open_descriptors() -> usize {
    // The one that reads the directory is among them each time.
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
