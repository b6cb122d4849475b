//! Barriers of nodes that a group shares, and what a report says of them.

use std::sync::Mutex;
use std::time::Duration;

use peer::prelude::*;
use tokio::task::JoinHandle;

struct Cluster(Vec<Peer>);

async fn cluster() -> peer::Result<Cluster> {
    Ok(Cluster(vec![ct_peer!().await?, ct_peer!().await?]))
}

/// The node waits for the other one, or for so many parties.
#[remote]
async fn meet(name: String, parties: Option<usize>) -> Result<(), String> {
    let barrier = peer::barrier(&name);
    let barrier = match parties {
        Some(parties) => barrier.parties(parties),
        None => barrier,
    };
    let mut barrier = std::pin::pin!(barrier);
    let arrived = std::future::poll_fn(|cx| std::task::Poll::Ready(barrier.as_mut().poll(cx))).await;
    // Behind the arrival, on the same connection.
    peer::node::origin().unwrap().send("arrived", name);
    match arrived {
        std::task::Poll::Ready(met) => met,
        std::task::Poll::Pending => barrier.await,
    }
    .map_err(|error| error.to_string())
}

#[peer_group]
mod passing {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Cluster> {
        cluster().await
    }

    #[peer_test]
    async fn nodes_of_a_group_wait_for_one_another(cluster: &Cluster) -> peer::Result {
        let calls: Vec<_> =
            cluster.0.iter().map(|node| tokio::spawn(node.call(meet, ("nodes".to_owned(), None)))).collect();
        for call in calls {
            call.await??.unwrap();
        }
        Ok(())
    }

    #[peer_test]
    async fn a_test_is_one_of_the_parties(cluster: &Cluster) -> peer::Result {
        let calls: Vec<_> =
            cluster.0.iter().map(|node| tokio::spawn(node.call(meet, ("all".to_owned(), Some(3))))).collect();
        cluster.0[1].barrier("all").parties(3).await?;
        for call in calls {
            call.await??.unwrap();
        }
        Ok(())
    }

    #[peer_test(nodes = 1)]
    async fn its_own_nodes_have_other_barriers(cluster: &Cluster, nodes: Nodes) -> peer::Result {
        let error = cluster.0[0].barrier("own").await.unwrap_err();
        assert!(error.to_string().contains("in which the origin takes no part"), "{error}");
        let call = tokio::spawn(nodes[0].call(meet, ("own".to_owned(), None)));
        peer::barrier("own").await?;
        call.await??.unwrap();
        Ok(())
    }
}

/// One of its nodes waits for two others.
struct Waiting(Cluster, Mutex<Option<JoinHandle<Result<Result<(), String>, peer::Error>>>>);

async fn waiting() -> peer::Result<Waiting> {
    let cluster = cluster().await?;
    let call = cluster.0[0].call(meet, ("loaded".to_owned(), Some(3)));
    let call = tokio::spawn(call.timeout(peer::UNLIMITED));
    mailbox::<String>("arrived").recv().await?;
    Ok(Waiting(cluster, Mutex::new(Some(call))))
}

#[peer_group]
mod timing_out {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Waiting> {
        waiting().await
    }

    #[peer_test]
    async fn says_who_is_there(Waiting(cluster, call): &Waiting) -> peer::Result {
        let met = cluster.0[0].barrier("loaded").parties(3).timeout(Duration::from_millis(100)).await;
        let call = call.lock().unwrap().take().unwrap();
        // What the node was told is what we are told.
        assert_eq!(call.await??.unwrap_err(), met.as_ref().unwrap_err().to_string());
        Ok(met?)
    }
}

#[peer_group]
mod hanging {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Waiting> {
        waiting().await
    }

    #[peer_test(timetrap = "300ms")]
    async fn says_who_waits_where(Waiting(cluster, _): &Waiting) -> peer::Result {
        cluster.0[0].barrier("loaded").parties(3).await?;
        Ok(())
    }
}
