use peer::prelude::*;

#[peer_group(sequence, parallel)]
mod both {}

fn main() {}
