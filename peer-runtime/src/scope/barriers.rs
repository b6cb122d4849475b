//! The barriers of a scope: who is waited for, and what becomes of those who wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{NO_ROOT, Scope, route};
use crate::barrier::{Arrival, Barrier, BarrierGate, Broken, Members, Verdict, Who};
use crate::error::{Break, Error, Kind};
use crate::io_thread;
use crate::node;
use crate::origin::{PeerShared, Snapshot};
use crate::state::{PeerState, Reason};
use crate::timeouts::{self, Deadline};

mod table;
mod told;

use table::{Table, Timer, Waiting};

/// What is said to those who wait, when nothing is locked any more.
type Answers = Vec<(crate::barrier::Answer, Verdict)>;

/// The barriers of one scope, by name.
#[derive(Default)]
pub(super) struct Barriers {
    table: Mutex<Table>,
    /// The origin takes no part in them, unless it is one of so many parties.
    nodes_only: AtomicBool,
    /// Nobody but these nodes takes part, and the origin does not.
    ranks: Mutex<Option<Ranks>>,
}

/// The nodes of a test whose body they run, by their names.
struct Ranks {
    all: Vec<String>,
    /// One that has run it, and comes to no barrier any more.
    left: Option<Broken>,
}

impl Barriers {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ranks(&self) -> MutexGuard<'_, Option<Ranks>> {
        self.ranks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_nodes_only(&self) -> bool {
        self.nodes_only.load(Ordering::Relaxed)
    }

    /// Breaks all of them, and every later one.
    pub(super) fn close(&self, why: &str) {
        let meetings = {
            let mut table = self.lock();
            table.closed.get_or_insert_with(|| why.to_owned());
            table.take_all()
        };
        let broken = Broken::new(Break::Ended, why);
        answer(meetings.into_values().flat_map(|meeting| meeting.broken(&broken)).collect());
    }
}

fn answer(answers: Answers) {
    for (answer, verdict) in answers {
        answer(verdict);
    }
}

/// Waits at the barrier `name` until all participants have arrived: in a test, and in a program, for all its nodes; in a
/// node for the other nodes of its origin's scope, and for the origin. OTP has no such function.
///
/// Who takes part, how long it waits and what breaks it: see [`Barrier`]. A node that is an origin itself waits with its own peers
/// at [`Peer::barrier`](crate::Peer::barrier).
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
    let current = super::CURRENT.with_borrow(Clone::clone);
    // On a thread of a test it is that test's, even if this process is also a node.
    let gate = match current.filter(|scope| scope.0.listener.is_some()) {
        Some(test) => Ok(test.gate()),
        None => match node::gate() {
            Some(gate) => Ok(gate),
            None if NO_ROOT.load(Ordering::Relaxed) => Err(no_scope(name)),
            None => super::root().check(&format!("barrier `{name}`")).map(|()| super::root().gate()),
        },
    };
    Barrier::new(name, gate)
}

fn no_scope(name: &str) -> Error {
    let what = "there is no scope on this thread, which belongs to no `#[peer_test]`";
    let hint = "make the test a `#[peer_test]`; on a thread of your own `enter()` the `peer::scope()` of the test";
    Error::new(Kind::NoScope, format!("barrier `{name}`"), what).hint(hint)
}

impl Scope {
    /// The origin takes no part in its barriers: they are the nodes' own.
    pub(crate) fn leave_barriers_to_nodes(&self) {
        self.0.barriers.nodes_only.store(true, Ordering::Relaxed);
    }

    /// Nobody but these nodes, by their names, takes part in its barriers from now on; with `None` all do again.
    pub(crate) fn leave_barriers_to(&self, ranks: Option<Vec<String>>) {
        self.0.barriers.nodes_only.store(ranks.is_some(), Ordering::Relaxed);
        *self.0.barriers.ranks() = ranks.map(|all| Ranks { all, left: None });
    }

    /// One of those comes to none of them any more: nobody waits for it in vain.
    pub(crate) fn rank_leaves_barriers(&self, name: &str, node: &str) {
        let mut table = self.0.barriers.lock();
        let text = "it does not come: the body of the test has ended there";
        let broken = Broken { node: Some(node.to_owned()), ..Broken::new(Break::Ended, text) };
        if let Some(ranks) = &mut *self.0.barriers.ranks() {
            ranks.left.get_or_insert_with(|| broken.clone());
        }
        let meetings = table.take_concerned(name);
        drop(table);
        answer(meetings.into_iter().flat_map(|meeting| meeting.broken(&broken)).collect());
    }

    fn gate(&self) -> Arc<dyn BarrierGate> {
        Arc::new(self.clone())
    }

    /// What tells it from other scopes of this process.
    fn id(&self) -> u64 {
        self.0.mailboxes.id()
    }

