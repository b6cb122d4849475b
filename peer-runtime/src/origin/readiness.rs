//! Whether a program, which is no node, is ready.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::connection::{self, ConnectionContext, ConnectionEvent};
use crate::error::{BootPhase, Error};
use crate::io_thread;
use crate::launch;
use crate::link::reader::Reader;
use crate::options::{Input, ReadyCondition, StartOptions};
use crate::state::Reason;
use crate::timeouts::{ANSWER, Deadline, PROBE_AGAIN, READY_AGAIN, display};

mod probe;
#[cfg(test)]
mod tests;

use probe::Probed;

#[derive(Debug)]
pub(super) struct Readiness {
    sign: ReadyCondition,
    /// The file as it was before.
    before: Option<Stamp>,
    found: Mutex<Found>,
}

/// What was found while it was not ready.
#[derive(Debug, Default)]
struct Found {
    last: Option<String>,
    /// Why it never will be ready.
    fault: Option<String>,
}

enum Look {
    Ready,
    NotYet(String),
    Never(String),
    /// The program has ended.
    Ended,
}

/// Distinguishes a file from the one that was there before.
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
    /// What must be found out before the program is spawned; none for a node.
    pub(super) async fn before(options: &StartOptions) -> Result<Option<Arc<Self>>, Error> {
        if options.program.is_none() {
            return Ok(None);
        }
        let ready = options.ready.clone().unwrap_or_default();
        let mut before = None;
        match &ready.0 {
            ReadyCondition::File(path) => before = Stamp::of(&seen_from(options, path)).ok(),
            ReadyCondition::Tcp(at) if connect(*at).await.is_ok() => {
                let fault = format!("something else listens on {at} already");
                return Err(
                    Error::option("ready", &ready, fault).hint("end that first, or give the program a free port")
                );
            }
            _ => {}
        }
        Ok(Some(Arc::new(Self { sign: ready.0, before, found: Mutex::default() })))
    }

    /// Attaches the ends of its pipes, and begins to watch whether it is ready.
    pub(super) fn attach(
        self: &Arc<Self>,
        context: ConnectionContext,
        stdin: OwnedFd,
        console: Option<OwnedFd>,
        tasks: &mut Vec<JoinHandle<()>>,
    ) -> io::Result<()> {
        if context.shared.options.input == Input::Fed {
            context.shared.outbox.open(stdin)?;
        } else {
            context.shared.outbox.close();
            drop(stdin);
        }
        if let Some(console) = console {
            tasks.push(tokio::spawn(Arc::clone(self).relay(context.clone(), Reader::new(console)?)));
        }
        match &self.sign {
            ReadyCondition::Spawned => context.report(ConnectionEvent::Ready),
            ReadyCondition::Line(_) => {}
            ReadyCondition::Tcp(_) | ReadyCondition::File(_) | ReadyCondition::Probe(_) => {
                tasks.push(tokio::spawn(Arc::clone(self).watch(context)))
            }
        }
        Ok(())
    }

    /// Relays its console, and searches it for the text that makes the program ready.
    async fn relay(self: Arc<Self>, context: ConnectionContext, reader: Reader) {
        let mut search = match &self.sign {
            ReadyCondition::Line(text) => Some(Search { text: text.clone().into_bytes(), rest: Vec::new() }),
            _ => None,
        };
        let seen = |bytes: &[u8]| {
            if search.as_mut().is_some_and(|search| search.is_in(bytes)) {
                search = None;
                context.report(ConnectionEvent::Ready);
            }
        };
        connection::relay_console(Arc::clone(&context.shared), reader, context.ending.clone(), seen).await;
        // A program that is ended by its origin closes its console, too.
        if search.is_some() && !context.shared.process.is_to_end() {
            self.found.lock().last = Some("it has closed its console".to_owned());
        }
    }

    /// Looks again and again, since there is no event to wait for, until it is ready or has ended.
    async fn watch(self: Arc<Self>, context: ConnectionContext) {
        let mut ending = context.ending.clone();
        loop {
            match self.look(&context).await {
                Look::Ready => return context.report(ConnectionEvent::Ready),
                Look::NotYet(last) => self.found.lock().last = Some(last),
                Look::Never(fault) => {
                    context.shared.note("stopped: its probe cannot be executed");
                    self.found.lock().fault = Some(fault);
                    return context.report(ConnectionEvent::Ended(Some(Reason::Stopped)));
                }
                Look::Ended => return,
            }
            let pause = if matches!(self.sign, ReadyCondition::Probe(_)) { PROBE_AGAIN } else { READY_AGAIN };
            tokio::select! {
                _ = ending.wait_for(|ended| *ended) => return,
                () = Deadline::after(pause).passed() => {}
            }
        }
    }

    async fn look(&self, context: &ConnectionContext) -> Look {
        let options = &context.shared.options;
        let mut ending = context.ending.clone();
        match &self.sign {
            ReadyCondition::Spawned | ReadyCondition::Line(_) => Look::Ended,
            ReadyCondition::Tcp(at) => {
                let connected = tokio::select! {
                    _ = ending.wait_for(|ended| *ended) => None,
                    connected = connect(*at) => Some(connected),
                };
                match connected {
                    None => Look::Ended,
                    Some(Ok(())) => Look::Ready,
                    Some(Err(error)) => Look::NotYet(format!("the last attempt to connect: {error}")),
                }
            }
            ReadyCondition::File(path) => match Stamp::of(&seen_from(options, path)) {
                Ok(stamp) if self.before.as_ref() == Some(&stamp) => {
                    Look::NotYet("it is there, as it was before the program was started".to_owned())
                }
                Ok(_) => Look::Ready,
                Err(error) => Look::NotYet(error.to_string()),
            },
            ReadyCondition::Probe(command) => match probe::run(launch::beside(command, options), &mut ending).await {
                Probed::Passed => Look::Ready,
                Probed::Failed(how) => Look::NotYet(format!("the last one: {how}")),
                Probed::Impossible(error) => {
                    Look::Never(format!("the probe {command} cannot be executed: {error}; the program was stopped"))
                }
                Probed::Ended => Look::Ended,
            },
        }
    }

    pub(super) fn phase(&self) -> BootPhase {
        let Found { last, fault } = &*self.found.lock();
        BootPhase::Ready { waited_for: self.to_string(), last: last.clone(), fault: fault.clone() }
    }
}

