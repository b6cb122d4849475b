//! What nodes print and read.

mod bytes;
pub(crate) mod lines;
mod relayed;
mod terminal;
