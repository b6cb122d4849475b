//! How much runs at once.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::interrupt::{Interrupts, Subscription};
use super::tests::Test;

/// Lets tests in as long as there are slots for their nodes.
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

/// Slots that a test holds.
pub(super) struct Taken {
    shared: Arc<Shared>,
    count: u32,
}

impl Gate {
    pub(super) fn new(slots: u32, interrupts: &Interrupts) -> Self {
        let shared = Arc::new(Shared { free: Mutex::new(Some(slots)), changed: Condvar::new() });
        let subscription = {
            let shared = Arc::clone(&shared);
            interrupts.subscribe(move || {
                *shared.free.lock().unwrap_or_else(PoisonError::into_inner) = None;
                shared.changed.notify_all();
            })
        };
        Self { shared, slots, _interrupts: subscription }
    }

    /// Waits for the slots of a test; none once the run is interrupted.
    pub(super) fn take(&self, test: &Test) -> Option<Taken> {
        let weight = if test.exclusive { u32::MAX } else { test.weight.unwrap_or(test.nodes) };
        let count = weight.clamp(1, self.slots);
        let free = self.shared.free.lock().unwrap_or_else(PoisonError::into_inner);
        let too_few = |free: &mut Option<u32>| free.is_some_and(|free| free < count);
        let mut free = self.shared.changed.wait_while(free, too_few).unwrap_or_else(PoisonError::into_inner);
        *free = Some((*free)? - count);
        Some(Taken { shared: Arc::clone(&self.shared), count })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut free = self.shared.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.map(|free| free + self.count);
        self.shared.changed.notify_all();
    }
}
