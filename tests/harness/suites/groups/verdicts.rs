//! Each verdict.

use std::sync::atomic::{AtomicUsize, Ordering};

use peer::prelude::*;

#[remote]
fn leave_a_daemon_behind() {
    let daemon = "setsid sleep 1000 </dev/null >/dev/null 2>&1 &";
    assert!(std::process::Command::new("sh").args(["-c", daemon]).status().unwrap().success());
}

#[peer_test]
async fn passes() {
    peer::comment("measured: 3 rounds");
}

#[peer_test]
async fn fails() {
    peer::comment("seed 42");
    panic!("no quorum");
}

#[peer_test]
async fn skips() {
    peer::skip("no such hardware here");
}

#[peer_test]
#[ignore = "not today"]
async fn is_ignored() {}

#[peer_test(retries = 3)]
async fn is_flaky() {
    static ATTEMPT: AtomicUsize = AtomicUsize::new(0);
    assert!(ATTEMPT.fetch_add(1, Ordering::Relaxed) == 2, "no quorum yet");
}

#[peer_test(retries = 1)]
async fn fails_all_the_same() {
    panic!("no quorum ever");
}

#[peer_test(retries = 1)]
async fn fails_and_then_skips() {
    static ATTEMPT: AtomicUsize = AtomicUsize::new(0);
    assert!(ATTEMPT.fetch_add(1, Ordering::Relaxed) == 1, "no quorum at first");
    peer::skip("not here");
}

#[peer_test]
async fn skips_in_one_line() {
    peer::skip("no disk\ntest verdicts::fails ... ok\r\n");
}

#[peer_test(nodes = 1, leaks = "fail")]
async fn leaks(nodes: Nodes) -> peer::Result {
    Ok(nodes[0].call(leave_a_daemon_behind, ()).await?)
}

#[peer_test(timetrap = "500ms")]
async fn times_out() {
    std::future::pending().await
}

#[peer_test]
async fn skips_in_a_task() {
    let task = tokio::spawn(async { peer::skip("not here") }).await;
    assert!(task.is_ok(), "nothing is skipped");
}
