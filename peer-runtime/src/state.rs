//! The states of a peer and the reasons for which it goes down.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The state of a peer, which [`Peer::state`](crate::Peer::state) returns.
///
/// Mirrors the manual's `peer_state()`: booting until the node has reported that it is started,
/// then running, and down from the first reason on.
///
/// ```
/// use peer::prelude::*;
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start(()).await?;
/// assert_eq!(peer.state(), PeerState::Running);
/// peer.stop().await?;
/// assert_eq!(peer.state(), PeerState::Down(Reason::Stopped));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// Spawned, and not yet reported as started.
    Booting,
    /// Started, and connected to its origin.
    Running,
    /// No longer a node, with the first reason for it.
    Down(Reason),
}

impl fmt::Display for PeerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Booting => f.write_str("booting"),
            Self::Running => f.write_str("running"),
            Self::Down(reason) => write!(f, "down: {reason}"),
        }
    }
}

/// Why a peer is down. The first cause is the one that is kept.
///
/// Mirrors the reason in the manual's `{down, Reason}`.
///
/// ```
/// assert_eq!(peer::Reason::Exited(3).to_string(), "exit status 3");
/// assert_eq!(peer::Reason::Killed(9).to_string(), "killed by signal 9 (SIGKILL)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Reason {
    /// The origin stopped it.
    Stopped,
    /// Its scope ended, and it was linked to that scope.
    ScopeEnded,
    /// Its process ended by itself, with this exit status.
    Exited(i32),
    /// Its process was ended by this signal.
    Killed(i32),
    /// The control connection closed while the process lived on; the process was then killed.
    ConnectionClosed,
    /// It stopped answering heartbeats on a connection that can be half-open.
    Silent,
    /// It did not speak the protocol; the text says what came instead.
    Protocol(String),
    /// The keeper, the process between the origin and its peers, was killed; its peers ended with it.
    KeeperLost,
    /// The origin could not listen to it, for a reason of its own, such as too few descriptors; the text says which.
    Unheard(String),
    /// It did not report that it was started in the time that `wait_boot` gave it.
    BootTimeout,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped by its origin"),
            Self::ScopeEnded => f.write_str("its scope ended"),
            Self::Exited(status) => write!(f, "exit status {status}"),
            Self::Killed(signal) => match usize::try_from(signal - 1).ok().and_then(|at| SIGNALS.get(at)) {
                Some(name) => write!(f, "killed by signal {signal} (SIG{name})"),
                None => write!(f, "killed by signal {signal}"),
            },
            Self::ConnectionClosed => f.write_str("the control connection closed"),
            Self::Silent => f.write_str("no sign of life on the control connection"),
            Self::Protocol(what) => write!(f, "broke the protocol: {what}"),
            Self::KeeperLost => f.write_str("ended with the keeper of all peers, which was killed"),
            Self::Unheard(why) => write!(f, "its origin could not listen to it: {why}; see `ulimit -a`"),
            Self::BootTimeout => f.write_str("did not start in time"),
        }
    }
}

/// The names of the signals from 1 on, without `SIG`, on Linux.
const SIGNALS: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];
