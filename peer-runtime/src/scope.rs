//! Scopes: what a test or a program owns, and what ends with it.

use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tokio::sync::watch;

use crate::error::{Error, Kind};
use crate::io_thread;
use crate::mailbox::{Mailbox, Mailboxes};
use crate::node;
use crate::options::StartOptions;
use crate::origin::{self, How, Peer, Snapshot, Start};
use crate::place::Place;
use crate::state::Reason;
use crate::sys;
use crate::timeouts::{Deadline, SCOPE_END, UNLIMITED};

mod barriers;
mod comments;
pub(crate) mod console;
mod leaks;
mod mark;
mod nodes;
mod owner;
mod panics;
mod place;
mod route;
mod starting;

use barriers::Barriers;
pub use barriers::barrier;
use comments::Comments;
use console::Console;
pub(crate) use console::Line;
use leaks::Leaks;
pub(crate) use leaks::tell as tell_leak;
pub(crate) use mark::Mark;
pub use nodes::{Nodes, ct_peer, ct_peer_name, ct_peer_name_of};
use panics::Panics;
pub(crate) use panics::{Panicked, take_panic, take_panic_in_any_case};
pub use place::{free_port, priv_dir};
pub(crate) use route::send_to_root;

/// Who is told, in a test's scope, that a linked peer with `PeerDown::Crash` went down: its report.
pub(crate) type Listener = Arc<dyn Fn(String) + Send + Sync>;
/// Who shows a line of the console at once, and waits for nobody.
pub(crate) type Show = Arc<dyn Fn(String) + Send + Sync>;

/// What a test or a program owns: its linked peers, its mailboxes, its console, its directory and ports.
///
/// A test has one on its own thread and all threads of its runtime; on a thread of your own,
/// [`enter`](Self::enter) it. A program that is no test has one that ends with it.
///
/// ```
/// use peer::prelude::*;
/// # #[tokio::main] async fn main() -> peer::Result {
/// let scope = peer::scope().expect("a program has a scope");
/// let thread = std::thread::spawn(move || {
///     let _entered = scope.enter();
///     peer::mailbox::<u32>("inbox") // the same as everywhere else in the scope
/// });
/// # drop(thread.join());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Scope(Arc<Shared>);

struct Shared {
    name: String,
    /// Every peer that was started in it, with whether it is linked.
    peers: Mutex<Vec<(Peer, bool)>>,
    mailboxes: Mailboxes,
    barriers: Barriers,
    console: Console,
    /// Why it refuses everything, once it has ended.
    ended: OnceLock<String>,
    listener: Option<Listener>,
    /// What its peers left behind.
    leaks: Leaks,
    /// What is to be told with it.
    comments: Comments,
    /// What panicked on its threads.
    panics: Panics,
    place: Place,
    /// How many starts are under way, of peers that are not among the others yet.
    starting: watch::Sender<usize>,
}

thread_local! {
    static CURRENT: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// A test executable has no root scope: what a test forgets would otherwise live until the last one.
static NO_ROOT: AtomicBool = AtomicBool::new(false);

/// Says that this is a test executable.
pub(crate) fn has_no_root() {
    NO_ROOT.store(true, Ordering::Relaxed);
}

/// The scope of this process: of a program or a node, and the owner of what nobody else owns.
pub(crate) fn root() -> &'static Scope {
    static ROOT: OnceLock<Scope> = OnceLock::new();
    ROOT.get_or_init(|| Scope::new("this program".to_owned(), Console::of_program(), None))
}

/// The scope of the calling thread; none on a thread of a test executable that belongs to no test.
///
/// ```
/// let scope = peer::scope().expect("a program has a scope");
/// assert!(format!("{scope:?}").contains("this program"));
/// ```
pub fn scope() -> Option<Scope> {
    let current = CURRENT.with_borrow(Clone::clone);
    current.or_else(|| (!NO_ROOT.load(Ordering::Relaxed)).then(|| root().clone()))
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
    let scope = scope().unwrap_or_else(|| root().clone());
    scope.start(options.into(), false)
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
            let what = "there is no scope to link it to on this thread, which belongs to no `#[peer_test]`";
            let hint = "make the test a `#[peer_test]`; on a thread of your own `enter()` the `peer::scope()` of the test; or use `peer::start`";
            Start::failed(Error::new(Kind::NoScope, "start of a linked peer", what).hint(hint))
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
    scope().unwrap_or_else(|| root().clone()).0.mailboxes.open(name)
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
        mark::belong(self.previous.take());
    }
}

impl Scope {
    fn new(name: String, console: Console, listener: Option<Listener>) -> Self {
        // A program, and a node, goes by the name of its executable.
        let place = Place::new(listener.is_some().then_some(name.as_str()));
        let shared = Shared {
            name,
            peers: Mutex::default(),
            mailboxes: Mailboxes::new(sys::build_id()),
            barriers: Barriers::default(),
            console,
            ended: OnceLock::new(),
            listener,
            leaks: Leaks::default(),
            comments: Comments::default(),
            panics: Panics::new(),
            place,
            starting: watch::Sender::new(0),
        };
        let scope = Self(Arc::new(shared));
        route::add_scope(&scope);
        scope
    }

