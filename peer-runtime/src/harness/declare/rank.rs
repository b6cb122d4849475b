//! Which of the nodes this one is, and the way to the others.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::barrier::Barrier;
use crate::mailbox::Mailbox;
use crate::scope;

/// Which of its nodes runs the body of a `#[peer_test(nodes = 3, everywhere)]`, and the way to the others: the only parameter of
/// such a test, as in Akka's multi-node tests and sbt's multi-jvm. OTP has no such thing.
///
/// The body runs in every node at once, each in a process of its own: what it panics with, returns or skips with is that of the
/// test. The first rank that fails ends all the others, and is the one that is reported, with its place and backtrace.
///
/// In the body everything is the node's own: [`mailbox`](crate::mailbox), [`priv_dir`](crate::priv_dir), and the peers that it
/// starts, which end with it. The runtime is the one that the test asks for (`flavor`, `worker_threads`), and a body
/// that blocks it is ended by the timetrap all the same. Hooks around the test run in the test's own process.
///
/// ```no_run
/// use peer::prelude::*;
///
/// #[peer_test(nodes = 3, everywhere)]
/// async fn all_greet_the_first(rank: Rank) -> peer::Result {
///     let greetings = rank.mailbox::<String>("greetings");
///     rank.barrier("started").await?;
///     rank.send(0, "greetings", format!("hello from {}", rank.name()));
///     if rank.rank() == 0 {
///         for _ in 0..rank.size() {
///             assert!(greetings.recv().await?.starts_with("hello from "));
///         }
///     }
///     rank.barrier("greeted").await?;
///     Ok(())
/// }
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Rank(Arc<RankInfo>);

struct RankInfo {
    rank: usize,
    names: Vec<String>,
    homes: Vec<u128>,
}

impl Rank {
    pub(crate) fn new(rank: usize, names: Vec<String>, homes: Vec<u128>) -> Self {
        Self(Arc::new(RankInfo { rank, names, homes }))
    }

    /// Which one this is, from 0 to one less than [`size`](Self::size).
    ///
    /// See [`Rank`] for an example.
    pub fn rank(&self) -> usize {
        self.0.rank
    }

    /// How many there are: the `nodes` of the test.
    ///
    /// See [`Rank`] for an example.
    pub fn size(&self) -> usize {
        self.0.names.len()
    }

    /// The full names of all nodes, `name@host`, in the order of their ranks.
    ///
    /// ```no_run
    /// use peer::prelude::*;
    ///
    /// #[peer_test(nodes = 3, everywhere)]
    /// async fn each_has_a_name(rank: Rank) {
    ///     assert_eq!(rank.names().len(), rank.size());
    ///     assert_eq!(rank.names()[rank.rank()], peer::node::name());
    /// }
    /// # fn main() {}
    /// ```
    pub fn names(&self) -> &[String] {
        &self.0.names
    }

    /// The full name of this node, `name@host`.
    ///
    /// See [`Rank`] for an example.
    pub fn name(&self) -> &str {
        &self.0.names[self.0.rank]
    }

    /// Waits at the barrier `name` until all ranks have arrived, each once, and nobody else.
    ///
    /// # Errors
    /// See [`Barrier`].
    ///
    /// See [`Rank`] for an example.
    pub fn barrier(&self, name: &str) -> Barrier {
        scope::barrier(name).among_nodes()
    }

    /// The mailbox `name` of this rank, to which others [`send`](Self::send).
    ///
    /// See [`Rank`] for an example.
    pub fn mailbox<T>(&self, name: &str) -> Mailbox<T> {
        scope::mailbox(name)
    }

    /// Sends `message` to the mailbox `name` of the rank `to`, which may be this one. It waits there until it is received, also
    /// for a mailbox that is not open yet. Messages from one task to one mailbox arrive in order. What cannot be sent
    /// is noted on the console.
    ///
    /// # Panics
    /// If there is no rank `to`.
    ///
    /// See [`Rank`] for an example.
    #[track_caller]
    pub fn send<M: Serialize>(&self, to: usize, name: &str, message: M) {
        let Some(home) = self.0.homes.get(to) else {
            let size = self.size();
            panic!("there is no rank {to}: the test has {size} ranks, from 0 to {}", size.saturating_sub(1));
        };
        scope::send_to_root(*home, name, &message);
    }
}

impl fmt::Debug for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rank, size, name) = (self.rank(), self.size(), self.name());
        f.debug_struct("Rank").field("rank", &rank).field("size", &size).field("name", &name).finish()
    }
}
