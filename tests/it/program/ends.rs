//! How a program that is no node ends: by itself, when it is asked to, and with its scope.

use std::process::{Child, Command, Stdio};

use super::*;

/// Ends when it is asked to, and says so.
const POLITE: &str = "trap 'echo bye; exit 0' TERM; echo up; while :; do :; done";
/// Does not.
const STUBBORN: &str = "trap '' TERM; echo up; exec sleep 1000";

fn up(script: &str) -> StartOptions {
    patient(shell(script, []).ready(Ready::Line("up")))
}

#[peer_test]
async fn it_is_asked_to_end_and_given_time() -> peer::Result {
    for shutdown in [
        Shutdown::Halt,
        Shutdown::HaltWithin(Duration::from_secs(20)),
        Shutdown::Graceful(Duration::from_secs(20)),
        Shutdown::HaltWithin(peer::UNLIMITED),
    ] {
        let peer = peer::start_link(up(POLITE).shutdown(shutdown)).await?;
        peer.stop().await?;
        assert_eq!(peer.state(), PeerState::Down(Reason::Stopped));
        assert_eq!(last_words(&peer).await, "up\n[peer] asked to end, by SIGTERM\nbye");
        assert!(is_gone(peer.os_pid()));
    }
    Ok(())
}

#[peer_test]
async fn what_it_leaves_behind_is_ended_and_told() -> peer::Result {
    let peer = peer::start_link(up("trap 'exit 0' TERM; sleep 1000 & echo up; wait")).await?;
    peer.stop().await?;
    says(last_words(&peer).await, &["leaked process", "sleep 1000", "; killed"]);
    Ok(())
}

#[peer_test]
async fn one_that_does_not_end_is_killed_in_time() -> peer::Result {
    let limits = [(Shutdown::Halt, 5), (Shutdown::HaltWithin(Duration::from_secs(1)), 1)];
    for (shutdown, limit) in limits {
        let peer = peer::start_link(up(STUBBORN).shutdown(shutdown)).await?;
        peer.stop().await?;
        let limit = Duration::from_secs(limit);
        says(last_words(&peer).await, &[&format!("not stopped within {limit:?}: killed")]);
        assert!(is_gone(peer.os_pid()));
    }
    Ok(())
}

#[peer_test]
async fn close_ends_its_input_and_does_not_wait() -> peer::Result {
    let polite = ct_peer!({ program: "cat", input: Input::Fed, shutdown: Shutdown::Close }).await?;
    let stubborn = peer::start_link(up(STUBBORN).shutdown(Shutdown::Close)).await?;
    polite.stop().await?;
    stubborn.stop().await?;
    // The polite one ends by itself, while the other one has its time.
    assert_eq!(gone(&polite).await, Reason::Stopped);
    assert!(!last_words(&polite).await.contains(": killed"));
    assert_eq!(gone(&stubborn).await, Reason::Stopped);
    assert!(is_gone(stubborn.os_pid()));
    Ok(())
}

#[peer_test]
async fn one_that_boots_is_killed() -> peer::Result {
    let options = shell(STUBBORN, []).ready(Ready::Line("never")).wait_boot(WaitBoot::No);
    let peer = peer::start_link(options).await?;
    printed(&peer, "up").await;
    peer.stop().await?;
    // It is not asked to end first.
    assert_eq!(last_words(&peer).await, "up");
    assert!(is_gone(peer.os_pid()));
    Ok(())
}

#[peer_test]
async fn one_that_ends_by_itself_is_down_with_its_status() -> peer::Result {
    for (script, reason) in
        [("read -r line; exit 3", Reason::Exited(3)), ("read -r line; kill -15 $$", Reason::Killed(15))]
    {
        let peer = peer::start_link(shell(script, []).input(Input::Fed)).await?;
        peer.input("go\n")?;
        assert_eq!(gone(&peer).await, reason);
        assert_eq!(peer.state(), PeerState::Down(reason));
        assert!(peer.stop().await.unwrap_err().is_noproc());
    }
    let options = shell("exec sleep 1000", []).peer_down(PeerDown::Continue);
    let peer = peer::start_link(options).await?;
    signal("KILL", peer.os_pid());
    assert_eq!(gone(&peer).await, Reason::Killed(9));
    peer.stop().await?;
    Ok(())
}

#[peer_test]
#[ignore = "run by `with_crash_it_takes_the_test_down`"]
async fn driven_crash() -> peer::Result {
    let script = "echo out of memory; read -r line; exit 3";
    let server = ct_peer!({
        program: "sh", args: ["-c", script], ready: Ready::Line("memory"), input: Input::Fed, peer_down: PeerDown::Crash
    })
    .await?;
    server.input("go\n")?;
    std::future::pending().await
}

