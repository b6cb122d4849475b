//! The same peer in another process.

use std::path::PathBuf;

use super::*;

#[remote]
fn pid() -> u32 {
    std::process::id()
}

#[peer_test(nodes = 2)]
async fn a_restart_is_the_same_peer_in_another_process(nodes: Nodes) -> peer::Result {
    let (peer, clone) = (&nodes[0], nodes[0].clone());
    let (node, name, options) = (peer.node(), peer.name().to_owned(), peer.options().to_string());
    let command_line = peer.command_line().to_vec();
    let before = peer.call(pid, ()).await?;
    for how in ["running", "killed", "stopped", "paused"] {
        match how {
            "killed" => peer.kill().await?,
            "stopped" => peer.stop().await?,
            "paused" => peer.pause().await?,
            _ => {}
        }
        peer.restart().await?;
        for handle in [peer, &clone, &nodes.clone()[0]] {
            let now = handle.call(pid, ()).await?;
            assert!(now != before && now == handle.os_pid(), "{how}");
            assert_eq!(handle.state(), PeerState::Running);
            assert_eq!((handle.node(), handle.name()), (node.clone(), name.as_str()));
            assert_eq!(handle.options().to_string(), options);
            assert_eq!(handle.command_line(), command_line);
        }
        assert!(is_gone(before));
    }
    assert_eq!(nodes[1].call(ping, ()).await?, 1);
    Ok(())
}

#[peer_test]
async fn a_running_peer_is_stopped_as_its_policy_says() -> peer::Result {
    let stopped = mailbox::<u32>("stopped");
    for connection in CONNECTIONS {
        let graceful = Shutdown::Graceful(Duration::from_secs(20));
        let peer = ct_peer!({ connection: connection, shutdown: graceful }).await?;
        peer.call(tell_when_stopped, (stopped.address(),)).await?;
        let gone = peer.gone();
        let call = sent(peer.call(serve, ()).timeout(peer::UNLIMITED));
        peer.call(ping, ()).await?;
        peer.restart().await?;
        assert_eq!(stopped.recv().await?, 1);
        // What was before belongs to the process that has ended.
        assert_eq!(soon("the end of the first", gone).await, Reason::Stopped);
        let error = call.await.unwrap_err();
        assert_eq!(error.down_reason(), Some(&Reason::Stopped), "{error}");
        // The hook did, too.
        peer.stop().await?;
        assert!(stopped.recv_within(SHORT).await.is_err());
    }
    Ok(())
}

#[peer_test]
async fn messages_reach_the_process_of_now() -> peer::Result {
    let peer = ct_peer!().await?;
    let old: peer::Address<u32> = peer.call(open_inbox, ()).await?;
    old.send(1);
    assert_eq!(peer.call(take, ()).await?, Some(1));
    peer.restart().await?;
    peer.send("inbox", 2_u32);
    assert_eq!(peer.call(take, ()).await?, Some(2));
    let new: peer::Address<u32> = peer.call(open_inbox, ()).await?;
    // This mailbox has ended with its process; that is noted, and nothing else.
    old.send(3);
    peer.send(&old, 3_u32);
    new.send(4);
    assert_eq!(peer.call(take, ()).await?, Some(4));
    Ok(())
}

#[remote]
fn open_inbox() -> peer::Address<u32> {
    mailbox("inbox").address()
}

#[remote]
async fn take() -> Option<u32> {
    mailbox("inbox").recv().await.ok()
}

/// This executable, where a file allows it.
fn allowed_by(file: &std::path::Path) -> (&'static str, [std::ffi::OsString; 4]) {
    let exe = std::env::current_exe().unwrap();
    let script = "test -e \"$0\" || { echo not allowed; exit 3; }; exec \"$@\"";
    ("sh", ["-c".into(), script.into(), file.into(), exe.into()])
}

#[peer_test]
async fn a_restart_that_fails_says_why_and_can_be_tried_again() -> peer::Result {
    let folder = Folder::new();
    let file: PathBuf = folder.path("allowed");
    std::fs::write(&file, "")?;
    for connection in CONNECTIONS {
        let peer = ct_peer!({ exec: allowed_by(&file), connection: connection, peer_down: PeerDown::Crash }).await?;
        let exe = module_path!().replace("::restart", "");
        assert_eq!(peer.apply::<u32, _>(&exe, "ping", ()).await?, 1);
        std::fs::remove_file(&file)?;
        let error = peer.restart().await.unwrap_err();
        assert!(error.is_boot_failed(), "{error}");
        assert_eq!(error.down_reason(), Some(&Reason::Exited(3)));
        says(&error, &["not allowed", "command line: sh -c"]);
        assert_eq!(peer.state(), PeerState::Down(Reason::Exited(3)));
        assert!(peer.stop().await.unwrap_err().is_noproc());
        std::fs::write(&file, "")?;
        peer.restart().await?;
        assert_eq!(peer.apply::<u32, _>(&exe, "ping", ()).await?, 1);
    }
    Ok(())
}

