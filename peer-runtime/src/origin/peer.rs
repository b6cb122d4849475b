//! The handle to a control process: what a test does with a peer.

use std::ffi::OsString;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call::Call;
use super::handle::Handle;
use super::shared::How;
use crate::codec::Encoding;
use crate::error::{Error, Kind};
use crate::mailbox::{Message, Recipient};
use crate::options::StartOptions;
use crate::registry::RemoteFn;
use crate::state::{PeerState, Reason};
use crate::wire::message::{Function, ToPeer};

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
    ///
    /// See [`Peer`] for an example.
    pub fn call<F, A, M, R>(&self, function: F, args: A) -> Call<R>
    where
        F: RemoteFn<A, M, Output = R>,
        A: Serialize,
        R: DeserializeOwned,
    {
        // The name of its type is all that is needed of it.
        let _ = function;
        let name = std::any::type_name::<F>();
        let shared = self.shared();
        let frame = shared.typed(name, &args, "call");
        Call::new(shared, name, Encoding::Postcard, frame)
    }

    /// The same call, by a name that says more to who reads what the node is doing.
    pub(crate) fn call_as<F, A, M, R>(&self, shown: String, function: F, args: A) -> Call<R>
    where
        F: RemoteFn<A, M, Output = R>,
        A: Serialize,
        R: DeserializeOwned,
    {
        let _ = function;
        let shared = self.shared();
        let frame = shared.typed(std::any::type_name::<F>(), &args, "call");
        Call::new(shared, shown, Encoding::Postcard, frame)
    }

    /// Calls the function `name` of `module` on the node, whatever it was built from: for the nodes of
    /// other executables. Mirrors the manual's `call/4,5` in its arguments.
    ///
    /// The type of the result has to be told; of a function without one it is `let () = ...`.
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
        let seq = shared.calls.number();
        let text = function.to_string();
        let frame =
            shared.frame(&ToPeer::Call { seq, function }, Encoding::MessagePack, &args, || format!("call of `{text}`"));
        Call::new(shared, format!("{module}::{name}"), Encoding::MessagePack, frame.map(|frame| (seq, frame)))
    }

    /// Calls `function` on the node without waiting for it: no result, and no error. What goes wrong is
    /// noted on the console. Mirrors the manual's `cast/4`.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// fn warm_up() {}
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// peer.cast(warm_up, ());
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn cast<F, A, M>(&self, function: F, args: A)
    where
        F: RemoteFn<A, M>,
        A: Serialize,
    {
        let _ = function;
        let name = std::any::type_name::<F>();
        let operation = || format!("cast of `{name}`");
        let shared = self.shared();
        let sent = shared.check_typed(name, "cast").and_then(|function| {
            let frame = shared.frame(&ToPeer::Cast { function }, Encoding::Postcard, &args, operation)?;
            shared.send_frame(&frame, operation)
        });
        shared.note_failure(sent);
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
        let to = to.into().0;
        let operation = format!("message to mailbox `{}`", to.name());
        let shared = self.shared();
        let encoding = if shared.same_build() { Encoding::Postcard } else { Encoding::MessagePack };
        let sent = Message::new(to, encoding, &message)
            .map_err(|fault| {
                shared.error(Kind::Codec, operation.clone(), format!("the message cannot be encoded: {fault}"))
            })
            .and_then(|message| shared.post(&message));
        shared.note_failure(sent);
    }

    /// The state of the peer. Mirrors the manual's `get_state/1`, and never waits.
    ///
    /// See [`PeerState`] for an example.
    pub fn state(&self) -> PeerState {
        self.shared().state()
    }

    /// Stops the peer as its option `shutdown` says. Mirrors the manual's `stop/1`, and waits for more:
    /// afterwards the process is reaped, and name and ports are free. Only [`Shutdown::Close`](crate::Shutdown::Close)
    /// does not wait; [`gone`](Self::gone) does.
    ///
    /// # Errors
    /// `is_noproc` if the peer has been stopped, is being stopped, or went down by itself.
    ///
    /// See [`Peer`] for an example.
    pub fn stop(&self) -> Stop {
        let shared = self.shared();
        Stop(Box::pin(async move {
            let done = shared.end(How::Policy, Reason::Stopped)?;
            if done.await.is_ok() {
                return Ok(());
            }
            // Nobody answered: something else ended it just then.
            Err(shared.went_down("stop").await)
        }))
    }

    /// Waits until the peer is gone, whatever ends it: process reaped, name and ports free. Gives the reason.
    /// It is the process of now that is waited for: a [`restart`](Self::restart) is the end of it.
    ///
    /// ```
    /// use peer::prelude::*;
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(StartOptions::new().shutdown(Shutdown::Close)).await?;
    /// peer.stop().await?;
    /// assert_eq!(peer.gone().await, Reason::Stopped);
    /// # Ok(()) }
    /// ```
    pub fn gone(&self) -> impl Future<Output = Reason> + Send + 'static {
        let shared = self.shared();
        async move { shared.wait_gone().await }
    }

    /// The full name of the node, `name@host`. Behind a prefix such as `ssh` the host is `nohost`
    /// until the node is started.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(peer::StartOptions::new().host("db1")).await?;
    /// assert!(peer.node().ends_with("@db1"));
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn node(&self) -> String {
        self.shared().node()
    }

    /// The name of the node, the part before `@`.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let name = peer::random_name("db");
    /// let peer = peer::start(peer::StartOptions::new().name(name.clone())).await?;
    /// assert_eq!(peer.name(), name);
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn name(&self) -> &str {
        &self.handle.launch_spec.name
    }

    /// The options that the peer was started with, its name included.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// assert!(peer.options().to_string().contains(peer.name()));
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn options(&self) -> &StartOptions {
        &self.handle.launch_spec.options
    }

    /// The command line that the peer was started with.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(peer::StartOptions::new().args(["--shard", "3"])).await?;
    /// assert!(peer.command_line().ends_with(&["--shard".into(), "3".into()]));
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn command_line(&self) -> &[OsString] {
        &self.handle.launch_spec.command_line
    }

    /// The id of the node's operating-system process; behind a prefix such as `ssh` that of the
    /// prefix, until the node has told its own.
    ///
    /// ```
    /// #[peer::remote]
    /// fn pid() -> u32 { std::process::id() }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// assert_eq!(peer.call(pid, ()).await?, peer.os_pid());
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn os_pid(&self) -> u32 {
        self.shared().os_pid()
    }

    /// Appends `bytes` to what readers of the node's standard input find. Never waits for a reader.
    ///
    /// # Errors
    /// If the peer was not started with [`Input::Fed`](crate::Input::Fed), or is not running.
    ///
    /// See [`Input`](crate::Input) for an example.
    pub fn input(&self, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        self.shared().feed(bytes.as_ref())
    }

    /// Readers of the node's standard input find the end of the file after what was fed.
    ///
    /// # Errors
    /// As [`input`](Self::input).
    ///
    /// See [`Input`](crate::Input) for an example.
    pub fn end_input(&self) -> Result<(), Error> {
        self.shared().feed_end()
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("node", &self.node()).field("state", &self.state()).finish_non_exhaustive()
    }
}

/// A stop on its way, made by [`Peer::stop`].
///
/// ```
/// # #[tokio::main] async fn main() -> peer::Result {
/// let stop: peer::Stop = peer::start(()).await?.stop();
/// stop.await?;
/// # Ok(()) }
/// ```
#[must_use = "a peer is stopped when this is awaited"]
pub struct Stop(Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>);

impl Future for Stop {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").finish_non_exhaustive()
    }
}
