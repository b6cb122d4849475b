//! What is measured: starting, calling and stopping peers as a test does it.

use std::time::Instant;

use peer::prelude::*;
use serde_bytes::ByteBuf;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::Outcome;

#[remote]
fn echo(bytes: ByteBuf) -> ByteBuf {
    bytes
}

#[remote]
fn echo_list(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

async fn start(connection: Connection) -> peer::Result<Peer, peer::Error> {
    peer::start_link(StartOptions::new().connection(connection)).await
}

/// One peer from spawn to `started`, and its stop, in seconds.
pub(crate) async fn boot(connection: Connection) -> Outcome<(f64, f64)> {
    let begun = Instant::now();
    let peer = start(connection).await?;
    let started = Instant::now();
    peer.stop().await?;
    Ok(((started - begun).as_secs_f64(), started.elapsed().as_secs_f64()))
}

/// One thread with one peer, as in a `#[peer_test]`.
pub(crate) struct Caller {
    runtime: Runtime,
    peer: Peer,
}

impl Caller {
    pub(crate) fn start(connection: Connection) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let peer = runtime.block_on(start(connection))?;
        Ok(Self { runtime, peer })
    }

    /// Calls with 32 bytes there and back, so many times, in seconds each.
    pub(crate) fn pings(&self, times: usize) -> Outcome<Vec<f64>> {
        self.runtime.block_on(async {
            let mut taken = Vec::with_capacity(times);
            for _ in 0..times {
                let begun = Instant::now();
                self.peer.call(echo, (ByteBuf::from([7; 32]),)).await?;
                taken.push(begun.elapsed().as_secs_f64());
            }
            Ok(taken)
        })
    }

    /// One call with so many bytes there and back, in seconds.
    pub(crate) fn echo_bytes(&self, size: usize) -> Outcome<f64> {
        let bytes = ByteBuf::from(vec![7; size]);
        let begun = Instant::now();
        let back = self.runtime.block_on(self.peer.call(echo, (bytes,)))?;
        let time = begun.elapsed().as_secs_f64();
        assert_eq!(back.len(), size);
        Ok(time)
    }

    /// The same with a `Vec<u8>`, which serde takes for a list of numbers.
    pub(crate) fn echo_list(&self, size: usize) -> Outcome<f64> {
        let bytes = vec![7; size];
        let begun = Instant::now();
        let back = self.runtime.block_on(self.peer.call(echo_list, (bytes,)))?;
        let time = begun.elapsed().as_secs_f64();
        assert_eq!(back.len(), size);
        Ok(time)
    }

    pub(crate) fn end(self) -> Outcome {
        Ok(self.runtime.block_on(self.peer.stop())?)
    }
}

/// Calls per second with 64 callers, some times.
pub(crate) async fn throughput(connection: Connection) -> Outcome<Vec<f64>> {
    const CALLERS: usize = 64;
    const CALLS: usize = 500;
    let peer = start(connection).await?;
    let mut rates = Vec::new();
    for _ in 0..5 {
        let mut callers = JoinSet::new();
        let begun = Instant::now();
        for _ in 0..CALLERS {
            let peer = peer.clone();
            callers.spawn(async move {
                for _ in 0..CALLS {
                    peer.call(echo, (ByteBuf::from([7; 32]),)).await?;
                }
                Ok::<_, peer::Error>(())
            });
        }
        while let Some(done) = callers.join_next().await {
            done??;
        }
        rates.push((CALLERS * CALLS) as f64 / begun.elapsed().as_secs_f64());
    }
    peer.stop().await?;
    Ok(rates)
}

/// So many peers started, called once, and stopped: the seconds of each of the three.
pub(crate) async fn fleet(size: usize) -> Outcome<[f64; 3]> {
    let begun = Instant::now();
    let mut starts = JoinSet::new();
    for _ in 0..size {
        starts.spawn(start(Connection::StandardIo));
    }
    let mut fleet = Vec::new();
    while let Some(started) = starts.join_next().await {
        fleet.push(started??);
    }
    let started = Instant::now();
    let mut calls = JoinSet::new();
    for peer in &fleet {
        calls.spawn(peer.call(echo, (ByteBuf::from([7; 32]),)));
    }
    while let Some(called) = calls.join_next().await {
        called??;
    }
    let called = Instant::now();
    let mut stops = JoinSet::new();
    for peer in &fleet {
        stops.spawn(peer.stop());
    }
    while let Some(stopped) = stops.join_next().await {
        stopped??;
    }
    Ok([(started - begun).as_secs_f64(), (called - started).as_secs_f64(), called.elapsed().as_secs_f64()])
}

/// The resident memory of a peer that was called once and waits, in bytes.
pub(crate) async fn idle_memory() -> Outcome<f64> {
    let peer = start(Connection::StandardIo).await?;
    peer.call(echo, (ByteBuf::from([7; 32]),)).await?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", peer.os_pid()))?;
    peer.stop().await?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
}
