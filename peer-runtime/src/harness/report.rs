//! What users and programs read of a run: the only place of this crate that prints.
//!
//! Under `peer::main!()` one thread receives the events of the run and owns all reporters ([`start`]). Under stock libtest the
//! thread of the test prints them ([`Libtest`]).

mod bound;
mod exit_guard;
mod human;
mod json;
#[cfg(feature = "junit")]
mod junit;
mod libtest;
mod message;
mod nextest;
mod object;
mod plain;
mod progress;
mod render;
mod reporter;
#[cfg(test)]
mod sample;
mod settings;
mod terminal;

pub(crate) use exit_guard::{ExitGuard, arm_for_libtest};
pub(crate) use libtest::Libtest;
pub(crate) use plain::problems;
pub(crate) use reporter::{list, start};
pub(crate) use settings::{Format, ReportSettings};
