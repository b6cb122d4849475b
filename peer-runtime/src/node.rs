//! The peer's side: entering, serving calls, and what code inside a node can ask and do.
//!
//! A node knows nothing of the origin but the protocol; it delivers messages to its owner.
//!
//! ```
//! // The main of a server that can be a node, and is none here.
//! let _node = peer::node::enter();
//! match peer::node::origin() {
//!     Some(origin) => origin.send("hello", peer::node::name()),
//!     None => assert_eq!(peer::node::args().len(), 0),
//! }
//! ```

use std::ffi::OsString;
use std::path::Path;

use parking_lot::Mutex;
use serde::Serialize;

use crate::codec::Encoding;
use crate::mailbox::{Message, Recipient};
use crate::name;
use crate::sys;

mod barrier;
mod boot;
mod call;
mod descriptors;
mod halt;
mod input;
mod runtime;
mod serve;

pub(crate) use barrier::gate;
pub(crate) use boot::{Prepared, prepare};
pub use halt::{halt, on_stop};
pub(crate) use serve::serve_here;

/// Set before main, where main goes on beside the node; taken when it enters.
static PREPARED: Mutex<Option<Prepared>> = Mutex::new(None);

/// Keeps what the hook before main prepared until main enters.
pub(crate) fn keep(prepared: Prepared) {
    *PREPARED.lock() = Some(prepared);
}

/// Whether this process was started as a node and has not entered yet.
pub(crate) fn has_not_entered() -> bool {
    PREPARED.lock().is_some()
}

/// Makes this process a node that is started, if an origin started it; otherwise does nothing.
///
/// The first line of the main of an executable that is started with `exec`. Main goes on beside
/// the node; when main returns the process ends, as it always does. Dropping the result does nothing.
/// A panic hook that main sets later takes location and backtrace from the panics that origins receive.
///
/// ```
/// let _node = peer::node::enter(); // this process is no peer: nothing happens
/// assert!(!peer::node::is_node());
/// ```
pub fn enter() -> Node {
    let node = enter_booting();
    node.started();
    node
}

/// As [`enter`], and leaves it to [`Node::started`] to report that the node is started: when a
/// server really listens. Until then calls to the node fail.
///
/// ```
/// let node = peer::node::enter_booting();
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// node.started();
/// # std::io::Result::Ok(())
/// ```
pub fn enter_booting() -> Node {
    let prepared = PREPARED.lock().take();
    if let Some(prepared) = prepared {
        crate::panic::record_panics(crate::panic::PanicOutput::Previous);
        serve::serve_beside(prepared);
    }
    Node { _private: () }
}

/// What [`enter`] returns: this process as a node, or as none. Dropping it does nothing.
///
/// ```
/// let node: peer::node::Node = peer::node::enter_booting();
/// node.started();
/// drop(node); // changes nothing
/// ```
#[derive(Debug)]
pub struct Node {
    _private: (),
}

impl Node {
    /// Reports that this node is started; the second time, and in a process that is no node, does nothing.
    pub fn started(&self) {
        if let Some(node) = runtime::get() {
            node.started();
        }
    }
}

/// Whether this process is a node.
///
/// ```
/// assert!(!peer::node::is_node());
/// ```
pub fn is_node() -> bool {
    runtime::get().is_some()
}

/// The full name of this process, `name@host`: the node's, or an origin's own.
///
/// What `node()` is in OTP.
///
/// ```
/// assert!(peer::node::name().contains('@'));
/// ```
pub fn name() -> String {
    name::own()
}

/// The arguments that this node was started with: exactly the option `args`. Empty elsewhere.
///
/// ```
/// use peer::prelude::*;
/// use std::ffi::OsString;
/// #[remote]
/// fn arguments() -> Vec<OsString> { peer::node::args() }
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start(StartOptions::new().args(["", "a b", "\"\n"])).await?;
/// assert_eq!(peer.call(arguments, ()).await?, ["", "a b", "\"\n"]);
/// # peer.stop().await?; Ok(()) }
/// ```
pub fn args() -> Vec<OsString> {
    runtime::get().map(|node| node.args.clone()).unwrap_or_default()
}

pub(crate) fn directory() -> Option<&'static Path> {
    runtime::get()?.spec.directory.as_deref().map(Path::new)
}

/// The origin of this node; none in a process that is no node.
///
/// ```
/// assert!(peer::node::origin().is_none());
/// ```
pub fn origin() -> Option<Origin> {
    runtime::get().map(|_| Origin { _private: () })
}

/// The origin, seen from a node.
///
/// ```
/// use peer::prelude::*;
/// #[remote]
/// fn report(progress: u32) {
///     if let Some(origin) = peer::node::origin() {
///         origin.send("progress", progress);
///     }
/// }
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start(()).await?;
/// peer.cast(report, (40,));
/// assert_eq!(mailbox::<u32>("progress").recv().await?, 40);
/// # peer.stop().await?; Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Origin {
    _private: (),
}

impl Origin {
    /// The full name of the origin.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// fn whose() -> Option<String> { Some(peer::node::origin()?.name()) }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// assert_eq!(peer.call(whose, ()).await?, Some(peer::node::name()));
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn name(&self) -> String {
        runtime::get().map(|node| node.spec.origin.clone()).unwrap_or_default()
    }

    /// Sends `message` to a mailbox of the scope in the origin that owns this node. What cannot be
    /// sent is noted on the console.
    pub fn send<M: Serialize>(&self, to: impl Into<Recipient>, message: M) {
        if let Some(node) = runtime::get() {
            let encoding = if node.spec.build == sys::build_id() { Encoding::Postcard } else { Encoding::MessagePack };
            match Message::new(to.into().0, encoding, &message) {
                Ok(message) => node.post(&message, true),
                Err(fault) => node.note(&format!("a message to the origin was dropped: it cannot be encoded: {fault}")),
            }
        }
    }
}

/// Sends a message on to the origin; `false` in a process that is no node. A `patient` caller may have to wait.
pub(crate) fn post_up(message: &Message, patient: bool) -> bool {
    runtime::get().map(|node| node.post(message, patient)).is_some()
}
