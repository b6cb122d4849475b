//! A group shares a cluster, and a node of it crashes.

use peer::prelude::*;

use crate::trace;

#[remote]
fn crash() {
    peer::node::halt(5);
}

#[remote]
fn alive() -> bool {
    true
}

struct Cluster(Peer);

async fn cluster() -> peer::Result<Cluster> {
    Ok(Cluster(ct_peer!({ peer_down: PeerDown::Crash }).await?))
}

async fn take_it_down(cluster: &Cluster) {
    cluster.0.cast(crash, ());
    cluster.0.gone().await;
}

#[peer_group(sequence, repeat = 2)]
mod between_tests {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Cluster> {
        trace("between_tests: init_per_group");
        cluster().await
    }

    #[end_per_group]
    async fn end_per_group(cluster: &Cluster) {
        trace(&format!("between_tests: end_per_group, {:?}", cluster.0.state()));
    }

    #[peer_test]
    async fn takes_it_down(cluster: &Cluster) {
        take_it_down(cluster).await;
    }

    #[peer_test]
    async fn is_skipped() {
        trace("between_tests: is_skipped, which must not run");
    }

    #[peer_group]
    mod nested {
        use super::*;

        #[init_per_group]
        async fn init_per_group() {
            trace("between_tests: the nested init_per_group, which must not run");
        }

        #[peer_test]
        async fn is_skipped_too() {}
    }
}

#[peer_group(sequence)]
mod in_use {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Cluster> {
        cluster().await
    }

    #[end_per_group]
    async fn end_per_group() {
        trace("in_use: end_per_group");
    }

    /// Neither another attempt nor another round has a cluster.
    #[peer_test(retries = 2, repeat = 2)]
    async fn fails(cluster: &Cluster) -> peer::Result {
        take_it_down(cluster).await;
        assert!(cluster.0.call(alive, ()).await?);
        Ok(())
    }
}

#[peer_group(sequence)]
mod from_a_nested_group {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Cluster> {
        cluster().await
    }

    #[end_per_group]
    async fn end_per_group() {
        trace("from_a_nested_group: end_per_group");
    }

    #[peer_group(sequence, repeat = 2)]
    mod nested {
        use super::*;

        #[end_per_group]
        async fn end_per_group() {
            trace("from_a_nested_group: the nested end_per_group");
        }

        #[peer_test]
        async fn takes_it_down(cluster: &Cluster) {
            take_it_down(cluster).await;
        }

        #[peer_test]
        async fn is_skipped() {
            trace("from_a_nested_group: is_skipped, which must not run");
        }
    }

    #[peer_test]
    async fn is_skipped_too() {
        trace("from_a_nested_group: is_skipped_too, which must not run");
    }
}
