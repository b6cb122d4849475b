//! Calls, casts and messages, and what becomes of them when a node goes down.

use std::time::Duration;

use peer::prelude::*;
use serde::{Deserialize, Serialize};

use crate::support::*;

for_each_connection! {
    basic
    cast_takes_effect
    a_message_for_nobody_kills_nobody
    a_stray_message_kills_no_control_process
    a_message_of_another_type_is_lost_alone
    calls_in_flight_fail_with_the_node
    calls_to_a_peer_that_is_down_fail_at_once
    a_late_reply_reaches_nobody
    panics_in_drop_are_told
    a_panic_while_panicking_ends_the_node
    a_killed_task_is_told
    peer_down_continue
    a_call_is_sent_when_it_is_polled
}

#[remote]
fn throw(message: String) -> u32 {
    panic!("thrown: {message}")
}

/// Answers later, from a thread of its own.
#[remote]
fn spawn(answer: peer::Address<String>) {
    let name = peer::node::name();
    std::thread::spawn(move || answer.send(format!("spawned on {name}")));
}

/// Sends the next message of `inbox` back to a mailbox of the origin.
#[remote]
async fn echo_one(inbox: String, to: String) -> Result<(), String> {
    let word = mailbox::<String>(&inbox).recv().await.map_err(|error| error.to_string())?;
    peer::node::origin().unwrap().send(to.as_str(), format!("{word} from {}", peer::node::name()));
    Ok(())
}

async fn basic(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    assert_eq!(peer.call(sum, (vec![1, 2, 39],)).await?, 42);

    let error = peer.call(throw, ("ball".to_owned(),)).await.unwrap_err();
    let panic = error.panic().expect("a panic");
    assert_eq!(panic.message(), "thrown: ball");
    assert!(panic.location().contains("calls.rs:"), "{}", panic.location());
    assert!(panic.backtrace().contains("throw"), "{}", panic.backtrace());
    assert_eq!(error.node(), Some(peer.node().as_str()));

    let answers = mailbox::<String>("answers");
    peer.call(spawn, (answers.address(),)).await?;
    assert_eq!(answers.recv().await?, format!("spawned on {}", peer.node()));

    peer.send("inbox", "hello".to_owned());
    peer.call(echo_one, ("inbox".to_owned(), "answers".to_owned())).await?.unwrap();
    assert_eq!(answers.recv().await?, format!("hello from {}", peer.node()));

    let pid = peer.os_pid();
    assert!(!is_gone(pid));
    peer.stop().await?;
    assert!(is_gone(pid));
    assert_eq!(peer.state(), PeerState::Down(Reason::Stopped));
    assert!(peer.stop().await.unwrap_err().is_noproc());
    assert!(peer.call(sum, (vec![],)).await.unwrap_err().is_noproc());
    // As in OTP these never fail.
    peer.cast(sum, (vec![],));
    peer.send("inbox", "too late".to_owned());
    Ok(())
}

async fn cast_takes_effect(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    let arrived = mailbox::<u32>("arrived");
    peer.cast(wait_at_gate, (Some(arrived.address()),));
    assert_eq!(arrived.recv().await?, 1);
    // What a cast comes to is nobody's business.
    peer.cast(throw, ("away".to_owned(),));
    peer.cast(open_gate, ());
    assert_eq!(peer.call(wait_at_gate, (None,)).await?, 1);
    peer.stop().await?;
    Ok(())
}

#[remote]
async fn next(name: String) -> Option<u32> {
    mailbox::<u32>(&name).recv().await.ok()
}

async fn a_message_for_nobody_kills_nobody(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    peer.send("nobody", 7_u32);
    assert_eq!(peer.call(sum, (vec![7],)).await?, 7);
    assert_eq!(peer.state(), PeerState::Running);
    // The node says so on its console.
    printed(&peer, "`nobody`").await;
    // It waits for who opens the mailbox later.
    assert_eq!(peer.call(next, ("nobody".to_owned(),)).await?, Some(7));
    peer.stop().await?;
    Ok(())
}

#[remote]
fn send_up(to: String, number: u32) {
    peer::node::origin().unwrap().send(to, number);
}

async fn a_stray_message_kills_no_control_process(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    peer.call(send_up, ("stray".to_owned(), 8)).await?;
    assert_eq!(peer.call(sum, (vec![8],)).await?, 8);
    assert_eq!(mailbox::<u32>("stray").recv().await?, 8);
    peer.stop().await?;
    Ok(())
}

async fn a_message_of_another_type_is_lost_alone(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    let texts = mailbox::<String>("texts");
    peer.call(send_up, ("texts".to_owned(), 9)).await?;
    let error = texts.recv().await.unwrap_err();
    assert!(error.is_codec() && error.to_string().contains("u32"), "{error}");
    peer.call(spawn, (texts.address(),)).await?;
    assert!(texts.recv().await?.starts_with("spawned"));
    peer.stop().await?;
    Ok(())
}

async fn calls_in_flight_fail_with_the_node(connection: Connection) -> peer::Result {
    for peer_down in [PeerDown::Stop, PeerDown::Continue] {
        let peer = ct_peer!({ connection: connection, peer_down: peer_down }).await?;
        let arrived = mailbox::<u32>("arrived");
        let calls: Vec<_> = (0..20)
            .map(|_| tokio::spawn(peer.call(wait_at_gate, (Some(arrived.address()),)).timeout(peer::UNLIMITED)))
            .collect();
        for _ in &calls {
            arrived.recv().await?;
        }
        peer.cast(kill_yourself, ());
        for call in calls {
            let error = call.await?.unwrap_err();
            assert_eq!(error.down_reason(), Some(&Reason::Killed(9)), "{error}");
            assert!(error.is_noconnection() && !error.is_timeout(), "{error}");
        }
        assert_eq!(peer.state(), PeerState::Down(Reason::Killed(9)));
    }
    Ok(())
}

