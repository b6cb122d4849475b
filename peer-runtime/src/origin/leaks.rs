//! What a peer left behind, for a reader.

use super::shared::PeerShared;
use crate::owner::PeerEvent;
use crate::wire::keeper::LeakedProcess;

/// Notes them on the console of the peer, and tells its owner, who may not have that read.
pub(super) fn tell<'a>(shared: &PeerShared, left: impl Iterator<Item = &'a LeakedProcess>) {
    for text in left.map(|left| describe(shared, left)) {
        shared.note(&text);
        shared.event(PeerEvent::Leaked(text));
    }
}

/// One process: which it is, where it came from, and what became of it.
fn describe(shared: &PeerShared, left: &LeakedProcess) -> String {
    let mut text = format!("left behind os pid {} `{}`", left.pid, left.command);
    for (pid, command) in &left.ancestors {
        text.push_str(&format!(", below os pid {pid} `{command}`"));
    }
    text.push_str(&format!(", started by the node or by what has ended since (os pid {})", shared.os_pid()));
    text.push_str(if left.alive { "; it could not be ended: is it another user's?" } else { "; it was ended" });
    text
}
