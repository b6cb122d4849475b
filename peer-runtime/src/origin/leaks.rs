//! What a peer left behind, for a reader.

use crate::wire::keeper::Left;

/// One process: which it is, where it came from, and what became of it.
pub(super) fn describe(left: &Left) -> String {
    let mut text = format!("left behind os pid {} `{}`", left.pid, left.command);
    for (pid, command) in &left.above {
        text.push_str(&format!(", started by os pid {pid} `{command}`"));
    }
    text.push_str(if left.alive { "; it could not be ended: is it another user's?" } else { "; it was ended" });
    text
}
