//! How much runs at once: each node takes a slot, of those that this run was given, and of those that all runs of this
//! user share.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::interrupt::{Interrupts, Subscription};
use super::tests::Test;
use crate::slots::{self, Wait};

/// How many slots a test takes.
pub(super) fn weight(test: &Test) -> u32 {
    if test.exclusive { slots::ALONE } else { test.weight.unwrap_or(test.nodes).max(1) }
}

/// Lets tests in as long as there is room for them, in the order in which they come.
pub(super) struct Gate {
    shared: Arc<Shared>,
    slots: u32,
    _interrupts: Subscription,
}

struct Shared {
    /// Free slots; none once the run is interrupted.
    free: Mutex<Option<u32>>,
    changed: Condvar,
}

/// What a test takes up.
pub(super) struct Taken {
    shared: Arc<Shared>,
    nodes: u32,
    /// Of so many.
    slots: u32,
    _of_user: slots::Taken,
}

impl Gate {
    pub(super) fn new(slots: u32, interrupts: &Interrupts) -> Self {
        let shared = Arc::new(Shared { free: Mutex::new(Some(slots)), changed: Condvar::new() });
        let subscription = {
            let shared = Arc::clone(&shared);
            interrupts.subscribe(move || {
                // An error leaves a wait that a second interrupt ends.
                let _ = slots::cancel_all();
                *shared.free.lock().unwrap_or_else(PoisonError::into_inner) = None;
                shared.changed.notify_all();
            })
        };
        Self { shared, slots, _interrupts: subscription }
    }

    /// Waits until there is room for a test; none once the run is interrupted. Who asks next waits behind it, so that
    /// those with many nodes have their turn. `waits` hears of a long wait for other runs.
    pub(super) fn take(&self, test: &Test, waits: &mut dyn FnMut(&Wait)) -> Option<Taken> {
        self.take_weight(weight(test), waits)
    }

    /// The same for a hook, which counts for one node: with a single slot everything comes one after the other.
    pub(super) fn take_one(&self, waits: &mut dyn FnMut(&Wait)) -> Option<Taken> {
        self.take_weight(1, waits)
    }

    fn take_weight(&self, weight: u32, waits: &mut dyn FnMut(&Wait)) -> Option<Taken> {
        let nodes = weight.clamp(1, self.slots);
        let free = self.shared.free.lock().unwrap_or_else(PoisonError::into_inner);
        let too_few = |free: &mut Option<u32>| free.is_some_and(|free| free < nodes);
        let mut free = self.shared.changed.wait_while(free, too_few).unwrap_or_else(PoisonError::into_inner);
        *free = Some((*free)? - nodes);
        drop(free);
        // None if the run is interrupted, and then nothing is free any more.
        let of_user = slots::take_for(weight, waits)?;
        Some(Taken { shared: Arc::clone(&self.shared), nodes, slots: self.slots, _of_user: of_user })
    }
}

impl Taken {
    /// Whether nothing else can run meanwhile.
    pub(super) fn are_all(&self) -> bool {
        self.nodes == self.slots
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut free = self.shared.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.map(|free| free + self.nodes);
        self.shared.changed.notify_all();
    }
}
