//! Bad input: each gives a clear error at once, and the other calls and peers go on.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod boot;
mod calls;
mod mailboxes;
mod options;
mod stop;
#[path = "../support/mod.rs"]
mod support;
mod tcp;

use std::time::Duration;

use peer::prelude::*;
use peer::{Error, Start};

#[remote]
fn add(a: u64, b: u64) -> u64 {
    a + b
}

/// The error of a start that has to fail, and at once.
#[track_caller]
fn refused(start: Start) -> impl Future<Output = Error> {
    let caller = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(support::DEADLINE, start).await {
            Ok(Err(error)) => error,
            Ok(Ok(peer)) => panic!("{caller}: started {peer:?}"),
            Err(_) => panic!("{caller}: not told at once"),
        }
    }
}

/// A peer that somebody else's mistakes do not concern.
async fn goes_on(peer: &Peer) {
    assert_eq!(peer.call(add, (1, 2)).await.unwrap(), 3);
}

/// `sh -c script`, as what is executed in place of a node.
fn shell(script: &str) -> StartOptions {
    StartOptions::new().exec(("sh", ["-c", script])).wait_boot(WaitBoot::For(peer::UNLIMITED))
}

const SHORT: Duration = Duration::from_millis(300);

/// Both control connections.
const CONNECTIONS: [Connection; 2] = [Connection::StandardIo, Connection::Tcp(0)];
