//! The scope of the calling thread, and what a thread does with it.

use std::borrow::Borrow;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::handle::Scope;
use super::route;
use crate::barrier::Barrier;
use crate::codec::Encoding;
use crate::error::{Error, ErrorKind};
use crate::mailbox::{Address, Mailbox, Message, ROOT, Target};
use crate::node;
use crate::options::StartOptions;
use crate::origin::Start;
use crate::owner::{PeerEvent, PeerEvents};
use crate::panic::Record;
use crate::sys;

thread_local! {
    static CURRENT: RefCell<Option<Scope>> = const { RefCell::new(None) };
    /// Its number, also after `exit` has destroyed the locals of the thread.
    static CURRENT_ID: Cell<Option<u64>> = const { Cell::new(None) };
}

/// A test executable has no root scope: what a test starts outside its own would live until the last test.
static NO_ROOT: AtomicBool = AtomicBool::new(false);

/// Marks this process as a test executable.
pub(crate) fn has_no_root() {
    NO_ROOT.store(true, Ordering::Relaxed);
}

/// The scope of this process: of a program or a node, and the owner of what no other scope owns.
pub(crate) fn root() -> &'static Scope {
    static ROOT_SCOPE: OnceLock<Scope> = OnceLock::new();
    ROOT_SCOPE.get_or_init(Scope::of_program)
}

/// The scope of the calling thread; none on a thread of a test executable that belongs to no test.
///
/// ```
/// let scope = peer::scope().expect("a program has a scope");
/// assert!(format!("{scope:?}").contains("this program"));
/// ```
pub fn scope() -> Option<Scope> {
    entered().or_else(|| (!NO_ROOT.load(Ordering::Relaxed)).then(|| root().clone()))
}

pub(super) fn entered() -> Option<Scope> {
    CURRENT.with_borrow(Clone::clone)
}

fn scope_or_root() -> Scope {
    scope().unwrap_or_else(|| root().clone())
}

/// What to do on a thread that belongs to no scope.
const ENTER: &str = "make the test a `#[peer_test]`; on a thread of your own `enter()` the `peer::scope()` of the test";

fn no_scope(operation: impl Into<String>) -> Error {
    let what = "there is no scope on this thread, which belongs to no `#[peer_test]`";
    Error::new(ErrorKind::NoScope, operation, what).hint(ENTER)
}

fn checked(operation: &str) -> Result<Scope, Error> {
    let scope = scope().ok_or_else(|| no_scope(operation))?;
    scope.check(operation)?;
    Ok(scope)
}

/// While it lives, the thread belongs to a scope. Made by [`Scope::enter`]; to be dropped in the opposite order.
///
/// ```
/// let scope = peer::scope().expect("a program has a scope");
/// let entered: peer::Entered = scope.enter();
/// ```
#[derive(Debug)]
#[must_use = "the thread leaves the scope when this is dropped"]
pub struct Entered {
    previous: Option<Scope>,
    /// It belongs to its thread.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        set(self.previous.take());
    }
}

impl Scope {
    /// Makes the calling thread belong to this scope until the result is dropped.
    ///
    /// See [`Scope`] for an example.
    pub fn enter(&self) -> Entered {
        Entered { previous: set(Some(self.clone())), _thread: std::marker::PhantomData }
    }

    /// Makes the calling thread belong to this scope for good.
    pub(crate) fn enter_for_good(&self) {
        set(Some(self.clone()));
    }
}

fn set(scope: Option<Scope>) -> Option<Scope> {
    CURRENT_ID.set(scope.as_ref().map(Scope::id));
    CURRENT.replace(scope)
}

/// Starts a peer that is not linked: it ends with its origin. Mirrors the manual's `start/1`.
///
/// `options` are [`StartOptions`], or `()` for the defaults. The future starts at its first poll.
///
/// # Errors
/// `is_bad_option`, `is_name_in_use`, or `is_boot_failed` with the exit status or signal, the command
/// line and the last output; `is_timeout` if it was not started within `wait_boot`.
///
/// ```
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start(()).await?;
/// peer.stop().await?;
/// # Ok(()) }
/// ```
pub fn start(options: impl Into<StartOptions>) -> Start {
    scope_or_root().start(options.into(), false)
}

/// Starts a peer that is linked to the current scope: it ends when the scope does, and with
/// [`PeerDown::Crash`](crate::PeerDown::Crash) the scope ends when it does. Mirrors the manual's `start_link/0,1`.
///
/// # Errors
/// As [`start`], and `is_noscope` where there is no scope.
///
/// ```
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start_link(()).await?;
/// # Ok(()) } // the program's scope ends here, and the peer with it
/// ```
pub fn start_link(options: impl Into<StartOptions>) -> Start {
    match scope() {
        Some(scope) => scope.start(options.into(), true),
        None => {
            let error = no_scope("start of a linked peer");
            Start::failed(error.hint(format!("{ENTER}; or use `peer::start`")))
        }
    }
}

/// The mailbox `name` of the current scope; in a node, of the node.
///
/// ```
/// # #[tokio::main] async fn main() -> peer::Result {
/// let inbox = peer::mailbox::<u32>("inbox");
/// inbox.address().send(7);
/// assert_eq!(inbox.recv().await?, 7);
/// # Ok(()) }
/// ```
pub fn mailbox<T>(name: &str) -> Mailbox<T> {
    scope_or_root().0.mailboxes.open(name)
}

