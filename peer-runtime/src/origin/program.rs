//! A program that is no node: how it is found to be ready, and what is said when it is not.

use parking_lot::{Mutex, MutexGuard};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::connection::{self, Event, Wires};
use super::shared::PeerShared;
use crate::error::{Error, Kind};
use crate::io_thread;
use crate::launch;
use crate::link::reader::Reader;
use crate::options::{Input, Sign, StartOptions};
use crate::state::Reason;
use crate::timeouts::{ANSWER, Deadline, PROBE_AGAIN, READY_AGAIN, display};

mod probe;
#[cfg(test)]
mod tests;

use probe::Probed;

/// Whether one program is ready, from before it is spawned until it is.
#[derive(Debug)]
pub(super) struct Readiness {
    sign: Sign,
    /// The file as it was before.
    before: Option<Stamp>,
    found: Mutex<Found>,
}

/// What was found while it was not ready.
#[derive(Debug, Default)]
struct Found {
    last: Option<String>,
    /// Why it never will be.
    fault: Option<String>,
    /// The port that it should listen on is somebody else's.
    taken: bool,
}

/// What one look finds.
enum Look {
    Ready,
    NotYet(String),
    Never(String),
    /// The program has ended meanwhile.
    Over,
}

/// What tells a file from the one that was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let found = std::fs::metadata(path)?;
        Ok(Self {
            file: (found.dev(), found.ino()),
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

impl Readiness {
    /// What has to be known before the program is spawned; none for a node.
    pub(super) async fn before(options: &StartOptions) -> Result<Option<Arc<Self>>, Error> {
        if options.program.is_none() {
            return Ok(None);
        }
        let ready = options.ready.clone().unwrap_or_default();
        let mut before = None;
        match &ready.0 {
            Sign::File(path) => before = Stamp::of(&seen_from(options, path)).ok(),
            Sign::Tcp(at) if connect(*at).await.is_ok() => {
                let fault = format!("something else listens on {at} already");
                return Err(
                    Error::option("ready", &ready, fault).hint("end that first, or give the program a free port")
                );
            }
            _ => {}
        }
        Ok(Some(Arc::new(Self { sign: ready.0, before, found: Mutex::default() })))
    }

    /// Attaches the ends of its pipes, and starts to look whether it is ready.
    pub(super) fn attach(
        self: &Arc<Self>,
        wires: Wires,
        stdin: OwnedFd,
        console: Option<OwnedFd>,
        tasks: &mut Vec<JoinHandle<()>>,
    ) -> io::Result<()> {
        if wires.shared.options.input == Input::Fed {
            wires.shared.outbox.open(stdin)?;
        } else {
            wires.shared.outbox.close();
            drop(stdin);
        }
        if let Some(console) = console {
            tasks.push(tokio::spawn(Arc::clone(self).relay(wires.clone(), Reader::new(console)?)));
        }
        match &self.sign {
            Sign::Spawned => ready(&wires),
            Sign::Line(_) => {}
            Sign::Tcp(_) | Sign::File(_) | Sign::Probe(_) => tasks.push(tokio::spawn(Arc::clone(self).watch(wires))),
        }
        Ok(())
    }

    /// Relays its console, and looks for the text there that is waited for.
    async fn relay(self: Arc<Self>, wires: Wires, reader: Reader) {
        let mut search = match &self.sign {
            Sign::Line(text) => Some(Search { text: text.clone().into_bytes(), kept: Vec::new() }),
            _ => None,
        };
        let seen = |bytes: &[u8]| {
            if search.as_mut().is_some_and(|search| search.is_in(bytes)) {
                search = None;
                ready(&wires);
            }
        };
        connection::relay_console(Arc::clone(&wires.shared), reader, wires.ending.clone(), seen).await;
        // The console of one that was ended here says nothing.
        if search.is_some() && !wires.shared.process.is_to_end() {
            self.found().last = Some("it has closed its console".to_owned());
        }
    }

    /// Looks again and again, since nothing tells when it is ready, until it is or has ended.
    async fn watch(self: Arc<Self>, wires: Wires) {
        let mut ending = wires.ending.clone();
        loop {
            match self.look(&wires).await {
                Look::Ready => return ready(&wires),
                Look::NotYet(last) => self.found().last = Some(last),
                Look::Never(fault) => {
                    wires.shared.note("stopped: its probe cannot be executed");
                    self.found().fault = Some(fault);
                    // The control process may have ended on its own account.
                    let _ = wires.events.send(Event::Ended(Some(Reason::Stopped)));
                    return;
                }
                Look::Over => return,
            }
            // What costs more is done less often.
            let costly = matches!(self.sign, Sign::Probe(_)) || self.found().taken;
            let pause = if costly { PROBE_AGAIN } else { READY_AGAIN };
            tokio::select! {
                _ = ending.wait_for(|ended| *ended) => return,
                () = Deadline::after(pause).passed() => {}
            }
        }
    }

    async fn look(&self, wires: &Wires) -> Look {
        let options = &wires.shared.options;
        let mut ending = wires.ending.clone();
        match &self.sign {
            Sign::Spawned | Sign::Line(_) => Look::Over,
            Sign::Tcp(at) => {
                let connected = tokio::select! {
                    _ = ending.wait_for(|ended| *ended) => None,
                    connected = connect(*at) => Some(connected),
                };
                match connected {
                    None => Look::Over,
                    Some(Ok(())) => self.whose(*at, wires).await,
                    Some(Err(error)) => Look::NotYet(format!("the last attempt to connect: {error}")),
                }
            }
            Sign::File(path) => match Stamp::of(&seen_from(options, path)) {
                Ok(stamp) if self.before.as_ref() == Some(&stamp) => {
                    Look::NotYet("it is there, as it was before the program was started".to_owned())
                }
                Ok(_) => Look::Ready,
                Err(error) => Look::NotYet(error.to_string()),
            },
            Sign::Probe(command) => match probe::run(launch::beside(command, options), &mut ending).await {
                Probed::Passed => Look::Ready,
                Probed::Failed(how) => Look::NotYet(format!("the last one: {how}")),
                Probed::Impossible(error) => {
                    Look::Never(format!("the probe {command} cannot be executed: {error}; the program was stopped"))
                }
                Probed::Over => Look::Over,
            },
        }
    }

    /// Somebody listens there: is it the program?
    async fn whose(&self, at: SocketAddr, wires: &Wires) -> Look {
        let process = Arc::clone(&wires.shared.process);
        // Where that cannot be found out it counts as the program's.
        let taken = tokio::task::spawn_blocking(move || process.is_listener_foreign(at)).await.unwrap_or(false);
        self.found().taken = taken;
        if taken {
            Look::NotYet(format!("something else listens on {at}: another test with the same port?"))
        } else {
            Look::Ready
        }
    }

    /// Why it is not started.
    pub(super) fn boot_error(&self, shared: &PeerShared, reason: &Reason, timeout: Duration) -> Error {
        let found = self.found();
        let what = match (&found.fault, reason) {
            (Some(fault), _) => fault.clone(),
            (None, Reason::BootTimeout) => {
                let last = found.last.as_ref().map(|last| format!("\n{last}")).unwrap_or_default();
                format!("the program was not ready within {}: waited for {self}{last}", display(timeout))
            }
            (None, Reason::Stopped | Reason::ScopeEnded) => {
                format!("the program was ended before it was ready: {reason}")
            }
            (None, killed) if shared.faults.explain(killed) => {
                format!("the program was killed before it was ready: {killed}")
            }
            (None, other) => match &found.last {
                Some(last) if found.taken => format!("the program ended before it was ready: {other}\n{last}"),
                _ => format!("the program ended before it was ready: {other}"),
            },
        };
        let what = format!("{what}\ncommand line: {}", shared.command_line());
        let error = shared.error(Kind::BootFailed(Some(reason.clone())), "start of a peer", what);
        match reason {
            _ if found.fault.is_some() => error.hint(
                "the option `ready` names the probe; is the program installed? Its arguments are a list of their own",
            ),
            _ if found.taken => {
                error.hint("each test needs a port of its own: bind port 0, ask which one it is, and close it again")
            }
            Reason::Exited(0) => {
                error.hint("if it makes itself a daemon, tell it to stay in the foreground; it is ended with its peer")
            }
            Reason::BootTimeout => error.hint("`wait_boot` waits longer, and `ready` says for what"),
            _ => error,
        }
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock()
    }
}

/// What is waited for.
impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sign {
            Sign::Spawned => f.write_str("its process"),
            Sign::Line(text) => write!(f, "a line with {text:?} on its console"),
            Sign::Tcp(at) => write!(f, "somebody who listens on {at}"),
            Sign::File(path) => write!(f, "the file {path:?}"),
            Sign::Probe(command) => write!(f, "exit status 0 of the probe {command}"),
        }
    }
}

