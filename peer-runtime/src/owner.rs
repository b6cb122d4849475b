//! Whom a control process or a node tells what concerns others: its owner.
//!
//! The origin knows nothing of scopes, and a node nothing of either; both know this trait.

use std::sync::Arc;
use std::time::Duration;

use crate::barrier::{Arrival, Gate, Who};
use crate::mailbox::Letter;
use crate::state::Reason;

/// What owns a peer, or a node's end of a control connection.
pub(crate) trait Owner: Send + Sync {
    /// `node` printed these bytes.
    fn console(&self, node: &str, bytes: &[u8]);

    /// `node` will print nothing more.
    fn ended(&self, node: &str);

    /// Something that a reader of the console should know about `node`.
    fn note(&self, node: &str, text: &str);

    /// A message arrived from `node`, or, in a node, at it; what is to be said of that is noted about `node`.
    fn deliver(&self, node: &str, letter: Letter);

    /// A peer with `PeerDown::Crash` went down by itself; `report` says all about it.
    fn crashed(&self, node: &str, report: String);

    /// `node` left a process behind, which had to be ended; `text` says all about it, and was noted.
    fn leaked(&self, node: &str, text: String);

    /// `who` arrives at a barrier, and is told with the arrival what becomes of it.
    fn arrive(&self, who: Who, arrival: Arrival);

    /// `who` waits no longer with the arrival of this number.
    fn withdraw(&self, who: &Who, id: u64);

    /// At which barriers `node` waits, and for how long.
    fn waits(&self, node: &str) -> Vec<(String, Duration)>;

    /// A node is down: nobody needs to wait for it.
    fn down(&self, down: Down<'_>);
}

/// The end of a node.
#[derive(Clone, Copy)]
pub(crate) struct Down<'a> {
    pub(crate) name: &'a str,
    /// Its full name.
    pub(crate) node: &'a str,
    pub(crate) reason: &'a Reason,
    /// What it wrote last.
    pub(crate) output: &'a str,
}

/// The way to the barriers of an owner, for the origin itself.
pub(crate) struct OriginGate(pub(crate) Arc<dyn Owner>);

impl Gate for OriginGate {
    fn arrive(&self, arrival: Arrival) {
        self.0.arrive(Who::Origin, arrival);
    }

    fn withdraw(&self, id: u64) {
        self.0.withdraw(&Who::Origin, id);
    }
}
