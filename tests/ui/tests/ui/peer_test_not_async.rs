use peer::prelude::*;

#[peer_test]
fn plain() {}

fn main() {}
