//! What is refused before anything runs: a test that wants what nobody gives, and a suite that holds slots for nothing. Run by tests/harness/groups.rs, and by nothing else.
#![allow(missing_docs, reason = "tests")]

use peer::prelude::*;

struct Cluster;

#[peer_test]
async fn wants_a_cluster(_cluster: &Cluster) {}

#[peer_group]
mod elsewhere {
    use super::*;

    async fn init_per_group() -> Cluster {
        Cluster
    }

    #[peer_test]
    async fn has_one(_cluster: &Cluster) {}
}

peer::main!(weight = 3);
