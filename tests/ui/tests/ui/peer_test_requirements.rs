//! What constants in the generated code say about parameters that stand in the wrong function.

use peer::prelude::*;
use peer::{Nodes as Cluster, TestStatus};

#[peer_test]
async fn without_nodes(_cluster: Cluster) {}

#[peer_test(nodes = 2)]
async fn without_parameter() {}

#[peer_test(nodes = 2)]
async fn nodes_by_reference(_nodes: &Nodes) {}

#[peer_test(nodes = 2)]
async fn rank_in_one_process(_nodes: Nodes, _rank: Rank) {}

#[peer_test]
async fn status(_status: TestStatus) {}

#[peer_test(nodes = 3, everywhere)]
async fn more_than_a_rank(_rank: Rank, _nodes: Nodes, _fixture: &Vec<Peer>) {}

#[peer_group]
mod group {
    use super::*;

    #[init_per_group]
    async fn start(_nodes: Nodes, _status: TestStatus) {}

    #[init_per_testcase]
    async fn prepare(_rank: Rank) {}
}

fn main() {}
