use peer::prelude::*;

#[peer_test(nodes)]
async fn nothing(_nodes: Nodes) {}

#[peer_test(nodes(2))]
async fn parentheses(_nodes: Nodes) {}

fn main() {}
