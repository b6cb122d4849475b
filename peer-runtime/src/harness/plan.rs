//! What is to run: pure, from the declarations.

mod check;
mod order;
mod tree;
mod weight;

pub(crate) use order::shuffled;
pub(crate) use tree::{Branch, Item, Plan};
pub(crate) use weight::{reservation, weight};
