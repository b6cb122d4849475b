//! The barriers of a scope: whom they wait for, and when they break.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::peers::Peers;
use crate::barrier::{Arrival, Broken, Members, Verdict, Who};
use crate::error::Break;
use crate::io_thread;
use crate::origin::{PeerShared, Snapshot};
use crate::state::Reason;
use crate::timeouts::{self, Deadline};

mod table;
mod timeout_report;

use table::{Answers, Meeting, Table, Timer, Waiting};
use timeout_report::TimeoutReport;

static ALL: Mutex<Vec<Weak<Barriers>>> = Mutex::new(Vec::new());

pub(crate) struct Barriers {
    /// The number of the scope.
    scope: u64,
    is_test: bool,
    peers: Arc<Peers>,
    table: Mutex<Table>,
    participants: Mutex<Participants>,
}

/// Who takes part in the barriers of all nodes.
enum Participants {
    NodesAndOrigin,
    Nodes,
    /// The nodes with these names, which run the body of a test. `left` is set once one has finished it.
    Ranks {
        names: Vec<String>,
        left: Option<Broken>,
    },
}

/// The thread of the origin that arrives.
pub(super) struct Caller {
    pub(super) label: String,
    pub(super) scope: u64,
}

impl Barriers {
    pub(super) fn new(scope: u64, is_test: bool, peers: Arc<Peers>) -> Arc<Self> {
        let participants = Mutex::new(Participants::NodesAndOrigin);
        let barriers = Arc::new(Self { scope, is_test, peers, table: Mutex::default(), participants });
        let mut all = ALL.lock();
        all.retain(|barriers| barriers.strong_count() > 0);
        all.push(Arc::downgrade(&barriers));
        barriers
    }

    /// Breaks all barriers, also later ones.
    pub(super) fn close(&self, why: &str) {
        let mut table = self.table.lock();
        table.closed.get_or_insert_with(|| why.to_owned());
        let meetings = table.take_all().into_values();
        drop(table);
        break_all(meetings, &Broken::new(Break::Ended, why));
    }

    /// The origin does not take part, unless a barrier counts its parties.
    pub(crate) fn restrict_to_nodes(&self) {
        *self.participants.lock() = Participants::Nodes;
    }

    /// Only the nodes with these names take part; `None` lifts that.
    pub(crate) fn restrict(&self, ranks: Option<Vec<String>>) {
        *self.participants.lock() =
            ranks.map_or(Participants::NodesAndOrigin, |names| Participants::Ranks { names, left: None });
    }

    /// A rank has finished, and arrives at no further barrier: breaks those that wait for it.
    pub(crate) fn rank_leaves(&self, name: &str, node: &str) {
        let text = "it will not arrive: its test body has already finished";
        let broken = Broken { node: Some(node.to_owned()), ..Broken::new(Break::Ended, text) };
        let mut table = self.table.lock();
        if let Participants::Ranks { left, .. } = &mut *self.participants.lock() {
            left.get_or_insert_with(|| broken.clone());
        }
        let meetings = table.take_concerned(name);
        drop(table);
        break_all(meetings, &broken);
    }

