use peer::prelude::*;

#[peer_test(nodes = 0)]
async fn zero() {}

fn main() {}
