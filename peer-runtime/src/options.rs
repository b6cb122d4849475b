//! The start options: every key of the manual's `start_options()`, under its own name.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

mod kinds;
mod notice;
mod ready;
mod verify;

pub use kinds::{Connection, EnvValue, Exec, Input, PeerDown, Shutdown};
pub use notice::{BootNotice, BootNotices, BootNotify, WaitBoot};
pub use ready::Ready;
pub(crate) use ready::ReadyCondition;

/// What `post_process_args` does: everything after the executable in, the same or better out.
pub(crate) type PostProcess = Arc<dyn Fn(Vec<OsString>) -> Vec<OsString> + Send + Sync>;

/// How a peer is started. Every option has a default; the method of its name sets it.
///
/// Mirrors the manual's `start_options()`. Departures: without `connection` the control connection
/// is standard I/O, and a peer always has a name ([`random_name`](crate::random_name) gives one).
/// Options are checked when the peer is started, before anything is spawned; a wrong one fails the start with
/// `is_bad_option`.
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
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The name of the node, the part before `@`: 1 to 255 bytes without `@`, white space and control characters.
    /// Default: a random one. The manual's `name`.
    ///
    /// The start fails with `is_name_in_use` if a node of this machine has the name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether the node's host is given with its domain. Default: whether `host` has a domain. The manual's `longnames`.
    pub fn longnames(mut self, longnames: bool) -> Self {
        self.longnames = Some(longnames);
        self
    }

    /// The part after `@`, in place of this machine's name: a label only, it selects nothing.
    /// Without `name` the node takes the name part of its origin. The manual's `host`.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// What happens when the peer goes down by itself. Default: [`PeerDown::Stop`]. The manual's `peer_down`.
    pub fn peer_down(mut self, peer_down: PeerDown) -> Self {
        self.peer_down = peer_down;
        self
    }

    /// What is executed in place of this very executable: a path (or a name in `PATH`), or a pair of that and leading
    /// arguments, such as `("ssh", ["host", "mydb"])`. The manual's `exec`.
    ///
    /// The executable's main goes on beside the node and calls [`node::enter`](crate::node::enter).
    /// A test executable, started through a prefix such as `("env", ["-i", path])`, has no main as a node.
    ///
    /// The start fails with `is_boot_failed` for what cannot be executed, or does not become a node.
    ///
    /// ```standalone_crate
    /// use peer::prelude::*;
    /// #[remote]
    /// fn mode() -> Option<String> { std::env::var("MODE").ok() }
    /// #[tokio::main]
    /// async fn main() -> peer::Result {
    ///     let _node = peer::node::enter();
    ///     if peer::node::is_node() {
    ///         return std::future::pending().await; // where a server would serve
    ///     }
    ///     let program = std::env::current_exe()?.into_os_string();
    ///     let options = StartOptions::new().exec(("env", ["MODE=test".into(), program]));
    ///     let peer = peer::start(options).await?;
    ///     assert_eq!(peer.call(mode, ()).await?.as_deref(), Some("test"));
    ///     peer.stop().await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn exec(mut self, exec: impl Into<Exec>) -> Self {
        self.exec = Some(exec.into());
        self
    }

    /// A program that is no node: it is linked to the scope as a node is, has a console, a state and an end, and takes no
    /// calls. A path (or a name in `PATH`), or a pair of that and leading arguments. A prefix must become the program:
    /// `("setpriv", ["--reuid=nobody", "postgres"])`, `("sh", ["-c", "exec ..."])`. Not in the manual.
    ///
    /// [`ready`](Self::ready) decides when it is started. [`stop`](crate::Peer::stop) ends it by SIGTERM; see [`Shutdown`].
    ///
    /// The start fails with `is_boot_failed` for what cannot be executed, or ends before it is ready, and with
    /// `is_bad_option` beside options that only a node has: `exec`, `connection`, `detached`, `frame_limit`.
    ///
    /// See [`Ready`] for an example.
    pub fn program(mut self, program: impl Into<Exec>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// When a [`program`](Self::program) is started. Default: [`Ready::Spawned`]. Not in the manual.
    pub fn ready(mut self, ready: Ready) -> Self {
        self.ready = Some(ready);
        self
    }

    /// The control connection. Default: [`Connection::StandardIo`]. The manual's `connection`.
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }

    /// Extra command line arguments, in place of those given before, without escaping or quoting:
    /// [`node::args`](crate::node::args) returns exactly these. Default: none. The manual's `args`.
    pub fn args<I: IntoIterator<Item: Into<OsString>>>(mut self, args: I) -> Self {
        self.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Environment variables to set, or to remove ([`EnvValue::Remove`], `None`), beside those that the peer inherits.
    /// For a local executable only: not behind `ssh` or `docker`. Default: none. The manual's `env`.
    ///
    /// See [`EnvValue`] for an example.
    pub fn env<I, K, V>(mut self, env: I) -> Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<OsString>,
        V: Into<EnvValue>,
    {
        self.env = env.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        self
    }

    /// The working directory of the peer, relative to the origin's at the start. The paths of `exec` and `program` stay
    /// the origin's. For a local executable only: not behind `ssh` or `docker`. Default: the origin's. Not in the manual;
    /// named after [`Command::current_dir`](std::process::Command::current_dir).
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.current_dir = Some(directory.into());
        self
    }

    /// Whether the peer has a working directory of its own: `<priv_dir>/<name>`, in the directory of its scope, which
    /// [`priv_dir`](crate::priv_dir) returns; in the node, `priv_dir` returns this one. The first start makes it,
    /// [`restart`](crate::Peer::restart) finds it as it is, and it is removed or kept with that of the scope.
    /// For a local executable only: not behind `ssh` or `docker`. Default: `false`. Not in the manual.
    pub fn own_dir(mut self, own_dir: bool) -> Self {
        self.own_dir = own_dir;
        self
    }

    /// How long to wait for the node to be started. Default: [`WaitBoot::For`] 15 s. The manual's `wait_boot`.
    ///
    /// The start fails with `is_timeout` and `is_boot_failed` if it takes longer.
    pub fn wait_boot(mut self, wait_boot: WaitBoot) -> Self {
        self.wait_boot = wait_boot;
        self
    }

    /// How [`stop`](crate::Peer::stop) stops it. Default: [`Shutdown::Halt`]. The manual's `shutdown`.
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// `false` keeps the terminal of the origin, and relays no console; not with standard I/O.
    /// Default: detached. The `-detached` of the manual's `connection()`.
    pub fn detached(mut self, detached: bool) -> Self {
        self.detached = Some(detached);
        self
    }

    /// Maps the whole command line behind the executable to the one that is used. A prefix that goes through a shell
    /// needs it for quoting. Default: none. The manual's `post_process_args`.
    pub fn post_process_args(mut self, post: impl Fn(Vec<OsString>) -> Vec<OsString> + Send + Sync + 'static) -> Self {
        self.post_process_args = Some(Arc::new(post));
        self
    }

    /// Whether the test feeds the node's standard input. Default: [`Input::Empty`]. Not in the manual.
    pub fn input(mut self, input: Input) -> Self {
        self.input = input;
        self
    }

    /// The largest message on the control connection, in bytes, either way: 4096 to 4294967295.
    /// Default: 64 MiB. Not in the manual.
    ///
    /// A larger message fails with `is_too_large`.
    pub fn frame_limit(mut self, bytes: usize) -> Self {
        self.frame_limit = Some(bytes);
        self
    }

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

