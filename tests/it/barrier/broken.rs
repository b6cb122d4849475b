//! What breaks a barrier for all who wait at it, at once.

use super::*;

/// All who wait are told that `node` went down for `reason`.
#[track_caller]
fn is_down(told: &Told, node: &Peer, reason: &Reason) {
    assert!(told.is_barrier && !told.is_timeout, "{told:?}");
    assert_eq!((told.reason.as_ref(), told.node.as_deref()), (Some(reason), Some(node.node().as_str())));
    says(&told.text, &[&format!("barrier `loaded` on node `{}` failed: the node went down: {reason}", node.node())]);
}

#[peer_test]
async fn a_node_that_goes_down_breaks_it_for_all() -> peer::Result {
    for connection in CONNECTIONS {
        for end in ["exits", "is killed", "is stopped", "is restarted"] {
            let options = || StartOptions::new().connection(connection);
            let nodes = [ct_peer!(options()).await?, ct_peer!(options()).await?, ct_peer!(options()).await?];
            let calls = [waits_at(&nodes[0], "loaded").await?, waits_at(&nodes[1], "loaded").await?];
            let last = &nodes[2];
            let reason = match end {
                "exits" => {
                    last.cast(exit, (3,));
                    Reason::Exited(3)
                }
                "is killed" => {
                    last.kill().await?;
                    Reason::Killed(9)
                }
                "is stopped" => {
                    last.stop().await?;
                    Reason::Stopped
                }
                _ => {
                    last.restart().await?;
                    Reason::Stopped
                }
            };
            for call in calls {
                let told = call.await??.unwrap_err();
                is_down(&told, last, &reason);
                if end == "exits" {
                    says(&told.text, &["last output of the node:\n    | last words"]);
                }
            }
            for node in nodes {
                if node.state() == PeerState::Running {
                    node.stop().await?;
                }
            }
        }
    }
    Ok(())
}

#[peer_test(nodes = 2)]
async fn one_that_waits_itself_breaks_it_too(nodes: Nodes) -> peer::Result {
    let mut own = pin!(peer::barrier("loaded"));
    arrive(&mut own).await;
    let _gone = waits_at(&nodes[1], "loaded").await?;
    nodes[1].cast(exit, (5,));
    let error = own.await.unwrap_err();
    is_down(&Told::from(error), &nodes[1], &Reason::Exited(5));
    // What is broken is over: the next ones are others.
    let call = waits_at(&nodes[0], "loaded").await?;
    peer::barrier("loaded").await?;
    assert_eq!(call.await??, Ok(()));
    Ok(())
}

#[peer_test(nodes = 1)]
async fn a_node_that_does_not_boot_breaks_it(nodes: Nodes) -> peer::Result {
    let call = waits_at(&nodes[0], "loaded").await?;
    let booting = ct_peer!({ exec: ("sh", ["-c", "exit 7"]), wait_boot: WaitBoot::No }).await?;
    let told = call.await??.unwrap_err();
    is_down(&told, &booting, &Reason::Exited(7));
    Ok(())
}

/// The first one, and at barriers among nodes as well.
#[peer_test(nodes = 4)]
async fn the_first_reason_is_told(nodes: Nodes) -> peer::Result {
    let call = waits(&nodes[0], "loaded", Who::Nodes, DEADLINE).await?;
    nodes[1].kill().await?;
    nodes[2].cast(exit, (5,));
    nodes[2].gone().await;
    let told = call.await??.unwrap_err();
    is_down(&told, &nodes[1], &Reason::Killed(9));
    Ok(())
}

/// Whoever leaves is waited for again.
#[remote]
async fn arrive_and_leave(name: String) {
    let mut barrier = Box::pin(peer::barrier(&name));
    arrive(&mut barrier.as_mut()).await;
    drop(barrier);
}

#[peer_test(nodes = 2)]
async fn who_drops_it_has_left(nodes: Nodes) -> peer::Result {
    let call = waits_at(&nodes[0], "loaded").await?;
    nodes[1].call(arrive_and_leave, ("loaded".to_owned(),)).await?;
    {
        let mut own = pin!(peer::barrier("loaded"));
        arrive(&mut own).await;
    }
    let other = waits_at(&nodes[1], "loaded").await?;
    let mut own = pin!(peer::barrier("loaded").timeout(DEADLINE));
    own.as_mut().await?;
    assert_eq!((call.await??, other.await??), (Ok(()), Ok(())));
    // The last one to leave takes what it had said with it.
    nodes[1].call(arrive_and_leave, ("loaded".to_owned(),)).await?;
    let calls = nodes.iter().map(|node| beside(node.call(meet, ("loaded".to_owned(), Who::Nodes))));
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await??, Ok(()));
    }
    Ok(())
}
