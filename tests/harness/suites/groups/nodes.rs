//! The nodes of a group in the reports of the tests that use them.

use peer::prelude::*;

struct Cluster(Vec<Peer>);

#[remote]
fn say(what: String) {
    println!("{what}");
}

#[peer_group(sequence)]
mod of_a_group {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Cluster> {
        let cluster = Cluster(vec![ct_peer!().await?, ct_peer!().await?]);
        cluster.0[0].call(say, ("before the first test".to_owned(),)).await?;
        Ok(cluster)
    }

    #[peer_test]
    async fn passes(cluster: &Cluster) -> peer::Result {
        cluster.0[0].call(say, ("in the test that passes".to_owned(),)).await?;
        Ok(())
    }

    #[peer_test(nodes = 1)]
    async fn fails(cluster: &Cluster, nodes: Nodes) -> peer::Result {
        cluster.0[1].call(say, ("in the test that fails".to_owned(),)).await?;
        nodes[0].call(say, ("and so does its own".to_owned(),)).await?;
        cluster.0[0].kill().await?;
        panic!("no quorum");
    }
}

#[peer_group(sequence)]
mod around_another_one {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Cluster> {
        Ok(Cluster(vec![ct_peer!().await?]))
    }

    #[peer_group(sequence)]
    mod inner {
        use super::*;

        #[init_per_group]
        async fn init_per_group(cluster: &Cluster) -> peer::Result {
            cluster.0[0].call(say, ("for the inner group".to_owned(),)).await?;
            peer::comment("one cluster is there");
            panic!("no second cluster");
        }

        #[peer_test]
        async fn does_not_run() {}
    }
}

#[peer_group(sequence)]
mod before_a_test {
    use super::*;

    #[init_per_testcase]
    async fn init_per_testcase() -> peer::Result {
        let node = ct_peer!().await?;
        node.call(say, ("before the test".to_owned(),)).await?;
        peer::comment("a node is there");
        panic!("no second node");
    }

    #[peer_test]
    async fn does_not_run() {}
}

#[peer_group(sequence)]
mod behind_a_test {
    use super::*;

    #[end_per_testcase]
    async fn end_per_testcase() -> peer::Result {
        let node = ct_peer!().await?;
        node.call(say, ("behind the test".to_owned(),)).await?;
        panic!("the disk is not clean");
    }

    #[peer_test]
    async fn passes_and_fails() {}
}
