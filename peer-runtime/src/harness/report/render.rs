//! Results as text. Stock libtest needs no more of reports than this.

pub(super) mod cause;
pub(super) mod nodes;
pub(super) mod notes;
pub(super) mod palette;
pub(super) mod result;
