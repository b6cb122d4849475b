//! The five shutdown policies: against a node whose threads are all blocked, and against one that does not run at all.
//!
//! OTP's bounds are for a node blocked for 0.5 s and 5 s. The control thread of ours answers whatever the others do, so a
//! blocked node is stopped at once, and a frozen one (SIGSTOP) when the policy says so. Except with `Close` the process
//! is gone when `stop` returns.

use std::time::Duration;

use peer::prelude::*;

use crate::support::*;

for_each_connection! {
    busy
    blocked_close
    blocked_halt
    blocked_halt_within
    blocked_graceful
    blocked_unlimited
    frozen_close
    frozen_halt
    frozen_halt_within
    frozen_graceful
    frozen_unlimited
    stopped_twice_at_once
    a_dropped_stop_goes_on
    the_first_reason_wins
    graceful_runs_the_hooks
    graceful_is_cut_off
    what_was_sent_is_handed_over
}

const SECOND: Duration = Duration::from_secs(1);

/// Blocks a thread of the node's runtime.
#[remote]
async fn block_the_runtime(arrived: peer::Address<u32>) {
    wait_at_gate(Some(arrived));
}

/// A node in which every thread is blocked but those that the node itself keeps for the control connection.
async fn blocked(connection: Connection, shutdown: Shutdown) -> peer::Result<Peer> {
    let peer = ct_peer!({ connection: connection, shutdown: shutdown }).await?;
    let arrived = mailbox::<u32>("arrived");
    let threads = std::thread::available_parallelism()?.get();
    for _ in 0..threads {
        peer.cast(block_the_runtime, (arrived.address(),));
    }
    for _ in 0..20 {
        peer.cast(wait_at_gate, (Some(arrived.address()),));
    }
    for _ in 0..threads + 20 {
        arrived.recv().await?;
    }
    Ok(peer)
}

/// A node that does not run.
async fn frozen(connection: Connection, shutdown: Shutdown) -> peer::Result<Peer> {
    let peer = ct_peer!({ connection: connection, shutdown: shutdown }).await?;
    signal("STOP", peer.os_pid());
    // The kernel stops one thread after the other.
    until("all threads to stand still", async || all_stopped(peer.os_pid()).unwrap()).await;
    Ok(peer)
}

fn all_stopped(pid: u32) -> std::io::Result<bool> {
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let status = std::fs::read_to_string(thread?.path().join("status"))?;
        if !status.contains("State:\tT") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Stops the peer, after which nothing of it is left: whether the keeper had to kill it.
async fn is_killed_by_stop(peer: &Peer) -> peer::Result<bool> {
    soon("the stop", peer.stop()).await?;
    assert!(is_gone(peer.os_pid()), "the process is still there");
    assert_eq!(peer.state(), PeerState::Down(Reason::Stopped));
    Ok(last_words(peer).await.contains(": killed"))
}

async fn busy(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    let arrived = mailbox::<u32>("arrived");
    let call = peer.call(wait_at_gate, (Some(arrived.address()),)).timeout(Duration::from_secs(60));
    let call = tokio::spawn(call);
    arrived.recv().await?;
    assert!(!is_killed_by_stop(&peer).await?);
    let error = call.await?.unwrap_err();
    assert_eq!(error.down_reason(), Some(&Reason::Stopped), "{error}");
    Ok(())
}

async fn blocked_close(connection: Connection) -> peer::Result {
    let peer = blocked(connection, Shutdown::Close).await?;
    peer.stop().await?;
    assert_eq!(gone(&peer).await, Reason::Stopped);
    assert!(is_gone(peer.os_pid()));
    Ok(())
}

async fn blocked_is_stopped_at_once(connection: Connection, shutdown: Shutdown) -> peer::Result {
    let peer = blocked(connection, shutdown).await?;
    assert!(!is_killed_by_stop(&peer).await?);
    Ok(())
}

async fn blocked_halt(connection: Connection) -> peer::Result {
    blocked_is_stopped_at_once(connection, Shutdown::Halt).await
}

async fn blocked_halt_within(connection: Connection) -> peer::Result {
    blocked_is_stopped_at_once(connection, Shutdown::HaltWithin(DEADLINE)).await
}

async fn blocked_graceful(connection: Connection) -> peer::Result {
    blocked_is_stopped_at_once(connection, Shutdown::Graceful(DEADLINE)).await
}

async fn blocked_unlimited(connection: Connection) -> peer::Result {
    blocked_is_stopped_at_once(connection, Shutdown::Graceful(peer::UNLIMITED)).await
}

async fn frozen_close(connection: Connection) -> peer::Result {
    let peer = frozen(connection, Shutdown::Close).await?;
    // It waits for nothing: the node stands still.
    peer.stop().await?;
    assert!(!is_gone(peer.os_pid()));
    assert!(peer.call(wait_at_gate, (None,)).await.unwrap_err().is_noconnection());
    // When it runs again it ends by itself: nobody had to kill it.
    signal("CONT", peer.os_pid());
    assert_eq!(gone(&peer).await, Reason::Stopped);
    assert!(!last_words(&peer).await.contains(": killed"));
    assert!(is_gone(peer.os_pid()));
    Ok(())
}

async fn frozen_is_killed_after(limit: Duration, connection: Connection, shutdown: Shutdown) -> peer::Result {
    let peer = frozen(connection, shutdown).await?;
    assert!(is_killed_by_stop(&peer).await?);
    assert!(last_words(&peer).await.contains(&format!("not stopped within {limit:?}: killed")));
    Ok(())
}

async fn frozen_halt(connection: Connection) -> peer::Result {
    frozen_is_killed_after(5 * SECOND, connection, Shutdown::Halt).await
}

async fn frozen_halt_within(connection: Connection) -> peer::Result {
    frozen_is_killed_after(SECOND, connection, Shutdown::HaltWithin(SECOND)).await
}

async fn frozen_graceful(connection: Connection) -> peer::Result {
    frozen_is_killed_after(SECOND, connection, Shutdown::Graceful(SECOND)).await
}

async fn frozen_unlimited(connection: Connection) -> peer::Result {
    let peer = frozen(connection, Shutdown::HaltWithin(peer::UNLIMITED)).await?;
    let mut stop = peer.stop();
    let early = tokio::time::timeout(SECOND, &mut stop).await;
    assert!(early.is_err() && !is_gone(peer.os_pid()), "{early:?}");
    signal("CONT", peer.os_pid());
    soon("the stop", stop).await?;
    assert!(is_gone(peer.os_pid()));
    Ok(())
}

/// Stop hooks that say their names; the last one waits at the gate if `blocks`.
#[remote]
fn prepare(names: peer::Address<String>, blocks: bool) {
    if blocks {
        peer::node::on_stop(|| {
            wait_at_gate(None);
        });
    }
    for name in ["first", "second", "third"] {
        let names = names.clone();
        peer::node::on_stop(move || names.send(name.to_owned()));
    }
}

async fn names_of_hooks(names: &peer::Mailbox<String>) -> peer::Result<[String; 3]> {
    Ok([names.recv().await?, names.recv().await?, names.recv().await?])
}

async fn graceful_runs_the_hooks(connection: Connection) -> peer::Result {
    for shutdown in [Shutdown::Graceful(10 * SECOND), Shutdown::Graceful(peer::UNLIMITED)] {
        let peer = ct_peer!({ connection: connection, shutdown: shutdown }).await?;
        let names = mailbox::<String>("names");
        peer.call(prepare, (names.address(), false)).await?;
        assert!(!is_killed_by_stop(&peer).await?);
        assert_eq!(names_of_hooks(&names).await?, ["third", "second", "first"]);
    }
    Ok(())
}

async fn graceful_is_cut_off(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection, shutdown: Shutdown::Graceful(SECOND) }).await?;
    let names = mailbox::<String>("names");
    peer.call(prepare, (names.address(), true)).await?;
    // The last hook does not end, whether the node or its keeper comes first.
    is_killed_by_stop(&peer).await?;
    assert_eq!(names_of_hooks(&names).await?, ["third", "second", "first"]);
    Ok(())
}

