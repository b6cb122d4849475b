//! Programs that are no nodes: ready or not, their console, their input, their end; and two real servers.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod directory;
mod ends;
mod options;
mod postgres;
mod ready;
mod redis;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod talk;

use std::time::Duration;

use peer::prelude::*;
use peer::{Error, Start};
use support::{DEADLINE, says};

/// `sh -c script sh arguments`, as a program that is no node.
fn shell<const N: usize>(script: &str, arguments: [&str; N]) -> StartOptions {
    StartOptions::new().program(("sh", ["-c", script, "sh"])).args(arguments).name(peer::random_name("program"))
}

/// What no test waits for.
fn patient(options: StartOptions) -> StartOptions {
    options.wait_boot(WaitBoot::For(peer::UNLIMITED))
}

/// The error of a start that has to fail, and at once.
#[track_caller]
fn refused(start: Start) -> impl Future<Output = Error> {
    let caller = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(DEADLINE, start).await {
            Ok(Err(error)) => error,
            Ok(Ok(peer)) => panic!("{caller}: started {peer:?}"),
            Err(_) => panic!("{caller}: not told at once"),
        }
    }
}

/// Why the peer is gone, once it is.
async fn gone(peer: &Peer) -> Reason {
    let reason = tokio::time::timeout(DEADLINE, peer.gone()).await;
    reason.unwrap_or_else(|_| panic!("{} is not gone after {DEADLINE:?}: {:?}", peer.node(), peer.state()))
}

/// The last lines that the program printed: an error carries them. When it is gone they are complete.
async fn last_words(peer: &Peer) -> String {
    let error = peer.apply::<(), _>("no", "node", ()).await.unwrap_err().to_string();
    let lines = error.lines().filter_map(|line| line.strip_prefix("    | "));
    // `PEER_BOOT_DEBUG` adds to them.
    lines.filter(|line| !line.starts_with("[peer] boot ")).collect::<Vec<_>>().join("\n")
}

/// Waits until the program has printed `text`, by asking for its last words again and again.
async fn printed(peer: &Peer, text: &str) {
    let found = async {
        while !last_words(peer).await.contains(text) {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, found).await.is_ok(), "no {text:?} in {:?}", last_words(peer).await);
}

/// Whether there is no such process any more, not even one that nobody has reaped.
fn is_gone(pid: u32) -> bool {
    !std::path::Path::new(&format!("/proc/{pid}")).exists()
}

/// Soon enough for a test that wants to see it happen.
const SOON: Duration = Duration::from_millis(300);
