//! Bodies that run in every node of a test.
#![allow(missing_docs, reason = "tests")]

use peer::prelude::*;

/// Each rank knows itself and the others, is a process of its own, and is none of the origin's.
#[peer_test(nodes = 3, everywhere)]
async fn each_rank_is_a_node_and_knows_the_others(rank: Rank) -> peer::Result {
    assert!(peer::node::is_node());
    assert_eq!(rank.size(), 3);
    assert!(rank.rank() < 3);
    assert_eq!(rank.names().len(), 3);
    assert_eq!(rank.name(), peer::node::name());
    let pids = rank.mailbox::<(usize, String, u32)>("pids");
    for to in 0..rank.size() {
        rank.send(to, "pids", (rank.rank(), rank.name().to_owned(), std::process::id()));
    }
    let mut all = Vec::new();
    for _ in 0..rank.size() {
        all.push(pids.recv().await?);
    }
    all.sort();
    let names: Vec<String> = all.iter().map(|(_, name, _)| name.clone()).collect();
    assert_eq!(names, rank.names());
    let mut pids: Vec<u32> = all.iter().map(|(_, _, pid)| *pid).collect();
    pids.dedup();
    assert_eq!(pids.len(), 3);
    assert_eq!(pids[rank.rank()], std::process::id());
    rank.barrier("all").await?;
    Ok(())
}

#[peer_test(nodes = 3, everywhere)]
#[should_panic(expected = "no quorum in rank 1")]
async fn a_panic_in_one_rank_is_that_of_the_test(rank: Rank) {
    if rank.rank() == 1 {
        panic!("no quorum in rank 1");
    }
    std::future::pending::<()>().await;
}
