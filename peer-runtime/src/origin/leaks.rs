//! The end of what is below a peer's process, and what of it the peer leaked.

use super::shared::PeerShared;
use crate::leak::Leak;
use crate::owner::PeerEvent;
use crate::timeouts::{Deadline, GONE};
use crate::wire::keeper::LeakedProcess;

/// Waits until everything below the process has ended, and reports what it leaked. A node that could not end its own
/// group leaks only the rest, and a program, which may give each of its processes a group, nothing.
pub(super) async fn reap_descendants(shared: &PeerShared, orderly: bool) {
    if !shared.process.has_ended() {
        return;
    }
    let leaked = tokio::select! {
        leaked = shared.process.gone() => leaked,
        () = Deadline::after(GONE).passed() => return shared.note("its descendants did not end; is the keeper stopped?"),
    };
    for LeakedProcess { pid, command, ancestors, alive, in_group, .. } in leaked {
        if !(alive || orderly || (!in_group && shared.is_node())) {
            continue;
        }
        let leak = Leak { node: shared.name.to_string(), node_pid: shared.os_pid(), pid, command, ancestors, alive };
        shared.note(&leak.text());
        shared.event(PeerEvent::Leaked(leak));
    }
}
