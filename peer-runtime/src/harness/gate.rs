//! How much runs at once: so many nodes, each of which takes a slot.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use super::interrupt::{Interrupts, Subscription};
use super::tests::Test;

/// Nodes for each processor, without another word.
const PER_PROCESSOR: usize = 4;
/// What a node may need of the memory that is available, in KiB.
const MEMORY: usize = 128 << 10;

/// As many nodes as this machine has processors and memory for.
pub(super) fn default_slots() -> u32 {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let memory = available_memory().map_or(usize::MAX, |available| available / MEMORY);
    u32::try_from((PER_PROCESSOR * processors).min(memory)).unwrap_or(u32::MAX).max(1)
}

/// In KiB; none where the kernel does not say.
fn available_memory() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse().ok()
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

    /// Waits until there is room for a test; none once the run is interrupted. Who asks next waits behind it, so that
    /// those with many nodes have their turn.
    pub(super) fn take(&self, test: &Test) -> Option<Taken> {
        self.take_weight(if test.exclusive { u32::MAX } else { test.weight.unwrap_or(test.nodes) })
    }

    /// The same for a hook, which counts for one node: with a single slot everything comes one after the other.
    pub(super) fn take_one(&self) -> Option<Taken> {
        self.take_weight(1)
    }

    fn take_weight(&self, weight: u32) -> Option<Taken> {
        let nodes = weight.clamp(1, self.slots);
        let free = self.shared.free.lock().unwrap_or_else(PoisonError::into_inner);
        let too_few = |free: &mut Option<u32>| free.is_some_and(|free| free < nodes);
        let mut free = self.shared.changed.wait_while(free, too_few).unwrap_or_else(PoisonError::into_inner);
        *free = Some((*free)? - nodes);
        Some(Taken { shared: Arc::clone(&self.shared), nodes })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut free = self.shared.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.map(|free| free + self.nodes);
        self.shared.changed.notify_all();
    }
}
