//! How much runs at once: each node takes a slot, of those that this run was given, and of those that all runs of this
//! user share.
//!
//! Below a group that holds slots it is the group's [`Room`] that is waited for, and never more of what others may hold.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::interrupt::{Interrupts, Subscription};
use crate::aside;
use crate::slots::{self, Wait};

/// Lets tests in as long as there is room for them, in the order in which they come.
pub(super) struct Gate {
    shared: Arc<Shared>,
    slots: u32,
    _interrupts: Subscription,
}

struct Shared {
    /// Free slots; none once the run is interrupted. Who changes what is free in a room holds it, too.
    free: Mutex<Option<u32>>,
    changed: Condvar,
}

/// What a test, or a group, takes up.
pub(super) struct Taken {
    shared: Arc<Shared>,
    nodes: u32,
    /// Of the room of a group, and otherwise of the whole run.
    room: Option<Arc<Room>>,
    all: bool,
    of_user: Option<slots::Taken>,
}

/// What a group holds for what is below it, besides the slots of its own nodes.
pub(super) struct Room {
    /// One at least.
    slots: u32,
    free: Mutex<u32>,
    /// That of the group around it.
    outer: Option<Arc<Self>>,
    held: Taken,
}

impl Gate {
    pub(super) fn new(slots: u32, interrupts: &Interrupts) -> Self {
        let shared = Arc::new(Shared { free: Mutex::new(Some(slots)), changed: Condvar::new() });
        let subscription = {
            let shared = Arc::clone(&shared);
            interrupts.subscribe(move || {
                slots::cancel_all();
                *shared.lock() = None;
                shared.changed.notify_all();
            })
        };
        Self { shared, slots, _interrupts: subscription }
    }

    /// Waits until there are slots for something, in the room of the group around it if that holds any; none once the run
    /// is interrupted. Who asks next waits behind it, so that those with many nodes have their turn. `waits` hears of a
    /// long wait for other runs.
    pub(super) fn take(&self, room: Option<&Arc<Room>>, weight: u32, waits: &mut dyn FnMut(&Wait)) -> Option<Taken> {
        if let Some(room) = room {
            return self.take_below(room, weight);
        }
        let nodes = self.cut(weight);
        let too_few = |free: &mut Option<u32>| free.is_some_and(|free| free < nodes);
        let mut free =
            self.shared.changed.wait_while(self.shared.lock(), too_few).unwrap_or_else(PoisonError::into_inner);
        *free = Some((*free)? - nodes);
        drop(free);
        // None if the run is interrupted, and then nothing is free any more.
        let of_user = slots::take_for(weight, waits)?;
        slots::take_problem().iter().for_each(|problem| aside::tell(problem));
        Some(self.taken(nodes, of_user))
    }

    /// Takes, in one step, `weight` slots for the nodes of a group and as many as anything below it `needs`.
    pub(super) fn hold(
        &self,
        outer: Option<&Arc<Room>>,
        weight: u32,
        needs: u32,
        waits: &mut dyn FnMut(&Wait),
    ) -> Option<Arc<Room>> {
        let held = self.take(outer, weight.saturating_add(needs), waits)?;
        // Where there are not so many, what is below runs all the same, one after the other.
        let slots = held.nodes.saturating_sub(weight).max(1);
        Some(Arc::new(Room { slots, free: Mutex::new(slots), outer: outer.map(Arc::clone), held }))
    }

    /// What is below a group waits for the group's room alone, which is given back by tests, and those wait for nothing.
    /// What is free elsewhere meanwhile is taken as well.
    fn take_below(&self, room: &Arc<Room>, weight: u32) -> Option<Taken> {
        let mut free = self.shared.lock();
        loop {
            let left = (*free)?;
            if let Some(taken) = room.take_free(&self.shared, weight) {
                return Some(taken);
            }
            let nodes = self.cut(weight);
            if left >= nodes
                && let Some(of_user) = slots::take_free(weight)
            {
                *free = Some(left - nodes);
                return Some(self.taken(nodes, of_user));
            }
            free = self.shared.changed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn cut(&self, weight: u32) -> u32 {
        weight.clamp(1, self.slots)
    }

    fn taken(&self, nodes: u32, of_user: slots::Taken) -> Taken {
        let shared = Arc::clone(&self.shared);
        Taken { shared, nodes, room: None, all: nodes == self.slots, of_user: Some(of_user) }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<u32>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// What is free here, or in the room around it. Not more than there ever is.
    fn take_free(self: &Arc<Self>, shared: &Arc<Shared>, weight: u32) -> Option<Taken> {
        let nodes = weight.clamp(1, self.slots);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(left) = free.checked_sub(nodes) else {
            return self.outer.as_ref().and_then(|outer| outer.take_free(shared, weight));
        };
        *free = left;
        let all = self.held.all && nodes == self.slots;
        Some(Taken { shared: Arc::clone(shared), nodes, room: Some(Arc::clone(self)), all, of_user: None })
    }
}

impl Taken {
    /// Whether nothing else can run meanwhile.
    pub(super) fn are_all(&self) -> bool {
        self.all
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        // First, so that whoever is woken below finds them.
        drop(self.of_user.take());
        let mut free = self.shared.lock();
        match &self.room {
            Some(room) => *room.free.lock().unwrap_or_else(PoisonError::into_inner) += self.nodes,
            None => *free = free.map(|free| free + self.nodes),
        }
        self.shared.changed.notify_all();
    }
}
