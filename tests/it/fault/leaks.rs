//! What the peers of a test left behind.

use std::process::Command;

use super::*;

/// A process that leaves its group and its session, and whose parent ends.
#[remote]
fn daemonise() -> u32 {
    // Its output ends when it has left.
    let script = "setsid sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' &";
    let output = Command::new("sh").args(["-c", script]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}

async fn leaks() -> peer::Result {
    let peer = ct_peer!().await?;
    let pid = peer.call(daemonise, ()).await?;
    println!("daemon={pid}");
    peer.stop().await?;
    assert!(is_gone(pid));
    Ok(())
}

#[peer_test]
#[ignore = "run by `leaks_are_told`"]
async fn driven_leak_is_reported() -> peer::Result {
    leaks().await
}

#[peer_test(leaks = "report")]
#[ignore = "run by `leaks_are_told`"]
async fn driven_leak_is_told_with_a_failure() -> peer::Result {
    leaks().await?;
    Err("no quorum")?
}

#[peer_test(leaks = "fail")]
#[ignore = "run by `leaks_are_told`"]
async fn driven_leak_fails() -> peer::Result {
    leaks().await
}

#[peer_test(leaks = "fail")]
#[should_panic = "quorum"]
#[ignore = "run by `leaks_are_told`"]
async fn driven_leak_fails_what_should_panic() {
    leaks().await.unwrap();
    panic!("no quorum");
}

/// A peer that is still there when the test ends is no leak, and neither is what a killed one could not end.
#[peer_test(leaks = "fail")]
#[ignore = "run by `leaks_are_told`"]
async fn driven_no_leak() -> peer::Result {
    let (_left, killed) = (ct_peer!().await?, ct_peer!().await?);
    killed.call(start_child, ()).await?;
    killed.kill().await?;
    Ok(())
}

/// What a peer has started and not ended is one, in whatever group, also if the peer was there to the end.
#[peer_test(leaks = "fail")]
#[ignore = "run by `leaks_are_told`"]
async fn driven_child_is_left() -> peer::Result {
    ct_peer!().await?.call(start_child, ()).await?;
    Ok(())
}

#[remote]
fn start_child() {
    let child = Command::new("sleep").arg("1000").spawn().unwrap();
    std::mem::forget(child);
}

/// Without `--nocapture`: what a test prints is shown only if it fails.
fn captured(test: &str) -> Ran {
    run(command(std::env::current_exe().unwrap()).args(["--ignored", "--exact", &format!("fault::leaks::{test}")]))
}

#[track_caller]
fn lines(ran: &Ran) -> Vec<&str> {
    ran.stderr.lines().filter(|line| line.starts_with("[peer] `fault::leaks::")).collect()
}

#[test]
fn leaks_are_told() {
    let ran = captured("driven_leak_is_reported").passed();
    let [line] = lines(&ran)[..] else { panic!("{}", ran.text()) };
    says(line, &["driven_leak_is_reported`: it-fault-leaks", "leaked process", "sleep 1000", "; killed"]);

    let ran = captured("driven_leak_is_told_with_a_failure").failed();
    ran.says(&["no quorum", "| [peer] leaked process"]);
    assert_eq!(lines(&ran).len(), 0, "{}", ran.text());

    let ran = captured("driven_leak_fails").failed();
    ran.says(&["leaked a process, and is marked `leaks = \"fail\"`:\n  it-fault-leaks", "sleep 1000"]);
    assert_eq!(lines(&ran).len(), 0, "{}", ran.text());

    let ran = captured("driven_leak_fails_what_should_panic").failed();
    ran.says(&["leaked a process", "sleep 1000"]);

    captured("driven_child_is_left").failed().says(&["leaked a process", "sleep 1000"]);

    let ran = captured("driven_no_leak").passed();
    ran.says(&["1 passed"]);
    assert_eq!(lines(&ran).len(), 0, "{}", ran.text());
}

#[test]
fn a_leak_is_told_once_where_output_is_shown() {
    let ran = run(&mut driven!("driven_leak_is_reported")).passed();
    assert_eq!(lines(&ran).len(), 1, "{}", ran.text());
}
