use peer::prelude::*;

#[peer_test(node = 3)]
async fn misspelt(_nodes: Nodes) {}

#[peer_test(times = 2)]
async fn from_elsewhere() {}

#[peer_test("multi_thread")]
async fn no_name() {}

fn main() {}
