//! The origin's side of a body that runs everywhere: calls it on each node, and finds the first failure.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::node::{self, Comment, Job};
use crate::error::Error;
use crate::harness::declare::{BodyError, Test};
use crate::harness::outcome::{Fault, RankCause, RankError, RankFailure};
use crate::io_thread;
use crate::mailbox::Mailbox;
use crate::origin::Peer;
use crate::scope::{self, Scope};
use crate::timeouts::{Deadline, FIRST_CAUSE, UNLIMITED};

/// A name that no test uses by accident.
const COMMENTS: &str = "peer: comments of ranks";

/// What the call of a rank's body returned.
type RankResult = Result<Result<(), RankError>, Error>;

/// The ranks that run and those that have failed.
struct Ranks {
    nodes: Vec<Peer>,
    calls: JoinSet<(usize, RankResult)>,
    running: BTreeSet<usize>,
    failed: Vec<RankFailure>,
    comments: Mailbox<Comment>,
    scope: Scope,
}

/// Runs the body of `test` on all `nodes` until all have passed or one has failed.
pub(crate) async fn run(test: &'static Test, nodes: &[Peer]) -> Result<(), Fault> {
    let Some(scope) = scope::scope() else {
        return Err(Fault::Returned(BodyError::Other("a test without a scope".to_owned())));
    };
    let _barriers = OwnBarriers::new(&scope, nodes);
    let mut ranks = Ranks::start(test, nodes, scope);
    while ranks.failed.is_empty() && ranks.next(Deadline::after(UNLIMITED)).await {}
    ranks.settle().await;
    ranks.last_comments().await;
    // The report lists the ranks that still ran; their calls would say it twice.
    ranks.calls.shutdown().await;
    match ranks.first_cause() {
        None => Ok(()),
        Some(RankFailure { cause: RankCause::Reported(RankError::Skipped { why, .. }), .. }) => {
            Err(Fault::Skipped(why))
        }
        Some(failed) => Err(Fault::Rank(Box::new(failed))),
    }
}

impl Ranks {
    fn start(test: &'static Test, nodes: &[Peer], scope: Scope) -> Self {
        let comments = scope::mailbox::<Comment>(COMMENTS);
        let names: Vec<String> = nodes.iter().map(Peer::node).collect();
        // Each node's hello names it.
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
            let call = node.call_as(shown, node::run_rank, (job,)).timeout(UNLIMITED);
            calls.spawn(async move { (rank, call.await) });
        }
        let running = (0..nodes.len()).collect();
        Self { nodes: nodes.to_vec(), calls, running, failed: Vec::new(), comments, scope }
    }

    /// Waits until one more rank has ended; `false` if none runs or the deadline passes.
    async fn next(&mut self, deadline: Deadline) -> bool {
        loop {
            tokio::select! {
                biased;
                // Comments that a rank sent before its end arrive before its end.
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

    fn take(&self, (rank, text): Comment) {
        self.scope.comment(format!("rank {rank}: {text}"));
    }

    fn ended(&mut self, rank: usize, result: RankResult) {
        self.running.remove(&rank);
        let cause = match result {
            Ok(Ok(())) => {
                let node = &self.nodes[rank];
                return self.scope.barriers().rank_leaves(node.name(), &node.node());
            }
            Ok(Err(error)) => RankCause::Reported(error),
            Err(error) => RankCause::Lost(error),
        };
        let (of, node) = (self.nodes.len(), self.nodes[rank].node());
        self.failed.push(RankFailure { rank, of, node, cause, then: Vec::new(), running: Vec::new() });
    }

    /// After the first failure: its cause may be another rank that reports later. Asks each running rank whether it is
    /// failing, and waits only for those that are or that do not answer.
    async fn settle(&mut self) {
        if self.failed.is_empty() {
            return;
        }
        let deadline = Deadline::after(FIRST_CAUSE);
        let mut questions = JoinSet::new();
        for &rank in &self.running {
            let question = self.nodes[rank].call_as("end of a rank".to_owned(), node::is_failing, ());
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

    /// What failed first; a skip counts only if nothing failed.
    fn first_cause(&mut self) -> Option<RankFailure> {
        self.failed.sort_by_key(RankFailure::order);
        let mut failed = self.failed.drain(..);
        let mut first = failed.next()?;
        first.then = failed.map(|other| format!("{} {}", other.subject(), other.reason())).collect();
        first.running = self.running.iter().copied().collect();
        Some(first)
    }
}

/// While it lives, the barriers of the test wait for the ranks alone.
struct OwnBarriers(Scope);

impl OwnBarriers {
    fn new(scope: &Scope, nodes: &[Peer]) -> Self {
        scope.barriers().restrict(Some(nodes.iter().map(|node| node.name().to_owned()).collect()));
        Self(scope.clone())
    }
}

impl Drop for OwnBarriers {
    fn drop(&mut self) {
        self.0.barriers().restrict(None);
    }
}
