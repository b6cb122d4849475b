//! How long a job is waited for: its limit, and what is left of that once the run is interrupted.

use std::time::Duration;

use super::fault::Fault;
use super::interrupt::Interrupts;
use crate::timeouts::Deadline;

/// See the module.
pub(super) struct Patience {
    pub(super) deadline: Deadline,
    limit: Duration,
    /// An interrupt ends it; otherwise that leaves it little time.
    pub(super) interruptible: bool,
    /// What an interrupt has left it, if that is less.
    cut: Option<Duration>,
}

impl Patience {
    /// From now on, for at most `limit`.
    pub(super) fn new(limit: Duration, interruptible: bool, interrupts: &Interrupts) -> Self {
        let mut patience = Self { deadline: Deadline::after(limit), limit, interruptible, cut: None };
        patience.look(interrupts);
        patience
    }

    /// Once the run is interrupted it is short.
    pub(super) fn look(&mut self, interrupts: &Interrupts) {
        let left = interrupts.left_for_an_end().filter(|left| *left < self.deadline.left());
        if let (None, Some(left)) = (self.cut, left) {
            (self.deadline, self.cut) = (Deadline::after(left), Some(left));
        }
    }

    /// Why it is at its end.
    pub(super) fn lost(&self) -> Fault {
        self.cut.map_or(Fault::TimedOut(self.limit), Fault::Cut)
    }
}
