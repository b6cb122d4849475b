//! The same peers without a harness: a loop in a process of its own that starts them, calls them, and stops them.

use std::time::Instant;

use peer::prelude::*;
use tokio::task::JoinSet;

use crate::runs::{Role, Run};
use crate::{Outcome, suite};

/// What a loop took, in seconds.
pub(crate) struct Took {
    /// All of its process.
    pub(crate) with_stops: f64,
    /// Its boots and bodies.
    pub(crate) without_stops: f64,
}

/// Runs that loop, one round after the other: so many nodes, each of which waits for so many milliseconds.
pub(crate) fn boots_and_bodies(nodes: u32, times: u32, wait: u64) -> Outcome<Took> {
    let (with_stops, said) = Run::role(&Role::Bare { nodes, times, wait })?.output()?;
    Ok(Took { with_stops, without_stops: said.trim().parse()? })
}

/// The loop itself; prints how long boots and bodies took.
pub(crate) fn run(nodes: u32, times: u32, wait: u64) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut seconds = 0.0;
    for _ in 0..times {
        runtime.block_on(async {
            let begun = Instant::now();
            let peers = start(nodes).await?;
            if wait > 0 {
                suite::body(&peers, wait).await?;
            }
            seconds += begun.elapsed().as_secs_f64();
            stop(peers).await
        })?;
    }
    println!("{seconds}");
    Ok(())
}

async fn start(nodes: u32) -> Outcome<Vec<Peer>> {
    let mut boots = JoinSet::new();
    for _ in 0..nodes {
        boots.spawn(peer::start(()));
    }
    let mut peers = Vec::new();
    while let Some(peer) = boots.join_next().await {
        peers.push(peer??);
    }
    Ok(peers)
}

async fn stop(peers: Vec<Peer>) -> Outcome {
    let mut stops = JoinSet::new();
    for peer in peers {
        stops.spawn(peer.stop());
    }
    while let Some(stopped) = stops.join_next().await {
        stopped??;
    }
    Ok(())
}
