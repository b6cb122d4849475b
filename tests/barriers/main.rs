//! Barriers: who is waited for, what breaks one, and what a time-out says.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod passing;
#[path = "../support/mod.rs"]
mod support;

use peer::prelude::*;

/// Both control connections.
const CONNECTIONS: [Connection; 2] = [Connection::StandardIo, Connection::Tcp(0)];

/// Waits at a barrier in the node.
#[remote]
async fn meet(name: String) -> Result<(), String> {
    peer::barrier(&name).await.map_err(|error| error.to_string())
}
