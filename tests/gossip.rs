//! A real cluster under test: four nodes run the gossip library `chitchat`, one is killed, the others declare it dead.
//!
//! `examples/gossip.rs` is the same with a view.

use std::time::Duration;

use peer::prelude::*;
use rustix::process::{Pid, Signal, kill_process};

#[path = "../examples/gossip/node.rs"]
mod node;

use node::{declared_dead, join, live_members};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

#[peer_test(nodes = 4)]
async fn a_killed_member_is_declared_dead_by_all_others(nodes: Nodes) -> peer::Result {
    let mut addresses = Vec::new();
    for node in &nodes {
        addresses.push(node.call(join, (addresses.clone(),)).await??);
    }
    let mut everybody: Vec<String> = nodes.iter().map(Peer::node).collect();
    everybody.sort();
    for node in &nodes {
        assert_eq!(node.call(live_members, (4,)).timeout(PATIENCE).await?, everybody, "as {} sees it", node.node());
    }

    let victim = &nodes[2];
    let pid = Pid::from_raw(victim.os_pid().cast_signed()).expect("a pid is a positive number");
    kill_process(pid, Signal::KILL)?;
    assert_eq!(victim.gone().await, Reason::Killed(9));

    everybody.retain(|name| *name != victim.node());
    for node in nodes.iter().filter(|node| node.node() != victim.node()) {
        node.call(declared_dead, (victim.node(),)).timeout(PATIENCE).await?;
        assert_eq!(node.call(live_members, (3,)).timeout(PATIENCE).await?, everybody, "as {} sees it", node.node());
    }
    Ok(())
}
