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

use super::control::{self, BootWaiter};
use super::handle::{Adopter, Handle, LaunchSpec};
use super::peer::Peer;
use super::readiness::Readiness;
use super::shared::{How, Parts, PeerShared};
use crate::error::{BootFailure, Error, ErrorKind, SpawnFault};
use crate::io_thread;
use crate::launch;
use crate::link::tcp::Listener;
use crate::name::{self, Reservation};
use crate::options::{Connection, StartOptions, WaitBoot};
use crate::process::{self, SpawnRequest};
use crate::random;
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
            // Fails if it has ended.
            let _ = peer.shared().end(How::Kill, Reason::Stopped);
        }
    }
}

pub(crate) fn start(options: StartOptions, owner: Arc<dyn Adopter>, linked: bool) -> Start {
    Start(Box::pin(async move {
        // Not on the I/O thread: `post_process_args` is the user's code.
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
                    let handle = Handle::new(launch_spec, shared);
                    let unfinished = Unfinished(Some(Arc::clone(&handle).into()));
                    match handle.adopt() {
                        Ok(()) => Ok((unfinished, booted)),
                        Err(error) => {
                            drop(unfinished);
                            handle.current().wait_gone().await;
                            Err(error)
                        }
                    }
                }
                Err(error) => Err(error),
            };
            // Fails if the start was dropped; then what was begun is dropped, and so ended.
            let _ = early.send(begun);
            drop(starting);
        });
        let ended = || Error::new(ErrorKind::Io, "start of a peer", "the I/O thread has ended");
        let (mut unfinished, booted) = spawned.await.map_err(|_| ended())??;
        if let Some(booted) = booted {
            booted.await.map_err(|_| ended())??;
        }
        unfinished.0.take().ok_or_else(ended)
    }))
}

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
    let (shared, ends) = PeerShared::new(Parts {
        name: Arc::clone(name),
        node,
        process: Arc::clone(&spawned.process),
        options: Arc::clone(options),
        command_line: Arc::clone(&launch_spec.command_line),
        frame_limit: spec.frame_limit as usize,
        owner: launch_spec.owner.clone(),
        linked: launch_spec.linked,
    });
    let (waiter, result) = match &options.wait_boot {
        WaitBoot::For(timeout) => {
            let (sender, receiver) = oneshot::channel();
            (Some(BootWaiter::Start { sender, timeout: *timeout }), Some(receiver))
        }
        WaitBoot::Notify(notify) => (Some(BootWaiter::Notify(notify.clone())), None),
        WaitBoot::No => (None, None),
    };
    let boot = message::small(&ToPeer::Boot(spec.clone()));
    let peer = Arc::clone(&shared);
    control::spawn(control::New { shared, ends, spawned, listener, reservation, spec, boot, waiter, begun, readiness });
    Ok((peer, result))
}

fn listen(connection: Connection, node: &str) -> Result<Option<Listener>, Error> {
    Listener::bind(connection).map_err(|error| {
        if name::is_short(&error) {
            let fault = SpawnFault::Listen(error.to_string());
            return Error::boot_failed(BootFailure::Spawn(fault)).on(node);
        }
        Error::option("connection", format!("{connection:?}"), error)
            .hint("0 picks a free port; a fixed one must be free")
    })
}

fn name_in_use(name: &str) -> Error {
    let what = format!("option `name`: \"{name}\": a node of that name is there already");
    Error::new(ErrorKind::NameInUse, "start of a peer", what)
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
    process::spawn(request, Some(name)).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => name_in_use(name),
        _ => Error::boot_failed(BootFailure::Spawn(SpawnFault::execute(option, program, &error))).on(node),
    })
}

/// The full name of a peer until it has reported its own.
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
        Some(listener) => Connect::Tcp { addresses: listener.addresses.clone(), heartbeat: listener.heartbeat },
        None => Connect::StandardIo,
    };
    let keeps_terminal = !options.relays_console() && options.connection != Connection::StandardIo;
    BootSpec {
        protocol: PROTOCOL,
        name: String::from(&**name),
        host: options.host.clone(),
        longnames: options.longnames == Some(true),
        origin: name::own(),
        token: random::bytes(),
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
