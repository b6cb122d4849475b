//! Faults on purpose: `kill`, `pause`, `resume`, `restart`, and that a test leaves none of them behind.

mod cluster;
mod incarnations;
mod kill;
mod leaks;
mod pause;
mod restart;
mod scopes;

use std::future::Future;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use peer::prelude::*;

use crate::support::*;

#[remote]
fn ping() -> u32 {
    1
}

#[remote]
async fn serve() {
    std::future::pending().await
}

static GATE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// Blocks its thread for as long as its node lives; says first that it is there.
fn block(arrived: &peer::Address<u32>) {
    arrived.send(1);
    drop(GATE.1.wait_while(GATE.0.lock().unwrap(), |open| !*open));
}

#[remote]
fn block_when_stopped(arrived: peer::Address<u32>) {
    peer::node::on_stop(move || block(&arrived));
}

#[remote]
fn tell_when_stopped(stopped: peer::Address<u32>) {
    peer::node::on_stop(move || stopped.send(1));
}

/// Whether every thread of the process is stopped.
#[track_caller]
fn is_stopped(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let states = threads.map(|thread| {
        let status = std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        status.lines().find_map(|line| line.strip_prefix("State:\t")).unwrap_or_default().to_owned()
    });
    // In the kernel (D), for the child that it is starting, it stands still as well.
    states.collect::<Vec<_>>().iter().all(|state| state.starts_with(['T', 'D']))
}
