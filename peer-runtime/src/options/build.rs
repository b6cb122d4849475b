//! The methods that set the options, one for each.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Connection, EnvValue, Exec, Input, PeerDown, Ready, Shutdown, StartOptions, WaitBoot};

impl StartOptions {
    /// The defaults.
    ///
    /// See [`StartOptions`] for an example.
    pub fn new() -> Self {
        Self::default()
    }

    /// The name of the node, the part before `@`: 1 to 255 bytes without `@`, white space and
    /// control characters, and not in use on this machine. By default a random one. The manual's `name`.
    ///
    /// The start fails with `is_bad_option` for a name of another form, and with `is_name_in_use` for a taken one.
    ///
    /// See [`Peer::name`](crate::Peer::name) for an example.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether the node's host is given with its domain. Default: whether `host` has a domain.
    /// The manual's `longnames`.
    ///
    /// The start fails with `is_bad_option` if `host` says otherwise, or if there is no domain to give.
    ///
    /// ```
    /// # use peer::prelude::*;
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let options = StartOptions::new().name(peer::random_name("db")).longnames(true);
    /// let peer = peer::start(options.clone().host("db1.test")).await?;
    /// assert!(peer.node().ends_with("@db1.test"));
    /// assert!(peer::start(options.host("db1")).await.unwrap_err().is_bad_option());
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn longnames(mut self, longnames: bool) -> Self {
        self.longnames = Some(longnames);
        self
    }

    /// The part after `@`, in place of this machine's name: a label only, it selects nothing.
    /// Without `name` the node takes the name part of its origin. The manual's `host`.
    ///
    /// The start fails with `is_bad_option` for what cannot be part of a name (see [`name`](Self::name)).
    ///
    /// See [`Peer::node`](crate::Peer::node) for an example.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// What happens when the peer goes down by itself. Default: [`PeerDown::Stop`]. The manual's `peer_down`.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// fn give_up() { peer::node::halt(3) }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(StartOptions::new().peer_down(PeerDown::Continue)).await?;
    /// peer.cast(give_up, ());
    /// assert_eq!(peer.gone().await, Reason::Exited(3));
    /// peer.stop().await?; // with `PeerDown::Stop` there would be nothing to stop any more
    /// # Ok(()) }
    /// ```
    pub fn peer_down(mut self, peer_down: PeerDown) -> Self {
        self.peer_down = peer_down;
        self
    }

    /// What is executed in place of this very executable: a path (or a name that `PATH` leads to),
    /// or a pair of that and leading arguments, such as `("ssh", ["host", "mydb"])`. The manual's `exec`.
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

    /// A program that is no node: any program, linked to the scope as a node is, with its console, its state and its
    /// end, and without calls. A path (or a name that `PATH` leads to), or a pair of that and leading arguments, of
    /// which a prefix must become the program: `("setpriv", ["--reuid=nobody", "postgres"])`, `("sh", ["-c", "exec ..."])`.
    ///
    /// [`ready`](Self::ready) says when it counts as started. [`stop`](crate::Peer::stop) asks it by SIGTERM to end;
    /// see [`Shutdown`]. Not in the manual.
    ///
    /// The start fails with `is_boot_failed` for what cannot be executed, or ends before it is ready, and with
    /// `is_bad_option` beside options that only a node has: `exec`, `connection`, `detached`, `frame_limit`.
    ///
    /// ```
    /// use peer::prelude::*;
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let options = StartOptions::new().program("sh").args(["-c", "echo serving; exec sleep 1000"]);
    /// let server = peer::start(options.ready(Ready::Line("serving"))).await?;
    /// assert_eq!(server.state(), PeerState::Running);
    /// server.stop().await?;
    /// # Ok(()) }
    /// ```
    pub fn program(mut self, program: impl Into<Exec>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// When a [`program`](Self::program) counts as started. Default: [`Ready::Spawned`]. Not in the manual.
    ///
    /// The start fails with `is_bad_option` without `program`.
    ///
    /// See [`Ready`] for an example.
    pub fn ready(mut self, ready: Ready) -> Self {
        self.ready = Some(ready);
        self
    }

    /// The control connection. Default: [`Connection::StandardIo`]. The manual's `connection`.
    ///
    /// The start fails with `is_bad_option` if the origin cannot listen there.
    ///
    /// See [`Connection`] for an example.
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }

    /// Extra command line arguments, in place of those given before. They are passed as they are:
    /// no escaping or quoting is needed or accepted, and [`node::args`](crate::node::args) gives exactly these.
    /// Default: none. The manual's `args`.
    ///
    /// The start fails with `is_bad_option` if one has a NUL byte.
    ///
    /// See [`StartOptions`] for an example.
    pub fn args<I: IntoIterator<Item: Into<OsString>>>(mut self, args: I) -> Self {
        self.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Environment variables to set, or to remove ([`EnvValue::Remove`], `None`), beside those
    /// that the peer inherits. For the locally started executable only: not behind `ssh` or `docker`.
    /// Default: none. The manual's `env`.
    ///
    /// The start fails with `is_bad_option` if a name is empty or has a `=`, or anything has a NUL byte.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// fn variable(name: String) -> Option<String> { std::env::var(name).ok() }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let options = StartOptions::new().env([("MODE", Some("test")), ("PATH", None)]);
    /// let peer = peer::start(options).await?;
    /// assert_eq!(peer.call(variable, ("MODE".to_owned(),)).await?.as_deref(), Some("test"));
    /// assert_eq!(peer.call(variable, ("PATH".to_owned(),)).await?, None);
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn env<I, K, V>(mut self, env: I) -> Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<OsString>,
        V: Into<EnvValue>,
    {
        self.env = env.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        self
    }

    /// The working directory of the peer; what is not absolute is meant from the origin's own, as it is when the peer
    /// is started. The paths of `exec` and `program` are still the origin's. For the locally started executable only:
    /// not behind `ssh` or `docker`. Default: the origin's. Not in the manual; named after
    /// [`Command::current_dir`](std::process::Command::current_dir).
    ///
    /// The start fails with `is_bad_option` if it is no directory.
    ///
    /// ```
    /// use peer::prelude::*;
    /// # use std::path::PathBuf;
    /// #[remote]
    /// fn directory() -> Option<PathBuf> { std::env::current_dir().ok() }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(StartOptions::new().current_dir("/")).await?;
    /// assert_eq!(peer.call(directory, ()).await?, Some(PathBuf::from("/")));
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.current_dir = Some(directory.into());
        self
    }

