use peer::prelude::*;

#[peer_test(nodes = 2)]
async fn both(_first: Nodes, _second: Nodes) {}

fn main() {}
