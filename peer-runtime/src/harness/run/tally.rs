//! What the direct children of a round came to.

use crate::harness::declare::Until;
use crate::harness::outcome::Verdict;

/// Counts the direct children of a round; a group is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    /// The init did not pass, so no further round follows.
    pub(super) stop: bool,
}

impl Tally {
    pub(super) fn count(&mut self, verdict: &Verdict) {
        if verdict.is_ok() {
            self.passed += 1;
        } else if verdict.fails() {
            self.failed += 1;
        } else {
            self.skipped += 1;
        }
    }

    pub(super) fn count_group(&mut self, group: Self) {
        match group {
            Self { failed: 1.., .. } => self.failed += 1,
            Self { passed: 1.., .. } => self.passed += 1,
            _ => self.skipped += 1,
        }
    }

    pub(super) fn add(&mut self, round: Self) {
        self.passed += round.passed;
        self.failed += round.failed;
        self.skipped += round.skipped;
    }

    pub(super) fn meets(self, until: Until) -> bool {
        match until {
            Until::AnyFail => self.failed > 0,
            Until::AnyOk => self.passed > 0,
            Until::AllFail => self.passed == 0 && self.failed > 0,
            Until::AllOk => self.failed == 0 && self.passed > 0,
        }
    }
}
