//! What a test came to, all its attempts considered.

use std::time::Duration;

use super::fault::Fault;
use crate::harness::declare::{ShouldPanic, Test};

/// The verdict on a test or a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// It passed on this attempt, after others that had failed.
    Flaky {
        attempt: u32,
    },
    Failed,
    TimedOut(Duration),
    /// A node could not boot, which is not the test's fault.
    Infrastructure,
    /// It passed, and fails for the processes that its peers leaked.
    Leaked,
    /// Its author ignores it (the reason may be empty), or `peer::skip` was called.
    Ignored(String),
    /// It did not run, because something else failed.
    Skipped(SkippedBy),
    /// The run was interrupted before the test had ended.
    Interrupted,
}

/// What failed, so that a test did not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SkippedBy {
    /// This test or group before it in a sequence.
    Sequence(String),
    /// This init above it.
    Init(String),
}

impl Verdict {
    /// The verdict on an attempt that ended with this fault.
    pub(crate) fn of(fault: &Fault) -> Self {
        match fault {
            Fault::TimedOut(limit) | Fault::GraceExpired(limit) => Self::TimedOut(*limit),
            Fault::End { fault, .. } | Fault::Drop(fault) => match Self::of(fault) {
                timed_out @ Self::TimedOut(_) => timed_out,
                _ => Self::Failed,
            },
            fault if fault.is_infrastructure() => Self::Infrastructure,
            Fault::Leaked(_) => Self::Leaked,
            Fault::Skipped(why) => Self::Ignored(why.clone()),
            Fault::Init { fault, .. } if fault.is_skip() => Self::of(fault),
            Fault::Interrupted => Self::Interrupted,
            _ => Self::Failed,
        }
    }

    /// The verdict on an attempt of `test`.
    pub(crate) fn of_attempt(test: &Test, fault: Option<&Fault>) -> Self {
        match fault {
            fault if passes(test, fault) => Self::Passed,
            Some(Fault::Init { hook, fault }) if !fault.is_skip() => Self::Skipped(SkippedBy::Init(hook.clone())),
            Some(fault) => Self::of(fault),
            None => Self::Failed,
        }
    }

    /// The verdict on a test whose author ignores it.
    pub(crate) fn ignored(test: &Test) -> Self {
        Self::Ignored(test.ignore.unwrap_or_default().to_owned())
    }

    /// Whether the run fails for it.
    pub(crate) fn fails(&self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut(_) | Self::Infrastructure | Self::Leaked | Self::Interrupted)
    }

    pub(crate) fn is_ok(&self) -> bool {
        matches!(self, Self::Passed | Self::Flaky { .. })
    }

    pub(crate) fn is_skip(&self) -> bool {
        matches!(self, Self::Ignored(_) | Self::Skipped(_))
    }
}

/// Whether `test` passes if it ends with this fault, or with none.
pub(crate) fn passes(test: &Test, fault: Option<&Fault>) -> bool {
    match (test.should_panic, fault) {
        (ShouldPanic::No, None) => true,
        (ShouldPanic::Yes, Some(fault)) => fault.panic_message().is_some(),
        (ShouldPanic::With(expected), Some(fault)) => {
            fault.panic_message().is_some_and(|message| message.contains(expected))
        }
        _ => false,
    }
}
