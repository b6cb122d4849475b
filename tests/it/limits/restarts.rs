//! `stop()` means gone: name, ports and descendants, a thousand times in a row, while other threads spawn.

use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// Listens on a port, until this node ends.
#[remote]
fn listen(port: u16) -> Result<(), String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    listener.map(std::mem::forget).map_err(|error| error.to_string())
}

/// A port that a node listens on. None that the kernel would give to somebody who asks for any, or connects.
async fn own_port(node: &Peer) -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id().wrapping_mul(64).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(10_000 + number % 20_000).unwrap();
        if node.call(listen, (port,)).await.unwrap().is_ok() {
            return port;
        }
    }
}

/// Who holds a port for a node.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
enum Holder {
    /// A child like any other.
    Child,
    /// One that ignores every signal that can be ignored.
    Deaf,
    /// Its parent has ended, it leads a session of its own, and has nothing of its environment.
    Daemon,
}

/// Has a descendant of this node listen on a port; gives its pid.
#[remote]
#[expect(clippy::zombie_processes, reason = "it is the node's end that ends it")]
fn have_it_held(port: u16, holder: Holder) -> u32 {
    let listener = OwnedFd::from(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
    // It says its pid, and then nothing more.
    let script = match holder {
        Holder::Child => "echo $$; exec sleep 1000",
        Holder::Deaf => "trap '' HUP INT QUIT TERM USR1 USR2 PIPE; echo $$; exec sleep 1000",
        Holder::Daemon => "exec 3<&0; (setsid env -i sh -c 'echo $$; exec sleep 1000' <&3 & )",
    };
    let mut child = Command::new("sh").args(["-c", script]).stdin(listener).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    if matches!(holder, Holder::Daemon) {
        child.wait().unwrap();
    }
    line.trim().parse().unwrap()
}

const POLICIES: [Shutdown; 3] =
    [Shutdown::Halt, Shutdown::HaltWithin(Duration::from_secs(20)), Shutdown::Graceful(Duration::from_secs(20))];

/// Asserts that not even a process that is not reaped is left.
#[track_caller]
fn is_gone(what: &str, pid: u32) {
    assert!(!Path::new(&format!("/proc/{pid}")).exists(), "{what} {pid} is there still");
}

#[peer_test(timetrap = "off")]
async fn ports_are_free_when_stop_returns() -> peer::Result {
    // Another process tries: whatever this one has may be held by what its other threads are just spawning.
    let other = ct_peer!().await?;
    let port = own_port(&other).await;
    other.stop().await?;
    let other = ct_peer!().await?;
    for round in 0..rounds(4, 100) {
        for connection in CONNECTIONS {
            for holder in [Holder::Child, Holder::Deaf, Holder::Daemon] {
                let peer = ct_peer!({ connection: connection, shutdown: POLICIES[round % 3] }).await?;
                let pid = peer.call(have_it_held, (port, holder)).timeout(DEADLINE).await?;
                assert!(other.call(listen, (port,)).await?.is_err(), "nobody holds the port");
                peer.stop().await?;
                is_gone("its descendant", pid);
                is_gone("the peer", peer.os_pid());
                let next = ct_peer!().await?;
                next.call(listen, (port,)).await?.unwrap_or_else(|error| panic!("{holder:?}: {error}"));
                next.stop().await?;
            }
        }
    }
    Ok(())
}

/// Threads of this process that spawn for as long as it lives, some of them with fork and some without.
struct Spawning {
    stop: Arc<AtomicBool>,
    spawned: Arc<AtomicUsize>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Spawning {
    fn begin() -> Self {
        let (stop, spawned) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let spawn = |forks: bool| {
            let (stop, spawned) = (Arc::clone(&stop), Arc::clone(&spawned));
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let mut command = Command::new("true");
                    if forks {
                        // The standard library knows no other way to do that than fork.
                        command.uid(rustix::process::getuid().as_raw());
                    }
                    assert!(command.status().unwrap().success());
                    spawned.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let threads = vec![spawn(true), spawn(false)];
        Self { stop, spawned, threads }
    }

    fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        self.spawned.load(Ordering::Relaxed)
    }
}

#[remote]
async fn start_and_stop(name: String) -> Result<(), String> {
    let peer = peer::start(StartOptions::new().name(name)).await.map_err(|error| error.to_string())?;
    peer.stop().await.map_err(|error| error.to_string())
}

#[peer_test(nodes = 1)]
async fn a_name_is_free_for_everybody_when_stop_returns(nodes: Nodes) -> peer::Result {
    let spawning = Spawning::begin();
    let name = ct_peer_name!();
    for connection in CONNECTIONS {
        for _ in 0..20 {
            let peer = ct_peer!({ name: name.clone(), connection: connection }).await?;
            let refused = nodes[0].call(start_and_stop, (name.clone(),)).await?.unwrap_err();
            assert!(refused.contains("is there already"), "{refused}");
            // While the keeper spawns another one, which is no reason to hold the name any longer.
            let others: Vec<_> = (0..3).map(|_| tokio::spawn(peer::start_link(()))).collect();
            peer.stop().await?;
            nodes[0].call(start_and_stop, (name.clone(),)).await?.unwrap();
            for other in others {
                other.await??.stop().await?;
            }
        }
    }
    spawning.end();
    Ok(())
}

#[peer_test(timetrap = "off")]
async fn a_restart_under_the_same_name_works_at_once() -> peer::Result {
    let (rounds, begun) = (rounds(150, 1000), Instant::now());
    let spawning = Spawning::begin();
    let name = ct_peer_name!();
    // Its own port, and that of its control connection.
    let first = ct_peer!({ name: name.clone() }).await?;
    let (port, control) = (own_port(&first).await, own_port(&first).await);
    first.stop().await?;
    for round in 0..rounds {
        let connection = if round % 2 == 0 { Connection::StandardIo } else { Connection::Tcp(control) };
        let options = StartOptions::new().name(name.clone()).connection(connection).shutdown(POLICIES[round % 3]);
        let peer = peer::start_link(options).await.unwrap_or_else(|error| panic!("round {round}: {error}"));
        peer.call(listen, (port,)).await?.unwrap_or_else(|error| panic!("round {round}: {error}"));
        peer.stop().await?;
        is_gone("the peer", peer.os_pid());
    }
    let spawned = spawning.end();
    println!("{rounds} restarts under one name in {:?}, while {spawned} other processes were spawned", begun.elapsed());
    Ok(())
}
