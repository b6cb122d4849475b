//! How much runs at once: so many nodes, and so many tests.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use super::interrupt::{Interrupts, Subscription};
use super::tests::Test;

/// Nodes for each processor, without another word.
const PER_PROCESSOR: usize = 4;
/// What a node may need of the memory that is available, in KiB.
const MEMORY: usize = 128 << 10;

/// What there is room for at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) nodes: u32,
    pub(super) tests: u32,
}

impl Room {
    /// As many nodes as this machine has processors and memory for, however many tests that are.
    pub(super) fn of_machine() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let memory = available_memory().map_or(usize::MAX, |available| available / MEMORY);
        let nodes = u32::try_from((PER_PROCESSOR * processors).min(memory)).unwrap_or(u32::MAX);
        Self { nodes: nodes.max(1), tests: u32::MAX }
    }
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
    room: Room,
    _interrupts: Subscription,
}

struct Shared {
    /// What is free; nothing once the run is interrupted.
    free: Mutex<Option<Room>>,
    changed: Condvar,
}

/// What a test takes up.
pub(super) struct Taken {
    shared: Arc<Shared>,
    nodes: u32,
}

impl Gate {
    pub(super) fn new(room: Room, interrupts: &Interrupts) -> Self {
        let shared = Arc::new(Shared { free: Mutex::new(Some(room)), changed: Condvar::new() });
        let subscription = {
            let shared = Arc::clone(&shared);
            interrupts.subscribe(move || {
                *shared.free.lock().unwrap_or_else(PoisonError::into_inner) = None;
                shared.changed.notify_all();
            })
        };
        Self { shared, room, _interrupts: subscription }
    }

    /// Waits until there is room for a test; none once the run is interrupted. Who asks next waits behind it, so that
    /// those with many nodes have their turn.
    pub(super) fn take(&self, test: &Test) -> Option<Taken> {
        let weight = if test.exclusive { u32::MAX } else { test.weight.unwrap_or(test.nodes) };
        let nodes = weight.clamp(1, self.room.nodes);
        let free = self.shared.free.lock().unwrap_or_else(PoisonError::into_inner);
        let too_few = |free: &mut Option<Room>| free.is_some_and(|free| free.nodes < nodes || free.tests == 0);
        let mut free = self.shared.changed.wait_while(free, too_few).unwrap_or_else(PoisonError::into_inner);
        let Room { nodes: all, tests } = (*free)?;
        *free = Some(Room { nodes: all - nodes, tests: tests - 1 });
        Some(Taken { shared: Arc::clone(&self.shared), nodes })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut free = self.shared.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.map(|free| Room { nodes: free.nodes + self.nodes, tests: free.tests.saturating_add(1) });
        self.shared.changed.notify_all();
    }
}
