//! What all handles of one peer share with its control process.

use std::ffi::OsString;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};

use super::console::Tail;
use super::faults::Faults;
use super::pending_calls::PendingCalls;
use crate::error::{Error, ErrorKind};
use crate::link::handshake::Hello;
use crate::link::outbox::Outbox;
use crate::options::{Shutdown, StartOptions};
use crate::owner::{Owner, PeerEvent};
use crate::process::Process;
use crate::state::{PeerState, Reason};
use crate::sys;
use crate::timeouts::{EXIT_AFTER_CLOSE, HALT};

/// Lines of output in an error.
const ERROR_LINES: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// As its option `shutdown` says.
    Policy,
    Kill,
}

#[derive(Debug)]
pub(super) struct End {
    pub(super) how: How,
    pub(super) why: Reason,
    /// Answered when the policy is done.
    pub(super) done: oneshot::Sender<()>,
}

pub(crate) struct PeerShared {
    pub(super) name: Arc<str>,
    /// Its full name.
    node: Mutex<String>,
    pub(super) hello: OnceLock<Hello>,
    os_pid: AtomicU32,
    pub(super) since: Instant,
    pub(super) process: Arc<Process>,
    pub(super) options: Arc<StartOptions>,
    pub(super) command_line: Arc<[OsString]>,
    pub(super) frame_limit: usize,
    status: Mutex<Status>,
    pub(super) gone: watch::Sender<bool>,
    pub(super) calls: PendingCalls,
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
    /// It is being stopped.
    ending: bool,
    /// It is down, and `PeerDown::Continue` leaves it to `stop`.
    kept: bool,
}

impl Status {
    /// Why there is no process to end, if there is none: its reason where it is down.
    fn no_process(&self) -> Option<(Option<Reason>, String)> {
        match &self.state {
            PeerState::Down(reason) => Some((Some(reason.clone()), format!("the node is down already: {reason}"))),
            _ if self.ending => {
                Some((None, "the node is being stopped already; `gone()` waits for its end".to_owned()))
            }
            _ => None,
        }
    }
}

pub(super) struct Parts {
    pub(super) name: Arc<str>,
    /// Its full name, for now.
    pub(super) node: String,
    pub(super) process: Arc<Process>,
    pub(super) options: Arc<StartOptions>,
    pub(super) command_line: Arc<[OsString]>,
    pub(super) frame_limit: usize,
    pub(super) owner: Arc<dyn Owner>,
    pub(super) linked: bool,
}

impl PeerShared {
    pub(super) fn new(parts: Parts) -> (Arc<Self>, mpsc::UnboundedReceiver<End>) {
        let Parts { name, node, process, options, command_line, frame_limit, owner, linked } = parts;
        let (ends, inbox) = mpsc::unbounded_channel();
        let shared = Self {
            name,
            node: Mutex::new(node),
            hello: OnceLock::new(),
            os_pid: AtomicU32::new(process.pid),
            since: Instant::now(),
            process,
            options,
            command_line,
            frame_limit,
            status: Mutex::new(Status { state: PeerState::Booting, ending: false, kept: false }),
            gone: watch::Sender::new(false),
            calls: PendingCalls::default(),
            outbox: Outbox::default(),
            tail: Mutex::default(),
            faults: Faults::default(),
            owner,
            linked,
            ends,
        };
        (Arc::new(shared), inbox)
    }