/// Waits at the barrier `name` until all participants have arrived: in a test and in a program all its nodes; in a node the
/// other nodes of its origin's scope, and the origin.
///
/// [`Barrier`] says who takes part, how long it waits and what breaks it. A node that is an origin itself waits with its own
/// peers at [`Peer::barrier`](crate::Peer::barrier).
///
/// # Errors
/// See [`Barrier`]; `is_noscope` on a thread of a test executable that belongs to no test; `is_bad_option` for a name
/// that is empty, or longer than 256 bytes.
///
/// ```no_run
/// use peer::prelude::*;
/// # fn bulk_load(_shard: usize) {}
/// # fn rows() -> u64 { 3_000 }
/// #[remote]
/// async fn load(shard: usize) -> Result<u64, String> {
///     bulk_load(shard);
///     peer::barrier("loaded").await.map_err(|error| error.to_string())?;
///     Ok(rows()) // of all shards
/// }
///
/// #[peer_test(nodes = 3)]
/// async fn all_see_all_rows(nodes: Nodes) -> peer::Result {
///     let load = |(shard, node): (usize, &Peer)| tokio::spawn(node.call(load, (shard,)));
///     let loads: Vec<_> = nodes.iter().enumerate().map(load).collect();
///     peer::barrier("loaded").await?;
///     for load in loads {
///         assert_eq!(load.await??, Ok(3_000));
///     }
///     Ok(())
/// }
/// # fn main() {}
/// ```
pub fn barrier(name: &str) -> Barrier {
    // On a thread of a test it is one of that test, even if this process is also a node.
    let gate = match entered().filter(Scope::is_test) {
        Some(test) => Ok(Arc::new(test) as _),
        None => match node::gate() {
            Some(gate) => Ok(gate),
            None => checked(&format!("barrier `{name}`")).map(|scope| Arc::new(scope) as _),
        },
    };
    Barrier::new(name, gate)
}

/// The directory of the current scope, for files of the test, which only its user can enter. Common Test's `priv_dir`.
///
/// The first call makes it; all threads of the scope share it. It is in `tmp` of cargo's target directory if the executable is
/// below one, otherwise in the directory for temporary files (`TMPDIR`, or `/tmp`). Its name is
/// `<executable>-<test>-<ospid>-<n>`, with `-` for `::`, so that no two tests, runs or attempts share one.
///
/// It is removed when the test has passed and its linked peers have ended. It is kept when the test fails, and the report says
/// where it is; `PEER_KEEP_DIRS=1` in the environment keeps all. The directory of a program is removed when its main returns or
/// it calls [`exit`](std::process::exit), and kept when a signal kills it.
///
/// In a node it is `<name of the node>` in the directory of the scope that started the node. It survives a
/// [`restart`](crate::Peer::restart), and is removed or kept with the scope's. A node on another machine, or of another user,
/// makes one of its own, which is never removed.
///
/// # Errors
/// The directory cannot be made; `is_noscope` on a thread that belongs to no test, after the end of the scope, and in a node
/// that has not entered.
///
/// ```
/// # fn main() -> peer::Result {
/// let directory = peer::priv_dir()?;
/// std::fs::write(directory.join("config"), "port = 0\n")?;
/// assert_eq!(peer::priv_dir()?, directory);
/// # Ok(()) }
/// ```
pub fn priv_dir() -> Result<PathBuf, Error> {
    checked("priv_dir")?.resources().directory.make()
}

/// Leases a free port until the current scope ends: no other call on this machine, in any process or node, returns it.
///
/// For a server that cannot listen on port 0, or needs the same port again. The port is not bound, so that a node can listen
/// on it, also after a [`restart`](crate::Peer::restart). It is free for TCP and UDP at every address of this machine, and
/// outside the kernel's range for outgoing connections (`ip_local_port_range`) unless that contains all ports. A lease ends with
/// its process. A lease of a node ends with the node, so a port that must survive a restart is leased in the origin.
///
/// A process that does not use this crate may take the port. A server that can listen on port 0 and report its port needs no
/// lease.
///
/// # Errors
/// All ports are in use, or the process has no free descriptor; `is_noscope` as for [`priv_dir`].
///
/// ```
/// # fn main() -> peer::Result {
/// let port = peer::free_port()?;
/// let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
/// drop(listener);
/// assert_ne!(peer::free_port()?, port); // the first one is still leased
/// # Ok(()) }
/// ```
pub fn free_port() -> Result<u16, Error> {
    checked("free_port")?.resources().ports.lease()
}

/// Sends `message` to the mailbox `name` of the root scope of a node of this build. If it is dropped, the console says so.
pub(crate) fn send_to_root<M: Serialize>(home: u128, name: &str, message: &M) {
    let to = Target::Address { home, table: ROOT, name: name.to_owned() };
    send(Message::new(to, Encoding::Postcard, message));
}

fn send(message: Result<Message, String>) {
    if let Err(why) = message.and_then(|message| route::send(message, true)) {
        scope_or_root().event(&node::name(), PeerEvent::Note(&why));
    }
}

impl<T: Serialize> Address<T> {
    /// Sends `message` to the mailbox, wherever it is: in this process, in a peer of it, in its origin, or in
    /// another peer of that origin. If the message is dropped, the console says so.
    ///
    /// See [`Mailbox`](crate::Mailbox) for an example.
    pub fn send(&self, message: impl Borrow<T>) {
        send(Message::new(self.target(), self.encoding(sys::build_id()), message.borrow()));
    }
}

/// Keeps a panic for the report of the test that the thread belongs to. Returns false if it must be printed: without such a
/// test, after its report, and, if `PRINTS_LIVE`, where output is shown at once.
pub(crate) fn take_panic<const PRINTS_LIVE: bool>(record: &Record) -> bool {
    // The locals of the thread may be destroyed.
    let current = CURRENT.try_with(|current| current.try_borrow().ok().and_then(|scope| scope.clone())).ok().flatten();
    current.filter(Scope::is_test).is_some_and(|scope| scope.take_panic(record, PRINTS_LIVE))
}
