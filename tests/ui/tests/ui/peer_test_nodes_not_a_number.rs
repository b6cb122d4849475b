use peer::prelude::*;

#[peer_test(nodes = "4")]
async fn text(_nodes: Nodes) {}

#[peer_test(nodes = 1001)]
async fn too_many(_nodes: Nodes) {}

fn main() {}
