//! Barriers, where participants wait for one another: the wait itself. The scope decides who takes part.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::error::{Break, Error, ErrorKind};
use crate::timeouts::BARRIER;
use crate::truncate;

/// The longest name of a barrier, in bytes: it is far shorter than any message may be.
const LONGEST_NAME: usize = 256;

/// Which participants must arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Members {
    /// All nodes, and the origin where it takes part.
    All,
    /// All nodes, without the origin.
    Nodes,
    /// Any so many of them.
    Count(u32),
}

/// A participant, as the scope that decides knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The process that arrives by a gate of its own.
    Origin,
    /// The name of a peer.
    Node(Arc<str>),
}

impl Who {
    pub(crate) fn is_node(&self, node: &str) -> bool {
        matches!(self, Self::Node(name) if **name == *node)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    Passed,
    Broken(Broken),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Broken {
    pub(crate) why: Break,
    pub(crate) text: String,
    pub(crate) hint: Option<String>,
    /// The node that went down, and what it wrote last.
    pub(crate) node: Option<String>,
    pub(crate) output: String,
}

impl Broken {
    pub(crate) fn new(why: Break, text: impl Into<String>) -> Self {
        Self { why, text: text.into(), hint: None, node: None, output: String::new() }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    fn error(self, name: &str) -> Error {
        let Self { why, text, hint, node, output } = self;
        let mut error = Error::new(ErrorKind::Barrier(why), operation(name), text).output(output);
        if let Some(hint) = hint {
            error = error.hint(hint);
        }
        match node {
            Some(node) => error.on(node),
            None => error,
        }
    }
}

/// Called once, with the end of the barrier.
pub(crate) type AnswerFn = Box<dyn FnOnce(Verdict) + Send>;

pub(crate) struct Arrival {
    /// Its own, among those of the same process.
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) members: Members,
    pub(crate) timeout: Duration,
    pub(crate) answer: AnswerFn,
}

pub(crate) trait BarrierGate: Send + Sync {
    /// `who` arrives; the answer of the arrival is called with the verdict.
    fn arrive(&self, who: Who, arrival: Arrival);

    fn withdraw(&self, who: &Who, id: u64);
}

/// A wait at a barrier: a future that owns everything it needs, and arrives at its first poll.
///
/// Made by [`peer::barrier`](crate::barrier) and [`Peer::barrier`](crate::Peer::barrier). It waits 30 s unless
/// [`timeout`](Self::timeout) says otherwise. One that is dropped is no longer there: its arrival is withdrawn.
///
/// A barrier is passed when all participants have arrived, and can then be used again. Participants are all nodes of the scope
/// that can be called and are not down, those that boot included, and the origin; so a node that is started while
/// others wait is waited for, too. [`parties`](Self::parties) and [`among_nodes`](Self::among_nodes) say otherwise; all who arrive
/// must say the same. Each participant counts once.
///
/// # Errors
/// All of them are `is_barrier`, and all who wait get the same one at once, the first one; afterwards the name is free again:
/// - a participant goes down (`down_reason`), also by [`stop`](crate::Peer::stop) or [`restart`](crate::Peer::restart);
/// - the time of one of them runs out (`is_timeout`): who has arrived, who has not, and what those are doing;
/// - they disagree on who takes part: each with its own setting;
/// - the scope ends (`is_noconnection`).
///
/// An arrival alone fails if it waits there already, if there is no other participant, or if it takes no part.
///
/// ```
/// # use std::time::Duration;
/// use peer::prelude::*;
/// #[remote]
/// async fn load(rows: u32) -> Result<(), String> {
///     // .. loads, and then
///     peer::barrier("loaded").await.map_err(|error| error.to_string())
/// }
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peers = [peer::start(()).await?, peer::start(()).await?];
/// let calls = peers.each_ref().map(|peer| tokio::spawn(peer.call(load, (1_000,))));
/// let loaded: peer::Barrier = peer::barrier("loaded");
/// loaded.timeout(Duration::from_secs(10)).await?; // both have loaded
/// for call in calls {
///     assert_eq!(call.await??, Ok(()));
/// }
/// # for peer in peers { peer.stop().await?; } Ok(()) }
/// ```
#[must_use = "it arrives at the barrier when it is awaited"]
pub struct Barrier {
    name: String,
    members: Members,
    timeout: Duration,
    state: WaitState,
}

enum WaitState {
    Failed(Option<Error>),
    Before(Arc<dyn BarrierGate>),
    Waiting { gate: Arc<dyn BarrierGate>, id: u64, verdict: oneshot::Receiver<Verdict> },
    Done,
}

impl Barrier {
    pub(crate) fn new(name: &str, gate: Result<Arc<dyn BarrierGate>, Error>) -> Self {
        let state = match gate.and_then(|gate| check(name).map(|()| gate)) {
            Ok(gate) => WaitState::Before(gate),
            Err(error) => WaitState::Failed(Some(error)),
        };
        Self { name: name.to_owned(), members: Members::All, timeout: BARRIER, state }
    }

    /// Waits at most this long, from the arrival; [`UNLIMITED`](crate::UNLIMITED) is possible. Where one waits for less
    /// long than others, its time-out is that of all.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// It is passed when any so many have arrived: some of the nodes, or several tasks of one of them.
    /// The end of a node breaks it only if that node had arrived.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// async fn elected() -> Result<(), String> {
    ///     peer::barrier("elected").parties(2).await.map_err(|error| error.to_string())
    /// }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let [leader, _other] = [peer::start(()).await?, peer::start(()).await?];
    /// leader.cast(elected, ());
    /// peer::barrier("elected").parties(2).await?; // the leader and we
    /// # leader.stop().await?; _other.stop().await?; Ok(()) }
    /// ```
    pub fn parties(mut self, parties: usize) -> Self {
        // More than there can ever be is as good as as many as that.
        self.members = Members::Count(u32::try_from(parties).unwrap_or(u32::MAX));
        if parties == 0 {
            let what = "`.parties(0)`: no participant would ever arrive";
            self.state = WaitState::Failed(Some(Error::new(ErrorKind::BadOption, operation(&self.name), what)));
        }
        self
    }

    /// It is passed when all nodes have arrived: the origin takes no part in it. Barriers of the nodes of a group, which
    /// several tests may share, are so anyway.
    pub fn among_nodes(mut self) -> Self {
        self.members = Members::Nodes;
        self
    }

    /// Arrives, and blocks the calling thread until the barrier is passed: for functions that are not `async`. In a test it
    /// would block the test's own runtime.
    ///
    /// # Errors
    /// As when it is awaited.
    pub fn wait(mut self) -> Result<(), Error> {
        let (answer, verdict) = mpsc::channel();
        self.arrive(Box::new(move |passed| drop(answer.send(passed))))?; // Fails if this wait has ended.
        self.finish(verdict.recv().ok())
    }

    /// Arrives; the number of the arrival, and where.
    fn arrive(&mut self, answer: AnswerFn) -> Result<(Arc<dyn BarrierGate>, u64), Error> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let again = || Error::new(ErrorKind::Io, operation(&self.name), "it was polled after it was done");
        match std::mem::replace(&mut self.state, WaitState::Done) {
            WaitState::Before(gate) => {
                let id = NEXT.fetch_add(1, Ordering::Relaxed);
                let (name, members, timeout) = (self.name.clone(), self.members, self.timeout);
                gate.arrive(Who::Origin, Arrival { id, name, members, timeout, answer });
                Ok((gate, id))
            }
            WaitState::Failed(error) => Err(error.unwrap_or_else(again)),
            WaitState::Waiting { .. } | WaitState::Done => Err(again()),
        }
    }

    fn finish(&self, verdict: Option<Verdict>) -> Result<(), Error> {
        match verdict {
            Some(Verdict::Passed) => Ok(()),
            Some(Verdict::Broken(broken)) => Err(broken.error(&self.name)),
            None => Err(Broken::new(Break::Ended, "its scope has ended").error(&self.name)),
        }
    }
}

fn operation(name: &str) -> String {
    format!("barrier `{name}`")
}

/// Whether a barrier can have this name.
pub(crate) fn check(name: &str) -> Result<(), Error> {
    let fault = match name.len() {
        0 => "a barrier needs a name",
        length if length > LONGEST_NAME => "the name of a barrier has at most 256 bytes",
        _ => return Ok(()),
    };
    let short = truncate::start(name, LONGEST_NAME);
    Err(Error::new(ErrorKind::BadOption, operation(short), fault))
}

impl Future for Barrier {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if !matches!(this.state, WaitState::Waiting { .. }) {
            let (answer, verdict) = oneshot::channel();
            // Fails if the wait was dropped.
            let (gate, id) = this.arrive(Box::new(move |passed| drop(answer.send(passed))))?;
            this.state = WaitState::Waiting { gate, id, verdict };
        }
        let WaitState::Waiting { verdict, .. } = &mut this.state else { return Poll::Pending };
        let Poll::Ready(verdict) = Pin::new(verdict).poll(cx) else { return Poll::Pending };
        this.state = WaitState::Done;
        Poll::Ready(this.finish(verdict.ok()))
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        if let WaitState::Waiting { gate, id, .. } = &self.state {
            gate.withdraw(&Who::Origin, *id);
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, members, timeout, .. } = self;
        f.debug_struct("Barrier")
            .field("name", name)
            .field("members", members)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}
