//! Running a plan: what starts when, under which limits, and what it came to. Prints nothing; all it says is an event.

mod attempt;
mod booting;
mod cancel;
mod group_scope;
mod options;
mod permits;
mod results;
mod retry;
mod scheduler;
mod tally;
mod worker;

pub(crate) use cancel::Cancel;
pub(crate) use options::Options;
pub(crate) use scheduler::run;
