//! Calls that cannot be made, answered or understood.

use serde::{Deserialize, Serialize, Serializer};

use peer::prelude::*;

use crate::support::*;

const HERE: &str = module_path!();

#[remote]
fn sum(a: u64, b: u64) -> u64 {
    a + b
}

#[remote]
async fn forever() {
    std::future::pending().await
}

#[remote]
fn forever_blocked() {
    loop {
        std::thread::park();
    }
}

fn not_remote(a: u64) -> u64 {
    a
}

fn is_not_connected(error: &peer::Error, peer: &Peer, said: &[&str]) {
    assert!(error.is_noconnection() && !error.is_timeout() && !error.is_boot_failed(), "{error}");
    assert_eq!(error.node(), Some(peer.node().as_str()));
    says(error, &[&peer.node(), "sum"]);
    says(error, said);
}

#[peer_test(nodes = 1)]
async fn a_call_to_a_booting_node_fails_at_once(nodes: Nodes) -> peer::Result {
    let peer = ct_peer!(shell("exec sleep 1000").wait_boot(WaitBoot::No)).await?;
    let called = peer.call(sum, (1, 2)).timeout(peer::UNLIMITED).await.unwrap_err();
    let applied = peer.apply::<u64, _>(HERE, "sum", (1, 2)).timeout(peer::UNLIMITED).await.unwrap_err();
    for error in [called, applied] {
        is_not_connected(&error, &peer, &["still booting"]);
        assert!(!error.is_noproc() && error.down_reason().is_none());
    }
    // Noted, and nothing else.
    peer.cast(sum, (1, 2));
    peer.send("inbox", 7_u32);
    assert_eq!(peer.state(), PeerState::Booting);
    goes_on(&nodes[0]).await;
    Ok(())
}

#[remote]
fn stop_only_when_told() {
    peer::node::on_stop(|| {
        let _ = peer::node::origin().map(|origin| origin.send("stopping", ()));
        // busy: the job of this hook is to keep the node stopping; ended by the origin's signal.
        forever_blocked();
    });
}

#[peer_test(nodes = 1)]
async fn a_call_to_a_stopping_node_fails_at_once(nodes: Nodes) -> peer::Result {
    let peer = ct_peer!({ shutdown: Shutdown::Graceful(peer::UNLIMITED) }).await?;
    peer.call(stop_only_when_told, ()).await?;
    let in_flight = tokio::spawn(peer.call(forever, ()).timeout(peer::UNLIMITED));
    let stopping = tokio::spawn(peer.stop());
    mailbox::<()>("stopping").recv().await?;
    let error = peer.call(sum, (1, 2)).timeout(peer::UNLIMITED).await.unwrap_err();
    is_not_connected(&error, &peer, &["being stopped"]);
    assert_eq!(peer.state(), PeerState::Running);
    signal("KILL", peer.os_pid());
    stopping.await??;
    // The first reason: it was being stopped when it was killed.
    let error = in_flight.await?.unwrap_err();
    assert_eq!(error.down_reason(), Some(&Reason::Stopped), "{error}");
    says(&error, &["forever", "stopped by its origin"]);
    goes_on(&nodes[0]).await;
    Ok(())
}

#[peer_test(nodes = 1)]
async fn a_call_to_a_node_that_is_down_fails_at_once_with_the_reason(nodes: Nodes) -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        peer.stop().await?;
        let called = peer.call(sum, (1, 2)).await.unwrap_err();
        let applied = peer.apply::<u64, _>(HERE, "sum", (1, 2)).await.unwrap_err();
        for error in [called, applied] {
            is_not_connected(&error, &peer, &["is down", "stopped by its origin"]);
            assert!(error.is_noproc());
            assert_eq!(error.down_reason(), Some(&Reason::Stopped));
        }
        peer.cast(sum, (1, 2));
        peer.send("inbox", 7_u32);
    }
    goes_on(&nodes[0]).await;
    Ok(())
}

