//! `#[peer_test(everywhere)]`: one body in all nodes of a test at once.

mod node;
mod origin;

pub(crate) use node::{FUNCTIONS, comment};
pub(crate) use origin::run;
