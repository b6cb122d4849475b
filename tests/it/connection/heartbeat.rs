//! A link that could be half-open is asked for signs of life.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

use peer::prelude::*;

#[remote]
async fn never() {
    std::future::pending().await
}

/// A stopped process keeps its socket open and says nothing, as one behind a cut cable would.
#[peer_test]
async fn a_node_that_gives_no_sign_of_life_is_given_up() -> peer::Result {
    let everywhere = Connection::TcpAt(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let silent = ct_peer!({ connection: everywhere, peer_down: PeerDown::Continue }).await?;
    let beside = ct_peer!({ connection: everywhere }).await?;
    let call = tokio::spawn(silent.call(never, ()).timeout(peer::UNLIMITED));
    assert!(Command::new("kill").args(["-s", "STOP", &silent.os_pid().to_string()]).status()?.success());
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
async fn a_loopback_link_needs_no_signs_of_life() -> peer::Result {
    let node = ct_peer!({ connection: Connection::Tcp(0) }).await?;
    let clock = ct_peer!({ connection: Connection::TcpAt(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0) }).await?;
    for peer in [&node, &clock] {
        assert!(Command::new("kill").args(["-s", "STOP", &peer.os_pid().to_string()]).status()?.success());
    }
    assert_eq!(clock.gone().await, Reason::Silent);
    assert_eq!(node.state(), PeerState::Running);
    assert!(Command::new("kill").args(["-s", "CONT", &node.os_pid().to_string()]).status()?.success());
    node.stop().await?;
    Ok(())
}

/// Whoever pauses a node knows why it is silent.
#[peer_test]
async fn a_paused_node_is_not_given_up() -> peer::Result {
    let everywhere = Connection::TcpAt(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let (node, clock) = (ct_peer!({ connection: everywhere }).await?, ct_peer!({ connection: everywhere }).await?);
    let call = tokio::spawn(node.call(never, ()).timeout(peer::UNLIMITED));
    node.pause().await?;
    assert!(Command::new("kill").args(["-s", "STOP", &clock.os_pid().to_string()]).status()?.success());
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
