//! Processes that outlived the peer that they descend from.

use std::fmt;

/// A leaked process, which the keeper killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leak {
    /// The name of the peer.
    pub(crate) node: String,
    pub(crate) node_pid: u32,
    pub(crate) pid: u32,
    pub(crate) command: String,
    /// Pids and command lines of its ancestors, nearest first, as far as they outlived the peer.
    pub(crate) ancestors: Vec<(u32, String)>,
    /// It survived SIGKILL.
    pub(crate) alive: bool,
}

impl Leak {
    /// All but the name of the peer, for its console.
    pub(crate) fn text(&self) -> String {
        let Self { node_pid, pid, command, ancestors, alive, .. } = self;
        let ancestors: String =
            ancestors.iter().map(|(pid, command)| format!(", below os pid {pid} `{command}`")).collect();
        let end = if *alive { "it could not be killed: is it another user's?" } else { "killed" };
        format!("leaked process {pid} `{command}`{ancestors}, a descendant of the node (os pid {node_pid}); {end}")
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.node, self.text())
    }
}
