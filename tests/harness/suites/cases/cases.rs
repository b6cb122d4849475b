//! Tests that are run under both harnesses by tests/harness/results.rs, which looks at what they print. What is to fail is ignored.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{LazyLock, Mutex};

use peer::prelude::*;
use tokio::sync::Barrier;

#[remote]
fn hello(text: String) {
    println!("hello from a node: {text}");
}

#[remote]
fn boom() {
    panic!("a remote panic");
}

#[remote]
fn halt(status: i32) {
    eprintln!("halting");
    peer::node::halt(status);
}

#[peer_test(nodes = 2)]
async fn passes(nodes: Nodes) -> peer::Result {
    for node in &nodes {
        node.call(hello, ("passing".to_owned(),)).await?;
    }
    Ok(())
}

#[peer_test(nodes = 1, connection = "tcp")]
async fn passes_over_tcp(nodes: Nodes) -> peer::Result {
    nodes[0].call(hello, ("by TCP".to_owned(),)).await?;
    Ok(())
}

#[peer_test]
#[should_panic(expected = "no quorum")]
async fn passes_by_its_panic() {
    panic!("there is no quorum");
}

#[peer_test(nodes = 1, flavor = "multi_thread", worker_threads = 2)]
#[should_panic]
async fn passes_by_any_panic(nodes: Nodes) {
    nodes[0].call(boom, ()).await.unwrap();
}

mod nested {
    use super::*;

    #[peer_test]
    async fn passes_too() {}
}

#[peer_test(nodes = 2)]
#[ignore = "run by tests/harness/results.rs: fails by an assertion"]
async fn fails_by_assertion(nodes: Nodes) -> peer::Result {
    nodes[1].call(hello, ("about to fail".to_owned(),)).await?;
    nodes[0].stop().await?;
    assert_eq!(nodes.len(), 3, "three are a quorum");
    Ok(())
}

#[peer_test(nodes = 1)]
#[ignore = "run by tests/harness/results.rs: fails at a question mark"]
async fn fails_at_question_mark(nodes: Nodes) -> peer::Result {
    nodes[0].call(hello, ("before the question mark".to_owned(),)).await?;
    let _: u32 = "seven".parse()?;
    Ok(())
}

#[peer_test(nodes = 1)]
#[ignore = "run by tests/harness/results.rs: fails in a call"]
async fn fails_in_a_call(nodes: Nodes) -> peer::Result {
    nodes[0].call(boom, ()).await?;
    Ok(())
}

#[peer_test(nodes = 1)]
#[ignore = "run by tests/harness/results.rs: a node with many options"]
async fn fails_with_options(nodes: Nodes) -> peer::Result {
    let options = StartOptions::new().args(["--shard", "a b"]).env([("SECRET", "hidden")]);
    let tuned = ct_peer!(options.connection(Connection::Tcp(0)).frame_limit(9999)).await?;
    tuned.call(hello, ("tuned".to_owned(),)).await?;
    drop(nodes);
    Err("as it has to")?
}

#[peer_test(nodes = 1)]
#[ignore = "run by tests/harness/results.rs: says what commands a terminal"]
async fn says_commands(nodes: Nodes) -> peer::Result {
    nodes[0].call(hello, ("\u{1b}[?1049h\u{1b}[1;31m10%\r20%".to_owned(),)).await?;
    Err("as it \u{1b}[31mhas\u{9b}2J to")?
}

#[peer_test]
#[ignore = "run by tests/harness/reports.rs: its directory is kept"]
async fn has_a_directory() -> peer::Result {
    peer::priv_dir()?;
    Ok(())
}

#[peer_test]
#[ignore = "run by tests/harness/results.rs: does not panic"]
#[should_panic]
async fn does_not_panic() {}

#[peer_test]
#[ignore = "run by tests/harness/results.rs: panics with something else"]
#[should_panic(expected = "no quorum")]
async fn panics_otherwise() {
    panic!("something else");
}

#[peer_test]
#[ignore = "run by tests/harness/results.rs: skips itself"]
#[should_panic(expected = "no quorum")]
async fn skips_itself() {
    peer::skip("there is no tun device here");
}

#[peer_test(timetrap = "300ms")]
#[ignore = "run by tests/harness/results.rs: has no time to panic"]
#[should_panic]
async fn takes_too_long_to_panic() {
    std::future::pending().await
}

#[peer_test(nodes = 1, timetrap = "3s")]
#[ignore = "run by tests/harness/results.rs: takes too long"]
async fn takes_too_long(nodes: Nodes) -> peer::Result {
    nodes[0].call(hello, ("before the trap".to_owned(),)).await?;
    std::future::pending().await
}

#[peer_test(nodes = 1)]
#[ignore = "run by tests/harness/results.rs: a linked peer goes down"]
async fn is_taken_down_by_a_peer(nodes: Nodes) -> peer::Result {
    let crashing = ct_peer!({ peer_down: PeerDown::Crash, args: ["--crashing"] }).await?;
    // Those that only stop take nobody down.
    nodes[0].cast(halt, (4,));
    nodes[0].gone().await;
    crashing.cast(halt, (5,));
    std::future::pending().await
}

type Ends = (Sender<()>, Mutex<Receiver<()>>);

fn ends() -> Ends {
    let (sender, receiver) = channel();
    (sender, Mutex::new(receiver))
}

static RELEASE: LazyLock<Ends> = LazyLock::new(ends);
static RELEASED: LazyLock<Ends> = LazyLock::new(ends);

#[peer_test(nodes = 1, timetrap = "3s")]
#[ignore = "run by tests/harness/results.rs: blocks its thread"]
async fn blocks_its_thread(nodes: Nodes) {
    RELEASE.1.lock().unwrap().recv().unwrap();
    // Abandoned by now.
    let started = ct_peer!().await.unwrap_err();
    let called = nodes[0].call(hello, ("nobody".to_owned(),)).await.unwrap_err();
    eprintln!("abandoned: {}; {}", started.is_noscope(), called.is_noconnection());
    RELEASED.0.send(()).unwrap();
}

#[peer_test]
#[ignore = "run by tests/harness/results.rs: runs after the one that blocks its thread"]
async fn blocks_no_longer() {
    RELEASE.0.send(()).unwrap();
    RELEASED.1.lock().unwrap().recv_timeout(std::time::Duration::from_secs(10)).unwrap();
}

static MEETING: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(2));

#[peer_test(timetrap = "3s")]
#[ignore = "run by tests/harness/results.rs: needs the other one beside it"]
async fn meets_one() {
    MEETING.wait().await;
}

#[peer_test(timetrap = "3s")]
#[ignore = "run by tests/harness/results.rs: needs the other one beside it"]
async fn meets_other() {
    MEETING.wait().await;
}

#[peer_group]
mod grouped {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Peer> {
        Ok(ct_peer!().await?)
    }

    #[peer_test]
    #[ignore = "run by tests/harness/results.rs: stock libtest refuses it"]
    async fn has_an_init(node: &Peer) -> peer::Result {
        node.call(hello, ("of the group".to_owned(),)).await?;
        Ok(())
    }
}

#[peer_group]
mod below_a_panic {
    use super::*;

    #[init_per_group]
    async fn init_per_group() {
        panic!("no disk");
    }

    #[peer_test]
    #[should_panic]
    #[ignore = "run by tests/harness/results.rs: its init panics"]
    async fn should_panic() {}
}