    pub(super) fn origin_label(&self) -> &'static str {
        if self.is_test { "the test" } else { "the origin" }
    }

    fn waits_for_origin(&self) -> bool {
        matches!(*self.participants.lock(), Participants::NodesAndOrigin)
    }

    fn nodes(&self) -> Vec<Arc<PeerShared>> {
        let mut nodes = self.peers.nodes();
        if let Participants::Ranks { names, .. } = &*self.participants.lock() {
            nodes.retain(|node| names.iter().any(|name| name == node.name()));
        }
        nodes
    }

    /// `who` arrives; for the origin with the thread that does.
    pub(super) fn arrive(self: &Arc<Self>, who: Who, caller: Option<Caller>, arrival: Arrival) {
        let mut table = self.table.lock();
        let answers = self.arrived(&mut table, who, caller, arrival);
        drop(table);
        answer(answers);
    }

    fn arrived(self: &Arc<Self>, table: &mut Table, who: Who, caller: Option<Caller>, mut arrival: Arrival) -> Answers {
        if arrival.members == Members::All && !self.waits_for_origin() {
            arrival.members = Members::Nodes;
        }
        let nodes = self.nodes();
        let (label, by) = match (&who, caller) {
            (Who::Node(name), _) => {
                let node = nodes.iter().find(|node| node.name() == &**name);
                (format!("`{}`", node.map_or_else(|| name.to_string(), |node| node.node())), None)
            }
            (Who::Origin, Some(caller)) => (caller.label, Some(caller.scope)),
            (Who::Origin, None) => (self.origin_label().to_owned(), Some(self.scope)),
        };
        let names: Vec<&str> = nodes.iter().map(|node| node.name()).collect();
        let Arrival { id, name, members, timeout, answer } = arrival;
        if let Participants::Ranks { left: Some(broken), .. } = &*self.participants.lock()
            && !matches!(members, Members::Count(_))
        {
            return vec![(answer, Verdict::Broken(broken.clone()))];
        }
        if who == Who::Origin && members == Members::All && names.is_empty() && table.closed.is_none() {
            return vec![(answer, Verdict::Broken(self.without_nodes()))];
        }
        let one = Waiting { id, who: who.clone(), label, by, since: Instant::now(), answer, timer: None };
        let answers = table.arrive(&name, members, one, &names);
        if answers.is_empty() {
            let timer = self.timer(name.clone(), who.clone(), id, timeout);
            table.set_timer(&name, &who, id, timer);
        }
        answers
    }

    /// Without nodes the origin would pass at once, and nodes that start later would wait for it.
    fn without_nodes(&self) -> Broken {
        let what = "there is nobody to wait for: no node was started here that is not down";
        Broken::new(Break::Refused, what).hint(if self.is_test {
            "nodes that a group shares are waited for with `Peer::barrier`"
        } else {
            "this process is no node itself: one that another process started waits for its origin"
        })
    }

    fn timer(self: &Arc<Self>, name: String, who: Who, id: u64, limit: Duration) -> Option<Timer> {
        let (barriers, deadline) = (Arc::downgrade(self), Deadline::after(limit));
        deadline.instant()?;
        let task = io_thread::handle().spawn(async move {
            deadline.passed().await;
            if let Some(barriers) = barriers.upgrade() {
                barriers.time_out(&name, &who, id, limit);
            }
        });
        Some(Timer(task.abort_handle()))
    }

    fn time_out(&self, name: &str, who: &Who, id: u64, limit: Duration) {
        let mut table = self.table.lock();
        let Some(meeting) = table.take_with(name, who, id) else { return };
        let waits = table.waits(|_| true);
        drop(table);
        let nodes: Vec<Snapshot> = self.nodes().iter().map(Snapshot::of).collect();
        let whose = meeting.waiting.iter().find(|one| one.id == id && one.who == *who);
        let whose = whose.map_or("a participant", |one| one.label.as_str());
        let origin = self.waits_for_origin().then(|| self.origin_label());
        let broken = TimeoutReport { whose, limit, origin }.broken(&meeting, &nodes, &waits);
        break_all([meeting], &broken);
    }

    pub(super) fn withdraw(&self, who: &Who, id: u64) {
        self.table.lock().withdraw(who, id);
    }

    pub(super) fn node_is_down(&self, name: &str, node: &str, reason: &Reason, output: &str) {
        let meetings = self.table.lock().take_concerned(name);
        let broken = Broken {
            node: Some(node.to_owned()),
            output: output.to_owned(),
            ..Broken::new(Break::Down(reason.clone()), format!("the node went down: {reason}"))
        };
        break_all(meetings, &broken);
    }

    /// At which barriers `node` waits, and for how long.
    pub(super) fn waits_of(&self, node: &str) -> Vec<(String, Duration)> {
        let waits = self.table.lock().waits(|one| one.who.is_node(node));
        waits.into_iter().map(|wait| (wait.name, wait.time)).collect()
    }

    /// At which barriers of any scope the threads of this one wait, and for how long.
    pub(crate) fn waits_of_own_threads(&self) -> Vec<String> {
        let all: Vec<_> = ALL.lock().iter().filter_map(Weak::upgrade).collect();
        let waits = all.iter().flat_map(|other| other.table.lock().waits(|one| one.by == Some(self.scope)));
        waits.map(|wait| format!("`{}`, for {}", wait.name, timeouts::tenths(wait.time))).collect()
    }
}

/// To be called without any lock.
fn break_all(meetings: impl IntoIterator<Item = Meeting>, why: &Broken) {
    answer(meetings.into_iter().flat_map(|meeting| meeting.answers(&Verdict::Broken(why.clone()))).collect());
}

/// To be called without any lock.
fn answer(answers: Answers) {
    for (answer, verdict) in answers {
        answer(verdict);
    }
}
