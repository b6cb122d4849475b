//! Scopes: what ends with one, and what takes one down.

pub(crate) mod crash;
mod survivors;
