//! The types of single options.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::timeouts::display;

/// The control connection between origin and peer. When it closes, the peer ends.
///
/// Mirrors the manual's `connection()`. Departure: a bare port listens on loopback only.
///
/// ```
/// use peer::prelude::*;
/// # #[tokio::main] async fn main() -> peer::Result {
/// for connection in [Connection::StandardIo, Connection::Tcp(0)] {
///     let peer = peer::start(StartOptions::new().connection(connection)).await?;
///     peer.stop().await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// The peer's standard input and output; its console is relayed by the origin.
    #[default]
    StandardIo,
    /// TCP: the origin listens on this port of 127.0.0.1, 0 for an automatic one.
    Tcp(u16),
    /// TCP: the origin listens on this address and port, 0 for an automatic port.
    TcpAt(IpAddr, u16),
}

/// What happens when the control connection is closed from the peer's side.
///
/// Mirrors the manual's `peer_down`. [`Peer::kill`](crate::Peer::kill) is such an end, too, but takes no scope down.
///
/// ```
/// use peer::prelude::*;
/// let options = StartOptions::new().peer_down(PeerDown::Continue);
/// assert!(options.to_string().contains("peer_down: Continue"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeerDown {
    /// The control process ends: the peer is down, and `stop` says that there is nothing to stop.
    #[default]
    Stop,
    /// The control process goes on: the peer is down, and can still be stopped.
    Continue,
    /// A linked peer takes its scope down: the test fails, with a report. A two-way link.
    Crash,
}

/// How a peer is stopped.
///
/// Mirrors the manual's `shutdown`. Time-outs are at least 1 s, or [`UNLIMITED`](crate::UNLIMITED).
/// Whatever the policy, a process that is still there afterwards is killed, with all below it.
///
/// A program that is no node ([`program`](crate::StartOptions::program)) is asked by SIGTERM in place of a message, and by the
/// end of its standard input with `Close`.
///
/// ```
/// use peer::prelude::*;
/// use std::time::Duration;
/// # #[tokio::main] async fn main() -> peer::Result {
/// let options = StartOptions::new().shutdown(Shutdown::Graceful(Duration::from_secs(2)));
/// let peer = peer::start(options).await?;
/// peer.stop().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shutdown {
    /// Closes the control connection, and returns at once.
    Close,
    /// `HaltWithin` 5 s.
    #[default]
    Halt,
    /// The node halts at once, without its stop hooks.
    HaltWithin(Duration),
    /// The node runs its stop hooks, and then halts.
    Graceful(Duration),
}

impl fmt::Display for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Close => f.write_str("Close"),
            Self::Halt => f.write_str("Halt"),
            Self::HaltWithin(within) => write!(f, "HaltWithin({})", display(*within)),
            Self::Graceful(within) => write!(f, "Graceful({})", display(*within)),
        }
    }
}

/// Where a peer's standard input comes from.
///
/// ```
/// use peer::prelude::*;
/// use std::io::BufRead;
/// #[remote]
/// fn line() -> Option<String> { std::io::stdin().lock().lines().next()?.ok() }
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start(StartOptions::new().input(peer::Input::Fed)).await?;
/// peer.input("yes\n")?;
/// assert_eq!(peer.call(line, ()).await?.as_deref(), Some("yes"));
/// peer.end_input()?;
/// assert_eq!(peer.call(line, ()).await?, None);
/// # peer.stop().await?; Ok(()) }
/// ```
///
/// A program that is no node ([`program`](crate::StartOptions::program)) is fed in the same way:
///
/// ```
/// use peer::prelude::*;
/// # #[tokio::main] async fn main() -> peer::Result {
/// let cat = peer::start(StartOptions::new().program("cat").input(Input::Fed)).await?;
/// cat.input("yes\n")?;
/// cat.end_input()?;
/// assert_eq!(cat.gone().await, Reason::Exited(0));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// A reader finds the end of the file.
    #[default]
    Empty,
    /// A reader waits for [`Peer::input`](crate::Peer::input).
    Fed,
}

/// What is executed: a program, and arguments before all others.
///
/// Mirrors the manual's `exec()`.
///
/// ```
/// let exec = peer::Exec::from(("ssh", ["host", "/opt/mydb"]));
/// assert_eq!(exec.to_string(), r#"("ssh", ["host", "/opt/mydb"])"#);
/// assert_eq!(peer::Exec::from("mydb").to_string(), r#""mydb""#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
}

impl fmt::Display for Exec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.args.is_empty() {
            write!(f, "{:?}", self.program)
        } else {
            write!(f, "({:?}, {:?})", self.program, self.args)
        }
    }
}

macro_rules! exec_from {
    ($($path:ty),*) => { $(
        impl From<$path> for Exec {
            fn from(program: $path) -> Self {
                Self { program: program.into(), args: Vec::new() }
            }
        }
    )* };
}
exec_from!(&str, String, &String, &Path, PathBuf, &PathBuf, &OsStr, OsString);

impl<P: Into<PathBuf>, I: IntoIterator<Item: Into<OsString>>> From<(P, I)> for Exec {
    fn from((program, args): (P, I)) -> Self {
        Self { program: program.into(), args: args.into_iter().map(Into::into).collect() }
    }
}

/// The value of an environment variable of a peer, or its absence.
///
/// ```
/// use peer::{EnvValue, StartOptions};
/// StartOptions::new().env([("RUST_LOG", EnvValue::from("debug")), ("LANG", EnvValue::Remove)]);
/// StartOptions::new().env([("RUST_LOG", Some("debug")), ("LANG", None)]);
/// StartOptions::new().env([("RUST_LOG", "debug")]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvValue {
    /// This value.
    Set(OsString),
    /// The peer does not inherit the variable.
    Remove,
}

impl<T: Into<EnvValue>> From<Option<T>> for EnvValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Remove, Into::into)
    }
}

macro_rules! env_from {
    ($($value:ty),*) => { $(
        impl From<$value> for EnvValue {
            fn from(value: $value) -> Self {
                Self::Set(OsString::from(value))
            }
        }
    )* };
}
env_from!(&str, String, &String, &OsStr, OsString, &Path, PathBuf);