/// A stop hook that sends back all that has arrived in `inbox`.
#[remote]
fn send_back(inbox: String, to: peer::Address<u32>, count: u32) {
    let scope = peer::scope().unwrap();
    peer::node::on_stop(move || {
        let _entered = scope.enter();
        let inbox = mailbox::<u32>(&inbox);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for _ in 0..count {
            to.send(runtime.block_on(inbox.recv()).unwrap());
        }
    });
}

async fn what_was_sent_is_handed_over(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection, shutdown: Shutdown::Graceful(10 * SECOND) }).await?;
    let back = mailbox::<u32>("back");
    peer.call(send_back, ("inbox".to_owned(), back.address(), 1000)).await?;
    for number in 0..1000_u32 {
        peer.send("inbox", number);
    }
    peer.stop().await?;
    for number in 0..1000 {
        assert_eq!(back.recv().await?, number);
    }
    Ok(())
}

async fn stopped_twice_at_once(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    let stops: Vec<_> = (0..10).map(|_| tokio::spawn(peer.stop())).collect();
    let mut stopped = 0;
    for stop in stops {
        match stop.await? {
            Ok(()) => stopped += 1,
            Err(error) => assert!(error.is_noproc(), "{error}"),
        }
    }
    assert_eq!(stopped, 1);
    assert_eq!(gone(&peer).await, Reason::Stopped);
    Ok(())
}

async fn a_dropped_stop_goes_on(connection: Connection) -> peer::Result {
    let peer = frozen(connection, Shutdown::HaltWithin(SECOND)).await?;
    let stop = tokio::time::timeout(Duration::from_millis(10), peer.stop()).await;
    assert!(stop.is_err(), "{stop:?}");
    assert_eq!(gone(&peer).await, Reason::Stopped);
    assert!(is_gone(peer.os_pid()));
    Ok(())
}

async fn the_first_reason_wins(connection: Connection) -> peer::Result {
    for _ in 0..10 {
        let peer = ct_peer!({ connection: connection }).await?;
        signal("TERM", peer.os_pid());
        let stopped = peer.stop().await;
        let reason = gone(&peer).await;
        match (stopped, &reason) {
            (Ok(()), Reason::Stopped) => {}
            (Err(error), Reason::Killed(15)) => assert!(error.is_noproc(), "{error}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(peer.state(), PeerState::Down(reason));
    }
    Ok(())
}
