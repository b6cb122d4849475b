//! What tests of peers have in common: both connections, nodes that misbehave, and how a peer ended.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Command;
use std::sync::{Condvar, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use peer::prelude::*;
use peer::{Error, Start};

use super::{DEADLINE, signal};

/// Both control connections.
pub(crate) const CONNECTIONS: [Connection; 2] = [Connection::StandardIo, Connection::Tcp(0)];

/// A time that a test lets run out.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// Makes a test for each connection of an async function that takes one.
macro_rules! for_each_connection {
    ($($case:ident)*) => {
        mod stdio {
            use peer::prelude::*;
            $(
                #[peer_test]
                async fn $case() -> peer::Result {
                    super::$case(Connection::StandardIo).await
                }
            )*
        }
        mod tcp {
            use peer::prelude::*;
            $(
                #[peer_test]
                async fn $case() -> peer::Result {
                    super::$case(Connection::Tcp(0)).await
                }
            )*
        }
    };
}

/// A node that executes `sh -c script` instead, and has all the time it takes.
pub(crate) fn shell(script: &str) -> StartOptions {
    StartOptions::new().exec(("sh", ["-c", script])).wait_boot(WaitBoot::For(peer::UNLIMITED))
}

/// This executable as a node, behind a shell that runs `script` with the node's command line as `"$@"`.
pub(crate) fn through_shell(script: &str, zero: &Path) -> peer::Exec {
    let this = std::env::current_exe().unwrap();
    ("sh", [Path::new("-c"), Path::new(script), zero, &this]).into()
}

/// The error of a start that must fail before its time is over.
#[track_caller]
pub(crate) fn refused(start: Start) -> impl Future<Output = Error> {
    let caller = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(DEADLINE, start).await {
            Ok(Err(error)) => error,
            Ok(Ok(peer)) => panic!("{caller}: started {peer:?}"),
            Err(_) => panic!("{caller}: the start neither failed nor ended"),
        }
    }
}

/// Fails unless the peer answers a call.
pub(crate) async fn goes_on(peer: &Peer) {
    assert_eq!(peer.call(sum, (vec![1, 2],)).timeout(DEADLINE).await.unwrap(), 3);
}

/// Waits for what nothing delays. A busy machine may take its time: no test asserts how long anything took.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited for {what}"),
    }
}

/// Looks again and again until it is so.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let looking = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    soon(what, looking).await;
}

/// Whether the process is reaped.
pub(crate) fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

/// Why the peer went down, once it has.
pub(crate) async fn gone(peer: &Peer) -> Reason {
    let reason = tokio::time::timeout(DEADLINE, peer.gone()).await;
    reason.unwrap_or_else(|_| panic!("{} is not gone after {DEADLINE:?}: {:?}", peer.node(), peer.state()))
}

/// The last ten lines that the peer printed, which an error carries. They are complete once the peer is down.
pub(crate) async fn last_words(peer: &Peer) -> String {
    let error = peer.apply::<(), _>("no_such_module", "no_such_function", ()).await.unwrap_err().to_string();
    let lines = error.lines().filter_map(|line| line.strip_prefix("    | "));
    // `PEER_BOOT_DEBUG` adds to them.
    lines.filter(|line| !line.starts_with("[peer] boot ")).collect::<Vec<_>>().join("\n")
}

/// Waits until the peer has printed `text`.
pub(crate) async fn printed(peer: &Peer, text: &str) {
    until(&format!("{text:?} on the console of {}", peer.node()), async || last_words(peer).await.contains(text)).await;
}

/// Polls a call once, which sends it. On the runtime of the test a spawned one is sent when that waits, and another call
/// may be answered before it does.
#[track_caller]
pub(crate) fn sent<F: Future + Unpin>(mut call: F) -> F {
    let polled = Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "it was over at once");
    call
}

/// A named pipe, removed when this is dropped.
pub(crate) struct Fifo(pub(crate) PathBuf);

impl Fifo {
    pub(crate) fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(peer::random_name("fifo"));
        let status = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(status.success(), "mkfifo {}: {status}", path.display());
        Self(path)
    }

    /// Waits until there is a reader, and lets it go on.
    pub(crate) async fn open(&self) {
        let path = self.0.clone();
        let open = tokio::task::spawn_blocking(move || std::fs::OpenOptions::new().write(true).open(path).map(drop));
        tokio::time::timeout(DEADLINE, open).await.expect("a reader of the fifo").unwrap().unwrap();
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

static GATE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// Blocks its thread until the gate of its node opens; first sends a message to `arrived`.
#[remote]
pub(crate) fn wait_at_gate(arrived: Option<peer::Address<u32>>) -> u32 {
    if let Some(arrived) = arrived {
        arrived.send(1);
    }
    let opened = GATE.1.wait_while(GATE.0.lock().unwrap(), |open| !*open);
    u32::from(*opened.unwrap())
}

#[remote]
pub(crate) fn open_gate() {
    *GATE.0.lock().unwrap() = true;
    GATE.1.notify_all();
}

#[remote]
pub(crate) fn sum(values: Vec<u64>) -> u64 {
    values.iter().sum()
}

/// Kills its node from outside.
#[remote]
pub(crate) fn kill_yourself() {
    signal("KILL", std::process::id());
    wait_at_gate(None);
}

#[remote]
pub(crate) fn say(words: String) {
    println!("{words}");
}
