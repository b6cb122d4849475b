//! What all handles of one peer share with its control process.

use parking_lot::{Mutex, MutexGuard};
use std::ffi::OsString;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};

use super::call::Calls;
use super::console::Tail;
use super::faults::Faults;
use super::handle::LaunchSpec;
use crate::error::{Error, Kind};
use crate::link::outbox::Outbox;
use crate::link::tcp::Hello;
use crate::options::{Shutdown, StartOptions};
use crate::owner::{Owner, PeerEvent};
use crate::process::Process;
use crate::state::{PeerState, Reason};
use crate::sys;
use crate::timeouts::{EXIT_AFTER_CLOSE, HALT};

/// Lines of output in an error.
const ERROR_LINES: usize = 10;

/// How a peer is to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// As its option `shutdown` says.
    Policy,
    /// At once.
    Kill,
}

/// What a control process is asked for.
#[derive(Debug)]
pub(super) struct End {
    pub(super) how: How,
    pub(super) why: Reason,
    /// Answered when the policy is done.
    pub(super) done: oneshot::Sender<()>,
}

/// One peer, as its handles and its control process see it.
pub(crate) struct PeerShared {
    pub(super) name: Arc<str>,
    /// Its full name, and who it says it is.
    node: Mutex<String>,
    pub(super) hello: OnceLock<Hello>,
    os_pid: AtomicU32,
    /// When its process was started.
    pub(super) since: Instant,
    pub(super) process: Arc<Process>,
    pub(super) options: Arc<StartOptions>,
    pub(super) command_line: Arc<[OsString]>,
    pub(super) frame_limit: usize,
    status: Mutex<Status>,
    pub(super) gone: watch::Sender<bool>,
    pub(super) calls: Calls,
    pub(super) outbox: Outbox,
    pub(super) tail: Mutex<Tail>,
    pub(super) faults: Faults,
    pub(super) owner: Arc<dyn Owner>,
    pub(super) linked: bool,
    ends: mpsc::UnboundedSender<End>,
}

#[derive(Debug)]
struct Status {
    state: PeerState,
    /// Somebody has asked for its end.
    ending: bool,
    /// Its control process goes on although it is down.
    kept: bool,
}

impl Status {
    /// Why there is nothing to end any more, if it is so.
    fn no_process(&self) -> Option<(Option<Reason>, String)> {
        match &self.state {
            PeerState::Down(reason) => Some((Some(reason.clone()), down_already(reason))),
            _ if self.ending => {
                Some((None, "the node is being stopped already; `gone()` waits for its end".to_owned()))
            }
            _ => None,
        }
    }
}

fn down_already(reason: &Reason) -> String {
    format!("the node is down already: {reason}")
}

/// What an [`PeerShared`] starts with.
pub(super) struct Parts {
    pub(super) launch_spec: LaunchSpec,
    pub(super) node: String,
    pub(super) process: Arc<Process>,
    pub(super) frame_limit: usize,
}

impl PeerShared {
    pub(super) fn new(parts: Parts) -> (Arc<Self>, mpsc::UnboundedReceiver<End>) {
        let Parts { launch_spec, node, process, frame_limit } = parts;
        let LaunchSpec { name, options, command_line, owner, linked, .. } = launch_spec;
        let (ends, inbox) = mpsc::unbounded_channel();
        let shared = Self {
            name,
            node: Mutex::new(node),
            hello: OnceLock::new(),
            os_pid: AtomicU32::new(process.pid()),
            since: Instant::now(),
            process,
            options,
            command_line,
            frame_limit,
            status: Mutex::new(Status { state: PeerState::Booting, ending: false, kept: false }),
            gone: watch::Sender::new(false),
            calls: Calls::default(),
            outbox: Outbox::default(),
            tail: Mutex::default(),
            faults: Faults::default(),
            owner,
            linked,
            ends,
        };
        (Arc::new(shared), inbox)
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock()
    }

    pub(crate) fn state(&self) -> PeerState {
        self.status().state.clone()
    }

    pub(crate) fn node(&self) -> String {
        self.node.lock().clone()
    }

