//! How long a job is waited for: its limit, and what is left of that once the run is interrupted.

use std::time::Duration;

use super::fault::Fault;
use super::interrupt::Interrupts;
use crate::timeouts::{Deadline, END_INTERRUPTED};

/// See the module.
pub(super) struct Patience {
    pub(super) deadline: Deadline,
    limit: Duration,
    /// An interrupt ends it; otherwise that leaves it little time.
    pub(super) interruptible: bool,
    cut: bool,
}

impl Patience {
    /// From now on, for at most `limit`.
    pub(super) fn new(limit: Duration, interruptible: bool, interrupts: &Interrupts) -> Self {
        let mut patience = Self { deadline: Deadline::after(limit), limit, interruptible, cut: false };
        if interrupts.is_interrupted() {
            patience.cut();
        }
        patience
    }

    /// The run is interrupted: from now on it is short.
    pub(super) fn cut(&mut self) {
        if !self.cut && self.deadline.left() > END_INTERRUPTED {
            (self.deadline, self.cut) = (Deadline::after(END_INTERRUPTED), true);
        }
    }

    /// Why it is at its end.
    pub(super) fn lost(&self) -> Fault {
        if self.cut { Fault::Cut } else { Fault::TimedOut(self.limit) }
    }
}
