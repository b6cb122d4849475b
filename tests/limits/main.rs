//! Limits: many peers at once, strangers on the port, too few descriptors and processes, a thousand restarts, secrets.
//!
//! The default run is a short one. `LIMITS_FULL=1` runs every test at its full length, and prints figures:
//! `LIMITS_FULL=1 cargo test --test limits -- --nocapture --test-threads=1`.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod boots;
mod restarts;
mod secrets;
mod short;
mod strangers;
#[path = "../support/mod.rs"]
mod support;

use peer::prelude::*;

/// Both control connections.
const CONNECTIONS: [Connection; 2] = [Connection::StandardIo, Connection::Tcp(0)];

/// What a driven test is told by who drives it.
fn told(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: this test is run by another one"))
}

/// How often something is done: `usual` times, or `full` times where the long run is asked for.
fn rounds(usual: usize, full: usize) -> usize {
    if std::env::var_os("LIMITS_FULL").is_some() { full } else { usual }
}

#[remote]
fn add(a: u64, b: u64) -> u64 {
    a + b
}

/// A peer that somebody else's trouble does not concern.
async fn goes_on(peer: &Peer) {
    assert_eq!(peer.call(add, (1, 2)).timeout(support::DEADLINE).await.unwrap(), 3);
}

/// How many descriptors this process has open.
fn open_descriptors() -> usize {
    // The one that reads the directory is among them each time.
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// All processes of this machine, also those that have ended and are not reaped.
fn processes() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// The parent of a process; none if there is no such process.
fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which may contain anything, and the state.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn children(of: u32) -> Vec<u32> {
    processes().into_iter().filter(|pid| parent(*pid) == Some(of)).collect()
}

/// Everything below a process.
fn descendants(of: u32) -> Vec<u32> {
    let children = children(of);
    children.iter().copied().chain(children.iter().flat_map(|child| descendants(*child))).collect()
}
