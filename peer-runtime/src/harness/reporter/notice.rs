//! Something that has been running for long, as it is told while it runs.

use std::time::Duration;

use super::super::event::What;
use crate::origin::{Description, Snapshot};

/// Something that has been running for so long, and what its nodes are doing.
pub(super) struct Notice {
    pub(super) name: String,
    pub(super) what: What,
    pub(super) since: Duration,
    pub(super) nodes: Vec<NodeNow>,
    /// At which barriers it waits itself, and for how long.
    pub(super) barriers: Vec<String>,
}

/// A node, and what it is doing.
#[derive(Debug)]
pub(super) struct NodeNow {
    pub(super) name: String,
    pub(super) state: String,
    /// The state, and more about it.
    pub(super) doing: String,
}

impl NodeNow {
    pub(super) fn of(peer: &Snapshot) -> Self {
        let Description { node: name, state, .. } = peer.description();
        Self { name, state, doing: peer.doing() }
    }
}
