//! What inits hand down, by type, innermost first; a cluster that a group shares.

use peer::prelude::*;

use crate::trace;

#[remote]
fn add(a: u64, b: u64) -> u64 {
    a + b
}

struct Cluster(Vec<Peer>);
struct Level(&'static str);

#[peer_group]
mod shared {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Cluster> {
        let nodes = vec![ct_peer!().await?, ct_peer!().await?];
        Ok(Cluster(nodes))
    }

    #[end_per_group]
    async fn end_per_group(cluster: &Cluster) -> peer::Result {
        // They are running still.
        for node in &cluster.0 {
            assert_eq!(node.call(add, (2, 2)).await?, 4);
        }
        trace("the cluster is there until the end");
        Ok(())
    }

    #[peer_test]
    async fn one_asks_the_first(cluster: &Cluster) -> peer::Result {
        assert_eq!(cluster.0[0].call(add, (1, 2)).await?, 3);
        Ok(())
    }

    #[peer_test(nodes = 1)]
    async fn one_has_a_node_of_its_own(cluster: &Cluster, nodes: Nodes) -> peer::Result {
        assert_eq!(cluster.0[1].call(add, (1, 2)).await?, 3);
        assert_eq!(nodes[0].call(add, (1, 2)).await?, 3);
        Ok(())
    }
}

#[peer_group]
mod outer {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> Level {
        Level("outer group")
    }

    #[peer_test]
    async fn sees_its_own(level: &Level) {
        assert_eq!(level.0, "outer group");
    }

    #[peer_group]
    mod inner {
        use super::*;

        #[init_per_group]
        async fn init_per_group(level: &Level) -> Level {
            assert_eq!(level.0, "outer group");
            Level("inner group")
        }

        #[init_per_testcase]
        async fn init_per_testcase(level: &Level) -> Result<u32, std::io::Error> {
            assert_eq!(level.0, "inner group");
            Ok(7)
        }

        #[end_per_testcase]
        async fn end_per_testcase(number: &u32, level: &Level) {
            assert_eq!((*number, level.0), (7, "inner group"));
        }

        #[peer_test]
        async fn sees_the_innermost(level: &Level, number: &u32) {
            assert_eq!((level.0, *number), ("inner group", 7));
        }
    }
}
