use peer::prelude::*;

#[peer_group(shuffle = always)]
mod a {}

#[peer_group(shuffle = -1)]
mod b {}

#[peer_group(shuffle = "42")]
mod c {}

fn main() {}