async fn calls_to_a_peer_that_is_down_fail_at_once(connection: Connection) -> peer::Result {
    for peer_down in [PeerDown::Stop, PeerDown::Continue] {
        let peer = ct_peer!({ connection: connection, peer_down: peer_down }).await?;
        peer.cast(kill_yourself, ());
        assert_eq!(gone(&peer).await, Reason::Killed(9));
        let error = peer.call(sum, (vec![],)).timeout(peer::UNLIMITED).await.unwrap_err();
        assert!(error.is_noconnection(), "{error}");
        assert_eq!(error.is_noproc(), peer_down == PeerDown::Stop, "{error}");
        assert_eq!(error.down_reason(), Some(&Reason::Killed(9)), "{error}");
    }
    Ok(())
}

async fn peer_down_continue(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection, peer_down: PeerDown::Continue }).await?;
    let pid = peer.os_pid();
    peer.cast(kill_yourself, ());
    assert_eq!(gone(&peer).await, Reason::Killed(9));
    assert!(is_gone(pid));
    assert_eq!(peer.state(), PeerState::Down(Reason::Killed(9)));
    // What is left to stop is the control process.
    peer.stop().await?;
    assert!(peer.stop().await.unwrap_err().is_noproc());
    // The first reason wins.
    assert_eq!(peer.state(), PeerState::Down(Reason::Killed(9)));
    Ok(())
}

async fn a_late_reply_reaches_nobody(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    let error = peer.call(wait_at_gate, (None,)).timeout(Duration::from_millis(50)).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    let arrived = mailbox::<u32>("arrived");
    peer.cast(wait_at_gate, (Some(arrived.address()),));
    arrived.recv().await?;
    peer.call(open_gate, ()).await?;
    for number in 0..100 {
        assert_eq!(peer.call(sum, (vec![number],)).await?, number);
    }
    peer.stop().await?;
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct Bomb(String);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped {}", self.0);
    }
}

#[remote]
fn drops_a_local() {
    let _bomb = Bomb("a local".to_owned());
}

#[remote]
fn drops_its_result() -> Bomb {
    Bomb("its result".to_owned())
}

#[remote]
async fn drops_after_waiting() {
    let _bomb = Bomb("after waiting".to_owned());
    tokio::task::yield_now().await;
}

#[remote]
async fn drops_its_result_later() -> Bomb {
    tokio::task::yield_now().await;
    Bomb("its result later".to_owned())
}

#[remote]
fn panics_while_panicking() {
    let _bomb = Bomb("while panicking".to_owned());
    panic!("the first panic");
}

async fn panics_in_drop_are_told(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    let errors = [
        ("dropped a local", peer.call(drops_a_local, ()).await.unwrap_err()),
        ("dropped its result", peer.call(drops_its_result, ()).await.err().unwrap()),
        ("dropped after waiting", peer.call(drops_after_waiting, ()).await.unwrap_err()),
        ("dropped its result later", peer.call(drops_its_result_later, ()).await.err().unwrap()),
    ];
    for (message, error) in errors {
        let panic = error.panic().unwrap_or_else(|| panic!("no panic: {error}"));
        assert_eq!(panic.message(), message);
        assert!(panic.location().contains("calls.rs:"), "{}", panic.location());
    }
    assert_eq!(peer.call(sum, (vec![5],)).await?, 5);
    peer.stop().await?;
    Ok(())
}

async fn a_panic_while_panicking_ends_the_node(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    let error = peer.call(panics_while_panicking, ()).await.unwrap_err();
    assert_eq!(error.down_reason(), Some(&Reason::Killed(6)), "{error}");
    assert!(error.to_string().contains("last output"), "{error}");
    assert_eq!(gone(&peer).await, Reason::Killed(6));
    Ok(())
}

#[remote]
async fn kills_its_task() -> u32 {
    let task = tokio::spawn(std::future::pending::<u32>());
    task.abort();
    task.await.expect("a task that nobody aborts")
}

async fn a_killed_task_is_told(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    let error = peer.call(kills_its_task, ()).await.unwrap_err();
    let panic = error.panic().unwrap_or_else(|| panic!("no panic: {error}"));
    assert!(panic.message().contains("a task that nobody aborts"), "{error}");
    assert!(panic.message().contains("Cancelled"), "{error}");
    assert_eq!(peer.call(sum, (vec![6],)).await?, 6);
    peer.stop().await?;
    Ok(())
}

async fn a_call_is_sent_when_it_is_polled(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    let arrived = mailbox::<u32>("arrived");
    // Encoded now, and never sent.
    drop(peer.call(wait_at_gate, (Some(arrived.address()),)));
    let later = peer.call(sum, (vec![1, 2],)).timeout(DEADLINE);
    assert!(arrived.recv_within(Duration::from_millis(100)).await.unwrap_err().is_timeout());
    // On another thread, in another runtime.
    let thread =
        std::thread::spawn(move || tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(later));
    assert_eq!(tokio::task::spawn_blocking(|| thread.join()).await?.unwrap()?, 3);
    peer.stop().await?;
    Ok(())
}
