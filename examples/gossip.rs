//! A real cluster under test: four processes run the gossip library `chitchat`, one is killed, the others notice.
//!
//! `cargo run --example gossip`. The same as a test is in `tests/gossip.rs`, and what runs inside the processes in
//! `examples/gossip/node.rs`.
#![expect(clippy::print_stdout, reason = "an example is read on a terminal")]

use std::time::{Duration, Instant};

use peer::prelude::*;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

#[path = "gossip/node.rs"]
mod node;
#[path = "gossip/screen.rs"]
mod screen;

use node::{declared_dead, join, live_members};
use screen::Screen;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> peer::Result {
    let mut screen = Screen::new("Four processes that gossip, and one that stops doing so");

    // Linked to this program: whatever ends it, they end, too.
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(ct_peer!().await?);
    }
    screen.step("start", "four peers, linked to this program");

    let mut addresses = Vec::new();
    for node in &nodes {
        addresses.push(node.call(join, (addresses.clone(),)).await??);
    }
    screen.step("join", "each one runs chitchat, and knows those before it");
    screen.members(&nodes, &addresses);

    let seen = on_all(&nodes, |node| node.call(live_members, (4,))).await?;
    screen.step("meet", "each of the four sees four live members");
    screen.table(&nodes, &seen);

    let victim = nodes.remove(2);
    kill_process(pid_of(&victim), Signal::KILL)?;
    let reason = victim.gone().await;
    screen.step("kill", &format!("{}: {reason}", victim.node()));

    let seen = on_all(&nodes, |node| node.call(declared_dead, (victim.node(),))).await?;
    screen.step("detect", "the other three declare it dead");
    screen.table(&nodes, &seen);

    for node in &nodes {
        node.stop().await?;
    }
    nodes.push(victim);
    for node in &nodes {
        assert!(test_kill_process(pid_of(node)).is_err(), "{} is still there", node.node());
    }
    screen.step("stop", "the other three; no process is left");
    Ok(())
}

/// Calls all nodes at the same time: whom each one sees, and how long that took.
async fn on_all(
    nodes: &[Peer],
    call: impl Fn(&Peer) -> peer::Call<Vec<String>>,
) -> peer::Result<Vec<(Vec<String>, Duration)>> {
    let begun = Instant::now();
    let calls: Vec<_> = nodes
        .iter()
        .map(|node| {
            let call = call(node).timeout(PATIENCE);
            tokio::spawn(async move { Ok::<_, peer::Error>((call.await?, begun.elapsed())) })
        })
        .collect();
    let mut results = Vec::new();
    for call in calls {
        results.push(call.await??);
    }
    Ok(results)
}

fn pid_of(node: &Peer) -> Pid {
    Pid::from_raw(node.os_pid().cast_signed()).expect("a pid is a positive number")
}
