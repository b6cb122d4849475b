use peer::prelude::*;

#[peer_test(should_panic)]
async fn panics() {}

#[peer_test(ignore = "not today", nodes = 1)]
async fn ignored(_nodes: Nodes) {}

fn main() {}
