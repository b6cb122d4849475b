//! What attempts of tests and hooks came to, as data.

mod attempt;
mod fault;
mod rank_failure;
mod verdict;

pub(crate) use attempt::{AttemptOutcome, Blocked, Peers};
pub(crate) use fault::{Fault, PanicFault};
pub(crate) use rank_failure::{RankCause, RankError, RankFailure};
pub(crate) use verdict::{SkippedBy, Verdict, passes};
