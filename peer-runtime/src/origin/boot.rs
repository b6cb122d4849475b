//! Starting a peer: checks, name, port, process, and then the control process takes over.

use std::fmt;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::sync::oneshot;

use super::control::{self, Booted};
use super::handle::{Adopter, LaunchSpec};
use super::peer::Peer;
use super::program::Readiness;
use super::shared::{How, Parts, PeerShared};
use crate::error::{Error, Kind};
use crate::io_thread;
use crate::launch;
use crate::link::tcp::Listener;
use crate::name::{self, Reservation};
use crate::options::{Connection, StartOptions, WaitBoot};
use crate::process::{self, SpawnRequest};
use crate::state::Reason;
use crate::sys;
use crate::wire::message::{BootSpec, Connect, ToPeer};
use crate::wire::{FRAME_LIMIT, PROTOCOL, message};

/// The start of a peer: a future that owns everything it needs, and starts at its first poll. If it
/// is dropped before it is done, so is the peer.
///
/// ```
/// # #[tokio::main] async fn main() -> peer::Result {
/// let start: peer::Start = peer::start(());
/// let peer = start.await?;
/// # peer.stop().await?; Ok(()) }
/// ```
#[must_use = "a peer is started when this is awaited"]
pub struct Start(Pin<Box<dyn Future<Output = Result<Peer, Error>> + Send>>);

impl Start {
    /// A start that has failed already.
    pub(crate) fn failed(error: Error) -> Self {
        Self(Box::pin(std::future::ready(Err(error))))
    }
}

impl Future for Start {
    type Output = Result<Peer, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").finish_non_exhaustive()
    }
}

/// Ends a peer whose start was dropped.
struct Unfinished(Option<Peer>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(peer) = &self.0 {
            // An error says that it has ended already.
            let _ = peer.shared().end(How::Kill, Reason::Stopped);
        }
    }
}

/// Starts a peer that `owner` owns.
pub(crate) fn start(options: StartOptions, owner: Arc<dyn Adopter>, linked: bool) -> Start {
    Start(Box::pin(async move {
        // Here, and not on the I/O thread: `post_process_args` is the user's own.
        options.verify()?;
        let mut options = options.settled()?;
        let name = name_of(&options);
        if options.own_dir {
            options.current_dir = Some(owner.make_dir(&name)?);
        }
        let request = launch::request(&options)?;
        let (early, spawned) = oneshot::channel();
        let starting = owner.starting();
        io_thread::handle().spawn(async move {
            let launch_spec = LaunchSpec::new(name, options, request, owner, linked);
            let begun = match begin(&launch_spec, SpawnRequest::clone(&launch_spec.request)).await {
                Ok((shared, booted)) => {
                    let peer = Peer::new(launch_spec, shared);
                    let unfinished = Unfinished(Some(peer.clone()));
                    match peer.adopt() {
                        Ok(()) => Ok((unfinished, booted)),
                        Err(error) => {
                            drop(unfinished);
                            peer.shared().wait_gone().await;
                            Err(error)
                        }
                    }
                }
                Err(error) => Err(error),
            };
            // Nobody is interested any more: what was begun is dropped, and so ended.
            let _ = early.send(begun);
            drop(starting);
        });
        let ended = || Error::new(Kind::Io, "start of a peer", "the I/O thread has ended");
        let (mut unfinished, booted) = spawned.await.map_err(|_| ended())??;
        if let Some(booted) = booted {
            booted.await.map_err(|_| ended())??;
        }
        unfinished.0.take().ok_or_else(ended)
    }))
}

/// `ENOEXEC`.
pub(super) const NO_PROGRAM: i32 = 8;

fn name_of(options: &StartOptions) -> String {
    match (&options.name, &options.host) {
        (Some(name), _) => name.clone(),
        (None, Some(_)) => name::own_name(),
        (None, None) => name::random_name(None),
    }
}

pub(super) type BootResult = oneshot::Receiver<Result<(), Error>>;

/// Up to a running process and its control process; on the I/O thread.
pub(super) async fn begin(
    launch_spec: &LaunchSpec,
    request: SpawnRequest,
) -> Result<(Arc<PeerShared>, Option<BootResult>), Error> {
    let begun = Instant::now();
    let LaunchSpec { name, options, .. } = launch_spec;
    let node = first_name(options, name);
    let reservation = Reservation::take(name).map_err(|_| name_in_use(name))?;
    let listener = listen(options.connection, &node)?;
    let spec = specification(launch_spec, listener.as_ref());
    let readiness = Readiness::before(options).await?;
    let spawned = spawn(request, name, &node, options).await?;
    let parts = Parts {
        launch_spec: launch_spec.clone(),
        node,
        process: Arc::clone(&spawned.process),
        frame_limit: spec.frame_limit as usize,
    };
    let (shared, ends) = PeerShared::new(parts);
    let (booted, result) = match &options.wait_boot {
        WaitBoot::For(timeout) => {
            let (sender, receiver) = oneshot::channel();
            (Booted::Waiting { sender, timeout: *timeout }, Some(receiver))
        }
        WaitBoot::Notify(notify) => (Booted::Notify(notify.clone()), None),
        WaitBoot::No => (Booted::Nobody, None),
    };
    let boot = message::small(&ToPeer::Boot(spec.clone()));
    let peer = Arc::clone(&shared);
    control::spawn(control::New { shared, ends, spawned, listener, reservation, spec, boot, booted, begun, readiness });
    Ok((peer, result))
}

