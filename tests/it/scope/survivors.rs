//! Nothing survives a scope: pass, fail, panic, time trap, a lost link, abort.

use std::thread;
use std::time::Duration;

use peer::prelude::*;

use crate::connection::lost::{hold_line, hold_line_by_child};
use crate::support::*;

/// Peers, their children and their peers, each holding the line.
async fn start_all() -> peer::Result {
    let port = driver_port();
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        peer.call(hold_line, (port,)).await?;
        peer.call(hold_line_by_child, (port,)).await?;
        peer.call(start_one, (port,)).await?;
    }
    peer::start_link(()).await?.call(hold_line, (port,)).await?;
    Ok(())
}

/// What reports by then: three for each connection, and one more.
const REPORTS: usize = 2 * 3 + 1;

#[remote]
async fn start_one(port: u16) {
    let peer = peer::start(()).await.unwrap();
    peer.call(hold_line, (port,)).await.unwrap();
    std::mem::forget(peer);
}

#[peer_test]
#[ignore = "run by `nothing_survives_a_scope`"]
async fn driven_pass() -> peer::Result {
    start_all().await
}

#[peer_test]
#[ignore = "run by `nothing_survives_a_scope`"]
async fn driven_fail() -> peer::Result {
    start_all().await?;
    Err("no quorum")?
}

#[peer_test]
#[ignore = "run by `nothing_survives_a_scope`"]
async fn driven_panic() {
    start_all().await.unwrap();
    panic!("no quorum");
}

#[peer_test(timetrap = "4s")]
#[ignore = "run by `nothing_survives_a_scope`"]
async fn driven_timetrap() -> peer::Result {
    start_all().await?;
    std::future::pending().await
}

#[remote]
fn halt_with(status: i32) {
    peer::node::halt(status);
}

#[peer_test]
#[ignore = "run by `nothing_survives_a_scope`"]
async fn driven_crash() -> peer::Result {
    let crashing = ct_peer!({ peer_down: PeerDown::Crash }).await?;
    start_all().await?;
    crashing.cast(halt_with, (5,));
    std::future::pending().await
}

#[peer_test]
#[ignore = "run by `nothing_survives_a_scope`"]
async fn driven_abort() {
    start_all().await.unwrap();
    std::process::abort();
}

/// Runs after the others, in the same process: reports, and waits until whoever drives it has looked.
#[peer_test]
#[ignore = "run by `nothing_survives_a_scope`"]
async fn driven_z_afterwards() {
    use std::io::{Read, Write};
    let mut line = std::net::TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, driver_port())).unwrap();
    line.write_all(format!("{}\n", std::process::id()).as_bytes()).unwrap();
    line.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn nothing_survives_a_scope() {
    for (test, code) in [("pass", 0), ("fail", 101), ("panic", 101), ("timetrap", 101), ("crash", 101)] {
        let lifeline = Lifeline::new();
        let mut command = driven!(format!("driven_{test}"));
        command.arg("scope::survivors::driven_z_afterwards").env("PEER_TEST_PORT", lifeline.port().to_string());
        let ran = thread::spawn(move || run(&mut command));
        let held: Vec<Held> = (0..REPORTS).map(|_| lifeline.held()).collect();
        // The test has ended, and its process has not.
        let afterwards = lifeline.held();
        for mut held in held {
            assert!(!held.is_held(Duration::from_millis(1)), "after {test}, process {} is there still", held.pid);
        }
        drop(afterwards);
        let ran = within("the tests", move || ran.join()).unwrap();
        assert_eq!(ran.code, Some(code), "{test}: {}", ran.text());
        ran.says(&["running 2 tests", "driven_z_afterwards ... ok"]);
    }
}

#[test]
fn nothing_survives_an_origin_that_aborts() {
    let lifeline = Lifeline::new();
    let mut command = driven!("driven_abort");
    command.env("PEER_TEST_PORT", lifeline.port().to_string());
    let ran = thread::spawn(move || run(&mut command));
    let held: Vec<Held> = (0..REPORTS).map(|_| lifeline.held()).collect();
    held.into_iter().for_each(Held::ended);
    let ran = within("the test", move || ran.join()).unwrap();
    assert_ne!(ran.code, Some(0), "{}", ran.text());
}

#[peer_test]
#[ignore = "run by `what_is_not_linked_ends_with_its_origin`"]
async fn driven_unlinked() -> peer::Result {
    peer::start(()).await?.call(hold_line, (driver_port(),)).await?;
    Ok(())
}

#[test]
fn what_is_not_linked_ends_with_its_origin() {
    let lifeline = Lifeline::new();
    let mut command = driven!("driven_unlinked");
    command.arg("scope::survivors::driven_z_afterwards").env("PEER_TEST_PORT", lifeline.port().to_string());
    let ran = thread::spawn(move || run(&mut command));
    let mut unlinked = lifeline.held();
    let afterwards = lifeline.held();
    assert!(unlinked.is_held(Duration::from_millis(1)), "it ended with its test");
    drop(afterwards);
    unlinked.ended();
    within("the test", move || ran.join()).unwrap().passed();
}

#[peer_test]
async fn only_a_linked_peer_that_goes_down_by_itself_takes_its_test_down() -> peer::Result {
    let crash = || StartOptions::new().peer_down(PeerDown::Crash);
    for connection in CONNECTIONS {
        let stopped = ct_peer!(crash().connection(connection)).await?;
        stopped.stop().await?;
        let unlinked = peer::start(crash().connection(connection)).await?;
        unlinked.cast(halt_with, (5,));
        assert_eq!(unlinked.gone().await, Reason::Exited(5));
        // At the end of the test it is stopped, which is nothing that happens to it.
        let linked = ct_peer!(crash().connection(connection)).await?;
        assert_eq!(linked.state(), PeerState::Running);
    }
    Ok(())
}

#[peer_test]
async fn a_thread_outside_of_the_test_links_what_it_starts_by_a_handle() -> peer::Result {
    // On a thread that belongs to no test there is nothing to link to, and that is said.
    let error = thread::spawn(|| futures_block_on(peer::start_link(()))).join().unwrap().unwrap_err();
    assert!(error.is_noscope(), "{error}");
    says(&error, &["start of a linked peer", "no scope", "`peer::scope()`", "`peer::start`"]);
    // With a handle it belongs to this one.
    let scope = peer::scope().unwrap();
    let start = move || {
        let _entered = scope.enter();
        futures_block_on(peer::start_link(()))
    };
    let peer = thread::spawn(start).join().unwrap()?;
    peer.stop().await?;
    Ok(())
}

/// Nothing of ours needs a runtime of the caller's.
fn futures_block_on<F: Future>(future: F) -> F::Output {
    use std::task::{Context, Poll, Wake, Waker};
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(std::sync::Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
