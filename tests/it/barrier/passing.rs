//! Barriers that are passed, and by whom.

use super::*;

#[peer_test]
async fn all_nodes_and_the_test_wait_for_one_another() -> peer::Result {
    for connection in CONNECTIONS {
        let nodes = [ct_peer!({ connection: connection }).await?, ct_peer!({ connection: connection }).await?];
        let first = waits_at(&nodes[0], "loaded").await?;
        let mut own = pin!(peer::barrier("loaded"));
        arrive(&mut own).await;
        // One is missing still.
        assert_eq!(nodes[0].call(ping, ()).await?, 1);
        assert!(!first.is_finished());
        let second = beside(nodes[1].call(meet, ("loaded".to_owned(), Who::All)));
        own.await?;
        assert_eq!((first.await??, second.await??), (Ok(()), Ok(())));
        for node in nodes {
            node.stop().await?;
        }
    }
    Ok(())
}

/// Each time from the beginning: nobody gets ahead by a round.
#[remote]
async fn rounds(count: u32) -> Result<u32, Told> {
    for round in 0..count {
        peer::node::origin().unwrap().send("round", round);
        peer::barrier("round").await?;
    }
    Ok(count)
}

#[peer_test(nodes = 2)]
async fn it_is_used_again_a_thousand_times(nodes: Nodes) -> peer::Result {
    const ROUNDS: u32 = 1_000;
    let calls: Vec<_> = nodes.iter().map(|node| beside(node.call(rounds, (ROUNDS,)))).collect();
    let round = mailbox::<u32>("round");
    for at in 0..ROUNDS {
        for _ in &nodes {
            assert_eq!(round.recv_within(DEADLINE).await?, at);
        }
        peer::barrier("round").await?;
    }
    for call in calls {
        assert_eq!(call.await??, Ok(ROUNDS));
    }
    Ok(())
}

#[peer_test(nodes = 50, timetrap = "5m")]
async fn fifty_nodes_pass(nodes: Nodes) -> peer::Result {
    for _ in 0..10 {
        let calls: Vec<_> = nodes.iter().map(|node| beside(node.call(meet, ("loaded".to_owned(), Who::All)))).collect();
        peer::barrier("loaded").await?;
        for call in calls {
            assert_eq!(call.await??, Ok(()));
        }
    }
    Ok(())
}

#[peer_test(nodes = 1)]
async fn a_node_that_is_started_meanwhile_is_waited_for(nodes: Nodes) -> peer::Result {
    let first = waits_at(&nodes[0], "loaded").await?;
    let late = ct_peer!().await?;
    let mut own = pin!(peer::barrier("loaded"));
    // Not passed by that.
    arrive(&mut own).await;
    let second = beside(late.call(meet, ("loaded".to_owned(), Who::All)));
    own.await?;
    assert_eq!((first.await??, second.await??), (Ok(()), Ok(())));
    Ok(())
}

#[peer_test(nodes = 2)]
async fn barriers_of_other_names_do_not_meet(nodes: Nodes) -> peer::Result {
    let (left, right) = (waits_at(&nodes[0], "left").await?, waits_at(&nodes[1], "right").await?);
    let other_left = waits_at(&nodes[1], "left").await?;
    peer::barrier("left").await?;
    assert_eq!((left.await??, other_left.await??), (Ok(()), Ok(())));
    assert!(!right.is_finished());
    let other_right = waits_at(&nodes[0], "right").await?;
    peer::barrier("right").await?;
    assert_eq!((right.await??, other_right.await??), (Ok(()), Ok(())));
    Ok(())
}

#[peer_test(nodes = 2)]
async fn functions_that_are_not_async_block(nodes: Nodes) -> peer::Result {
    let blocking = |node: &Peer, timeout| beside(node.call(meet_blocking, ("loaded".to_owned(), timeout)));
    let calls: Vec<_> = nodes.iter().map(|node| blocking(node, DEADLINE)).collect();
    peer::barrier("loaded").await?;
    for call in calls {
        assert_eq!(call.await??, Ok(()));
    }
    let told = blocking(&nodes[0], SHORT).await??.unwrap_err();
    assert!(told.is_barrier && told.is_timeout, "{told:?}");
    Ok(())
}

/// Only who can be called can arrive, and only who is there.
#[peer_test(nodes = 2)]
async fn programs_and_nodes_that_are_down_are_not_waited_for(nodes: Nodes) -> peer::Result {
    let _program = ct_peer!({ program: "sleep", args: ["1000"] }).await?;
    let gone = ct_peer!().await?;
    gone.stop().await?;
    nodes[1].kill().await?;
    let call = beside(nodes[0].call(meet, ("loaded".to_owned(), Who::All)));
    peer::barrier("loaded").await?;
    assert_eq!(call.await??, Ok(()));
    // Again there, again waited for.
    nodes[1].restart().await?;
    let call = waits_at(&nodes[0], "loaded").await?;
    let mut own = pin!(peer::barrier("loaded"));
    arrive(&mut own).await;
    let other = beside(nodes[1].call(meet, ("loaded".to_owned(), Who::All)));
    own.await?;
    assert_eq!((call.await??, other.await??), (Ok(()), Ok(())));
    Ok(())
}

#[peer_test(nodes = 2)]
async fn a_node_that_goes_down_later_harms_nothing(nodes: Nodes) -> peer::Result {
    let calls: Vec<_> = nodes.iter().map(|node| beside(node.call(meet, ("loaded".to_owned(), Who::All)))).collect();
    peer::barrier("loaded").await?;
    for call in calls {
        assert_eq!(call.await??, Ok(()));
    }
    nodes[1].kill().await?;
    let call = beside(nodes[0].call(meet, ("loaded".to_owned(), Who::All)));
    peer::barrier("loaded").await?;
    assert_eq!(call.await??, Ok(()));
    Ok(())
}

/// A node that is an origin waits with its own peers at theirs, and with the others at its origin's.
#[remote]
async fn with_a_peer_of_its_own() -> Met {
    let own = peer::start_link(()).await?;
    let call = tokio::spawn(own.call(meet, ("inner".to_owned(), Who::All)));
    own.barrier("inner").await?;
    assert_eq!(call.await.unwrap()?, Ok(()));
    peer::barrier("outer").await?;
    Ok(own.stop().await?)
}

#[peer_test(nodes = 2)]
async fn a_node_that_is_an_origin_has_barriers_of_its_own(nodes: Nodes) -> peer::Result {
    let calls: Vec<_> = nodes.iter().map(|node| beside(node.call(with_a_peer_of_its_own, ()))).collect();
    peer::barrier("outer").await?;
    for call in calls {
        assert_eq!(call.await??, Ok(()));
    }
    Ok(())
}
