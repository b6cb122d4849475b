//! A peer that is there, and does nothing.

use std::process::Command;

use super::*;

/// A child of the node that does as its group does.
#[remote]
fn start_child() -> u32 {
    Command::new("sleep").arg("1000").spawn().unwrap().id()
}

#[peer_test]
async fn a_paused_peer_stands_still() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        let child = peer.call(start_child, ()).await?;
        // All its threads are there.
        peer.cast(serve, ());
        peer.call(ping, ()).await?;
        for _ in 0..20 {
            peer.pause().await?;
            assert!(is_stopped(peer.os_pid()) && is_stopped(child));
            peer.resume().await?;
            assert_eq!(peer.call(ping, ()).await?, 1);
            assert!(!is_stopped(child));
        }
        peer.stop().await?;
    }
    Ok(())
}

#[peer_test]
async fn calls_to_a_paused_peer_time_out_or_wait() -> peer::Result {
    let peer = ct_peer!().await?;
    let pong = mailbox::<u32>("pong");
    peer.pause().await?;
    assert_eq!(peer.state(), PeerState::Running);
    let error = peer.call(ping, ()).timeout(SHORT).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    says(error, &["the node is paused, and goes on with this after `resume()`"]);
    let patient = tokio::spawn(peer.call(ping, ()).timeout(peer::UNLIMITED));
    peer.cast(answer, (pong.address(), 1));
    // What it was asked for meanwhile it does now, in order.
    let error = pong.recv_within(SHORT).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    peer.resume().await?;
    assert_eq!(patient.await??, 1);
    assert_eq!(pong.recv().await?, 1);
    let error = peer.call(serve, ()).timeout(SHORT).await.unwrap_err();
    assert!(!error.to_string().contains("`resume()`"), "{error}");
    peer.stop().await?;
    Ok(())
}

#[remote]
fn answer(to: peer::Address<u32>, with: u32) {
    to.send(with);
}

#[peer_test]
async fn pausing_and_resuming_twice_is_no_error() -> peer::Result {
    let peer = ct_peer!().await?;
    peer.resume().await?;
    peer.pause().await?;
    peer.pause().await?;
    assert!(is_stopped(peer.os_pid()));
    peer.resume().await?;
    peer.resume().await?;
    assert_eq!(peer.call(ping, ()).await?, 1);
    // Many at once, in any order: it is one or the other.
    let changes = (0..16).map(|n| if n % 2 == 0 { tokio::spawn(peer.pause()) } else { tokio::spawn(peer.resume()) });
    for change in changes.collect::<Vec<_>>() {
        change.await??;
    }
    peer.resume().await?;
    assert_eq!(peer.call(ping, ()).await?, 1);
    peer.stop().await?;
    for error in [peer.pause().await.unwrap_err(), peer.resume().await.unwrap_err()] {
        assert!(error.is_noproc() && error.down_reason() == Some(&Reason::Stopped), "{error}");
    }
    Ok(())
}

/// It could do nothing of what its policy says.
#[peer_test]
async fn a_paused_peer_goes_on_when_it_is_stopped() -> peer::Result {
    let stopped = mailbox::<u32>("stopped");
    for connection in CONNECTIONS {
        let graceful = Shutdown::Graceful(Duration::from_secs(60));
        let peer = ct_peer!({ connection: connection, shutdown: graceful }).await?;
        peer.call(tell_when_stopped, (stopped.address(),)).await?;
        peer.pause().await?;
        peer.stop().await?;
        assert_eq!(stopped.recv().await?, 1);
        for shutdown in [Shutdown::Close, Shutdown::Halt] {
            let peer = ct_peer!({ connection: connection, shutdown: shutdown }).await?;
            peer.pause().await?;
            peer.stop().await?;
            assert_eq!(soon("its end", peer.gone()).await, Reason::Stopped);
        }
    }
    Ok(())
}

#[peer_test]
async fn a_peer_that_is_being_stopped_cannot_be_paused() -> peer::Result {
    let hangs = mailbox::<u32>("hangs");
    let peer = ct_peer!({ shutdown: Shutdown::Graceful(peer::UNLIMITED) }).await?;
    peer.call(block_when_stopped, (hangs.address(),)).await?;
    let stop = tokio::spawn(peer.stop());
    hangs.recv().await?;
    let error = peer.pause().await.unwrap_err();
    assert!(error.is_noproc(), "{error}");
    says(error, &["pause on node", "being stopped already"]);
    assert!(!is_stopped(peer.os_pid()));
    peer.kill().await?;
    assert!(stop.await?.is_err());
    Ok(())
}

/// Whoever pauses hears of an end that comes in between, and nobody waits for anybody for ever.
#[peer_test]
async fn an_end_may_come_in_between() -> peer::Result {
    for kills in [false, true] {
        for _ in 0..20 {
            let peer = ct_peer!().await?;
            let changes: Vec<_> =
                (0..4).flat_map(|_| [tokio::spawn(peer.pause()), tokio::spawn(peer.resume())]).collect();
            tokio::task::yield_now().await;
            let end = if kills { soon("its end", peer.kill()).await } else { soon("its end", peer.stop()).await };
            end?;
            for change in changes {
                if let Err(error) = soon("a change", change).await? {
                    assert!(error.is_noproc(), "{error}");
                }
            }
            assert!(is_gone(peer.os_pid()));
        }
    }
    Ok(())
}

#[peer_test]
async fn a_booting_peer_can_be_paused() -> peer::Result {
    let never = ("sh", ["-c", "exec tail -f /dev/null"]);
    let peer = ct_peer!({ exec: never, wait_boot: WaitBoot::No }).await?;
    peer.pause().await?;
    assert!(is_stopped(peer.os_pid()));
    assert_eq!(peer.state(), PeerState::Booting);
    peer.stop().await?;
    Ok(())
}
