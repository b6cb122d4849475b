use peer::prelude::*;

#[peer_group]
mod elsewhere;

fn main() {}
