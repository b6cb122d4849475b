//! A link that could be half-open is asked for signs of life.

use std::net::{IpAddr, Ipv4Addr};

use peer::prelude::*;

use crate::support::*;

#[remote]
async fn never() {
    std::future::pending().await
}

/// A stopped process keeps its socket open and says nothing, as one behind a cut cable would.
#[peer_test]
#[ignore = "run by `a_node_that_gives_no_sign_of_life_is_given_up`"]
async fn driven_a_node_that_gives_no_sign_of_life_is_given_up() -> peer::Result {
    let everywhere = Connection::TcpAt(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let silent = ct_peer!({ connection: everywhere, peer_down: PeerDown::Continue }).await?;
    let beside = ct_peer!({ connection: everywhere }).await?;
    let call = tokio::spawn(silent.call(never, ()).timeout(peer::UNLIMITED));
    signal("STOP", silent.os_pid());
    assert_eq!(silent.gone().await, Reason::Silent);
    let error = call.await?.unwrap_err();
    assert_eq!(error.down_reason(), Some(&Reason::Silent), "{error}");
    // As idle for as long, and alive: it has answered all the time.
    assert_eq!(beside.state(), PeerState::Running);
    beside.stop().await?;
    Ok(())
}

/// Within one machine a link ends when either side does: whoever stops a node on purpose finds it as it was.
#[peer_test]
#[ignore = "run by `a_loopback_link_needs_no_signs_of_life`"]
async fn driven_a_loopback_link_needs_no_signs_of_life() -> peer::Result {
    let node = ct_peer!({ connection: Connection::Tcp(0) }).await?;
    let clock = ct_peer!({ connection: Connection::TcpAt(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0) }).await?;
    for peer in [&node, &clock] {
        signal("STOP", peer.os_pid());
    }
    assert_eq!(clock.gone().await, Reason::Silent);
    assert_eq!(node.state(), PeerState::Running);
    signal("CONT", node.os_pid());
    node.stop().await?;
    Ok(())
}

/// Whoever pauses a node knows why it is silent.
#[peer_test]
#[ignore = "run by `a_paused_node_is_not_given_up`"]
async fn driven_a_paused_node_is_not_given_up() -> peer::Result {
    let everywhere = Connection::TcpAt(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let (node, clock) = (ct_peer!({ connection: everywhere }).await?, ct_peer!({ connection: everywhere }).await?);
    let call = tokio::spawn(node.call(never, ()).timeout(peer::UNLIMITED));
    node.pause().await?;
    signal("STOP", clock.os_pid());
    assert_eq!(clock.gone().await, Reason::Silent);
    assert_eq!(node.state(), PeerState::Running);
    // Neither has it given up its origin.
    node.resume().await?;
    assert_eq!(node.call(ping, ()).await?, 1);
    assert!(!call.is_finished());
    node.stop().await?;
    Ok(())
}

#[remote]
fn ping() -> u32 {
    1
}

/// Runs a test with signs of life every second, in place of every five.
fn quickly(mut driven: std::process::Command) {
    run(driven.env("PEER_INTERNAL_HEARTBEAT_MS", "1000")).passed().says(&["1 passed"]);
}

#[test]
fn a_node_that_gives_no_sign_of_life_is_given_up() {
    quickly(driven!("driven_a_node_that_gives_no_sign_of_life_is_given_up"));
}

#[test]
fn a_loopback_link_needs_no_signs_of_life() {
    quickly(driven!("driven_a_loopback_link_needs_no_signs_of_life"));
}

#[test]
fn a_paused_node_is_not_given_up() {
    quickly(driven!("driven_a_paused_node_is_not_given_up"));
}
