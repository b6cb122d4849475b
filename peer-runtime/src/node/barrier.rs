//! Barriers as a node sees them: it arrives at one by a message, and is told by another what became of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::INSIDE;
use crate::barrier::{Answer, Arrival, Gate, Verdict};
use crate::wire::message::ToOrigin;

/// Who waits here, by the number of the arrival.
static WAITING: Mutex<BTreeMap<u64, Answer>> = Mutex::new(BTreeMap::new());

fn waiting() -> MutexGuard<'static, BTreeMap<u64, Answer>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The way to the barriers of this node's origin; none in a process that is no node.
pub(crate) fn gate() -> Option<Arc<dyn Gate>> {
    INSIDE.get().map(|_| Arc::new(Up) as Arc<dyn Gate>)
}

struct Up;

impl Gate for Up {
    fn arrive(&self, arrival: Arrival) {
        let Arrival { id, name, members, timeout, answer } = arrival;
        let Some(inside) = INSIDE.get() else { return };
        // Before it is sent: the answer may be here at once.
        waiting().insert(id, answer);
        inside.tell(&ToOrigin::Arrive { id, name: &name, members, timeout }, &[]);
    }

    fn withdraw(&self, id: u64) {
        if let Some(inside) = INSIDE.get()
            && waiting().remove(&id).is_some()
        {
            inside.tell(&ToOrigin::Withdraw { id }, &[]);
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
