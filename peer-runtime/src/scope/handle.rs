//! The scope itself: what a test or a program owns, and its end.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::barriers::Barriers;
use super::console::{Console, Line, Show};
use super::panics::Panics;
use super::peers::Peers;
use super::{program, route};
use crate::bounded_log::BoundedLog;
use crate::error::{Error, ErrorKind};
use crate::io_thread;
use crate::leak::Leak;
use crate::mailbox::Mailboxes;
use crate::node;
use crate::options::StartOptions;
use crate::origin::{self, How, Peer, Snapshot, Start};
use crate::panic::Record;
use crate::resources::Resources;
use crate::state::Reason;
use crate::timeouts::{Deadline, SCOPE_END, UNLIMITED};

/// How many bytes of comments a test keeps.
const COMMENTS: usize = 1 << 20;

/// Receives the report of a linked peer with `PeerDown::Crash` that went down.
pub(crate) type Listener = Arc<dyn Fn(String) + Send + Sync>;

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
pub struct Scope(pub(super) Arc<Shared>);

pub(super) struct Shared {
    name: String,
    pub(super) peers: Arc<Peers>,
    pub(super) mailboxes: Arc<Mailboxes>,
    barriers: Arc<Barriers>,
    pub(super) console: Arc<Console>,
    /// Why it has ended, once it has.
    ended: OnceLock<String>,
    /// `None` in the scope of a program.
    pub(super) listener: Option<Listener>,
    pub(super) leaks: Mutex<Vec<Leak>>,
    comments: Mutex<BoundedLog<String>>,
    panics: Panics,
    pub(super) resources: Arc<Resources>,
}

impl Scope {
    pub(super) fn of_program() -> Self {
        let mailboxes = Arc::clone(route::root());
        // Its directory has the name of the executable.
        Self::new("this program".to_owned(), mailboxes, Console::of_program(), None, Resources::new(None))
    }

    /// The scope of the test `name`. Shows output at once if there is a `show`, and keeps it otherwise.
    pub(crate) fn of_test(name: String, show: Option<Show>, listener: Listener) -> Self {
        let resources = Resources::new(Some(&name));
        Self::new(name, route::mailboxes(), Console::of_test(show), Some(listener), resources)
    }

