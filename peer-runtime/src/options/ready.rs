//! `ready`: when a program counts as started.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::kinds::Exec;

/// When a [`program`](crate::StartOptions::program) is ready, and so started.
///
/// The start waits as [`wait_boot`](crate::StartOptions::wait_boot) says. It fails at once if the program ends before
/// that, with its status and its last output.
///
/// ```
/// use peer::prelude::*;
/// # #[tokio::main] async fn main() -> peer::Result {
/// let script = "echo listening on 7000; exec cat";
/// let options = StartOptions::new().program("sh").args(["-c", script]).input(Input::Fed);
/// let server = peer::start(options.ready(Ready::Line("listening"))).await?;
/// assert_eq!(server.state(), PeerState::Running);
/// server.stop().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready(pub(crate) ReadyCondition);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ReadyCondition {
    #[default]
    Spawned,
    Line(String),
    Tcp(SocketAddr),
    File(PathBuf),
    Probe(Exec),
}

#[expect(non_snake_case, non_upper_case_globals, reason = "they are read, and written, as the variants of an enum")]
impl Ready {
    /// As soon as it runs.
    pub const Spawned: Self = Self(ReadyCondition::Spawned);

    /// When it has printed this, within one line of its standard output or error. The line need not be finished.
    pub fn Line(text: impl Into<String>) -> Self {
        Self(ReadyCondition::Line(text.into()))
    }

    /// When a connection to this port of 127.0.0.1 is accepted (and closed again).
    ///
    /// Each test needs a port of its own: see [`free_port`](crate::free_port).
    ///
    /// The start fails with `is_bad_option`, before anything is spawned, if something listens there already.
    pub fn Tcp(port: u16) -> Self {
        Self::TcpAt(Ipv4Addr::LOCALHOST, port)
    }

    /// As [`Tcp`](Self::Tcp), at another address.
    pub fn TcpAt(address: impl Into<IpAddr>, port: u16) -> Self {
        Self(ReadyCondition::Tcp(SocketAddr::new(address.into(), port)))
    }

    /// When this file is there, and is not as it was before the program was started: one that an earlier run left
    /// behind does not count. What is not absolute is meant from the working directory of the program.
    /// It may still be empty then.
    ///
    /// ```
    /// use peer::prelude::*;
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let file = std::env::temp_dir().join(peer::random_name("ready"));
    /// let script = r#"echo "$$" > "$1"; exec sleep 1000"#;
    /// let options = StartOptions::new().program(("sh", ["-c", script, "sh"])).args([&file]);
    /// let server = peer::start(options.ready(Ready::File(&file))).await?;
    /// server.stop().await?;
    /// # std::fs::remove_file(file)?; Ok(()) }
    /// ```
    pub fn File(path: impl Into<PathBuf>) -> Self {
        Self(ReadyCondition::File(path.into()))
    }

    /// When this command ends with exit status 0: a program, or a pair of a program and its arguments. It is run again
    /// and again, one at a time, in the directory and with the environment of the program, and for at most 5 s.
    pub fn Probe(command: impl Into<Exec>) -> Self {
        Self(ReadyCondition::Probe(command.into()))
    }
}

/// [`Ready::Spawned`].
impl Default for Ready {
    fn default() -> Self {
        Self::Spawned
    }
}

/// As it is written in Rust.
impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ReadyCondition::Spawned => f.write_str("Spawned"),
            ReadyCondition::Line(text) => write!(f, "Line({text:?})"),
            ReadyCondition::Tcp(at) if at.ip() == Ipv4Addr::LOCALHOST => write!(f, "Tcp({})", at.port()),
            ReadyCondition::Tcp(at) => write!(f, "TcpAt({at})"),
            ReadyCondition::File(path) => write!(f, "File({path:?})"),
            ReadyCondition::Probe(command) => write!(f, "Probe({command})"),
        }
    }
}
