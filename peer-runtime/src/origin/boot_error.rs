//! What is said of a node whose boot failed.

use std::time::Duration;

use super::shared::PeerShared;
use crate::error::{Error, Kind};
use crate::state::Reason;
use crate::timeouts::display;

/// Why the node is not started, for who waited for it.
pub(super) fn of_node(shared: &PeerShared, reason: &Reason, timeout: Duration) -> Error {
    let what = match reason {
        Reason::BootTimeout => format!("the node was not started within {}", display(timeout)),
        Reason::Stopped | Reason::ScopeEnded => format!("the node was ended while it was booting: {reason}"),
        killed if shared.faults.explain(killed) => format!("the node was killed while it was booting: {reason}"),
        other => format!("the node ended while it was booting: {other}"),
    };
    let what = format!("{what}\ncommand line: {}", shared.command_line());
    let error = shared.error(Kind::BootFailed(Some(reason.clone())), "start of a peer", what);
    match (shared.hello.get(), &shared.options.exec, reason) {
        // Its status and its output say more than anybody could guess.
        (_, Some(_), Reason::Killed(_) | Reason::Stopped | Reason::ScopeEnded) => error,
        (Some(_), Some(_), Reason::Exited(_)) => error,
        (Some(_), Some(_), _) => error.hint("it entered, and did not report that it is started: does it call `started()` on what `enter_booting()` gave it?"),
        (None, Some(_), _) => error.hint("it never entered as a node: the first line of its main is `let _node = peer::node::enter();`; a program that is not yours is started with `program`"),
        (_, None, _) => error.hint("PEER_BOOT_DEBUG=1 shows every step of a boot"),
    }
}
