//! The calls of one peer that it has not answered.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::panic::RemotePanic;
use crate::state::Reason;
use crate::timeouts::Deadline;
use crate::wire::message::Refusal;

pub(super) enum CallAnswer {
    Reply(Vec<u8>),
    Panic(RemotePanic),
    Refused(Refusal, String),
    TimedOut,
    Down(Reason),
}

/// The calls in flight: from the first poll to the reply or the end of the node, also after the caller has given up.
#[derive(Default)]
pub(super) struct PendingCalls {
    next: AtomicU64,
    table: Mutex<CallTable>,
    /// There is an earlier deadline than the one that `expire` waits for.
    earlier: Notify,
}

#[derive(Default)]
struct CallTable {
    pending: HashMap<u64, PendingCall>,
    closed: Option<Reason>,
    armed: Option<Instant>,
}

struct PendingCall {
    function: Arc<str>,
    since: Instant,
    /// The deadline, and the caller; none when the call timed out, or was dropped: the node goes on with it.
    caller: Option<(Deadline, oneshot::Sender<CallAnswer>)>,
}

impl PendingCall {
    fn until(&self) -> Option<Instant> {
        self.caller.as_ref().and_then(|(deadline, _)| deadline.instant())
    }

    fn answer(self, answer: CallAnswer) {
        if let Some((_, caller)) = self.caller {
            // Fails if the call was dropped.
            let _ = caller.send(answer);
        }
    }
}

#[derive(Clone)]
pub(super) struct CallInFlight {
    pub(super) function: Arc<str>,
    pub(super) time: Duration,
    pub(super) has_caller: bool,
}

impl PendingCalls {
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The calls in flight: first those with a caller, and of both the longest first.
    pub(super) fn in_flight(&self) -> Vec<CallInFlight> {
        let in_flight = |PendingCall { function, since, caller }: &PendingCall| CallInFlight {
            function: Arc::clone(function),
            time: since.elapsed(),
            has_caller: caller.is_some(),
        };
        let mut calls: Vec<_> = self.table.lock().pending.values().map(in_flight).collect();
        calls.sort_by_key(|call| (!call.has_caller, std::cmp::Reverse(call.time)));
        calls
    }

    pub(super) fn add(&self, seq: u64, function: &Arc<str>, deadline: Deadline) -> oneshot::Receiver<CallAnswer> {
        let (caller, receiver) = oneshot::channel();
        let mut table = self.table.lock();
        if let Some(reason) = &table.closed {
            // The receiver is here, so this cannot fail.
            let _ = caller.send(CallAnswer::Down(reason.clone()));
            return receiver;
        }
        let (function, since) = (Arc::clone(function), Instant::now());
        table.pending.insert(seq, PendingCall { function, since, caller: Some((deadline, caller)) });
        if let Some(at) = deadline.instant()
            && table.armed.is_none_or(|armed| at < armed)
        {
            table.armed = Some(at);
            drop(table);
            self.earlier.notify_one();
        }
        receiver
    }

    pub(super) fn give_up(&self, seq: u64) {
        let caller = self.table.lock().pending.get_mut(&seq).and_then(|pending| pending.caller.take());
        // Dropped without the lock: that may run code of the user's.
        drop(caller);
    }

    /// Ends call `seq`; a late answer is dropped.
    pub(super) fn answer(&self, seq: u64, answer: CallAnswer) {
        let pending = self.table.lock().pending.remove(&seq);
        if let Some(pending) = pending {
            pending.answer(answer);
        }
    }

    /// Ends all calls, and every later one, for `reason`.
    pub(super) fn close(&self, reason: &Reason) {
        let mut table = self.table.lock();
        table.closed.get_or_insert_with(|| reason.clone());
        let pending = std::mem::take(&mut table.pending);
        drop(table);
        for pending in pending.into_values() {
            pending.answer(CallAnswer::Down(reason.clone()));
        }
    }

    pub(super) async fn expire(&self) {
        loop {
            let armed = self.table.lock().armed;
            tokio::select! {
                () = self.earlier.notified() => continue,
                () = Deadline::at(armed).passed() => {}
            }
            let now = Instant::now();
            let mut table = self.table.lock();
            let is_late = |pending: &&mut PendingCall| pending.until().is_some_and(|at| at <= now);
            let late: Vec<_> =
                table.pending.values_mut().filter(is_late).filter_map(|pending| pending.caller.take()).collect();
            table.armed = table.pending.values().filter_map(PendingCall::until).min();
            drop(table);
            for (_, caller) in late {
                // Fails if the call was dropped.
                let _ = caller.send(CallAnswer::TimedOut);
            }
        }
    }
}