    /// Whether the peer has a working directory of its own: `<priv_dir>/<name>`, in the directory of its scope, which
    /// [`priv_dir`](crate::priv_dir) gives; in the node, `priv_dir` gives this one. It is made when the peer is started for
    /// the first time, kept as it is over [`restart`](crate::Peer::restart), and removed or kept with that of the scope.
    /// For the locally started executable only: not behind `ssh` or `docker`. Default: `false`, and the origin's own
    /// directory. Not in the manual.
    ///
    /// The start fails with `is_bad_option` beside `current_dir`, and if the directory cannot be made.
    ///
    /// ```
    /// use peer::prelude::*;
    /// # use std::path::PathBuf;
    /// #[remote]
    /// fn directory() -> Option<PathBuf> { std::env::current_dir().ok() }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(StartOptions::new().own_dir(true)).await?;
    /// assert_eq!(peer.call(directory, ()).await?, Some(peer::priv_dir()?.join(peer.name())));
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn own_dir(mut self, own_dir: bool) -> Self {
        self.own_dir = own_dir;
        self
    }

    /// How long to wait for the node to be started. Default: [`WaitBoot::For`] 15 s. The manual's `wait_boot`.
    ///
    /// The start fails with `is_timeout` and `is_boot_failed` if it takes longer.
    ///
    /// ```
    /// use peer::prelude::*;
    /// # use std::time::Duration;
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let silent = StartOptions::new().exec(("sh", ["-c", "exec tail -f /dev/null"]));
    /// let error = peer::start(silent.wait_boot(WaitBoot::For(Duration::from_millis(50)))).await.unwrap_err();
    /// assert!(error.is_timeout() && error.is_boot_failed());
    /// # Ok(()) }
    /// ```
    pub fn wait_boot(mut self, wait_boot: WaitBoot) -> Self {
        self.wait_boot = wait_boot;
        self
    }

    /// How [`stop`](crate::Peer::stop) goes about it. Default: [`Shutdown::Halt`]. The manual's `shutdown`.
    ///
    /// The start fails with `is_bad_option` for a time-out of less than 1 s.
    ///
    /// See [`Shutdown`] for an example.
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// `false` keeps the terminal of the origin, and relays no console; not with standard I/O.
    /// Default: detached. The `-detached` of the manual's `connection()`.
    ///
    /// The start fails with `is_bad_option` for `false` with standard I/O.
    ///
    /// ```
    /// # use peer::prelude::*;
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let options = StartOptions::new().detached(false);
    /// assert!(peer::start(options.clone()).await.unwrap_err().is_bad_option());
    /// let peer = peer::start(options.connection(Connection::Tcp(0))).await?;
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn detached(mut self, detached: bool) -> Self {
        self.detached = Some(detached);
        self
    }

    /// A last say over the command line: is given everything after the executable, and returns
    /// what is used in its place. A prefix that goes through a shell needs it for quoting. Default: none.
    ///
    /// The start fails with `is_bad_option` if it returns a NUL byte.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// fn arguments() -> Vec<std::ffi::OsString> { peer::node::args() }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let options = StartOptions::new().args(["--shard", "3"]).post_process_args(|mut args| {
    ///     args.push("--verbose".into());
    ///     args
    /// });
    /// let peer = peer::start(options).await?;
    /// assert_eq!(peer.call(arguments, ()).await?, ["--shard", "3", "--verbose"]);
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn post_process_args(mut self, post: impl Fn(Vec<OsString>) -> Vec<OsString> + Send + Sync + 'static) -> Self {
        self.post_process_args = Some(Arc::new(post));
        self
    }

    /// Whether the test feeds the node's standard input. Default: [`Input::Empty`]. Not in the manual.
    ///
    /// See [`Input`] for an example.
    pub fn input(mut self, input: Input) -> Self {
        self.input = input;
        self
    }

    /// The largest message on the control connection, in bytes, either way: 4096 to 4294967295.
    /// Default: 64 MiB. Not in the manual.
    ///
    /// The start fails with `is_bad_option` for another limit; a larger message fails with `is_too_large`.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// fn length(bytes: Vec<u8>) -> usize { bytes.len() }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(StartOptions::new().frame_limit(4096)).await?;
    /// assert_eq!(peer.call(length, (vec![0; 1000],)).await?, 1000);
    /// assert!(peer.call(length, (vec![0; 5000],)).await.unwrap_err().is_too_large());
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn frame_limit(mut self, bytes: usize) -> Self {
        self.frame_limit = Some(bytes);
        self
    }
}
