//! Tests that end the whole process, each in its own way, behind one that fails. All are ignored: tests/harness/runners runs them.

use peer::prelude::*;

#[remote]
fn hello() {
    println!("hello from a node");
}

#[peer_test(nodes = 1)]
#[ignore = "it fails"]
async fn fails(nodes: Nodes) -> peer::Result {
    nodes[0].call(hello, ()).await?;
    panic!("three are a quorum");
}

#[peer_test(flavor = "multi_thread")]
#[ignore = "it ends the whole process"]
async fn exits_on_a_worker() {
    #[expect(clippy::disallowed_methods, reason = "it is what is tried")]
    let exits = tokio::spawn(async { std::process::exit(0) });
    exits.await.unwrap()
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn exits_on_a_thread_of_its_own() {
    #[expect(clippy::disallowed_methods, reason = "it is what is tried")]
    // Its last eight bits are 0.
    let exits = std::thread::spawn(|| std::process::exit(256));
    exits.join().unwrap()
}

/// Two at once, one of which exits.
mod beside {
    use std::sync::Barrier;

    use super::*;

    static BOTH: Barrier = Barrier::new(2);

    #[peer_test]
    #[ignore = "the other one ends the whole process"]
    async fn waits() {
        BOTH.wait();
        std::future::pending().await
    }

    #[peer_test(flavor = "multi_thread")]
    #[ignore = "it ends the whole process"]
    async fn exits() {
        BOTH.wait();
        #[expect(clippy::disallowed_methods, reason = "it is what is tried")]
        let exits = tokio::spawn(async { std::process::exit(0) });
        exits.await.unwrap()
    }
}

#[peer_group]
mod in_a_hook {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "it is what is tried")]
    #[init_per_group]
    async fn init_per_group() {
        std::process::exit(0)
    }

    #[peer_test]
    #[ignore = "its group ends the whole process"]
    async fn is_not_reached() {}
}
