//! Functions that are named almost like hooks, and can be none.

use peer::prelude::*;

#[peer_group]
mod group {
    use super::*;

    #[remote]
    async fn init_per_groups() -> u8 {
        1
    }

    async fn init_per_testcases(shard: usize) -> usize {
        shard
    }

    fn end_per_groups() {}

    #[peer_test(nodes = 1)]
    async fn end_per_testcas(nodes: Nodes) {
        let _ = (nodes, init_per_testcases(1).await, init_per_groups().await);
        end_per_groups();
    }
}

fn main() {}
