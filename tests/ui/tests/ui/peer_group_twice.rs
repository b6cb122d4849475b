use peer::prelude::*;

#[peer_group(sequence)]
#[peer_group(shuffle)]
mod twice {}

fn main() {}
