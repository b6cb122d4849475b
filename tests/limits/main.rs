//! Limits: many peers at once, strangers on the port, too few descriptors and processes, a thousand restarts, secrets.
//!
//! The default run is a short one. `LIMITS_FULL=1` runs every test at its full length, and prints figures:
//! `LIMITS_FULL=1 cargo test --test limits -- --nocapture --test-threads=1`.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod strangers;
#[path = "../support/mod.rs"]
mod support;

use peer::prelude::*;

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
