//! Barriers in a node: it arrives by a message, and the origin answers with a verdict.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::runtime;
use crate::barrier::{AnswerFn, Arrival, BarrierGate, Verdict, Who};
use crate::wire::message::ToOrigin;

/// The waits of this process, by the id of the arrival.
static WAITING: Mutex<BTreeMap<u64, AnswerFn>> = Mutex::new(BTreeMap::new());

/// The way to the barriers of this node's origin; none in a process that is no node.
pub(crate) fn gate() -> Option<Arc<dyn BarrierGate>> {
    runtime::get().map(|_| Arc::new(Up) as Arc<dyn BarrierGate>)
}

struct Up;

impl BarrierGate for Up {
    fn arrive(&self, _: Who, arrival: Arrival) {
        let Arrival { id, name, members, timeout, answer } = arrival;
        let Some(node) = runtime::get() else { return };
        // Before it is sent: the answer may come at once.
        WAITING.lock().insert(id, answer);
        node.send(&ToOrigin::Arrive { id, name: &name, members, timeout }, &[]);
    }

    fn withdraw(&self, _: &Who, id: u64) {
        if let Some(node) = runtime::get()
            && WAITING.lock().remove(&id).is_some()
        {
            node.send(&ToOrigin::Withdraw { id }, &[]);
        }
    }
}

pub(super) fn answered(id: u64, verdict: Verdict) {
    let answer = WAITING.lock().remove(&id);
    // None if it was withdrawn meanwhile.
    if let Some(answer) = answer {
        answer(verdict);
    }
}
