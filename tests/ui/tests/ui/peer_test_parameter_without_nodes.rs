use peer::prelude::*;

#[peer_test]
async fn nobody_gives_them(_nodes: Nodes) {}

fn main() {}
