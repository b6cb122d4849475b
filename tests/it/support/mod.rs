//! What tests have in common.

#[macro_use]
mod driven;
mod late;
mod lifeline;
#[macro_use]
mod peers;
mod process;

pub(crate) use driven::*;
pub(crate) use late::*;
pub(crate) use lifeline::*;
pub(crate) use peers::*;
pub(crate) use process::*;
