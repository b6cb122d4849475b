use peer::prelude::*;

#[remote]
struct Store;

#[remote]
pub(crate) const LIMIT: usize = 3;

#[remote]
mod store {
    fn rows() {}
}

fn main() {}
