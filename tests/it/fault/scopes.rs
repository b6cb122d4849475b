//! The end of a test undoes what it did to its peers, whatever ends it.

use std::sync::OnceLock;
use std::thread;

use super::*;

#[remote]
fn hold_line(port: u16) {
    hold(port);
}

fn driver_port() -> u16 {
    let port = std::env::var("PEER_TEST_PORT");
    port.unwrap_or_else(|_| panic!("PEER_TEST_PORT is not set: this test is run by another one")).parse().unwrap()
}

/// A peer that outlives the test that started it, and one that does not.
static LEFT: OnceLock<(Peer, Peer)> = OnceLock::new();

#[peer_test]
#[ignore = "run by `a_failing_test_leaves_nothing_paused`"]
async fn driven_a_fails_with_paused_peers() -> peer::Result {
    let (linked, unlinked) = (ct_peer!().await?, peer::start(()).await?);
    linked.call(hold_line, (driver_port(),)).await?;
    assert!(LEFT.set((linked.clone(), unlinked.clone())).is_ok());
    linked.pause().await?;
    unlinked.pause().await?;
    Err("no quorum")?
}

#[peer_test]
#[ignore = "run by `a_failing_test_leaves_nothing_paused`"]
async fn driven_b_looks_afterwards() -> peer::Result {
    let (linked, unlinked) = LEFT.get().unwrap();
    assert_eq!(linked.state(), PeerState::Down(Reason::ScopeEnded));
    assert!(!is_stopped(unlinked.os_pid()));
    assert_eq!(unlinked.call(ping, ()).await?, 1);
    // Its scope has ended, and starts nothing any more; a peer that is there stays as it is.
    for peer in [linked, unlinked] {
        let (state, pid) = (peer.state(), peer.os_pid());
        let error = peer.restart().await.unwrap_err();
        assert!(error.is_noscope(), "{error}");
        says(error, &["the scope of fault::scopes::driven_a_fails_with_paused_peers has ended"]);
        assert_eq!((peer.state(), peer.os_pid()), (state, pid));
    }
    assert_eq!(unlinked.call(ping, ()).await?, 1);
    println!("looked");
    Ok(())
}

#[test]
fn a_failing_test_leaves_nothing_paused() {
    let lifeline = Lifeline::new();
    let mut command = driven!("driven_a_fails_with_paused_peers");
    command.arg("fault::scopes::driven_b_looks_afterwards").env("PEER_TEST_PORT", lifeline.port().to_string());
    let ran = thread::spawn(move || run(&mut command));
    lifeline.held().ended();
    let ran = within("the tests", move || ran.join()).unwrap().failed();
    ran.says(&["running 2 tests", "no quorum", "): running, paused\n", "looked", "1 passed; 1 failed"]);
}

/// An origin that is killed cannot let them go on.
#[test]
fn a_killed_origin_leaves_nothing_paused() {
    let lifeline = Lifeline::new();
    let mut command = command(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "fault::scopes::driven_stays_with_paused_peers", "--nocapture"]);
    let ran = thread::spawn({
        command.env("PEER_TEST_PORT", lifeline.port().to_string());
        move || run(&mut command)
    });
    let (peer, origin) = (lifeline.held(), lifeline.held());
    signal("KILL", origin.pid);
    origin.ended();
    peer.ended();
    let ran = within("the tests", move || ran.join()).unwrap();
    assert_ne!(ran.code, Some(0), "{}", ran.text());
}

#[peer_test]
#[ignore = "run by `a_killed_origin_leaves_nothing_paused`"]
async fn driven_stays_with_paused_peers() -> peer::Result {
    let peer = ct_peer!().await?;
    peer.call(hold_line, (driver_port(),)).await?;
    peer.pause().await?;
    hold(driver_port());
    std::future::pending().await
}

/// The test ends in the middle of restarts.
#[peer_test]
#[ignore = "run by `no_restart_outlives_its_scope`"]
async fn driven_ends_while_it_restarts() -> peer::Result {
    let port = driver_port();
    for wait_boot in [WaitBoot::No, WaitBoot::default()] {
        for connection in CONNECTIONS {
            let peer = ct_peer!({ connection: connection, wait_boot: wait_boot.clone() }).await?;
            tokio::spawn(async move {
                loop {
                    // What is refused is the end of this.
                    if peer.restart().await.is_err_and(|error| error.is_noscope()) {
                        break;
                    }
                }
            });
        }
    }
    // Into the middle of it.
    let beside = ct_peer!().await?;
    beside.call(hold_line, (port,)).await?;
    for _ in 0..5 {
        beside.restart().await?;
        beside.call(hold_line, (port,)).await?;
    }
    Ok(())
}

/// The nodes of this run that are alive: what they inherit says whose they are.
fn nodes_alive() -> Vec<String> {
    let mark = format!("PEER_TEST_PORT={}", driver_port());
    let has = |pid: &str, file: &str, word: &str| {
        let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        bytes.split(|byte| *byte == 0).any(|one| one == word.as_bytes())
    };
    let all =
        std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    all.filter(|pid| has(pid, "environ", &mark) && has(pid, "cmdline", "--peer-node=1:self")).collect()
}

#[peer_test(nodes = 1)]
#[ignore = "run by `no_restart_outlives_its_scope`"]
async fn driven_z_afterwards(nodes: Nodes) {
    assert_eq!(nodes_alive(), [nodes[0].os_pid().to_string()]);
}

#[test]
fn no_restart_outlives_its_scope() {
    for _ in 0..5 {
        let lifeline = Lifeline::new();
        let mut command = driven!("driven_ends_while_it_restarts");
        command.arg("fault::scopes::driven_z_afterwards").env("PEER_TEST_PORT", lifeline.port().to_string());
        let ran = run(&mut command).passed();
        ran.says(&["running 2 tests", "2 passed"]);
        lifeline.held().ended();
    }
}
