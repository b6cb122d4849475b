use peer::prelude::*;

#[peer_group]
mod group {
    fn init_per_group() {}
    const fn end_per_group() {}
}

fn main() {}
