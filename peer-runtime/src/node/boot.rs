//! From the argument that makes a process a node to its first words on the control connection.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::runtime::NodeRuntime;
use super::{descriptors, halt, input};
use crate::link::blocking::{self, Incoming, Outgoing};
use crate::name;
use crate::owner::PeerEvents;
use crate::sys;
use crate::timeouts::{self, CONNECT, Deadline, HEARTBEATS_MISSED};
use crate::wire::frame::Stream;
use crate::wire::message::{self, BootSpec, Connect, ToOrigin, ToPeer};
use crate::wire::{FRAME_LIMIT, MAGIC, PROTOCOL};

/// A process that has its boot specification and its descriptors, and has not said hello.
pub(crate) struct Prepared {
    spec: BootSpec,
    args: Vec<OsString>,
    incoming: Incoming,
    /// Standard output as it was, where that is the control connection.
    frames: Option<OwnedFd>,
    input: input::Feeder,
    owner: Arc<dyn PeerEvents>,
}

/// Reads the boot specification, and sets the descriptors up; `args` are those after the marker.
///
/// Runs before main, so that nothing is printed on a descriptor that carries frames. A process
/// that cannot become the node it was started as ends here, and says why.
pub(crate) fn prepare(args: Vec<OsString>, owner: Arc<dyn PeerEvents>) -> Prepared {
    begun();
    halt::find_keeper();
    match try_prepare(args, owner) {
        Ok(prepared) => prepared,
        Err(error) => fail(&error.to_string()),
    }
}

/// Ends a process that cannot be the node that it was started as.
pub(super) fn fail(why: &str) -> ! {
    // Fails if the console is gone, and with it every reader.
    let _ = writeln!(io::stderr(), "peer: this process was started as a node and cannot be one: {why}");
    #[expect(clippy::disallowed_methods, reason = "this process is nothing but the node that it cannot be")]
    std::process::exit(1)
}

fn try_prepare(args: Vec<OsString>, owner: Arc<dyn PeerEvents>) -> io::Result<Prepared> {
    let mut incoming = Incoming { fd: descriptors::take_input()?, stream: Stream::frames(FRAME_LIMIT) };
    let frame = incoming.frame().ok_or_else(|| {
        io::Error::other("no boot specification on standard input; nodes are started by `peer::start`")
    })?;
    let spec = match message::decode::<ToPeer<'_>>(&frame) {
        Ok((ToPeer::Boot(spec), _)) if spec.protocol == PROTOCOL => spec,
        _ => {
            return Err(io::Error::other(
                "the boot specification is of another version of `peer`; rebuild both sides with the same one",
            ));
        }
    };
    debug(&spec, "boot specification read");
    let frames = match spec.connect {
        Connect::StandardIo => Some(descriptors::take_output()?),
        Connect::Tcp { .. } => None,
    };
    let input = match spec.terminal {
        Some(pid) => {
            descriptors::share_input(pid)?;
            input::Feeder::closed()
        }
        None => {
            let write = descriptors::feed_input()?;
            if spec.input { input::Feeder::open(write) } else { input::Feeder::closed() }
        }
    };
    incoming.stream.set_limit(spec.frame_limit as usize);
    Ok(Prepared { spec, args, incoming, frames, input, owner })
}

impl Prepared {
    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    /// Connects where there is something to connect, and says hello.
    pub(super) fn connect(self) -> io::Result<(NodeRuntime, Incoming)> {
        let Self { spec, args, mut incoming, frames, input, owner } = self;
        let own_host = if spec.longnames { name::full_host() } else { name::short_host() };
        let host = spec.host.clone().unwrap_or_else(|| own_host.clone());
        let hello = ToOrigin::Hello {
            protocol: PROTOCOL,
            token: spec.token,
            build: sys::build_id(),
            os_pid: std::process::id(),
            host: &own_host,
            home: crate::mailbox::home(),
        };
        let hello = [MAGIC, &*message::small(&hello)].concat();
        let out = match (&spec.connect, frames) {
            (Connect::StandardIo, Some(frames)) => frames,
            (Connect::Tcp { addresses, heartbeat }, _) => {
                let silence = heartbeat.then(|| timeouts::heartbeat() * HEARTBEATS_MISSED);
                let (read, write) =
                    blocking::connect(addresses, Deadline::after(CONNECT), silence).map_err(|error| {
                        io::Error::new(error.kind(), format!("the origin's TCP port does not answer: {error}"))
                    })?;
                incoming = Incoming { fd: read, stream: Stream::frames(spec.frame_limit as usize) };
                debug(&spec, "connected");
                write
            }
            (Connect::StandardIo, None) => return Err(io::Error::other("standard output was not taken")),
        };
        let out = Outgoing::new(out, halt::connection_lost);
        out.hold(|queue| queue.extend_from_slice(&hello));
        out.flush();
        debug(&spec, "hello said");
        let name = format!("{}@{host}", spec.name);
        name::give(&name);
        Ok((NodeRuntime { spec, name, args, out, owner, input, started: OnceLock::new() }, incoming))
    }
}

fn begun() -> Instant {
    static BEGUN: OnceLock<Instant> = OnceLock::new();
    *BEGUN.get_or_init(Instant::now)
}

fn debug(spec: &BootSpec, step: &str) {
    if spec.debug {
        let ms = begun().elapsed().as_secs_f64() * 1e3;
        // Fails if the console is gone.
        let _ = writeln!(io::stderr(), "[peer] boot +{ms:.2}ms in the node: {step}");
    }
}
