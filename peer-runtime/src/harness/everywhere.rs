//! `#[peer_test(everywhere)]`: one body in all nodes of a test at once. Here is the origin's side; the node's is `inside`.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::fault::Fault;
use super::tests::Test;
use crate::error::Error;
use crate::io_thread;
use crate::mailbox::Mailbox;
use crate::origin::Peer;
use crate::scope::{self, Scope};
use crate::timeouts::{Deadline, FIRST_CAUSE, UNLIMITED};

mod failed;
mod inside;
mod rank;

pub(super) use failed::FailedRank;
use failed::{Told, Why};
pub(crate) use inside::FUNCTIONS;
pub(super) use inside::comment;
use inside::{Job, Said};
pub use rank::Rank;

/// No test opens a mailbox of this name by accident.
const COMMENTS: &str = "peer: comments of ranks";

/// What a rank came to, as far as that is known here.
type Outcome = Result<Result<(), Told>, Error>;

/// The ranks that run, and those that have failed.
struct Ranks {
    nodes: Vec<Peer>,
    calls: JoinSet<(usize, Outcome)>,
    running: BTreeSet<usize>,
    failed: Vec<FailedRank>,
    comments: Mailbox<Said>,
    scope: Scope,
}

/// Runs the body of `test` in all `nodes`, until all have passed or one has not.
pub(super) async fn run(test: &'static Test, nodes: &[Peer]) -> Result<(), Fault> {
    let Some(scope) = scope::scope() else { return Err(Fault::Returned("a test without a scope".to_owned())) };
    let _barriers = OwnBarriers::new(&scope, nodes);
    let mut ranks = Ranks::start(test, nodes, scope);
    while ranks.failed.is_empty() && ranks.next(Deadline::after(UNLIMITED)).await {}
    ranks.settle().await;
    ranks.last_comments().await;
    // A report tells who still ran, and not perhaps that they are in calls.
    ranks.calls.shutdown().await;
    match ranks.first_cause() {
        None => Ok(()),
        Some(FailedRank { why: Why::Told(Told::Skipped { why, .. }), .. }) => Err(Fault::Skipped(why)),
        Some(failed) => Err(Fault::InRank(Box::new(failed))),
    }
}

impl Ranks {
    fn start(test: &'static Test, nodes: &[Peer], scope: Scope) -> Self {
        let comments = scope::mailbox::<Said>(COMMENTS);
        let names: Vec<String> = nodes.iter().map(Peer::node).collect();
        // All of them have said so with their hello.
        let homes: Vec<u128> = nodes.iter().map(|node| node.shared().home().unwrap_or_default()).collect();
        let mut calls = JoinSet::new();
        for (rank, node) in nodes.iter().enumerate() {
            let job = Job {
                module: test.module.to_owned(),
                name: test.name.to_owned(),
                rank,
                names: names.clone(),
                homes: homes.clone(),
                comments: comments.address(),
            };
            let shown = format!("{} (rank {rank})", test.path());
            let call = node.call_as(shown, inside::run_rank, (job,)).timeout(UNLIMITED);
            calls.spawn(async move { (rank, call.await) });
        }
        let running = (0..nodes.len()).collect();
        Self { nodes: nodes.to_vec(), calls, running, failed: Vec::new(), comments, scope }
    }

    /// Waits until one more has ended; `false` if there is none, or no time left.
    async fn next(&mut self, deadline: Deadline) -> bool {
        loop {
            tokio::select! {
                biased;
                // What was said before the end is there before the end is told.
                Ok(said) = self.comments.recv_within(UNLIMITED) => self.take(said),
                ended = io_thread::within(deadline, self.calls.join_next()) => {
                    let Some(Some(ended)) = ended else { return false };
                    match ended {
                        Ok((rank, outcome)) => self.ended(rank, outcome),
                        Err(error) => std::panic::resume_unwind(error.into_panic()),
                    }
                    return true;
                }
            }
        }
    }

    fn take(&self, (rank, text): Said) {
        self.scope.comment(format!("rank {rank}: {text}"));
    }

    fn ended(&mut self, rank: usize, outcome: Outcome) {
        self.running.remove(&rank);
        let why = match outcome {
            Ok(Ok(())) => {
                let node = &self.nodes[rank];
                return self.scope.rank_leaves_barriers(node.name(), &node.node());
            }
            Ok(Err(told)) => Why::Told(told),
            Err(error) => Why::Lost(error),
        };
        let (of, node) = (self.nodes.len(), self.nodes[rank].node());
        self.failed.push(FailedRank { rank, of, node, why, then: Vec::new(), running: Vec::new() });
    }

    /// Once one has failed: what it took down with it may have been told before it. Each of the others is asked whether it
    /// is failing already, and only those are waited for that are, or that do not answer any more.
    async fn settle(&mut self) {
        if self.failed.is_empty() {
            return;
        }
        let deadline = Deadline::after(FIRST_CAUSE);
        let mut questions = JoinSet::new();
        for &rank in &self.running {
            let question = self.nodes[rank].call_as("end of a rank".to_owned(), inside::is_failing, ());
            questions.spawn(async move { (rank, question.timeout(FIRST_CAUSE).await) });
        }
        let mut suspects = BTreeSet::new();
        while let Some(Some(answer)) = io_thread::within(deadline, questions.join_next()).await {
            match answer {
                Ok((_, Ok(false))) => {}
                Ok((rank, _)) => drop(suspects.insert(rank)),
                Err(_) => {}
            }
        }
        while !suspects.is_disjoint(&self.running) && self.next(deadline).await {}
    }

    async fn last_comments(&mut self) {
        while let Ok(said) = self.comments.recv_within(std::time::Duration::ZERO).await {
            self.take(said);
        }
    }

    /// What failed first; a skip is no failure, and counts if nothing failed.
    fn first_cause(&mut self) -> Option<FailedRank> {
        self.failed.sort_by_key(FailedRank::order);
        let mut failed = self.failed.drain(..);
        let mut first = failed.next()?;
        first.then = failed.map(|other| format!("{} {}", other.whose(), other.reason())).collect();
        first.running = self.running.iter().copied().collect();
        Some(first)
    }
}

/// While it lives, only the ranks meet at the barriers of their test.
struct OwnBarriers(Scope);

impl OwnBarriers {
    fn new(scope: &Scope, nodes: &[Peer]) -> Self {
        scope.restrict_barriers(Some(nodes.iter().map(|node| node.name().to_owned()).collect()));
        Self(scope.clone())
    }
}

impl Drop for OwnBarriers {
    fn drop(&mut self) {
        self.0.restrict_barriers(None);
    }
}