    pub(crate) fn state(&self) -> PeerState {
        self.status.lock().state.clone()
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

    pub(crate) fn is_node(&self) -> bool {
        self.options.program.is_none()
    }

    /// The number of the node's process in addresses, after its hello.
    pub(crate) fn home(&self) -> Option<u128> {
        self.hello.get().map(|hello| hello.home)
    }

    pub(super) fn same_build(&self) -> bool {
        self.hello.get().is_some_and(|hello| hello.build == sys::build_id())
    }

    pub(super) fn greet(&self, hello: Hello) {
        self.os_pid.store(hello.os_pid, Ordering::Relaxed);
        // A second hello breaks the protocol before this.
        let _ = self.hello.set(hello);
    }

    pub(super) fn started(&self, node: &str) {
        *self.node.lock() = node.to_owned();
        let mut status = self.status.lock();
        if status.state == PeerState::Booting {
            status.state = PeerState::Running;
        }
    }

    /// Takes it down, for the first reason; `kept` if `stop` still has to be called.
    pub(super) fn down(&self, reason: &Reason, kept: bool) {
        let mut status = self.status.lock();
        if !matches!(status.state, PeerState::Down(_)) {
            status.state = PeerState::Down(reason.clone());
            status.kept = kept;
        }
    }

    pub(super) fn close(&self, reason: &Reason) {
        self.outbox.close();
        self.calls.close(reason);
        self.event(PeerEvent::Down { node: &self.node(), reason, output: &self.tail() });
    }

    /// An error of `operation` unless the peer runs.
    pub(super) fn check_running(&self, operation: impl FnOnce() -> String) -> Result<(), Error> {
        let (kind, what) = {
            let status = self.status.lock();
            match &status.state {
                PeerState::Running if !status.ending => return Ok(()),
                PeerState::Running => (ErrorKind::NoConnection(None), "the node is being stopped".to_owned()),
                PeerState::Booting => {
                    (ErrorKind::NoConnection(None), "the node is still booting; wait for it to be started".to_owned())
                }
                PeerState::Down(reason) => {
                    let kind = if status.kept { ErrorKind::NoConnection } else { ErrorKind::NoProcess };
                    (kind(Some(reason.clone())), format!("the node is down: {reason}"))
                }
            }
        };
        Err(self.error(kind, operation(), what))
    }

    /// Asks the control process for the end of the peer. The error is why there is nothing to end.
    pub(crate) fn end(&self, how: How, why: Reason) -> Result<oneshot::Receiver<()>, Error> {
        let mut status = self.status.lock();
        let (done, wait) = oneshot::channel();
        if status.kept {
            status.kept = false;
            let _ = done.send(()); // Cannot fail: `wait` is here.
            return Ok(wait);
        }
        if let Some((reason, what)) = status.no_process() {
            drop(status);
            return Err(self.error(ErrorKind::NoProcess(reason), "stop", what));
        }
        status.ending = true;
        // The control process ends after its peer, so the inbox is there.
        let _ = self.ends.send(End { how, why, done });
        Ok(wait)
    }

    /// An error of `operation` if the peer is down, or, unless it `may_end`, is being stopped.
    pub(super) fn check_alive(&self, operation: &str, may_end: bool) -> Result<(), Error> {
        let none = self.status.lock().no_process();
        match none {
            Some((reason, what)) if reason.is_some() || !may_end => {
                Err(self.error(ErrorKind::NoProcess(reason), operation, what))
            }
            _ => Ok(()),
        }
    }

    /// Kills its process directly, whatever its control process waits for.
    pub(crate) fn kill_now(&self) {
        self.process.kill();
    }

    pub(crate) fn grace(&self) -> Duration {
        match self.options.shutdown {
            Shutdown::Close => EXIT_AFTER_CLOSE,
            Shutdown::Halt => HALT,
            Shutdown::HaltWithin(within) | Shutdown::Graceful(within) => within,
        }
    }

    /// Waits until process, name and ports are free, and says why it went down.
    pub(crate) async fn wait_gone(&self) -> Reason {
        // Fails only if the sender is dropped, which is in `self`.
        let _ = self.gone.subscribe().wait_for(|gone| *gone).await;
        match self.state() {
            PeerState::Down(reason) => reason,
            PeerState::Booting | PeerState::Running => Reason::ConnectionClosed,
        }
    }

    /// Resumes the process if it is paused: the end of the peer, and of its scope, begin with that.
    pub(crate) async fn undo_pause(&self) {
        let _turn = self.faults.turn.lock().await;
        if self.faults.is_paused()
            && !self.process.has_ended()
            && let Err(error) = self.faults.resume(&self.process).await
        {
            self.note(&format!("it was paused, and cannot go on: {error}"));
        }
    }

    /// Waits for the end of the peer, which is why `operation` failed.
    pub(super) async fn went_down(&self, operation: &str) -> Error {
        let reason = self.wait_gone().await;
        let by = match &reason {
            killed if self.faults.explain(killed) => "was killed",
            Reason::Stopped | Reason::ScopeEnded => "was ended",
            _ => "went down by itself",
        };
        let what = format!("the node {by} meanwhile: {reason}");
        self.error(ErrorKind::NoProcess(Some(reason)), operation, what)
    }

    pub(super) fn event(&self, event: PeerEvent<'_>) {
        self.owner.event(&self.name, event);
    }

    pub(super) fn printed(&self, bytes: &[u8]) {
        self.tail.lock().push(bytes);
        self.event(PeerEvent::Console(bytes));
    }

    pub(super) fn note(&self, text: &str) {
        let lines: String = text.lines().map(|line| format!("[peer] {line}\n")).collect();
        self.tail.lock().push(lines.as_bytes());
        self.event(PeerEvent::Note(text));
    }

    pub(super) fn tail(&self) -> String {
        self.tail.lock().lines(ERROR_LINES)
    }

    pub(super) fn error(&self, kind: ErrorKind, operation: impl Into<String>, what: impl Into<String>) -> Error {
        // The text of a panic has what the node printed last.
        let tail = if matches!(kind, ErrorKind::Panic(_)) { String::new() } else { self.tail() };
        Error::new(kind, operation, what).on(self.node()).output(tail)
    }
}
