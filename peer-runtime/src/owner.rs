//! What a control process, and a node's end of a control connection, reports to its owner.
//!
//! The origin knows nothing of scopes, and a node nothing of either; both know these traits.

use crate::barrier::BarrierGate;
use crate::leak::Leak;
use crate::mailbox::Message;
use crate::state::Reason;

/// Receives what happens to peers, or, in a node, to the node itself.
pub(crate) trait PeerEvents: Send + Sync {
    fn event(&self, name: &str, event: PeerEvent<'_>);
}

pub(crate) enum PeerEvent<'a> {
    /// It printed these bytes.
    Console(&'a [u8]),
    /// It prints nothing more.
    ConsoleEnd,
    /// A line for the reader of its console.
    Note(&'a str),
    /// It sent a message; in a node, the origin sent one to it.
    Message(Message),
    /// It leaked a process, which was noted.
    Leaked(Leak),
    /// It ended by itself, and is linked with `PeerDown::Crash`; the text describes it.
    Crashed(String),
    /// It is down: its full name, the reason and its last output.
    Down { node: &'a str, reason: &'a Reason, output: &'a str },
}

pub(crate) trait Owner: PeerEvents + BarrierGate {}

impl<T: PeerEvents + BarrierGate> Owner for T {}