#[peer_test(nodes = 1)]
async fn every_call_in_flight_fails_at_once_when_the_node_goes_down(nodes: Nodes) -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection, peer_down: PeerDown::Continue }).await?;
        let lifeline = Lifeline::new();
        peer.call(hold_here, (lifeline.port(),)).await?;
        let calls: Vec<_> = (0..20).map(|_| sent(peer.call(forever, ()).timeout(peer::UNLIMITED))).collect();
        let blocked: Vec<_> = (0..4).map(|_| sent(peer.call(forever_blocked, ()).timeout(peer::UNLIMITED))).collect();
        assert_eq!(peer.call(sum, (1, 2)).await?, 3);
        signal("KILL", lifeline.held().pid);
        for call in calls.into_iter().chain(blocked) {
            let error = call.await.unwrap_err();
            assert_eq!(error.down_reason(), Some(&Reason::Killed(9)), "{error}");
            assert!(error.is_noconnection() && !error.is_timeout());
            says(&error, &[&peer.node(), "forever", "down", "SIGKILL"]);
        }
        // Its control process goes on, as `Continue` says: there is something to stop, once.
        let error = peer.call(sum, (1, 2)).await.unwrap_err();
        is_not_connected(&error, &peer, &["is down", "SIGKILL"]);
        assert!(!error.is_noproc());
        peer.stop().await?;
        assert!(peer.stop().await.unwrap_err().is_noproc());
        assert_eq!(peer.state(), PeerState::Down(Reason::Killed(9)));
    }
    goes_on(&nodes[0]).await;
    Ok(())
}

#[remote]
fn hold_here(port: u16) {
    hold(port);
}

#[peer_test(nodes = 1)]
async fn a_reply_that_does_not_decode(nodes: Nodes) -> peer::Result {
    let (node, slow) = (&nodes[0], tokio::spawn(nodes[0].call(sum, (4, 5))));
    let error = node.apply::<String, _>(HERE, "sum", (1, 2)).await.unwrap_err();
    assert!(error.is_codec() && !error.is_badarg());
    says(&error, &[&node.node(), &format!("{HERE}::sum"), "does not decode as", "String"]);
    let error = node.apply::<(u64, u64), _>(HERE, "sum", (1, 2)).await.unwrap_err();
    assert!(error.is_codec(), "{error}");
    assert_eq!(node.apply::<u64, _>(HERE, "sum", (1, 2)).await?, 3);
    assert_eq!(slow.await??, 9);
    Ok(())
}

#[peer_test(nodes = 1)]
async fn arguments_that_do_not_decode_name_both_signatures(nodes: Nodes) -> peer::Result {
    let node = &nodes[0];
    let errors = [
        (node.apply::<u64, _>(HERE, "sum", ("one", 2)).await, "sum(&str, i32) -> u64"),
        (node.apply(HERE, "sum", (1,)).await, "sum(i32,) -> u64"),
        (node.apply(HERE, "sum", (1, 2, 3)).await, "sum(i32, i32, i32) -> u64"),
        (node.apply(HERE, "sum", ()).await, "sum() -> u64"),
        (node.apply(HERE, "sum", (-1, 2)).await, "sum(i32, i32) -> u64"),
    ];
    for (result, called) in errors {
        let error = result.unwrap_err();
        assert!(error.is_badarg() && !error.is_codec(), "{error}");
        says(&error, &[&node.node(), &format!("{HERE}::sum"), called, "fn sum(a: u64, b: u64) -> u64"]);
    }
    goes_on(node).await;
    Ok(())
}

#[peer_test(nodes = 1)]
async fn a_function_that_is_not_there_is_undef(nodes: Nodes) -> peer::Result {
    let node = &nodes[0];
    let error = node.apply::<u64, _>("mydb::admin", "rows", ()).await.unwrap_err();
    assert!(error.is_undef() && !error.is_badarg());
    says(&error, &[&node.node(), "mydb::admin::rows", "#[remote]", "it is not linked"]);
    // Almost right.
    let error = node.apply::<u64, _>("calls", "sum", (1, 2)).await.unwrap_err();
    assert!(error.is_undef());
    says(&error, &["`calls::sum`", &format!("`{HERE}::sum`")]);
    goes_on(node).await;
    Ok(())
}

#[peer_test(nodes = 1)]
async fn a_function_without_the_attribute_is_undef_before_anything_is_sent(nodes: Nodes) -> peer::Result {
    let closure = |a: u64| a;
    let stopped = ct_peer!().await?;
    stopped.stop().await?;
    let errors = [
        nodes[0].call(not_remote, (1,)).await.unwrap_err(),
        nodes[0].call(closure, (1,)).await.unwrap_err(),
        // Found missing here: that nobody is there does not matter.
        stopped.call(not_remote, (1,)).await.unwrap_err(),
    ];
    for error in errors {
        assert!(error.is_undef() && !error.is_noconnection(), "{error}");
        says(&error, &["call::refused::", "put `#[remote]` on the function"]);
    }
    assert_eq!(not_remote(1), 1);
    goes_on(&nodes[0]).await;
    Ok(())
}

