use peer::prelude::*;

#[peer_test(nodes = 1000, connection = "stdio", timetrap = "off", flavor = "current_thread", leaks = "fail")]
async fn everything(nodes: Nodes) -> peer::Result {
    drop(nodes);
    Ok(())
}

#[peer_test()]
#[should_panic = "text"]
async fn unit() -> () {}

#[peer_test(nodes = 3, everywhere, own_dirs, retries = 1, flavor = "multi_thread", worker_threads = 2)]
async fn in_all_nodes(rank: Rank) -> peer::Result<()> {
    drop(rank);
    Ok(())
}

#[peer_test(everywhere, nodes = 2)]
#[should_panic]
async fn in_all_nodes_without_a_result(mut _rank: peer::Rank) {}

fn main() {}