/// What is waited for.
impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sign {
            ReadyCondition::Spawned => f.write_str("its process"),
            ReadyCondition::Line(text) => write!(f, "a line with {text:?} on its console"),
            ReadyCondition::Tcp(at) => write!(f, "a listener on {at}"),
            ReadyCondition::File(path) => write!(f, "the file {path:?}"),
            ReadyCondition::Probe(command) => write!(f, "exit status 0 of the probe {command}"),
        }
    }
}

/// The path as the program itself would see it.
fn seen_from(options: &StartOptions, path: &Path) -> PathBuf {
    options.current_dir.as_ref().map_or_else(|| path.to_owned(), |dir| dir.join(path))
}

/// Connects, and closes the connection again; the error describes what is there in place of a listener.
async fn connect(at: SocketAddr) -> Result<(), String> {
    match io_thread::within(Deadline::after(ANSWER), TcpStream::connect(at)).await {
        None => Err(format!("no answer within {}", display(ANSWER))),
        Some(Err(error)) => Err(error.to_string()),
        Some(Ok(stream)) => {
            // The kernel may give an attempt this very port as its own, and then it reaches itself.
            if let (Ok(local), Ok(remote)) = (stream.local_addr(), stream.peer_addr())
                && local == remote
            {
                // Frees the port at once; where that fails the program finds it in use.
                let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                return Err("the attempt reached itself".to_owned());
            }
            Ok(())
        }
    }
}

struct Search {
    text: Vec<u8>,
    /// The end of the last pieces, where the text may have begun.
    rest: Vec<u8>,
}

impl Search {
    fn is_in(&mut self, bytes: &[u8]) -> bool {
        self.rest.extend_from_slice(bytes);
        // `verify` refuses an empty text.
        let length = self.text.len().max(1);
        if self.rest.windows(length).any(|part| part == self.text) {
            return true;
        }
        let done = self.rest.len().saturating_sub(length - 1);
        self.rest.drain(..done);
        false
    }
}