/// Calls one of two functions whose types have one name.
trait CallTwin {
    fn call_twin(&self) -> peer::Call<u32>;
}

const _: () = {
    #[remote]
    fn twin() -> u32 {
        1
    }
    impl CallTwin for Peer {
        fn call_twin(&self) -> peer::Call<u32> {
            self.call(twin, ())
        }
    }
};
const _: () = {
    #[remote]
    fn twin() -> u32 {
        2
    }
};

fn is_ambiguous(error: &peer::Error) {
    assert!(error.is_undef(), "{error}");
    says(error, &["two functions", "rename one of them"]);
    let places = error.to_string().matches("refused.rs:").count();
    assert_eq!(places, 2, "both places are named in: {error}");
}

#[peer_test(nodes = 1)]
async fn two_functions_with_one_key(nodes: Nodes) {
    is_ambiguous(&nodes[0].call_twin().await.unwrap_err());
    is_ambiguous(&nodes[0].apply::<u32, _>(HERE, "twin", ()).await.unwrap_err());
    goes_on(&nodes[0]).await;
}

#[remote]
fn blob(bytes: usize) -> Vec<u8> {
    vec![7; bytes]
}

#[remote]
async fn blob_later(bytes: usize) -> Vec<u8> {
    vec![7; bytes]
}

#[remote]
fn length(bytes: Vec<u8>) -> usize {
    bytes.len()
}

#[remote]
fn panic_with(bytes: usize) {
    panic!("{}", "x".repeat(bytes))
}

#[peer_test]
async fn answers_and_arguments_beyond_the_limit() -> peer::Result {
    for connection in CONNECTIONS {
        let node = ct_peer!({ connection: connection, frame_limit: 64 << 10 }).await?;
        let in_flight = tokio::spawn(node.call(blob, (60_000,)));
        let errors = [
            node.call(blob, (70_000,)).await.unwrap_err(),
            node.call(blob_later, (70_000,)).await.unwrap_err(),
            node.call(blob, (10 << 20,)).await.unwrap_err(),
            node.apply::<Vec<u8>, _>(HERE, "blob", (70_000,)).await.unwrap_err(),
            node.call(length, (vec![0; 70_000],)).await.unwrap_err(),
            node.apply::<usize, _>(HERE, "length", (vec![0_u8; 70_000],)).await.unwrap_err(),
        ];
        for error in errors {
            assert!(error.is_too_large() && !error.is_codec(), "{error}");
            says(&error, &[&node.node(), "the limit is 65536", "`frame_limit`"]);
        }
        let error = node.call(panic_with, (70_000,)).await.unwrap_err();
        assert!(error.is_too_large() || error.is_panic(), "{error}");
        assert_eq!(in_flight.await??.len(), 60_000);
        assert_eq!(node.call(length, (vec![0; 60_000],)).await?, 60_000);
        node.stop().await?;
    }
    Ok(())
}

/// Can be read, and not written.
#[derive(Deserialize)]
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no way to write this"))
    }
}

#[remote]
fn unwritable() -> Unwritable {
    Unwritable
}

#[remote]
fn take(it: Unwritable) {
    let Unwritable = it;
}

#[peer_test(nodes = 1)]
async fn values_that_cannot_be_encoded(nodes: Nodes) {
    let node = &nodes[0];
    let error = node.call(take, (Unwritable,)).await.unwrap_err();
    assert!(error.is_codec());
    says(&error, &["refused::take", "arguments cannot be encoded"]);
    let error = node.apply::<(), _>(HERE, "take", (Unwritable,)).await.unwrap_err();
    assert!(error.is_codec());
    says(&error, &["no way to write this"]);
    let error = node.call(unwritable, ()).await.err().unwrap();
    assert!(error.is_codec());
    says(&error, &["refused::unwritable", "result cannot be encoded"]);
    goes_on(node).await;
}

#[peer_test(nodes = 1)]
async fn a_call_that_takes_too_long_disturbs_no_other(nodes: Nodes) {
    let error = nodes[0].call(forever_blocked, ()).timeout(SHORT).await.unwrap_err();
    assert!(error.is_timeout() && !error.is_noconnection());
    says(&error, &[&nodes[0].node(), "forever_blocked", "no reply within 300ms", "`.timeout(..)`"]);
    goes_on(&nodes[0]).await;
}