fn listen(connection: Connection, node: &str) -> Result<Option<Listener>, Error> {
    Listener::bind(connection).map_err(|error| {
        if name::is_short(&error) {
            return no_room(node, &format!("it cannot be listened for: {error}"));
        }
        Error::option("connection", format!("{connection:?}"), error)
            .hint("0 picks a free port; a fixed one must be free")
    })
}

/// The operating system has no more of something.
fn no_room(node: &str, what: &str) -> Error {
    Error::new(Kind::BootFailed(None), "start of a peer", what)
        .on(node)
        .of_machine()
        .hint("every peer takes some descriptors and some processes of this one's user; see `ulimit -a`")
}

fn name_in_use(name: &str) -> Error {
    let what = format!("option `name`: \"{name}\": a node of that name is there already");
    Error::new(Kind::NameInUse, "start of a peer", what)
        .hint("stop that one first, or use `random_name` or `ct_peer_name!`")
}

async fn spawn(
    request: SpawnRequest,
    name: &str,
    node: &str,
    options: &StartOptions,
) -> Result<process::Spawned, Error> {
    let program = request.program.display().to_string();
    let option = if options.program.is_some() { "program" } else { "exec" };
    process::spawn(request, Some(name)).await.map_err(|error| {
        // The keeper is not there, or does not answer.
        let of_machine = matches!(error.kind(), io::ErrorKind::NotConnected | io::ErrorKind::TimedOut);
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => return name_in_use(name),
            io::ErrorKind::NotFound if options.program.is_some() && program.contains(' ') => "the option `program` names the program only, and its arguments go into `args`: `program: \"redis-server\", args: [\"--port\", \"7000\"]`".to_owned(),
            io::ErrorKind::NotFound if options.program.is_some() => "the option `program` names no file, and nothing that `PATH` leads to; is the program installed?".to_owned(),
            io::ErrorKind::NotFound => "the option `exec` names no file, and nothing that `PATH` leads to; a program of the same package is `env!(\"CARGO_BIN_EXE_name\")`".to_owned(),
            io::ErrorKind::NotConnected => "the keeper is this executable once more: it needs /proc, and room for a process (`ulimit -a`); a later start has another one".to_owned(),
            io::ErrorKind::TimedOut => "SIGCONT continues it; if it is killed, the next peer has another one".to_owned(),
            io::ErrorKind::NotADirectory => "the option `current_dir` names it".to_owned(),
            io::ErrorKind::PermissionDenied => format!("the option `{option}` names a file that may not be executed"),
            io::ErrorKind::ArgumentListTooLong => "the options `args` and `env` are longer than the operating system takes".to_owned(),
            _ if error.raw_os_error() == Some(NO_PROGRAM) => format!("the option `{option}` names a file that is no program for this machine; a script needs a `#!` line"),
            _ => return no_room(node, &format!("`{program}` cannot be executed: {error}")),
        };
        let what = format!("`{program}` cannot be executed: {error}");
        let error = Error::new(Kind::BootFailed(None), "start of a peer", what).on(node).hint(hint);
        if of_machine { error.of_machine() } else { error }
    })
}

/// The name by which a peer goes until it has said its own.
fn first_name(options: &StartOptions, name: &str) -> String {
    let own = if options.longnames == Some(true) { name::full_host() } else { name::short_host() };
    let host = match (&options.host, &options.exec) {
        (Some(host), _) => host.clone(),
        // Behind a prefix it may run anywhere.
        (None, Some(exec)) if !exec.args.is_empty() => "nohost".to_owned(),
        (None, _) => own,
    };
    format!("{name}@{host}")
}

fn specification(launch_spec: &LaunchSpec, listener: Option<&Listener>) -> BootSpec {
    let LaunchSpec { name, options, owner, .. } = launch_spec;
    let connect = match listener {
        Some(listener) => {
            Connect::Tcp { addresses: listener.addresses().to_vec(), heartbeat: listener.needs_heartbeat() }
        }
        None => Connect::StandardIo,
    };
    let keeps_terminal = !options.relays_console() && options.connection != Connection::StandardIo;
    BootSpec {
        protocol: PROTOCOL,
        name: String::from(&**name),
        host: options.host.clone(),
        longnames: options.longnames == Some(true),
        origin: name::own(),
        token: rand::random(),
        connect,
        build: sys::build_id(),
        // Verified to fit.
        frame_limit: u32::try_from(options.frame_limit.unwrap_or(FRAME_LIMIT)).unwrap_or(u32::MAX),
        terminal: keeps_terminal.then(std::process::id),
        input: options.input == crate::options::Input::Fed,
        debug: control::debugging(),
        directory: owner.planned_dir(name).map(PathBuf::into_os_string),
    }
}