#[test]
fn with_crash_it_takes_the_test_down() {
    run(&mut driven!("driven_crash")).failed().says(&[
        "driven_crash-1-",
        "exit status 3",
        "command line: sh -c",
        "program: \"sh\"",
        "ready: Line(\"memory\")",
        "| out of memory",
    ]);
}

/// A program with a child, which both hold the line.
#[test]
#[ignore = "run by tests of its end"]
fn driven_program() {
    let port = std::env::var("PEER_TEST_PORT").unwrap().parse().unwrap();
    hold_by_child(port);
    hold(port);
    loop {
        std::thread::park();
    }
}

fn program(port: u16) -> StartOptions {
    StartOptions::new()
        .name(peer::random_name("program"))
        .program(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "program::ends::driven_program", "--nocapture"])
        .env([("PEER_TEST_PORT", port.to_string())])
}

fn driver_port() -> u16 {
    std::env::var("PEER_TEST_PORT").unwrap().parse().unwrap()
}

/// Ready or not, one of each; then the test ends as it is told to.
#[peer_test]
#[ignore = "run by `nothing_of_it_survives_its_scope` and `nothing_of_it_survives_its_origin`"]
async fn driven_scope() -> peer::Result {
    let running = peer::start_link(program(driver_port())).await?;
    let booting = program(driver_port()).ready(Ready::Line("never")).wait_boot(WaitBoot::No);
    let booting = peer::start_link(booting).await?;
    for peer in [running, booting] {
        printed(&peer, "running 1 test").await;
    }
    // Until whoever drives it has seen them all.
    within("a line of input", || std::io::stdin().read_line(&mut String::new())).unwrap();
    assert!(std::env::var_os("PEER_TEST_FAILS").is_none(), "it fails");
    Ok(())
}

/// The test above in a process of its own, and what it holds: two programs, each with a child.
fn held_by_a_scope(line: &Lifeline, change: impl FnOnce(&mut Command)) -> (Child, Vec<Held>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "program::ends::driven_scope", "--nocapture"]);
    command.env("PEER_TEST_PORT", line.port().to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    change(&mut command);
    let test = command.spawn().unwrap();
    let held = (0..4).map(|_| line.held()).collect();
    (test, held)
}

#[test]
fn nothing_of_it_survives_its_scope() {
    for fails in [false, true] {
        let line = Lifeline::new();
        let (mut test, held) = held_by_a_scope(&line, |command| {
            if fails {
                command.env("PEER_TEST_FAILS", "1");
            }
        });
        drop(test.stdin.take());
        assert_eq!(test.wait().unwrap().code(), Some(if fails { 101 } else { 0 }));
        held.into_iter().for_each(Held::ended);
    }
}

#[test]
fn nothing_of_it_survives_its_origin() {
    let line = Lifeline::new();
    let (mut test, held) = held_by_a_scope(&line, |_| {});
    test.kill().unwrap();
    test.wait().unwrap();
    held.into_iter().for_each(Held::ended);
}

#[peer_test]
async fn what_it_started_ends_with_it() -> peer::Result {
    let line = Lifeline::new();
    for how in ["stop", "kill"] {
        let peer = peer::start_link(program(line.port())).await?;
        let held = [line.held(), line.held()];
        match how {
            "stop" => peer.stop().await?,
            _ => {
                signal("KILL", peer.os_pid());
                assert_eq!(gone(&peer).await, Reason::Killed(9));
            }
        }
        held.into_iter().for_each(Held::ended);
    }
    Ok(())
}

#[peer_test]
async fn killed_on_purpose_and_started_again() -> peer::Result {
    let folder = Folder::new();
    let file = folder.path("pid");
    let script = r#"echo "$$" > "$1.new"; mv "$1.new" "$1"; exec sleep 1000"#;
    let options = shell(script, [file.to_str().unwrap()]).ready(Ready::File(&file)).peer_down(PeerDown::Crash);
    let peer = peer::start_link(options).await?;
    for _ in 0..3 {
        let before = peer.os_pid();
        peer.kill().await?;
        assert!(is_gone(before));
        // What the killed one has written does not make the next one ready.
        peer.restart().await?;
        assert_ne!(peer.os_pid(), before);
        assert_eq!(std::fs::read_to_string(&file)?.trim(), peer.os_pid().to_string());
    }
    let mut boots = peer::BootNotices::new();
    let booting = shell("exec sleep 1000", []).ready(Ready::Line("never")).wait_boot(boots.tagged("server"));
    peer::start_link(booting).await?.kill().await?;
    says(boots.recv().await?.outcome.unwrap_err(), &["was killed before it was ready"]);
    Ok(())
}
