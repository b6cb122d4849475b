//! The end of a test, and what its report says of those who wait.

use super::*;

/// Waits, and says when it is stopped why that was in vain.
#[remote]
async fn wait_and_say() {
    let mut barrier = Box::pin(peer::barrier("loaded"));
    arrive(&mut barrier.as_mut()).await;
    let (said, heard) = std::sync::mpsc::channel::<()>();
    // Until it is said, which is an error; there is nothing to be heard.
    peer::node::on_stop(move || assert!(heard.recv_timeout(DEADLINE).is_err()));
    peer::node::origin().unwrap().send("arrived", peer::node::name());
    println!("{}", barrier.await.unwrap_err());
    drop(said);
}

#[peer_test(nodes = 1)]
#[ignore = "run by `the_end_of_the_test_ends_all_waits`"]
async fn driven_fails_while_a_node_waits(nodes: Nodes) -> peer::Result {
    let options = StartOptions::new().shutdown(Shutdown::Graceful(DEADLINE));
    let waits = ct_peer!(options).await?;
    waits.cast(wait_and_say, ());
    mailbox::<String>("arrived").recv_within(DEADLINE).await?;
    let own = tokio::spawn(peer::barrier("other"));
    let second = waits_at(&nodes[0], "other").await?;
    drop(second);
    drop(own);
    Err("no quorum")?
}

#[test]
fn the_end_of_the_test_ends_all_waits() {
    let ran = run(&mut driven!("driven_fails_while_a_node_waits")).failed();
    ran.says(&[
        "barrier `loaded` failed: the scope of barrier::ends::driven_fails_while_a_node_waits has ended: the test failed",
        // At its end both were still waiting, in this order of nodes.
        "  at barrier:   `other`, for ",
        "  at barrier:   `loaded`, for ",
        "  in call:      `it::barrier::meet_aloud`, for ",
    ]);
}

#[peer_test(nodes = 1, timetrap = "2s")]
#[ignore = "run by `a_test_that_hangs_at_a_barrier_says_so`"]
async fn driven_hangs_at_a_barrier(_nodes: Nodes) -> peer::Result {
    Ok(peer::barrier("loaded").await?)
}

#[test]
fn a_test_that_hangs_at_a_barrier_says_so() {
    let ran = run(&mut driven!("driven_hangs_at_a_barrier")).failed();
    ran.says(&["did not end within its timetrap of 2s", "\nat barrier: `loaded`, for "]);
}

#[peer_test]
#[ignore = "run by `a_link_that_breaks_is_told_before_the_barrier`"]
async fn driven_is_taken_down_at_a_barrier() -> peer::Result {
    // A long report takes its time: who is told too early is faster.
    let node = ct_peer!({ peer_down: PeerDown::Crash, args: vec!["a word"; 20_000] }).await?;
    let mut own = pin!(peer::barrier("loaded"));
    arrive(&mut own).await;
    node.cast(exit, (3,));
    Ok(own.await?)
}

#[test]
fn a_link_that_breaks_is_told_before_the_barrier() {
    let ran = run(&mut driven!("driven_is_taken_down_at_a_barrier")).failed();
    ran.says(&["was taken down by a linked peer:", "down: exit status 3"]);
}