    /// The scope of the test `name`, which tells `listener` what happens in it. Output is shown at once where there is a `show`,
    /// and kept otherwise.
    pub(crate) fn of_test(name: String, show: Option<Show>, listener: Listener) -> Self {
        Self::new(name, Console::of_test(show), Some(listener))
    }

    /// Makes the calling thread belong to this scope until the result is dropped.
    ///
    /// See [`Scope`] for an example.
    pub fn enter(&self) -> Entered {
        Entered { previous: mark::belong(Some(self.clone())), _thread: std::marker::PhantomData }
    }

    /// Makes the calling thread belong to this scope for good.
    pub(crate) fn enter_for_good(&self) {
        mark::belong(Some(self.clone()));
    }

    fn weak(&self) -> Weak<Shared> {
        Arc::downgrade(&self.0)
    }

    fn start(&self, options: StartOptions, linked: bool) -> Start {
        if let Err(error) = self.check("start of a peer") {
            return Start::failed(error);
        }
        origin::start(options, Arc::new(self.clone()), linked)
    }

    fn check(&self, operation: &str) -> Result<(), Error> {
        if node::has_not_entered() {
            // A test that starts its own executable behind a prefix would otherwise start itself for ever.
            let what = "this process was itself started as a node, and has not entered";
            let hint = "the first line of its main is `let _node = peer::node::enter();`";
            return Err(Error::new(Kind::NoScope, operation, what).hint(hint));
        }
        match self.0.ended.get() {
            Some(why) => {
                Err(Error::new(Kind::NoScope, operation, format!("the scope of {} has ended: {why}", self.0.name)))
            }
            None => Ok(()),
        }
    }

    /// Every peer that was started in it, as it is now.
    pub(crate) fn peers(&self) -> Vec<Snapshot> {
        let peers = self.0.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Vec<Snapshot> = peers.iter().map(|(peer, _)| peer.snapshot()).collect();
        // Who has arrived somewhere asks for the peers with the barriers locked.
        drop(peers);
        let with_waits = |peer: Snapshot| {
            let waits = self.waits_of(peer.name());
            peer.at_barriers(waits)
        };
        all.into_iter().map(with_waits).collect()
    }

    /// How many they are.
    pub(crate) fn peer_count(&self) -> usize {
        self.0.peers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// The processes that its peers left behind; from now on each is told when it is found.
    pub(crate) fn leaks(&self) -> Vec<String> {
        self.0.leaks.take(&self.0.name)
    }

    /// Ends it: stops all linked peers as their policies say, and waits until they are gone. Others go on, and none of
    /// them stays paused.
    pub(crate) async fn end(&self, why: &str) {
        self.end_before(why, std::future::pending()).await;
    }

    /// The same; what is not gone when `too_late` is done is killed.
    pub(crate) async fn end_before(&self, why: &str, too_late: impl Future<Output = ()>) {
        let (linked, others): (Vec<_>, Vec<_>) = {
            let peers = self.0.peers.lock().unwrap_or_else(PoisonError::into_inner);
            // The first reason counts.
            let _ = self.0.ended.set(why.to_owned());
            peers.iter().cloned().partition(|(_, linked)| *linked)
        };
        let linked: Vec<Peer> = linked.into_iter().map(|(peer, _)| peer).collect();
        self.0.mailboxes.close(&format!("the scope of {} has ended", self.0.name));
        self.0.barriers.close(&format!("the scope of {} has ended: {why}", self.0.name));
        let longest = linked.iter().map(|peer| peer.shared().grace()).filter(|grace| *grace != UNLIMITED).max();
        let deadline = Deadline::after(longest.unwrap_or_default().saturating_add(SCOPE_END));
        for peer in &linked {
            // An error says that it is on its way already, or gone.
            let _ = peer.shared().end(How::Policy, Reason::ScopeEnded);
        }
        for (peer, _) in others {
            peer.shared().undo_pause().await;
        }
        let in_order = async {
            // The sender is in `self`; a start that takes longer is refused when it is done.
            let _ = self.0.starting.subscribe().wait_for(|count| *count == 0).await;
            for peer in &linked {
                peer.shared().wait_gone().await;
            }
        };
        let gone = tokio::select! {
            biased;
            gone = io_thread::within(deadline, in_order) => gone,
            () = too_late => None,
        };
        if gone.is_none() {
            linked.iter().for_each(|peer| peer.shared().kill_now());
            for peer in &linked {
                peer.shared().wait_gone().await;
            }
        }
        self.0.place.give_back();
        self.0.console.flush();
    }

    /// Lets go of its peers: each of them knows its scope, so neither would ever be dropped.
    pub(crate) fn forget_peers(&self) {
        self.0.peers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("name", &self.0.name).finish_non_exhaustive()
    }
}
