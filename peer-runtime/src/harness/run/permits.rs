//! How much runs at once: each node takes a slot, of those of this run and of those that all runs of this user share.
//!
//! Nothing waits for slots of other runs while it holds some, so runs cannot deadlock: a group with a `weight` reserves at
//! once what it and everything below it need, and what is below it takes from that reservation alone.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::cancel::{Cancel, Subscription};
use crate::slots::{self, Wait};

/// Grants slots, those of a run or of a group's reservation. One thread asks for them, so the order is its own.
#[derive(Clone)]
pub(super) struct Limiter(Arc<Shared>);

struct Shared {
    capacity: u32,
    state: Mutex<State>,
    changed: Condvar,
    /// The slots of the reservation; none for a run.
    reservation: Option<Permit>,
    /// Permits take slots of the user's, too, unless a reservation has done so.
    takes_user_slots: bool,
}

struct State {
    used: u32,
    interrupted: bool,
}

/// Slots that a test, a hook or a group holds.
pub(super) struct Permit {
    limiter: Limiter,
    slots: u32,
    _user_slots: Option<slots::Taken>,
}

impl Limiter {
    /// That of a run with so many slots. Once it is interrupted there are none, as long as the subscription lives.
    pub(super) fn of_run(capacity: u32, cancel: &Cancel) -> (Self, Subscription) {
        let limiter = Self::new(capacity, None, true);
        let shared = Arc::clone(&limiter.0);
        let subscription = cancel.subscribe(move || {
            shared.state.lock().interrupted = true;
            shared.changed.notify_all();
            slots::cancel_all();
        });
        (limiter, subscription)
    }

    fn new(capacity: u32, reservation: Option<Permit>, takes_user_slots: bool) -> Self {
        let state = Mutex::new(State { used: 0, interrupted: false });
        Self(Arc::new(Shared { capacity, state, changed: Condvar::new(), reservation, takes_user_slots }))
    }

    /// Waits for slots for a test or a hook; none once the run is interrupted. `on_wait` hears of a long wait for other
    /// runs.
    pub(super) fn acquire(&self, weight: u32, on_wait: &mut dyn FnMut(&Wait)) -> Option<Permit> {
        let slots = weight.clamp(1, self.0.capacity);
        let mut state = self.0.state.lock();
        self.0.changed.wait_while(&mut state, |state| !state.interrupted && state.used + slots > self.0.capacity);
        if state.interrupted || self.0.reservation.as_ref().is_some_and(|permit| permit.limiter.is_interrupted()) {
            return None;
        }
        state.used += slots;
        drop(state);
        let mut permit = Permit { limiter: self.clone(), slots, _user_slots: None };
        if self.0.takes_user_slots {
            permit._user_slots = Some(slots::take_for(weight, on_wait)?);
        }
        Some(permit)
    }

    /// Reserves slots for a group of this `weight` and everything below it, `all` together. What is below takes its slots
    /// from the limiter that this returns.
    pub(super) fn reserve(&self, weight: u32, all: u32, on_wait: &mut dyn FnMut(&Wait)) -> Option<Self> {
        let permit = self.acquire(all, on_wait)?;
        // Where there are fewer, what is below runs all the same, one after the other.
        let capacity = permit.slots.saturating_sub(weight).max(1);
        Some(Self::new(capacity, Some(permit), false))
    }

    fn is_interrupted(&self) -> bool {
        let outer = self.0.reservation.as_ref();
        outer.map_or_else(|| self.0.state.lock().interrupted, |permit| permit.limiter.is_interrupted())
    }
}

impl Permit {
    /// Whether nothing else can run meanwhile.
    pub(super) fn is_everything(&self) -> bool {
        let Shared { capacity, reservation, .. } = &*self.limiter.0;
        self.slots >= *capacity && reservation.as_ref().is_none_or(Self::is_everything)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.limiter.0.state.lock();
        state.used -= self.slots;
        drop(state);
        self.limiter.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acquire(limiter: &Limiter, weight: u32) -> Permit {
        limiter.acquire(weight, &mut |_| {}).expect("it is not interrupted")
    }

    #[test]
    fn a_permit_for_more_than_there_is_takes_everything() {
        let limiter = Limiter::new(4, None, false);
        assert!(acquire(&limiter, 9).is_everything());
        assert!(!acquire(&limiter, 3).is_everything());
    }

    #[test]
    fn what_is_below_a_group_takes_from_its_reservation_alone() {
        let run = Limiter::new(4, None, false);
        let group = run.reserve(1, 3, &mut |_| {}).expect("it is not interrupted");
        let beside = acquire(&run, 1);
        let [one, two] = [acquire(&group, 1), acquire(&group, 1)];
        assert_eq!((run.0.state.lock().used, group.0.state.lock().used), (4, 2));
        drop((one, two, beside));
        // More than the reservation: one at a time.
        assert_eq!(acquire(&group, 9).slots, 2);
        drop(group);
        assert_eq!(run.0.state.lock().used, 0);
    }
}
