//! Mistakes that reject a suite before anything runs. Only tests/harness/groups.rs runs it.
#![allow(missing_docs, reason = "tests")]

use peer::prelude::*;

struct Cluster;

#[peer_test]
async fn wants_a_cluster(_cluster: &Cluster) {}

#[peer_group]
mod elsewhere {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> Cluster {
        Cluster
    }

    #[init_per_group]
    async fn second_one() {}

    mod inside {
        use super::*;

        #[end_per_group]
        async fn stray() {}
    }

    #[peer_test]
    async fn has_one(_cluster: &Cluster) {}
}

#[peer_group(weight = 2)]
mod without_init {
    use super::*;

    #[end_per_testcase]
    async fn by_reference(_status: &peer::TestStatus) {}

    #[peer_test]
    async fn passes() {}
}

peer::main!(weight = 3);
