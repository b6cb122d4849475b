//! The example suite of OTP's manual page, case by case.

use std::ffi::OsString;
use std::sync::OnceLock;

use peer::prelude::*;

static KEY: OnceLock<String> = OnceLock::new();

#[remote]
fn set_env(value: String) -> bool {
    KEY.set(value).is_ok()
}

#[remote]
fn get_env() -> Option<String> {
    KEY.get().cloned()
}

#[remote]
fn arguments() -> Vec<OsString> {
    peer::node::args()
}

#[peer_test]
async fn basic() -> peer::Result {
    let peer = ct_peer!().await?;
    assert!(peer.name().starts_with("it-otp_manual-basic-"), "{}", peer.name());
    assert_eq!(peer.state(), PeerState::Running);
    peer.stop().await?;
    assert_eq!(peer.state(), PeerState::Down(Reason::Stopped));
    Ok(())
}

#[peer_test]
async fn args() -> peer::Result {
    // Additional arguments for the new node.
    let peer = ct_peer!(["-emu_flavor", "smp"]).await?;
    assert_eq!(peer.call(arguments, ()).await?, ["-emu_flavor", "smp"]);
    assert!(peer.command_line().ends_with(&["-emu_flavor".into(), "smp".into()]));
    peer.stop().await?;
    Ok(())
}

#[peer_test]
async fn named() -> peer::Result {
    // The name of the test case is passed down to the function that starts nodes.
    let peer = start_node("named_test").await?;
    assert!(peer.name().starts_with("it-otp_manual-named_test-"), "{}", peer.name());
    assert_eq!(peer.call(get_env, ()).await?.as_deref(), Some("value"));
    peer.stop().await?;
    Ok(())
}

async fn start_node(actual_test_case: &str) -> peer::Result<Peer> {
    let peer = ct_peer!({ name: ct_peer_name!(actual_test_case) }).await?;
    // Extra setup needed for multiple test cases.
    assert!(peer.call(set_env, ("value".to_owned(),)).await?);
    Ok(peer)
}

#[peer_test]
async fn restart_node() -> peer::Result {
    let name = ct_peer_name!();
    let peer = ct_peer!({ name: name.clone() }).await?;
    let node = peer.node();
    assert!(peer.call(set_env, ("the first one".to_owned(),)).await?);
    peer.stop().await?;
    // The node again, with the same name as before.
    let again = ct_peer!({ name: name, args: ["+fnl"] }).await?;
    assert_eq!(again.node(), node);
    assert_ne!(again.os_pid(), peer.os_pid());
    assert_eq!(again.call(get_env, ()).await?, None);
    again.stop().await?;
    Ok(())
}

#[peer_test]
async fn multi_node() -> peer::Result {
    let mut boots = peer::BootNotices::new();
    let mut peers = Vec::new();
    for _ in 0..4 {
        peers.push(ct_peer!({ wait_boot: boots.tagged("tag") }).await?);
    }
    // All nodes complete their boot, in any order.
    let mut started = Vec::new();
    for _ in &peers {
        let notice = boots.recv().await?;
        assert_eq!(notice.tag, "tag");
        started.push(notice.outcome?);
    }
    let mut nodes: Vec<String> = peers.iter().map(Peer::node).collect();
    started.sort();
    nodes.sort();
    assert_eq!(started, nodes);
    for peer in &peers {
        assert_eq!(peer.state(), PeerState::Running);
        peer.stop().await?;
    }
    Ok(())
}
