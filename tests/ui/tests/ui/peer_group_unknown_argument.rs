use peer::prelude::*;

#[peer_group(sequenze, nodes = 4)]
mod unknown {}

fn main() {}
