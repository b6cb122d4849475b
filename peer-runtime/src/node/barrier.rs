//! Barriers as a node sees them: it arrives at one by a message, and is told by another what became of it.

use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::NODE;
use crate::barrier::{Answer, Arrival, BarrierGate, Verdict, Who};
use crate::wire::message::ToOrigin;

/// Who waits here, by the number of the arrival.
static WAITING: Mutex<BTreeMap<u64, Answer>> = Mutex::new(BTreeMap::new());

fn waiting() -> MutexGuard<'static, BTreeMap<u64, Answer>> {
    WAITING.lock()
}

/// The way to the barriers of this node's origin; none in a process that is no node.
pub(crate) fn gate() -> Option<Arc<dyn BarrierGate>> {
    NODE.get().map(|_| Arc::new(Up) as Arc<dyn BarrierGate>)
}

struct Up;

impl BarrierGate for Up {
    fn arrive(&self, _: Who, arrival: Arrival) {
        let Arrival { id, name, members, timeout, answer } = arrival;
        let Some(node) = NODE.get() else { return };
        // Before it is sent: the answer may be here at once.
        waiting().insert(id, answer);
        node.tell(&ToOrigin::Arrive { id, name: &name, members, timeout }, &[]);
    }

    fn withdraw(&self, _: &Who, id: u64) {
        if let Some(node) = NODE.get()
            && waiting().remove(&id).is_some()
        {
            node.tell(&ToOrigin::Withdraw { id }, &[]);
        }
    }
}

/// The origin says what became of an arrival.
pub(super) fn told(id: u64, verdict: Verdict) {
    let answer = waiting().remove(&id);
    // Who has been withdrawn meanwhile is not interested.
    if let Some(answer) = answer {
        answer(verdict);
    }
}
