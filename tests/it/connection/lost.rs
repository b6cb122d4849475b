//! A peer never outlives its control connection, whatever it is doing, and whatever ends its origin.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Stdio;

use peer::prelude::*;

use crate::support::*;

#[remote]
pub(crate) fn hold_line(port: u16) {
    hold(port);
}

#[remote]
pub(crate) fn hold_line_by_child(port: u16) {
    hold_by_child(port);
}

#[remote]
fn spin() {
    // busy: the job of this function is to keep a processor busy until the node is ended.
    loop {
        std::hint::spin_loop();
    }
}

#[remote]
fn block() {
    loop {
        std::thread::park();
    }
}

#[remote]
async fn block_a_runtime_thread() {
    block();
}

#[remote]
fn block_when_stopped(port: u16) {
    peer::node::on_stop(move || {
        hold(port);
        block();
    });
}

/// A node that is an origin itself: the peer of this peer holds the line, and is busy.
#[remote]
async fn start_another(port: u16) {
    let peer = peer::start(()).await.unwrap();
    peer.call(hold_line, (port,)).await.unwrap();
    peer.cast(spin, ());
    std::mem::forget(peer);
}

/// Starts a peer in every state, each holding the line, and waits to be killed.
#[peer_test(timetrap = "off")]
#[ignore = "run by `peer_never_outlives_its_control_connection`"]
async fn driven_origin() -> peer::Result {
    let port = driver_port();
    for connection in CONNECTIONS {
        let options = || StartOptions::new().connection(connection);
        let idle = peer::start_link(options()).await?;
        idle.call(hold_line, (port,)).await?;

        let unlinked = peer::start(options()).await?;
        unlinked.call(hold_line, (port,)).await?;

        let busy = peer::start_link(options()).await?;
        busy.call(hold_line, (port,)).await?;
        busy.cast(spin, ());
        for _ in 0..20 {
            busy.cast(block, ());
            busy.cast(block_a_runtime_thread, ());
        }
        busy.call(hold_line, (port,)).await?;

        let parent = peer::start_link(options()).await?;
        parent.call(hold_line_by_child, (port,)).await?;

        let origin = peer::start_link(options()).await?;
        origin.call(start_another, (port,)).await?;

        let stopping = peer::start_link(options().shutdown(Shutdown::Graceful(peer::UNLIMITED))).await?;
        stopping.call(block_when_stopped, (port,)).await?;
        tokio::spawn(stopping.stop());
    }
    let terminal = peer::start_link(StartOptions::new().connection(Connection::Tcp(0)).detached(false)).await?;
    terminal.call(hold_line, (port,)).await?;
    hold(port);
    std::future::pending().await
}

/// How many report: seven for each connection, one with its terminal, and the origin, which comes last or before those that stop.
const REPORTS: usize = 2 * 7 + 2;

#[peer_test]
async fn peer_never_outlives_its_control_connection() {
    for how in ["KILL", "TERM", "ABRT"] {
        let lifeline = Lifeline::new();
        let mut origin = driven!("driven_origin");
        let origin = origin.env("PEER_TEST_PORT", lifeline.port().to_string());
        let mut origin = origin.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let held: Vec<Held> = (0..REPORTS).map(|_| lifeline.held()).collect();
        // `origin` is the command that limits its time: the origin is its child.
        let pids = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", origin.id())).unwrap();
        let pid: u32 = pids.trim().parse().unwrap();
        assert!(held.iter().any(|held| held.pid == pid));
        signal(how, pid);
        held.into_iter().for_each(Held::ended);
        within("the command that ran the origin", move || origin.wait()).unwrap();
    }
}

/// Starts one peer that does not become ready, says its pid, and waits to be killed.
#[peer_test(timetrap = "off")]
#[ignore = "run by `peer_never_outlives_its_control_connection_while_booting_or_stopped_by_a_signal`"]
async fn driven_origin_of_one() -> peer::Result {
    let connection = if variable("PEER_TEST_TCP") == "1" { Connection::Tcp(0) } else { Connection::StandardIo };
    let options = StartOptions::new().connection(connection);
    let options = match variable("PEER_TEST_ROWS").as_str() {
        "" => options,
        rows => options.exec(server()).args(["--load", rows]).wait_boot(WaitBoot::No),
    };
    let peer = peer::start_link(options).await?;
    let mut line = TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, driver_port()))?;
    std::io::Write::write_all(&mut line, format!("{}\n", peer.os_pid()).as_bytes())?;
    hold(driver_port());
    std::future::pending().await
}

fn server() -> PathBuf {
    let target = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned();
    let server = target.join("examples/server");
    assert!(server.exists(), "run `cargo build --example server` first: no {}", server.display());
    server
}

#[peer_test]
async fn peer_never_outlives_its_control_connection_while_booting_or_stopped_by_a_signal() {
    for tcp in ["0", "1"] {
        for booting in [true, false] {
            let (files, lifeline) = (Folder::new(), Lifeline::new());
            let rows = files.fifo("rows");
            let mut origin = driven!("driven_origin_of_one");
            origin.env("PEER_TEST_PORT", lifeline.port().to_string()).env("PEER_TEST_TCP", tcp);
            origin.env("PEER_TEST_ROWS", if booting { rows.as_os_str() } else { "".as_ref() });
            let mut origin = origin.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let (peer, own) = (lifeline.held().pid, lifeline.held().pid);
            let peer_ended = tokio::spawn(ended(peer));
            tokio::task::yield_now().await;
            let loading = booting.then(|| {
                // Opened when the server reads it, which it does before it is started; it never gets what it waits for.
                within("the server to load", move || std::fs::File::options().write(true).open(rows)).unwrap()
            });
            if !booting {
                signal("STOP", peer);
            }
            signal("KILL", own);
            if !booting {
                // Gone already if the kernel woke it, as it may do with what is stopped and has lost its parent.
                let pid = rustix::process::Pid::from_raw(i32::try_from(peer).unwrap()).unwrap();
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::CONT);
            }
            peer_ended.await.unwrap();
            drop(loading);
            within("the command that ran the origin", move || origin.wait()).unwrap();
        }
    }
}

#[peer_test]
async fn a_node_that_is_busy_or_stopped_can_be_stopped() -> peer::Result {
    for connection in CONNECTIONS {
        for shutdown in [Shutdown::Close, Shutdown::HaltWithin(DEADLINE), Shutdown::Graceful(DEADLINE)] {
            let lifeline = Lifeline::new();
            let peer = ct_peer!({ connection: connection, shutdown: shutdown }).await?;
            peer.cast(spin, ());
            for _ in 0..20 {
                peer.cast(block, ());
                peer.cast(block_a_runtime_thread, ());
            }
            peer.call(hold_line, (lifeline.port(),)).await?;
            peer.stop().await?;
            assert_eq!(peer.gone().await, Reason::Stopped);
            assert!(!last_words(&peer).await.contains(": killed"), "it was killed, not stopped");
            lifeline.held().ended();
        }
    }
    Ok(())
}
