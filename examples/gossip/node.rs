//! A member of the cluster: what runs inside each peer. `chitchat` neither knows nor needs any of this crate.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use chitchat::transport::UdpTransport;
use chitchat::{ChitchatConfig, ChitchatHandle, ChitchatId, FailureDetectorConfig, ProtocolVersion, spawn_chitchat};
use peer::prelude::*;

/// The member that this process is.
static MEMBER: OnceLock<ChitchatHandle> = OnceLock::new();

/// Starts gossiping with whoever is reached by `seeds`; returns where this member can be reached.
#[remote]
pub(crate) async fn join(seeds: Vec<SocketAddr>) -> Result<SocketAddr, String> {
    let address = own_address();
    let config = ChitchatConfig {
        chitchat_id: ChitchatId::new(peer::node::name(), 0, address),
        cluster_id: "example".to_owned(),
        gossip_interval: Duration::from_millis(50),
        listen_addr: address,
        seed_nodes: seeds.iter().map(SocketAddr::to_string).collect(),
        // A member is dead when it has been silent eight times as long as it usually is.
        failure_detector_config: FailureDetectorConfig {
            phi_threshold: 8.0,
            initial_interval: Duration::from_millis(50),
            ..FailureDetectorConfig::default()
        },
        marked_for_deletion_grace_period: Duration::from_secs(60),
        catchup_callback: None,
        extra_liveness_predicate: None,
        protocol_version: ProtocolVersion::V1,
    };
    let member = spawn_chitchat(config, Vec::new(), &UdpTransport).await.map_err(|error| format!("{error:#}"))?;
    match MEMBER.set(member) {
        Ok(()) => Ok(address),
        Err(_) => Err("this process is a member already".to_owned()),
    }
}

/// Waits until this member sees exactly `count` live ones, itself included, and returns their names.
#[remote]
pub(crate) async fn live_members(count: usize) -> Vec<String> {
    wait_until(|live| live.len() == count).await
}

/// Waits until this member has declared the one called `name` dead, and returns the live ones that are left.
#[remote]
pub(crate) async fn declared_dead(name: String) -> Vec<String> {
    wait_until(|live| !live.contains(&name)).await
}

/// Waits for chitchat to tell of a set of live members that is as `wanted`.
async fn wait_until(wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
    let member = MEMBER.get().expect("`join` comes first");
    let mut watcher = member.with_chitchat(|chitchat| chitchat.live_nodes_watcher()).await;
    loop {
        let live: Vec<String> = watcher.borrow_and_update().keys().map(|id| id.node_id.to_string()).collect();
        if wanted(&live) {
            return live;
        }
        watcher.changed().await.expect("chitchat runs as long as this process");
    }
}

/// An address that no other process of this machine has: all of 127.0.0.0/8 is loopback, so we put our pid into it.
fn own_address() -> SocketAddr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(127, 64 | high, middle, low), 7280))
}
