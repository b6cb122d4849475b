use peer::prelude::*;

#[peer_test(everywhere)]
async fn nowhere(_rank: Rank) {}

#[peer_test(nodes = 3, everywhere = 3)]
async fn with_a_value(_rank: Rank) {}

#[peer_test(nodes = 3, everywhere)]
async fn without_its_rank() {}

#[peer_test(nodes = 3, everywhere)]
async fn with_nodes(_rank: Rank, _nodes: Nodes) {}

#[peer_test(nodes = 3, everywhere)]
async fn with_what_an_init_returned(_rank: Rank, _cluster: &Vec<Peer>) {}

#[peer_test(nodes = 3, everywhere)]
async fn by_reference(_rank: &Rank) {}

#[peer_test(nodes = 3, everywhere)]
async fn twice(_rank: Rank, _other: peer::Rank) {}

#[peer_test(nodes = 3, everywhere)]
async fn conditional(#[cfg(unix)] _rank: Rank) {}

#[peer_test(nodes = 3, everywhere)]
async fn another_error(_rank: Rank) -> Result<(), String> {
    Ok(())
}

#[peer_test(nodes = 3, everywhere)]
async fn a_value(_rank: Rank) -> peer::Result<u8> {
    Ok(1)
}

#[peer_test(nodes = 3, everywhere, worker_threads = 2)]
async fn threads_of_one(_rank: Rank) {}

#[peer_test(nodes = 3, everywhere)]
#[should_panic]
async fn panics_with_a_result(_rank: Rank) -> peer::Result {
    Ok(())
}

#[peer_test(nodes = 3)]
async fn here(_rank: Rank) {}

fn main() {}
