//! Barriers of so many parties, and of nodes alone.

use super::*;

#[peer_test(nodes = 4)]
async fn it_is_passed_by_as_many_as_it_says(nodes: Nodes) -> peer::Result {
    let (two, three) = (Who::Parties(2), Who::Parties(3));
    // Two nodes of four, and not the test.
    let pair = [waits(&nodes[3], "pair", two, DEADLINE).await?, beside(nodes[1].call(meet, ("pair".to_owned(), two)))];
    for call in pair {
        assert_eq!(call.await??, Ok(()));
    }
    // Two tasks of one node, and the test.
    let first = waits(&nodes[0], "three", three, DEADLINE).await?;
    let second = waits(&nodes[0], "three", three, DEADLINE).await?;
    assert!(!first.is_finished() && !second.is_finished());
    peer::barrier("three").parties(3).await?;
    assert_eq!((first.await??, second.await??), (Ok(()), Ok(())));
    // Two tasks of the test.
    let own = tokio::spawn(peer::barrier("own").parties(2));
    peer::barrier("own").parties(2).await?;
    own.await??;
    peer::barrier("alone").parties(1).await?;
    Ok(())
}

#[peer_test(nodes = 3)]
async fn nodes_wait_for_one_another_without_the_test(nodes: Nodes) -> peer::Result {
    for who in [Who::Nodes, Who::Parties(nodes.len())] {
        let calls: Vec<_> = nodes.iter().map(|node| beside(node.call(meet, ("loaded".to_owned(), who)))).collect();
        for call in calls {
            assert_eq!(call.await??, Ok(()));
        }
    }
    Ok(())
}

#[peer_test(nodes = 2)]
async fn those_who_do_not_agree_are_told_who_says_what(nodes: Nodes) -> peer::Result {
    let [left, right] = [nodes[0].node(), nodes[1].node()];
    let first = waits(&nodes[0], "loaded", Who::Parties(2), DEADLINE).await?;
    let error = peer::barrier("loaded").await.unwrap_err();
    let told = first.await??.unwrap_err();
    assert_eq!(told.text, error.to_string());
    assert!(error.is_barrier() && !error.is_timeout() && error.down_reason().is_none(), "{error}");
    assert_eq!(
        told.text,
        format!(
            "barrier `loaded` failed: those who arrive do not agree on who takes part:\n  `{left}` says `.parties(2)`\n  the test says all nodes and the origin\n  help: say the same on all sides"
        )
    );
    // The name is free again.
    let both = nodes.iter().map(|node| beside(node.call(meet, ("loaded".to_owned(), Who::Nodes))));
    for call in both.collect::<Vec<_>>() {
        assert_eq!(call.await??, Ok(()));
    }
    let first = waits(&nodes[1], "loaded", Who::Nodes, DEADLINE).await?;
    let told = nodes[0].call(meet, ("loaded".to_owned(), Who::Parties(3))).await?.unwrap_err();
    says(&told.text, &[&format!("`{right}` says all nodes\n"), &format!("`{left}` says `.parties(3)`")]);
    assert_eq!(first.await??.unwrap_err(), told);
    Ok(())
}

/// Nobody knows who would have come.
#[peer_test(nodes = 3)]
async fn of_many_parties_only_one_that_has_arrived_is_missed(nodes: Nodes) -> peer::Result {
    let two = Who::Parties(2);
    let first = waits(&nodes[0], "loaded", two, DEADLINE).await?;
    nodes[1].kill().await?;
    peer::barrier("loaded").parties(2).await?;
    assert_eq!(first.await??, Ok(()));
    let _gone = waits(&nodes[2], "loaded", Who::Parties(3), DEADLINE).await?;
    let first = waits(&nodes[0], "loaded", Who::Parties(3), DEADLINE).await?;
    nodes[2].kill().await?;
    let told = first.await??.unwrap_err();
    assert_eq!((told.reason, told.node), (Some(Reason::Killed(9)), Some(nodes[2].node())));
    Ok(())
}
