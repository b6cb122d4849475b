//! What a peer left behind, for a reader.

use super::inner::Inner;
use crate::wire::keeper::Left;

/// Notes them on the console of the peer, and tells its owner, who may not have that read.
pub(super) fn tell<'a>(inner: &Inner, left: impl Iterator<Item = &'a Left>) {
    for text in left.map(|left| describe(inner, left)) {
        inner.note(&text);
        inner.owner.leaked(&inner.name, text);
    }
}

/// One process: which it is, where it came from, and what became of it.
fn describe(inner: &Inner, left: &Left) -> String {
    let mut text = format!("left behind os pid {} `{}`", left.pid, left.command);
    for (pid, command) in &left.above {
        text.push_str(&format!(", below os pid {pid} `{command}`"));
    }
    text.push_str(&format!(", started by the node or by what has ended since (os pid {})", inner.os_pid()));
    text.push_str(if left.alive { "; it could not be ended: is it another user's?" } else { "; it was ended" });
    text
}
