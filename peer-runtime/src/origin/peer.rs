//! The handle to a control process: what a test does with a peer.

use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, Weak};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call::Call;
use super::handle::Handle;
use super::shared::PeerShared;
use crate::barrier::Barrier;
use crate::codec::Encoding;
use crate::error::Error;
use crate::mailbox::Recipient;
use crate::options::StartOptions;
use crate::registry::RemoteFn;
use crate::state::PeerState;
use crate::wire::message::Function;

/// A peer: the handle to its control process. Clones are the same peer; dropping them stops nothing.
///
/// What the manual's functions take to say which peer is meant.
///
/// ```
/// use peer::prelude::*;
/// #[remote]
/// fn sum(values: Vec<u64>) -> u64 { values.iter().sum() }
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer: Peer = peer::start(()).await?;
/// assert_eq!(peer.call(sum, (vec![1, 2, 3],)).await?, 6);
/// peer.stop().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Peer {
    pub(super) handle: Arc<Handle>,
}

impl Peer {
    /// Calls `function` on the node, and gives what it returns. Mirrors the manual's `call/4,5`.
    ///
    /// The arguments are encoded at once and sent at the first poll of the result, which waits 5 s
    /// unless [`Call::timeout`] says otherwise. Calls run side by side in no order.
    ///
    /// # Errors
    /// `is_panic` with message, place and backtrace if the function panicked; `is_undef` if it has no
    /// `#[remote]`, or if the node runs another build (use [`apply`](Self::apply)); `is_timeout`;
    /// `is_noconnection` at once if the node is booting, stopping or down, or goes down meanwhile;
    /// `is_too_large` if arguments or result are larger than `frame_limit`.
    pub fn call<F, A, M, R>(&self, function: F, args: A) -> Call<R>
    where
        F: RemoteFn<A, M, Output = R>,
        A: Serialize,
        R: DeserializeOwned,
    {
        self.call_as(std::any::type_name::<F>(), function, args)
    }

    /// The same call; reports of what the node does name it `shown`.
    pub(crate) fn call_as<F, A, M, R>(&self, shown: impl Into<Arc<str>>, function: F, args: A) -> Call<R>
    where
        F: RemoteFn<A, M, Output = R>,
        A: Serialize,
        R: DeserializeOwned,
    {
        // Only the name of its type is needed.
        let _ = function;
        let shared = self.shared();
        let frame = shared.typed(std::any::type_name::<F>(), &args);
        Call::new(shared, shown, Encoding::Postcard, frame)
    }

    /// Calls the function `name` of `module` on the node, whatever it was built from: for the nodes of
    /// other executables. Mirrors the manual's `call/4,5` in its arguments.
    ///
    /// The type of the result must be known: `let () = ...` for a function without one.
    ///
    /// # Errors
    /// As [`call`](Self::call); `is_badarg`, with both signatures, if the arguments do not decode there. What is sent
    /// describes itself (MessagePack), in which `Some(None)` and `None` are the same.
    ///
    /// ```
    /// # mod admin { #[peer::remote] pub fn rows(table: String) -> usize { table.len() } }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let module = module_path!();
    /// let peer = peer::start(()).await?;
    /// let rows: usize = peer.apply(&format!("{module}::admin"), "rows", ("users",)).await?;
    /// assert_eq!(rows, 5);
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn apply<R, A>(&self, module: &str, name: &str, args: A) -> Call<R>
    where
        A: Serialize,
        R: DeserializeOwned,
    {
        let signature = format!("{name}{} -> {}", std::any::type_name::<A>(), std::any::type_name::<R>());
        let function = Function::Named { module, name, signature: &signature };
        let shared = self.shared();
        let frame = shared.named(function, &args);
        Call::new(shared, format!("{module}::{name}"), Encoding::MessagePack, frame)
    }

    /// Calls `function` on the node without waiting for it: no result, and no error. What goes wrong is
    /// noted on the console. Mirrors the manual's `cast/4`.
    pub fn cast<F, A, M>(&self, function: F, args: A)
    where
        F: RemoteFn<A, M>,
        A: Serialize,
    {
        let _ = function;
        let shared = self.shared();
        shared.note_failure(shared.cast(std::any::type_name::<F>(), &args));
    }

    /// Sends `message` to a mailbox of the node, by its name or its address. Messages from one task to
    /// one mailbox arrive in order. What cannot be sent is noted on the console. Mirrors the manual's `send/3`.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// async fn next() -> Option<String> { mailbox::<String>("inbox").recv().await.ok() }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// peer.send("inbox", "hello".to_owned());
    /// assert_eq!(peer.call(next, ()).await?.as_deref(), Some("hello"));
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn send<M: Serialize>(&self, to: impl Into<Recipient>, message: M) {
        let shared = self.shared();
        shared.note_failure(shared.send(to.into().0, &message));
    }

    /// Waits at the barrier `name` of the scope that owns this peer, which is where this peer waits at its barriers: for tests
    /// that share the nodes of their group, and for nodes that have peers of their own. Which peer of the scope it is makes no
    /// difference.
    ///
    /// In the barriers of a group's scope the origin takes no part, since several tests may share its nodes, unless all say how many
    /// they are, with [`Barrier::parties`].
    pub fn barrier(&self, name: &str) -> Barrier {
        Barrier::new(name, Ok(self.handle.launch_spec.owner.clone()))
    }

    /// The state of the peer. Mirrors the manual's `get_state/1`, and never waits.
    pub fn state(&self) -> PeerState {
        self.shared().state()
    }

    /// The full name of the node, `name@host`. Behind a prefix such as `ssh` the host is `nohost`
    /// until the node is started.
    pub fn node(&self) -> String {
        self.shared().node()
    }

    /// The name of the node, the part before `@`.
    pub fn name(&self) -> &str {
        &self.handle.launch_spec.name
    }

    /// The options that the peer was started with, its name included.
    pub fn options(&self) -> &StartOptions {
        &self.handle.launch_spec.options
    }

    /// The command line that the peer was started with.
    pub fn command_line(&self) -> &[OsString] {
        &self.handle.launch_spec.command_line
    }

    /// The id of the node's operating-system process; behind a prefix such as `ssh` that of the
    /// prefix, until the node has reported its own.
    pub fn os_pid(&self) -> u32 {
        self.shared().os_pid()
    }

    /// Appends `bytes` to what readers of the node's standard input find. Never waits for a reader.
    ///
    /// # Errors
    /// If the peer was not started with [`Input::Fed`](crate::Input::Fed), or is not running.
    pub fn input(&self, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        self.shared().feed(bytes.as_ref())
    }

    /// Readers of the node's standard input find the end of the file after what was fed.
    ///
    /// # Errors
    /// As [`input`](Self::input).
    pub fn end_input(&self) -> Result<(), Error> {
        self.shared().feed_end()
    }
}

impl Peer {
    /// The peer as it is now; a restart makes it another process.
    pub(crate) fn shared(&self) -> Arc<PeerShared> {
        self.handle.current()
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.handle, &other.handle)
    }

    pub(crate) fn weak(&self) -> Weak<Handle> {
        Arc::downgrade(&self.handle)
    }
}

impl From<Arc<Handle>> for Peer {
    fn from(handle: Arc<Handle>) -> Self {
        Self { handle }
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("node", &self.node()).field("state", &self.state()).finish_non_exhaustive()
    }
}
