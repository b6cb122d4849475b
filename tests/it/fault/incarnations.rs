//! Many restarts of one peer, in a process of their own: what is counted is nobody else's.

use std::process::Stdio;
use std::thread;

use super::*;

const ROUNDS: usize = 200;

/// What each process prints: more than is kept of its last output for as long as it is known.
const OUTPUT: usize = 80 << 10;

/// What the memory may vary by: a quarter of all that was printed, which would be there if the processes were known still.
const GROWN: usize = ROUNDS * OUTPUT / 4;

/// Resident memory, in bytes.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// Descriptors and threads.
fn counts() -> (usize, usize) {
    let count = |folder| std::fs::read_dir(folder).unwrap().count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

#[remote]
fn talk(bytes: usize) {
    for _ in 0..bytes >> 6 {
        println!("{}", "x".repeat(63));
    }
}

async fn round(peer: &Peer, kills: bool) -> peer::Result {
    peer.call(talk, (OUTPUT,)).await?;
    let call = peer.call(serve, ());
    if kills {
        peer.kill().await?;
    }
    peer.restart().await?;
    drop(call);
    Ok(())
}

#[peer_test(timetrap = "5m")]
#[ignore = "run by `a_restart_in_a_loop_leaks_nothing`"]
async fn driven_restarts() -> peer::Result {
    for connection in CONNECTIONS {
        // On a thread that belongs to no test: what the peer prints is printed, and not kept for a report.
        let start = thread::spawn(move || peer::start(StartOptions::new().connection(connection))).join().unwrap();
        let (peer, beside) = (start.await?, ct_peer!().await?);
        for _ in 0..20 {
            round(&peer, false).await?;
        }
        let before = counts();
        let memory_before = memory();
        for n in 0..ROUNDS {
            round(&peer, n % 2 == 0).await?;
        }
        // What has just ended closes what it had.
        until("the descriptors and threads to be as many as before", async || counts() == before).await;
        let after = counts();
        let grown = memory().saturating_sub(memory_before);
        println!("{ROUNDS} restarts: (descriptors, threads) {before:?} then {after:?}, {grown} bytes more");
        assert_eq!(after, before);
        assert!(grown < GROWN);
        assert_eq!(peer.call(ping, ()).await? + beside.call(ping, ()).await?, 2);
        peer.stop().await?;
    }
    Ok(())
}

#[test]
fn a_restart_in_a_loop_leaks_nothing() {
    // What the peers print is too much to show.
    let ran = run(driven!("driven_restarts").stderr(Stdio::null())).passed();
    ran.says(&["running 1 test"]);
    assert_eq!(ran.text().matches("200 restarts: ").count(), 2, "{}", ran.text());
}
