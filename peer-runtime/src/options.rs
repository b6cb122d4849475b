//! The start options: every key of the manual's `start_options()`, under its own name.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::timeouts;

mod build;
mod kinds;
mod notice;
mod ready;
mod verify;

pub use kinds::{Connection, EnvValue, Exec, Input, PeerDown, Shutdown};
pub use notice::{BootNotice, BootNotices, BootNotify, WaitBoot};
pub use ready::Ready;
pub(crate) use ready::Sign;

/// What `post_process_args` does: everything after the executable in, the same or better out.
pub(crate) type PostProcess = Arc<dyn Fn(Vec<OsString>) -> Vec<OsString> + Send + Sync>;

/// How a peer is started. Every option has a default; one is set by the method of its name.
///
/// Mirrors the manual's `start_options()`. Departures: without `connection` the control connection
/// is standard I/O, and a peer always has a name ([`random_name`](crate::random_name) gives one).
/// Options are checked when the peer is started, before anything is spawned.
///
/// ```
/// use peer::prelude::*;
/// #[remote]
/// fn arguments() -> Vec<std::ffi::OsString> { peer::node::args() }
/// # #[tokio::main] async fn main() -> peer::Result {
/// let options = StartOptions::new().name(peer::random_name("store")).args(["--shard", "3"]);
/// let peer = peer::start(options).await?;
/// assert_eq!(peer.call(arguments, ()).await?, ["--shard", "3"]);
/// peer.stop().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct StartOptions {
    pub(crate) name: Option<String>,
    pub(crate) longnames: Option<bool>,
    pub(crate) host: Option<String>,
    pub(crate) peer_down: PeerDown,
    pub(crate) exec: Option<Exec>,
    pub(crate) program: Option<Exec>,
    pub(crate) ready: Option<Ready>,
    pub(crate) connection: Connection,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(OsString, EnvValue)>,
    pub(crate) current_dir: Option<PathBuf>,
    pub(crate) own_dir: bool,
    pub(crate) wait_boot: WaitBoot,
    pub(crate) shutdown: Shutdown,
    pub(crate) detached: Option<bool>,
    pub(crate) post_process_args: Option<PostProcess>,
    pub(crate) input: Input,
    pub(crate) frame_limit: Option<usize>,
}

impl StartOptions {
    /// Whether the node's console goes through the origin.
    pub(crate) fn relays_console(&self) -> bool {
        self.detached != Some(false)
    }
}

/// The defaults.
impl From<()> for StartOptions {
    fn from((): ()) -> Self {
        Self::default()
    }
}

/// The defaults, with these arguments.
impl<S: Into<OsString>, const N: usize> From<[S; N]> for StartOptions {
    fn from(args: [S; N]) -> Self {
        Self::new().args(args)
    }
}

/// The defaults, with these arguments.
impl<S: Into<OsString>> From<Vec<S>> for StartOptions {
    fn from(args: Vec<S>) -> Self {
        Self::new().args(args)
    }
}

/// One line: what departs from the defaults, as it would be written in `ct_peer!({ .. })`.
impl fmt::Display for StartOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let defaults = Self::default();
        let mut set = Vec::new();
        let mut add = |key: &str, value: String| set.push(format!("{key}: {value}"));
        if let Some(name) = &self.name {
            add("name", format!("{name:?}"));
        }
        if let Some(longnames) = self.longnames {
            add("longnames", longnames.to_string());
        }
        if let Some(host) = &self.host {
            add("host", format!("{host:?}"));
        }
        if let Some(exec) = &self.exec {
            add("exec", exec.to_string());
        }
        if let Some(program) = &self.program {
            add("program", program.to_string());
        }
        if self.connection != defaults.connection {
            add("connection", format!("{:?}", self.connection));
        }
        if let Some(ready) = &self.ready {
            add("ready", ready.to_string());
        }
        if self.peer_down != defaults.peer_down {
            add("peer_down", format!("{:?}", self.peer_down));
        }
        if !self.args.is_empty() {
            add("args", format!("{:?}", self.args));
        }
        if !self.env.is_empty() {
            // Values may be secrets; the names say what was changed.
            let names = self.env.iter().map(|(key, value)| match value {
                EnvValue::Remove => format!("-{}", key.display()),
                EnvValue::Set(_) => key.display().to_string(),
            });
            add("env", format!("[{}]", names.collect::<Vec<_>>().join(", ")));
        }
        if self.own_dir {
            add("own_dir", "true".to_owned());
        }
        if let Some(dir) = &self.current_dir {
            add("current_dir", format!("{dir:?}"));
        }
        let wait_boot = self.wait_boot.to_string();
        if wait_boot != defaults.wait_boot.to_string() {
            add("wait_boot", wait_boot);
        }
        if self.shutdown != defaults.shutdown {
            add("shutdown", self.shutdown.to_string());
        }
        if let Some(detached) = self.detached {
            add("detached", detached.to_string());
        }
        if self.post_process_args.is_some() {
            add("post_process_args", "set".to_owned());
        }
        if self.input != defaults.input {
            add("input", format!("{:?}", self.input));
        }
        if let Some(limit) = self.frame_limit {
            add("frame_limit", limit.to_string());
        }
        if set.is_empty() { f.write_str("{}") } else { write!(f, "{{ {} }}", set.join(", ")) }
    }
}

impl fmt::Debug for StartOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StartOptions {self}")
    }
}

/// `5s`, or `unlimited`.
fn limit(duration: Duration) -> String {
    timeouts::display(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_departs_from_the_defaults_is_shown_and_nothing_else() {
        assert_eq!(StartOptions::new().to_string(), "{}");
        let same = StartOptions::new().connection(Connection::StandardIo).wait_boot(WaitBoot::default());
        assert_eq!(same.shutdown(Shutdown::Halt).peer_down(PeerDown::Stop).to_string(), "{}");
        let options = StartOptions::new().name("db").connection(Connection::Tcp(0)).peer_down(PeerDown::Crash);
        let options = options.wait_boot(WaitBoot::No).shutdown(Shutdown::Close).input(Input::Fed);
        assert_eq!(
            options.to_string(),
            r#"{ name: "db", connection: Tcp(0), peer_down: Crash, wait_boot: No, shutdown: Close, input: Fed }"#
        );
    }
}
