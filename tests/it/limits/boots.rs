//! Many boots at once, and names that are taken.

use std::time::{Duration, Instant};

use super::*;
use crate::support::says;

#[peer_test(timetrap = "off")]
async fn twenty_at_once_over_tcp() -> peer::Result {
    let (rounds, begun) = (rounds(15, 500), Instant::now());
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let together = Instant::now();
        let starts: Vec<_> = (0..20)
            .map(|_| tokio::spawn(peer::start_link(StartOptions::new().connection(Connection::Tcp(0)))))
            .collect();
        let mut peers = Vec::new();
        for start in starts {
            peers.push(start.await?.unwrap_or_else(|error| panic!("round {round}: {error}")));
        }
        slowest = slowest.max(together.elapsed());
        for peer in &peers {
            goes_on(peer).await;
        }
        let stops: Vec<_> = peers.iter().map(|peer| tokio::spawn(peer.stop())).collect();
        for stop in stops {
            stop.await??;
        }
    }
    println!(
        "{rounds} times 20 peers over TCP: all booted, in {:?}, 20 of them in at most {slowest:?}",
        begun.elapsed()
    );
    Ok(())
}

#[remote]
async fn start_named(name: String) {
    // It lives for as long as this node.
    std::mem::forget(peer::start(StartOptions::new().name(name)).await.unwrap());
}

#[peer_test(nodes = 1)]
async fn a_name_in_use_is_refused_without_waiting_for_anything(nodes: Nodes) -> peer::Result {
    let (running, booting, elsewhere) = (ct_peer_name!(), ct_peer_name!(), ct_peer_name!());
    let _running = ct_peer!({ name: running.clone() }).await?;
    // It never gets further, so whoever waited for it would wait for long.
    let never = StartOptions::new().exec(("sh", ["-c", "exec sleep 1000"])).wait_boot(WaitBoot::No);
    let _booting = peer::start_link(never.name(booting.clone())).await?;
    nodes[0].call(start_named, (elsewhere.clone(),)).await?;
    let mut took = Vec::new();
    for connection in CONNECTIONS {
        for name in [&running, &booting, &elsewhere] {
            for _ in 0..20 {
                // If it came to executing something, that is what would fail.
                let options = StartOptions::new().exec("/nonexistent/program").name(name.clone());
                let begun = Instant::now();
                let error = peer::start_link(options.connection(connection)).await.unwrap_err();
                took.push(begun.elapsed());
                assert!(error.is_name_in_use() && !error.is_boot_failed(), "{error}");
                says(&error, &["`name`", name]);
            }
        }
    }
    took.sort();
    println!("a name in use: refused in {:?}, and at most in {:?}", took[took.len() / 2], took[took.len() - 1]);
    Ok(())
}
