//! Reports the processes that a peer leaked.

use super::shared::PeerShared;
use crate::leak::Leak;
use crate::owner::PeerEvent;
use crate::wire::keeper::LeakedProcess;

/// Reports them on the console of the peer, and to its owner, since nobody may read that console.
pub(super) fn report<'a>(shared: &PeerShared, leaked: impl Iterator<Item = &'a LeakedProcess>) {
    for LeakedProcess { pid, command, ancestors, alive, .. } in leaked {
        let (node, node_pid) = (shared.name.to_string(), shared.os_pid());
        let (command, ancestors) = (command.clone(), ancestors.clone());
        let leak = Leak { node, node_pid, pid: *pid, command, ancestors, alive: *alive };
        shared.note(&leak.text());
        shared.event(PeerEvent::Leaked(leak));
    }
}