    /// How the origin is called by who waits for it.
    fn origin_label(&self) -> &'static str {
        if self.0.listener.is_some() { "the test" } else { "the origin" }
    }

    /// Who arrives, for a reader, and the scope of the thread that does.
    fn label(&self, who: &Who, nodes: &[Arc<PeerShared>]) -> (String, Option<u64>) {
        match who {
            Who::Origin => match super::CURRENT.with_borrow(Clone::clone) {
                // One of those that share the nodes of a group.
                Some(other) if other.id() != self.id() => (format!("test `{}`", other.0.name), Some(other.id())),
                _ => (self.origin_label().to_owned(), Some(self.id())),
            },
            Who::Node(name) => {
                let node = nodes.iter().find(|node| node.name() == &**name);
                (format!("`{}`", node.map_or_else(|| name.to_string(), |node| node.node())), None)
            }
        }
    }

    /// The nodes that are waited for: those that can be called, and are not down.
    fn nodes(&self) -> Vec<Arc<PeerShared>> {
        let is_there = |peer: &Arc<PeerShared>| peer.is_node() && !matches!(peer.state(), PeerState::Down(_));
        let ranks = self.0.barriers.ranks();
        let is_meant = |peer: &Arc<PeerShared>| {
            ranks.as_ref().is_none_or(|ranks| ranks.all.iter().any(|rank| rank == peer.name()))
        };
        let peers = self.0.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.iter().map(|(peer, _)| peer.shared()).filter(|peer| is_there(peer) && is_meant(peer)).collect()
    }

    pub(super) fn arrive_at_barrier(&self, who: Who, arrival: Arrival) {
        let mut table = self.0.barriers.lock();
        let answers = self.arrived(&mut table, who, arrival);
        drop(table);
        answer(answers);
    }

    /// What is to be said when `who` has arrived.
    fn arrived(&self, table: &mut Table, who: Who, mut arrival: Arrival) -> Answers {
        if arrival.members == Members::All && self.0.barriers.is_nodes_only() {
            arrival.members = Members::Nodes;
        }
        let nodes = self.nodes();
        let (label, by) = self.label(&who, &nodes);
        let names: Vec<&str> = nodes.iter().map(|node| node.name()).collect();
        let Arrival { id, name, members, timeout, answer } = arrival;
        let left = self.0.barriers.ranks().as_ref().and_then(|ranks| ranks.left.clone());
        if let Some(broken) = left.filter(|_| !matches!(members, Members::Count(_))) {
            return vec![(answer, Verdict::Broken(broken))];
        }
        if who == Who::Origin && members == Members::All && names.is_empty() && table.closed.is_none() {
            return vec![(answer, Verdict::Broken(self.nobody()))];
        }
        let one = Waiting { id, who: who.clone(), label, by, since: Instant::now(), answer, timer: None };
        let answers = table.arrive(&name, members, one, &names);
        if answers.is_empty() {
            let timer = self.timer(name.clone(), who.clone(), id, timeout);
            table.set_timer(&name, &who, id, timer);
        }
        answers
    }

    /// Nodes that come later would find nobody.
    fn nobody(&self) -> Broken {
        let what = "there is nobody to wait for: no node was started here that is not down";
        Broken::new(Break::Refused, what).hint(if self.0.listener.is_some() {
            "nodes that a group shares are waited for with `Peer::barrier`"
        } else {
            "this process is no node itself: one that another process started waits for its origin"
        })
    }

    /// Ends a wait when its time is over, as long as it is kept.
    fn timer(&self, name: String, who: Who, id: u64, limit: Duration) -> Option<Timer> {
        let (scope, deadline) = (self.weak(), Deadline::after(limit));
        deadline.instant()?;
        let task = io_thread::handle().spawn(async move {
            deadline.passed().await;
            if let Some(shared) = scope.upgrade() {
                Scope(shared).time_is_over(&name, &who, id, limit);
            }
        });
        Some(Timer(task.abort_handle()))
    }

    fn time_is_over(&self, name: &str, who: &Who, id: u64, limit: Duration) {
        let mut table = self.0.barriers.lock();
        let Some(meeting) = table.take_with(name, who, id) else { return };
        let waits = table.waits(|_| true);
        drop(table);
        let nodes: Vec<Snapshot> = self.nodes().iter().map(Snapshot::of).collect();
        let whose = meeting.waiting.iter().find(|one| one.id == id && one.who == *who);
        let whose = whose.map_or("somebody", |one| one.label.as_str());
        let origin = if self.0.barriers.is_nodes_only() { None } else { Some(self.origin_label()) };
        let broken = told::TimeOut { whose, limit, origin }.of(&meeting, &nodes, &waits);
        answer(meeting.broken(&broken));
    }

    pub(super) fn withdraw_from_barrier(&self, who: &Who, id: u64) {
        self.0.barriers.lock().withdraw(who, id);
    }

    /// Breaks the barriers that wait for a node which is down.
    pub(super) fn down_at_barriers(&self, name: &str, node: &str, reason: &Reason, output: &str) {
        let meetings = self.0.barriers.lock().take_concerned(name);
        let broken = Broken {
            node: Some(node.to_owned()),
            output: output.to_owned(),
            ..Broken::new(Break::Down(reason.clone()), format!("the node went down: {reason}"))
        };
        answer(meetings.into_iter().flat_map(|meeting| meeting.broken(&broken)).collect());
    }

    /// At which barriers those wait who belong to this scope, its own and others, and for how long.
    pub(crate) fn own_waits(&self) -> Vec<String> {
        let own = self.id();
        let of = |scope: &Self| scope.0.barriers.lock().waits(|one| one.by == Some(own));
        let waits = route::scopes().iter().flat_map(of).collect::<Vec<_>>();
        waits.iter().map(|wait| format!("`{}`, for {}", wait.name, timeouts::tenths(wait.time))).collect()
    }

    /// At which barriers `node` waits, and for how long.
    pub(super) fn waits_of(&self, node: &str) -> Vec<(String, Duration)> {
        let waits = self.0.barriers.lock().waits(|one| one.who.is_node(node));
        waits.into_iter().map(|wait| (wait.name, wait.time)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_without_nodes_that_is_none_waits_for_nobody() {
        let error = barrier("loaded").wait().expect_err("there is nobody");
        assert_eq!(
            error.to_string(),
            "barrier `loaded` failed: there is nobody to wait for: no node was started here that is not down\n  \
             help: this process is no node itself: one that another process started waits for its origin"
        );
        assert!(error.is_barrier() && !error.is_timeout() && !error.is_noscope());
    }
}
