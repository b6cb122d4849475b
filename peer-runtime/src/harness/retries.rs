//! How often a test is tried again, and after what.

use super::case::Ended;
use super::fault::Fault;
use super::tests::Test;
use super::verdict::Verdict;

/// How often a test or an init is tried again when a peer could not boot for no fault of theirs, whatever the retries of
/// the test are.
pub(super) const INFRASTRUCTURE_RETRIES: u32 = 1;

/// What is left of them.
pub(super) struct Retries {
    of_test: u32,
    of_machine: u32,
}

impl Retries {
    pub(super) fn of(test: &Test) -> Self {
        Self { of_test: test.retries, of_machine: INFRASTRUCTURE_RETRIES }
    }

    /// Uses one up if there is one for what this attempt came to: how many there were.
    pub(super) fn take(&mut self, test: &Test, ended: &Ended) -> Option<u32> {
        let is_of_machine = ended.fault.as_ref().is_some_and(Fault::is_infrastructure);
        let left = if is_of_machine { &mut self.of_machine } else { &mut self.of_test };
        let had = *left;
        *left = had.checked_sub(1).filter(|_| fails(test, ended))?;
        Some(had)
    }
}

/// Whether an attempt failed for something that another one may do better: the test itself, or the machine.
fn fails(test: &Test, ended: &Ended) -> bool {
    match &ended.fault {
        fault if test.passes(fault.as_ref()) => false,
        Some(fault @ Fault::Init(..)) => fault.is_infrastructure(),
        Some(fault) => Verdict::of(fault).fails(),
        None => true,
    }
}
