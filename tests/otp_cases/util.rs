//! What several cases need.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use peer::prelude::*;

/// No wait of a case may take longer.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// What must happen "at once" may take this long on a busy machine.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(2);

/// Sends a signal, by its name.
pub(crate) fn signal(pid: u32, signal: &str) {
    let status = Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")]).status().unwrap();
    assert!(status.success(), "SIG{signal} to {pid}: {status}");
}

/// Whether there is no such process any more, not even one that nobody has reaped.
pub(crate) fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

/// Why the peer is gone, once it is.
pub(crate) async fn gone(peer: &Peer) -> Reason {
    let reason = tokio::time::timeout(LONG, peer.gone()).await;
    reason.unwrap_or_else(|_| panic!("{} is not gone after {LONG:?}: {:?}", peer.node(), peer.state()))
}

/// The last ten lines that the peer printed: an error carries them. When it is gone they are complete.
pub(crate) async fn last_words(peer: &Peer) -> String {
    let error = peer.apply::<(), _>("no_such_module", "no_such_function", ()).await.unwrap_err().to_string();
    let lines = error.lines().filter_map(|line| line.strip_prefix("    | "));
    lines.collect::<Vec<_>>().join("\n")
}

/// Waits until the peer has printed `text`, by asking for its last words again and again.
pub(crate) async fn printed(peer: &Peer, text: &str) {
    let found = async {
        while !last_words(peer).await.contains(text) {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(LONG, found).await.is_ok(), "no {text:?} in {:?}", last_words(peer).await);
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
}

impl Drop for Fifo {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

static GATE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// Blocks its thread until the gate of its node is opened; says first that it is there.
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

/// The node, ended from outside while it runs this.
#[remote]
pub(crate) fn kill_yourself() {
    signal(std::process::id(), "KILL");
    wait_at_gate(None);
}

#[remote]
pub(crate) fn say(words: String) {
    println!("{words}");
}
