//! SIGKILL, in every state of a peer.

use super::*;

#[peer_test]
async fn a_killed_peer_is_gone_at_once_and_says_why() -> peer::Result {
    for connection in CONNECTIONS {
        let name = ct_peer_name!();
        let peer = ct_peer!({ name: name.clone(), connection: connection }).await?;
        peer.call(ping, ()).await?;
        let mut call = peer.call(serve, ()).timeout(peer::UNLIMITED);
        assert!(futures_poll(&mut call).is_none());
        let gone = peer.gone();
        peer.kill().await?;
        assert_eq!(peer.state(), PeerState::Down(Reason::Killed(9)));
        assert!(is_gone(peer.os_pid()), "the process is still there");
        let error = call.await.unwrap_err();
        assert!(error.is_noconnection());
        assert_eq!(error.down_reason(), Some(&Reason::Killed(9)), "{error}");
        assert_eq!(soon("its end", gone).await, Reason::Killed(9));

        // Its name is free.
        let next = ct_peer!({ name: name.clone(), connection: connection }).await?;
        next.stop().await?;

        // There is nothing to kill or to stop any more.
        for error in [peer.kill().await.unwrap_err(), peer.stop().await.unwrap_err()] {
            assert!(error.is_noproc());
            assert_eq!(error.down_reason(), Some(&Reason::Killed(9)), "{error}");
        }
        let error = next.kill().await.unwrap_err();
        assert!(error.is_noproc() && error.down_reason() == Some(&Reason::Stopped), "{error}");
        says(error, &["kill on node", &name, "down already: stopped by its origin"]);
    }
    Ok(())
}

/// One poll, which sends a call.
fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(future).poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

#[peer_test]
async fn all_who_kill_a_peer_hear_that_it_is_dead() -> peer::Result {
    let peer = ct_peer!().await?;
    let kills: Vec<_> = (0..8).map(|_| tokio::spawn(peer.kill())).collect();
    let mut killed = 0;
    for kill in kills {
        match kill.await? {
            Ok(()) => killed += 1,
            // It began when all was over.
            Err(error) => assert!(error.is_noproc(), "{error}"),
        }
        assert!(is_gone(peer.os_pid()));
    }
    assert!(killed > 0);
    Ok(())
}

/// A crash would take this test down before it can pass.
#[peer_test]
async fn a_kill_is_no_crash() -> peer::Result {
    let peer = ct_peer!({ peer_down: PeerDown::Crash }).await?;
    let beside = ct_peer!().await?;
    peer.kill().await?;
    assert_eq!(beside.call(ping, ()).await?, 1);
    peer.restart().await?;
    peer.kill().await?;
    Ok(())
}

#[peer_test]
async fn after_a_kill_continue_leaves_a_peer_to_stop() -> peer::Result {
    let peer = ct_peer!({ peer_down: PeerDown::Continue }).await?;
    peer.kill().await?;
    let error = peer.call(ping, ()).await.unwrap_err();
    assert!(error.is_noconnection() && !error.is_noproc(), "{error}");
    assert!(peer.kill().await.unwrap_err().is_noproc());
    peer.stop().await?;
    assert!(peer.stop().await.unwrap_err().is_noproc());
    Ok(())
}

#[peer_test]
async fn a_booting_peer_can_be_killed() -> peer::Result {
    let mut boots = peer::BootNotices::new();
    let never = ("sh", ["-c", "exec tail -f /dev/null"]);
    for connection in CONNECTIONS {
        let peer = ct_peer!({ exec: never, connection: connection, wait_boot: boots.tagged("never") }).await?;
        assert_eq!(peer.state(), PeerState::Booting);
        peer.kill().await?;
        let error = boots.recv().await?.outcome.unwrap_err();
        assert!(error.is_boot_failed() && error.down_reason() == Some(&Reason::Killed(9)), "{error}");
        says(error, &["the node was killed while it was booting"]);
        assert!(is_gone(peer.os_pid()));
    }
    Ok(())
}

#[peer_test]
async fn a_peer_that_hangs_in_its_stop_hook_can_be_killed() -> peer::Result {
    let hangs = mailbox::<u32>("hangs");
    for within in [Duration::from_secs(60), peer::UNLIMITED] {
        let peer = ct_peer!({ shutdown: Shutdown::Graceful(within) }).await?;
        peer.call(block_when_stopped, (hangs.address(),)).await?;
        let stop = tokio::spawn(peer.stop());
        hangs.recv().await?;
        soon("the kill", peer.kill()).await?;
        assert_eq!(peer.state(), PeerState::Down(Reason::Killed(9)));
        // It was not stopped.
        let error = stop.await?.unwrap_err();
        assert!(error.is_noproc() && error.down_reason() == Some(&Reason::Killed(9)), "{error}");
        says(error, &["stop on node", "the node was killed meanwhile"]);
    }
    Ok(())
}

#[peer_test]
async fn a_paused_peer_can_be_killed() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        peer.pause().await?;
        peer.kill().await?;
        assert!(is_gone(peer.os_pid()));
    }
    Ok(())
}

/// What it does by itself is told as that, also to who wanted to kill it.
#[peer_test]
async fn a_peer_that_was_faster_is_told() -> peer::Result {
    let peer = ct_peer!().await?;
    // Not polled: nothing is killed yet.
    let kill = peer.kill();
    peer.cast(halt_with, (7,));
    assert_eq!(soon("its end", peer.gone()).await, Reason::Exited(7));
    let error = kill.await.unwrap_err();
    assert!(error.is_noproc() && error.down_reason() == Some(&Reason::Exited(7)), "{error}");
    Ok(())
}

#[remote]
fn halt_with(status: i32) {
    peer::node::halt(status);
}