fn ready(wires: &Wires) {
    // The control process may have ended on its own account.
    let _ = wires.events.send(Event::Ready);
}

/// The path as the program itself would see it.
fn seen_from(options: &StartOptions, path: &Path) -> PathBuf {
    options.current_dir.as_ref().map_or_else(|| path.to_owned(), |dir| dir.join(path))
}

/// Whether somebody listens there; the error says what is there instead.
async fn connect(at: SocketAddr) -> Result<(), String> {
    match io_thread::within(Deadline::after(ANSWER), TcpStream::connect(at)).await {
        None => Err(format!("no answer within {}", display(ANSWER))),
        Some(Err(error)) => Err(error.to_string()),
        Some(Ok(stream)) => {
            // An attempt may be given this very port to come from, and then reaches itself.
            if let (Ok(local), Ok(remote)) = (stream.local_addr(), stream.peer_addr())
                && local == remote
            {
                // The port must be free again at once; if not, the program says so.
                let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                return Err("nobody but the attempt itself".to_owned());
            }
            Ok(())
        }
    }
}

/// The search for a text in what comes in pieces.
struct Search {
    text: Vec<u8>,
    /// The end of what has come, where the text may have begun.
    kept: Vec<u8>,
}

impl Search {
    fn is_in(&mut self, bytes: &[u8]) -> bool {
        self.kept.extend_from_slice(bytes);
        // It is verified not to be empty.
        let length = self.text.len().max(1);
        if self.kept.windows(length).any(|part| part == self.text) {
            return true;
        }
        let done = self.kept.len().saturating_sub(length - 1);
        self.kept.drain(..done);
        false
    }
}