#[peer_test]
async fn a_peer_whose_start_never_succeeded_can_be_restarted() -> peer::Result {
    let folder = Folder::new();
    let file = folder.path("allowed");
    let mut boots = peer::BootNotices::new();
    let peer = ct_peer!({ exec: allowed_by(&file), wait_boot: boots.tagged("first") }).await?;
    assert_eq!(boots.recv().await?.outcome.unwrap_err().down_reason(), Some(&Reason::Exited(3)));
    std::fs::write(&file, "")?;
    // It does not wait, as the start did not; who is told is told again.
    peer.restart().await?;
    let notice = boots.recv().await?;
    assert_eq!((notice.tag.as_str(), notice.outcome?), ("first", peer.node()));
    assert_eq!(peer.state(), PeerState::Running);
    Ok(())
}

#[peer_test]
async fn one_restart_at_a_time() -> peer::Result {
    let hangs = mailbox::<u32>("hangs");
    let peer = ct_peer!({ shutdown: Shutdown::Graceful(peer::UNLIMITED) }).await?;
    peer.call(block_when_stopped, (hangs.address(),)).await?;
    let restart = tokio::spawn(peer.restart());
    hangs.recv().await?;
    let error = peer.restart().await.unwrap_err();
    assert!(error.is_noproc(), "{error}");
    says(error, &["restart on node", peer.name(), "another restart of the node is under way"]);
    // A stop that hangs keeps the restart from going on; killing the node does not keep it from beginning again.
    let before = peer.os_pid();
    peer.kill().await?;
    soon("the restart", restart).await??;
    assert_eq!(peer.call(ping, ()).await?, 1);
    assert_ne!(peer.os_pid(), before);
    peer.kill().await?;
    peer.restart().await?;
    peer.kill().await?;
    Ok(())
}

#[peer_test]
async fn a_restart_that_nobody_waits_for_goes_on() -> peer::Result {
    let peer = ct_peer!().await?;
    let before = peer.call(pid, ()).await?;
    let gone = peer.gone();
    let restart = tokio::spawn(peer.restart());
    soon("the end of the first", gone).await;
    restart.abort();
    // The name says when it is done: while there is no second process there is nobody under it.
    until("the restart", async || peer.call(pid, ()).await.is_ok()).await;
    assert_ne!(peer.os_pid(), before);
    Ok(())
}

/// One that is taken meanwhile is somebody else's.
#[peer_test]
async fn a_name_that_was_taken_meanwhile_is_told() -> peer::Result {
    let peer = ct_peer!().await?;
    peer.stop().await?;
    let other = ct_peer!({ name: peer.name() }).await?;
    let error = peer.restart().await.unwrap_err();
    assert!(error.is_name_in_use(), "{error}");
    assert_eq!(peer.state(), PeerState::Down(Reason::Stopped));
    other.stop().await?;
    peer.restart().await?;
    assert_eq!(peer.call(ping, ()).await?, 1);
    Ok(())
}

/// What is done to nodes is done to programs that are none.
#[peer_test]
async fn a_program_suffers_the_same() -> peer::Result {
    let script = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done";
    let peer =
        ct_peer!({ program: ("sh", ["-c", script]), ready: Ready::Line("ready"), peer_down: PeerDown::Crash }).await?;
    let mut before = peer.os_pid();
    for how in ["running", "killed", "stopped", "paused"] {
        match how {
            "killed" => peer.kill().await?,
            "stopped" => peer.stop().await?,
            "paused" => peer.pause().await?,
            _ => {}
        }
        // While it starts a child it seems to stand still in any case.
        assert!(how != "paused" || is_alive(before) && is_stopped(before), "{how}");
        peer.restart().await?;
        assert!(is_gone(before) && peer.os_pid() != before, "{how}");
        assert_eq!(peer.state(), PeerState::Running);
        before = peer.os_pid();
    }
    peer.pause().await?;
    peer.resume().await?;
    peer.stop().await?;
    Ok(())
}

fn is_alive(pid: u32) -> bool {
    !is_gone(pid)
}

#[remote]
fn directory() -> PathBuf {
    std::env::current_dir().unwrap()
}

/// Changes what all of a process share, so it runs alone.
#[peer_test]
#[ignore = "run by `a_restart_is_in_the_same_directory`"]
async fn driven_origin_that_moves() -> peer::Result {
    let peer = ct_peer!().await?;
    let before = peer.call(directory, ()).await?;
    std::env::set_current_dir("/")?;
    peer.restart().await?;
    assert_eq!(peer.call(directory, ()).await?, before);
    assert_eq!(ct_peer!().await?.call(directory, ()).await?, PathBuf::from("/"));
    Ok(())
}

#[test]
fn a_restart_is_in_the_same_directory() {
    run(&mut driven!("driven_origin_that_moves")).passed().says(&["1 passed"]);
}
