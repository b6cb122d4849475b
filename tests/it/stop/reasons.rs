//! A boot failure is told at once, and the first reason is the one that is told, by everything and for ever.

use std::time::Duration;

use peer::prelude::*;

use crate::support::*;

fn shell(script: &str) -> StartOptions {
    StartOptions::new().exec(("sh", ["-c", script]))
}

#[peer_test]
async fn boot_failure_is_told_at_once() {
    // Much output, the last of it without an end.
    let many = "i=0; while [ $i -lt 3000 ]; do echo line $i of many; i=$((i+1)); done; printf 'the very last'";
    let cases = [
        ("exit 9".to_owned(), Reason::Exited(9), "exit status 9"),
        (format!("{many}; exit 1"), Reason::Exited(1), "| the very last"),
        (format!("{many}; kill -9 $$"), Reason::Killed(9), "signal 9 (SIGKILL)"),
        // What it leaves behind holds its pipes, and keeps nobody waiting.
        ("sleep 1000 & echo gone >&2; exit 8".to_owned(), Reason::Exited(8), "| gone"),
    ];
    for connection in CONNECTIONS {
        for (script, reason, said) in &cases {
            for wait_boot in [WaitBoot::For(Duration::from_secs(100)), WaitBoot::For(peer::UNLIMITED)] {
                let options = shell(script).connection(connection).wait_boot(wait_boot);
                let error = tokio::time::timeout(DEADLINE, ct_peer!(options)).await.unwrap().unwrap_err();
                assert!(error.is_boot_failed() && !error.is_timeout(), "{error}");
                assert_eq!(error.down_reason(), Some(reason));
                says(&error, &["boot_failure_is_told_at_once", &reason.to_string(), said, "command line: sh -c"]);
            }
        }
    }
}

#[remote]
fn halt_when_stopped(status: i32) {
    peer::node::on_stop(move || peer::node::halt(status));
}

#[remote]
fn halt_now(status: i32) {
    peer::node::halt(status);
}

#[remote]
async fn forever() {
    std::future::pending().await
}

/// A call that is never answered, on its way for certain: a call is sent by its first poll.
async fn in_flight(peer: &Peer) -> tokio::task::JoinHandle<Result<(), peer::Error>> {
    let mut call = Box::pin(peer.call(forever, ()).timeout(peer::UNLIMITED));
    let sent = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx).is_pending())).await;
    assert!(sent, "a call that is never answered");
    tokio::spawn(call)
}

/// Everything that tells a reason tells this one, again and again.
async fn is_the_reason(peer: &Peer, reason: &Reason) {
    assert_eq!(peer.gone().await, *reason);
    for _ in 0..3 {
        assert_eq!(peer.state(), PeerState::Down(reason.clone()));
        assert_eq!(peer.call(forever, ()).await.unwrap_err().down_reason(), Some(reason));
        assert_eq!(peer.stop().await.unwrap_err().down_reason(), Some(reason));
        assert_eq!(peer.clone().gone().await, *reason);
    }
}

#[peer_test]
async fn first_reason_wins() -> peer::Result {
    for connection in CONNECTIONS {
        let graceful = || StartOptions::new().connection(connection).shutdown(Shutdown::Graceful(DEADLINE));

        // Stopped, and then it ends with a status of its own.
        let peer = ct_peer!(graceful()).await?;
        peer.call(halt_when_stopped, (3,)).await?;
        let call = in_flight(&peer).await;
        peer.stop().await?;
        assert_eq!(call.await?.unwrap_err().down_reason(), Some(&Reason::Stopped));
        is_the_reason(&peer, &Reason::Stopped).await;

        // It ends by itself, which closes the connection; then it is stopped.
        let peer = ct_peer!(graceful()).await?;
        let call = in_flight(&peer).await;
        let error = peer.call(halt_now, (7,)).await.unwrap_err();
        assert_eq!(error.down_reason(), Some(&Reason::Exited(7)));
        assert_eq!(call.await?.unwrap_err().down_reason(), Some(&Reason::Exited(7)));
        is_the_reason(&peer, &Reason::Exited(7)).await;

        // Killed by a signal, and never by another one.
        let peer = ct_peer!(graceful()).await?;
        signal("TERM", peer.os_pid());
        is_the_reason(&peer, &Reason::Killed(15)).await;

        // It closes the connection and lives on, until it is killed for that.
        let closing = shell("exec >&- 2>&- <&-; exec sleep 1000").wait_boot(WaitBoot::For(peer::UNLIMITED));
        if connection == Connection::StandardIo {
            let error = ct_peer!(closing).await.unwrap_err();
            assert_eq!(error.down_reason(), Some(&Reason::ConnectionClosed), "{error}");
        }

        // Its boot took too long, and it is killed for that.
        let slow = shell("exec sleep 1000").connection(connection).wait_boot(WaitBoot::For(Duration::from_millis(100)));
        let error = ct_peer!(slow).await.unwrap_err();
        assert_eq!(error.down_reason(), Some(&Reason::BootTimeout), "{error}");
    }
    Ok(())
}
