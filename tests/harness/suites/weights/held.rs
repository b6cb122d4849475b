//! A suite that holds slots, and the same groups in it: run by tests/harness/slots.rs, and by nothing else.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use peer::prelude::*;

struct Registry(Peer);

#[peer::init_per_suite]
async fn start() -> peer::Result<Registry> {
    Ok(Registry(ct_peer!().await?))
}

#[remote]
fn answers() -> u32 {
    42
}

async fn work(peers: &[&Peer]) -> peer::Result {
    for peer in peers {
        assert_eq!(peer.call(answers, ()).await?, 42);
    }
    Ok(())
}

#[peer_test(nodes = 1)]
async fn before(registry: &Registry, nodes: Nodes) -> peer::Result {
    work(&[&registry.0, &nodes[0]]).await
}

#[peer_group(weight = 1)]
mod group {
    use super::*;

    struct Broker(Peer);

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Broker> {
        Ok(Broker(ct_peer!().await?))
    }

    #[end_per_group]
    async fn end_per_group(broker: &Broker) -> peer::Result {
        work(&[&broker.0]).await
    }

    #[peer_test(nodes = 1)]
    async fn one(registry: &Registry, broker: &Broker, nodes: Nodes) -> peer::Result {
        work(&[&registry.0, &broker.0, &nodes[0]]).await
    }

    #[peer_test(nodes = 2)]
    async fn two(registry: &Registry, broker: &Broker, nodes: Nodes) -> peer::Result {
        work(&[&registry.0, &broker.0, &nodes[1]]).await
    }
}

#[peer::end_per_suite]
async fn stop(registry: &Registry) -> peer::Result {
    registry.0.stop().await?;
    Ok(())
}

peer::main!(weight = 1);
