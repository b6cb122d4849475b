//! Whom a control process or a node tells what concerns others: its owner.
//!
//! The origin knows nothing of scopes, and a node nothing of either; both know this trait.

use crate::mailbox::Letter;

/// What owns a peer, or a node's end of a control connection.
pub(crate) trait Owner: Send + Sync {
    /// `node` printed these bytes.
    fn console(&self, node: &str, bytes: &[u8]);

    /// `node` will print nothing more.
    fn ended(&self, node: &str);

    /// Something that a reader of the console should know about `node`.
    fn note(&self, node: &str, text: &str);

    /// A message arrived from `node`.
    fn deliver(&self, node: &str, letter: Letter);

    /// A peer with `PeerDown::Crash` went down by itself; `report` says all about it.
    fn crashed(&self, node: &str, report: String);

    /// `node` left a process behind, which had to be ended; `text` says all about it, and was noted.
    fn leaked(&self, node: &str, text: String);
}
