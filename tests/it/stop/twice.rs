//! Stopping twice, from two tasks, while booting, and when there is nothing to stop.

use std::pin::pin;
use std::time::Duration;

use peer::prelude::*;

use crate::support::*;
use peer::BootNotices;

const POLICIES: [Shutdown; 4] = [
    Shutdown::Close,
    Shutdown::Halt,
    Shutdown::HaltWithin(Duration::from_secs(20)),
    Shutdown::Graceful(Duration::from_secs(20)),
];

#[peer_test(nodes = 1)]
async fn stopping_twice_is_an_error_that_says_why(nodes: Nodes) -> peer::Result {
    for connection in CONNECTIONS {
        for shutdown in POLICIES {
            let peer = ct_peer!({ connection: connection, shutdown: shutdown }).await?;
            peer.stop().await?;
            let error = peer.stop().await.unwrap_err();
            assert!(error.is_noproc(), "{shutdown}: {error}");
            says(&error, &[&peer.node(), "stop"]);
            assert_eq!(peer.gone().await, Reason::Stopped);
            let error = peer.stop().await.unwrap_err();
            assert_eq!(error.down_reason(), Some(&Reason::Stopped), "{shutdown}");
            says(&error, &[&peer.node(), "down already", "stopped by its origin"]);
        }
    }
    goes_on(&nodes[0]).await;
    Ok(())
}

#[remote]
fn hold_line(port: u16) {
    hold(port);
}

#[peer_test(nodes = 1)]
async fn stopping_from_two_tasks_stops_once(nodes: Nodes) -> peer::Result {
    for connection in CONNECTIONS {
        for shutdown in POLICIES {
            let peer = ct_peer!({ connection: connection, shutdown: shutdown }).await?;
            let lifeline = Lifeline::new();
            peer.call(hold_line, (lifeline.port(),)).await?;
            let held = lifeline.held();
            let stops: Vec<_> = (0..4).map(|_| tokio::spawn(peer.clone().stop())).collect();
            let mut outcomes = Vec::new();
            for stop in stops {
                outcomes.push(stop.await?);
            }
            let errors: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
            assert_eq!(errors.len(), 3, "{shutdown}: {errors:?}");
            for error in errors {
                assert!(error.is_noproc(), "{error}");
                says(&error, &[&peer.node(), "already"]);
            }
            assert_eq!(peer.gone().await, Reason::Stopped);
            held.ended();
        }
    }
    goes_on(&nodes[0]).await;
    Ok(())
}

#[peer_test(nodes = 1, flavor = "multi_thread", worker_threads = 4)]
async fn stopping_from_two_threads_stops_once(nodes: Nodes) -> peer::Result {
    for _ in 0..10 {
        let peer = ct_peer!().await?;
        let (one, other) = (tokio::spawn(peer.stop()), tokio::spawn(peer.stop()));
        let (one, other) = (one.await?, other.await?);
        assert!(one.is_ok() != other.is_ok(), "{one:?}, {other:?}");
    }
    goes_on(&nodes[0]).await;
    Ok(())
}

#[peer_test(nodes = 1)]
async fn stopping_while_booting_ends_the_process(nodes: Nodes) -> peer::Result {
    for connection in CONNECTIONS {
        for shutdown in POLICIES {
            let mut notices = BootNotices::new();
            let options = shell("exec sleep 1000").connection(connection).shutdown(shutdown);
            let peer = ct_peer!(options.wait_boot(notices.tagged("boot"))).await?;
            assert_eq!(peer.state(), PeerState::Booting);
            let mut stop = pin!(peer.stop());
            // The second one finds the first one at work, or done.
            tokio::select! {
                biased;
                stopped = &mut stop => stopped?,
                error = peer.stop() => {
                    assert!(error.unwrap_err().is_noproc());
                    stop.await?;
                }
            }
            assert_eq!(peer.gone().await, Reason::Stopped);
            assert!(!std::path::Path::new("/proc").join(peer.os_pid().to_string()).exists());
            let error = notices.recv().await?.outcome.unwrap_err();
            assert!(error.is_boot_failed());
            assert_eq!(error.down_reason(), Some(&Reason::Stopped));
            says(&error, &[&peer.node(), "while it was booting", "stopped by its origin"]);
        }
    }
    goes_on(&nodes[0]).await;
    Ok(())
}

#[peer_test(nodes = 1)]
async fn stopping_a_real_node_while_it_boots(nodes: Nodes) -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection, wait_boot: WaitBoot::No }).await?;
        // Booting still, or just started: stopped either way.
        peer.stop().await?;
        assert_eq!(peer.state(), PeerState::Down(Reason::Stopped));
    }
    goes_on(&nodes[0]).await;
    Ok(())
}

#[peer_test(nodes = 1)]
async fn stopping_what_ended_by_itself_says_how_it_ended(nodes: Nodes) -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        signal("KILL", peer.os_pid());
        assert_eq!(peer.gone().await, Reason::Killed(9));
        let error = peer.stop().await.unwrap_err();
        assert!(error.is_noproc());
        assert_eq!(error.down_reason(), Some(&Reason::Killed(9)));
        says(&error, &[&peer.node(), "SIGKILL"]);
    }
    goes_on(&nodes[0]).await;
    Ok(())
}

#[peer_test]
async fn a_stop_that_nobody_awaits_stops_nothing() -> peer::Result {
    let peer = ct_peer!().await?;
    drop(peer.stop());
    goes_on(&peer).await;
    peer.stop().await?;
    Ok(())
}

#[peer_test]
async fn a_stopped_process_is_killed_when_its_time_is_over() -> peer::Result {
    let peer = ct_peer!({ shutdown: Shutdown::HaltWithin(Duration::from_secs(1)) }).await?;
    signal("STOP", peer.os_pid());
    peer.stop().await?;
    assert_eq!(peer.state(), PeerState::Down(Reason::Stopped));
    Ok(())
}
