use peer::prelude::*;

#[peer_test(nodes = 2, connection = "tcp", nodes = 3)]
async fn twice(_nodes: Nodes) {}

fn main() {}
