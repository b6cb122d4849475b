//! The tests with nodes that the bench runs under `peer::main!()`'s main.

use std::time::Duration;

use peer::prelude::*;
use tokio::task::JoinSet;

use crate::Outcome;

/// How many tests of one node, and of four, do nothing.
pub(crate) const TESTS: u32 = 100;
/// How many tests of four nodes wait in each node for `WAIT` milliseconds, and on how many slots.
pub(crate) const BUSY: u32 = 40;
pub(crate) const WAIT: u64 = 50;
pub(crate) const SLOTS: u32 = 8;

#[remote]
#[expect(clippy::disallowed_methods, reason = "what takes its time here is the body of a test")]
async fn wait(milliseconds: u64) {
    // busy: as a body is that waits for something else.
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// The body of a test: a call in each of its nodes at the same time.
pub(crate) async fn body(nodes: &[Peer], milliseconds: u64) -> Outcome {
    let mut calls = JoinSet::new();
    for node in nodes {
        calls.spawn(node.call(wait, (milliseconds,)));
    }
    while let Some(answer) = calls.join_next().await {
        answer??;
    }
    Ok(())
}

mod with_1_node {
    ten! { ten! {
        #[peer::peer_test(nodes = 1)]
        async fn starts(_nodes: peer::Nodes) {}
    } }
}

mod with_4_nodes {
    ten! { ten! {
        #[peer::peer_test(nodes = 4)]
        async fn starts(_nodes: peer::Nodes) {}
    } }
}

macro_rules! four {
    ($($test:tt)*) => {
        mod w { $($test)* }
        mod x { $($test)* }
        mod y { $($test)* }
        mod z { $($test)* }
    };
}

mod busy {
    four! { ten! {
        #[peer::peer_test(nodes = 4)]
        async fn waits(nodes: peer::Nodes) {
            crate::suite::body(&nodes, crate::suite::WAIT).await.expect("its nodes answer");
        }
    } }
}
