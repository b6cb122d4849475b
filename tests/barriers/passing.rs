//! Barriers that are passed.

use super::*;

#[peer_test]
async fn all_nodes_and_the_test_wait_for_one_another() -> peer::Result {
    for connection in CONNECTIONS {
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(ct_peer!({ connection: connection }).await?);
        }
        let calls: Vec<_> = nodes.iter().map(|node| tokio::spawn(node.call(meet, ("loaded".to_owned(),)))).collect();
        peer::barrier("loaded").await?;
        for call in calls {
            assert_eq!(call.await??, Ok(()));
        }
        for node in nodes {
            node.stop().await?;
        }
    }
    Ok(())
}