/// One line: the options that are not the defaults, as in `ct_peer!({ .. })`.
impl fmt::Display for StartOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let defaults = Self::default();
        // Values may be secrets; the names tell what was changed.
        let env = self.env.iter().map(|(key, value)| match value {
            EnvValue::Remove => format!("-{}", key.display()),
            EnvValue::Set(_) => key.display().to_string(),
        });
        let set = [
            ("name", self.name.as_ref().map(|name| format!("{name:?}"))),
            ("longnames", self.longnames.map(|longnames| longnames.to_string())),
            ("host", self.host.as_ref().map(|host| format!("{host:?}"))),
            ("exec", self.exec.as_ref().map(Exec::to_string)),
            ("program", self.program.as_ref().map(Exec::to_string)),
            ("connection", (self.connection != defaults.connection).then(|| format!("{:?}", self.connection))),
            ("ready", self.ready.as_ref().map(Ready::to_string)),
            ("peer_down", (self.peer_down != defaults.peer_down).then(|| format!("{:?}", self.peer_down))),
            ("args", (!self.args.is_empty()).then(|| format!("{:?}", self.args))),
            ("env", (!self.env.is_empty()).then(|| format!("[{}]", env.collect::<Vec<_>>().join(", ")))),
            ("own_dir", self.own_dir.then(|| "true".to_owned())),
            ("current_dir", self.current_dir.as_ref().map(|dir| format!("{dir:?}"))),
            ("wait_boot", Some(self.wait_boot.to_string()).filter(|wait| *wait != defaults.wait_boot.to_string())),
            ("shutdown", (self.shutdown != defaults.shutdown).then(|| self.shutdown.to_string())),
            ("detached", self.detached.map(|detached| detached.to_string())),
            ("post_process_args", self.post_process_args.as_ref().map(|_| "set".to_owned())),
            ("input", (self.input != defaults.input).then(|| format!("{:?}", self.input))),
            ("frame_limit", self.frame_limit.map(|limit| limit.to_string())),
        ];
        let set: Vec<_> = set.into_iter().filter_map(|(key, value)| Some(format!("{key}: {}", value?))).collect();
        if set.is_empty() { f.write_str("{}") } else { write!(f, "{{ {} }}", set.join(", ")) }
    }
}

impl fmt::Debug for StartOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StartOptions {self}")
    }
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
