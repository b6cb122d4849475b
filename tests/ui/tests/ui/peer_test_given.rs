use peer::prelude::*;

#[peer_test]
async fn by_value(_cluster: Vec<Peer>) {}

#[peer_test]
async fn to_change(_cluster: &mut Vec<Peer>) {}

#[peer_test]
async fn for_ever(_cluster: &'static Vec<Peer>) {}

#[peer_test]
async fn without_a_size(_name: &str, _peers: &[Peer], _any: &dyn Send, _one: &impl Send) {}

#[peer_test(nodes = 2)]
async fn nodes_by_reference(_nodes: &Nodes) {}

#[peer_test]
async fn status(_status: peer::TestStatus) {}

#[peer_test]
async fn conditional(#[cfg(unix)] _number: &u8) {}

fn main() {}