    fn new(
        name: String,
        mailboxes: Arc<Mailboxes>,
        console: Console,
        listener: Option<Listener>,
        resources: Resources,
    ) -> Self {
        let peers = Arc::<Peers>::default();
        let barriers = Barriers::new(mailboxes.id(), listener.is_some(), Arc::clone(&peers));
        Self(Arc::new(Shared {
            name,
            peers,
            mailboxes,
            barriers,
            console: Arc::new(console),
            ended: OnceLock::new(),
            listener,
            leaks: Mutex::default(),
            comments: Mutex::new(BoundedLog::new(COMMENTS)),
            panics: Panics::new(),
            resources: Arc::new(resources),
        }))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// Its number, which no other scope of this process has.
    pub(crate) fn id(&self) -> u64 {
        self.0.mailboxes.id()
    }

    pub(super) fn is_test(&self) -> bool {
        self.0.listener.is_some()
    }

    pub(super) fn start(&self, options: StartOptions, linked: bool) -> Start {
        if let Err(error) = self.check("start of a peer") {
            return Start::failed(error);
        }
        origin::start(options, Arc::new(self.clone()), linked)
    }

    /// Refuses an operation after its end, and in a node that has not entered.
    pub(super) fn check(&self, operation: &str) -> Result<(), Error> {
        if node::has_not_entered() {
            // A test that starts its own executable behind a prefix would otherwise start itself for ever.
            let what = "this process was itself started as a node, and has not entered";
            let hint = "the first line of its main is `let _node = peer::node::enter();`";
            return Err(Error::new(ErrorKind::NoScope, operation, what).hint(hint));
        }
        match self.0.ended.get() {
            Some(why) => {
                Err(Error::new(ErrorKind::NoScope, operation, format!("the scope of {} has ended: {why}", self.0.name)))
            }
            None => Ok(()),
        }
    }

    /// Every peer that was started in it, as it is now.
    pub(crate) fn peers(&self) -> Vec<Snapshot> {
        // Not while the peers are locked: an arrival at a barrier asks for them with the barriers locked.
        let with_waits = |peer: Snapshot| {
            let waits = self.0.barriers.waits_of(peer.name());
            peer.at_barriers(waits)
        };
        self.0.peers.snapshots().into_iter().map(with_waits).collect()
    }

    pub(crate) fn barriers(&self) -> &Arc<Barriers> {
        &self.0.barriers
    }

    pub(crate) fn panics(&self) -> &Panics {
        &self.0.panics
    }

    /// What it owns on this machine.
    pub(super) fn resources(&self) -> &Resources {
        if !self.is_test() {
            program::prepare(&self.0.resources, &self.0.console);
        }
        &self.0.resources
    }

    pub(crate) fn directory(&self) -> Option<PathBuf> {
        self.0.resources.directory.made()
    }

    /// Removes its directory if it `passed`, after the end of its peers. Returns where it is if it is kept.
    pub(crate) fn clear(&self, passed: bool) -> io::Result<Option<PathBuf>> {
        self.0.resources.directory.end(!passed)
    }

    /// Takes the processes that its peers leaked.
    pub(crate) fn leaks(&self) -> Vec<Leak> {
        std::mem::take(&mut *self.0.leaks.lock())
    }

    pub(crate) fn comment(&self, text: String) {
        let bytes = size_of::<String>() + text.len();
        self.0.comments.lock().push(text, bytes);
    }

    pub(crate) fn comments(&self) -> Vec<String> {
        let (mut comments, dropped) = self.0.comments.lock().take();
        if dropped > 0 {
            comments.insert(0, format!("({dropped} earlier comments were dropped)"));
        }
        comments
    }

    /// Keeps a panic of one of its threads. Returns false if it must be printed.
    pub(super) fn take_panic(&self, record: &Record, prints_if_live: bool) -> bool {
        let is_printed = prints_if_live && self.0.console.is_live();
        self.0.panics.add(record, is_printed) && !is_printed
    }

    /// Output of its peers and of those of `others`, and its panics, by time. After the `last` call panics are printed.
    pub(crate) fn output(&self, others: &[Self], last: bool) -> Vec<Line> {
        let mut lines = self.0.console.kept_with(others.iter().map(|other| &*other.0.console), last);
        lines.extend(self.0.panics.take(last));
        lines.sort_by_key(|line| line.at);
        lines
    }

    /// Ends it: stops all linked peers as their policies say, and waits until they are gone. Resumes the others.
    pub(crate) async fn end(&self, why: &str) {
        self.end_before(why, std::future::pending()).await;
    }

    /// Ends it, and kills what is not gone when `too_late` completes.
    pub(crate) async fn end_before(&self, why: &str, too_late: impl Future<Output = ()>) {
        // The first reason counts.
        let (linked, others) = self.0.peers.close(|| drop(self.0.ended.set(why.to_owned())));
        self.0.mailboxes.close(&format!("the scope of {} has ended", self.0.name));
        self.0.barriers.close(&format!("the scope of {} has ended: {why}", self.0.name));
        let longest = linked.iter().map(|peer| peer.shared().grace()).filter(|grace| *grace != UNLIMITED).max();
        let deadline = Deadline::after(longest.unwrap_or_default().saturating_add(SCOPE_END));
        for peer in &linked {
            // Fails for a peer that is ending already.
            let _ = peer.shared().end(How::Policy, Reason::ScopeEnded);
        }
        for peer in others {
            peer.shared().undo_pause().await;
        }
        let in_order = async {
            // A start that takes longer is refused in the end.
            self.0.peers.started().await;
            all_gone(&linked).await;
        };
        let gone = tokio::select! {
            biased;
            gone = io_thread::within(deadline, in_order) => gone,
            () = too_late => None,
        };
        if gone.is_none() {
            linked.iter().for_each(|peer| peer.shared().kill_now());
            all_gone(&linked).await;
        }
        self.0.resources.ports.give_back();
        self.0.console.flush();
    }

    /// Drops its peers. Each of them owns its scope, so neither would ever be dropped otherwise.
    pub(crate) fn forget_peers(&self) {
        self.0.peers.clear();
    }
}

async fn all_gone(peers: &[Peer]) {
    for peer in peers {
        peer.shared().wait_gone().await;
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("name", &self.0.name).finish_non_exhaustive()
    }
}
