#[cfg(test)]
use peer::Nodes as Cluster;
use peer::prelude::*;

#[peer_test(nodes = 1000, connection = "stdio", timetrap = "off", flavor = "current_thread", leaks = "fail")]
async fn everything(nodes: Nodes) -> peer::Result {
    drop(nodes);
    Ok(())
}

#[peer_test()]
#[should_panic = "text"]
async fn unit() -> () {}

#[peer_test(nodes = 2)]
async fn by_an_alias(cluster: Cluster) -> Result<(), String> {
    drop(cluster);
    Ok(())
}

#[peer_test(nodes = 3, everywhere, own_dirs, retries = 1, flavor = "multi_thread", worker_threads = 2)]
async fn in_all_nodes(rank: Rank) -> peer::Result<()> {
    drop(rank);
    Ok(())
}

#[peer_test(everywhere, nodes = 2)]
#[should_panic]
async fn in_all_nodes_without_a_result(mut _rank: peer::Rank) {}

/// A type that is named as one of this crate's.
mod own {
    use peer::{init_per_suite, peer_test};

    struct Nodes(u8);
    type Outcome<T> = Result<T, String>;

    #[init_per_suite]
    async fn start() -> Outcome<Nodes> {
        Ok(Nodes(1))
    }

    #[peer_test]
    async fn as_a_fixture(nodes: &Nodes) {
        assert_eq!(nodes.0, 1);
    }
}

fn main() {}
