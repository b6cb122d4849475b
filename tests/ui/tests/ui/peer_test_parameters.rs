//! What the compiler says about types.

use peer::prelude::*;

#[peer_test]
async fn by_value(_cluster: Vec<Peer>) {}

#[peer_test]
async fn to_change(_cluster: &mut Vec<Peer>) {}

#[peer_test]
async fn without_a_size(_name: &str) {}

#[peer_test]
async fn not_shared(_cell: &std::cell::Cell<u8>) {}

#[peer_test]
async fn a_value() -> u8 {
    1
}

mod own {
    pub struct Nodes;

    #[peer::peer_test]
    async fn of_this_module(_nodes: Nodes) {}
}

fn main() {}
