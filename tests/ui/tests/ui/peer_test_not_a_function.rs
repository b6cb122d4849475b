use peer::prelude::*;

#[peer_test]
mod quick {}

fn main() {}
