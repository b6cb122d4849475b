use peer::prelude::*;

#[peer_group(shuffle = -1)]
mod below_zero {}

#[peer_group(shuffle = "dice")]
mod no_number {}

#[peer_group(shuffle =)]
mod nothing {}

#[peer_group(shuffle = 42)]
mod fine {}

fn main() {}