    pub(crate) fn os_pid(&self) -> u32 {
        self.os_pid.load(Ordering::Relaxed)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it can be called, once it runs.
    pub(crate) fn is_node(&self) -> bool {
        self.options.program.is_none()
    }

    /// Where the node keeps its mailboxes, once it has said so.
    pub(crate) fn home(&self) -> Option<u128> {
        self.hello.get().map(|hello| hello.home)
    }

    /// Whether the node runs this very build.
    pub(super) fn same_build(&self) -> bool {
        self.hello.get().is_some_and(|hello| hello.build == sys::build_id())
    }

    /// Takes what the peer says of itself; `false` if it had said so before.
    pub(super) fn greet(&self, hello: Hello) -> bool {
        self.os_pid.store(hello.os_pid, Ordering::Relaxed);
        self.hello.set(hello).is_ok()
    }

    /// From booting to running.
    pub(super) fn started(&self, node: &str) {
        *self.node.lock() = node.to_owned();
        let mut status = self.status();
        if status.state == PeerState::Booting {
            status.state = PeerState::Running;
        }
    }

    /// Down, for the first reason; `kept` if there is still something to stop.
    pub(super) fn down(&self, reason: &Reason, kept: bool) {
        let mut status = self.status();
        if !matches!(status.state, PeerState::Down(_)) {
            status.state = PeerState::Down(reason.clone());
            status.kept = kept;
        }
    }

    /// Ends everything that is still waited for.
    pub(super) fn close(&self, reason: &Reason) {
        self.outbox.close();
        self.calls.close(reason);
        self.event(PeerEvent::Down { node: &self.node(), reason, output: &self.tail() });
    }

    /// An error unless the node is there to be talked to.
    pub(super) fn check_running(&self, operation: impl FnOnce() -> String) -> Result<(), Error> {
        let (kind, what) = {
            let status = self.status();
            match &status.state {
                PeerState::Running if !status.ending => return Ok(()),
                PeerState::Running => (Kind::NoConnection(None), "the node is being stopped".to_owned()),
                PeerState::Booting => {
                    (Kind::NoConnection(None), "the node is still booting; wait for it to be started".to_owned())
                }
                PeerState::Down(reason) => {
                    let kind = if status.kept { Kind::NoConnection } else { Kind::NoProcess };
                    (kind(Some(reason.clone())), format!("the node is down: {reason}"))
                }
            }
        };
        Err(self.error(kind, operation(), what))
    }

    /// Asks the control process for the end of the peer. The error is why there is nothing to end.
    pub(crate) fn end(&self, how: How, why: Reason) -> Result<oneshot::Receiver<()>, Error> {
        let mut status = self.status();
        let (done, wait) = oneshot::channel();
        if status.kept {
            // What `Continue` leaves to stop is the control process itself.
            status.kept = false;
            let _ = done.send(());
            return Ok(wait);
        }
        if let Some((reason, what)) = status.no_process() {
            drop(status);
            return Err(self.error(Kind::NoProcess(reason), "stop", what));
        }
        status.ending = true;
        // The control process ends after its peer, so the inbox is there.
        let _ = self.ends.send(End { how, why, done });
        Ok(wait)
    }

    /// An error of `operation` if the peer is down already.
    pub(super) fn check_up(&self, operation: &str) -> Result<(), Error> {
        match self.state() {
            PeerState::Down(reason) => {
                Err(self.error(Kind::NoProcess(Some(reason.clone())), operation, down_already(&reason)))
            }
            PeerState::Booting | PeerState::Running => Ok(()),
        }
    }

    /// The same, also if somebody has asked for its end.
    pub(super) fn check_staying(&self, operation: &str) -> Result<(), Error> {
        let none = self.status().no_process();
        none.map_or(Ok(()), |(reason, what)| Err(self.error(Kind::NoProcess(reason), operation, what)))
    }

    /// Kills its process, whatever its control process is waiting for.
    pub(crate) fn kill_now(&self) {
        self.process.kill();
    }

    /// How long stopping it may take.
    pub(crate) fn grace(&self) -> Duration {
        match self.options.shutdown {
            Shutdown::Close => EXIT_AFTER_CLOSE,
            Shutdown::Halt => HALT,
            Shutdown::HaltWithin(within) | Shutdown::Graceful(within) => within,
        }
    }

    /// Waits until process, name and ports are free, and says why it went down.
    pub(crate) async fn wait_gone(&self) -> Reason {
        // The sender is in `self`.
        let _ = self.gone.subscribe().wait_for(|gone| *gone).await;
        match self.state() {
            PeerState::Down(reason) => reason,
            PeerState::Booting | PeerState::Running => Reason::ConnectionClosed,
        }
    }

    /// `operation` came to nothing: waits for the end of the peer, which is why.
    pub(super) async fn went_down(&self, operation: &str) -> Error {
        let reason = self.wait_gone().await;
        let by = match &reason {
            killed if self.faults.explain(killed) => "was killed",
            Reason::Stopped | Reason::ScopeEnded => "was ended",
            _ => "went down by itself",
        };
        let what = format!("the node {by} meanwhile: {reason}");
        self.error(Kind::NoProcess(Some(reason)), operation, what)
    }

    pub(super) fn event(&self, event: PeerEvent<'_>) {
        self.owner.event(&self.name, event);
    }

    /// The peer printed something.
    pub(super) fn printed(&self, bytes: &[u8]) {
        self.tail.lock().push(bytes);
        self.event(PeerEvent::Console(bytes));
    }

    pub(super) fn note(&self, text: &str) {
        let lines: String = text.lines().map(|line| format!("[peer] {line}\n")).collect();
        self.tail.lock().push(lines.as_bytes());
        self.event(PeerEvent::Note(text));
    }

    /// The last lines of output, for an error.
    pub(super) fn tail(&self) -> String {
        self.tail.lock().lines(ERROR_LINES)
    }

    /// An error on this node, with its last output.
    pub(super) fn error(&self, kind: Kind, operation: impl Into<String>, what: impl Into<String>) -> Error {
        // A panic tells itself what the node printed last.
        let tail = if matches!(kind, Kind::Panic(_)) { String::new() } else { self.tail() };
        Error::new(kind, operation, what).on(self.node()).output(tail)
    }
}
