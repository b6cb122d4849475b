//! Processes, as requests to the keeper and events from it. The keeper is their parent; nothing here waits for a pid.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rustix::io::Errno;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::options::EnvValue;
use crate::state::Reason;
use crate::timeouts::{Deadline, KEEPER_ANSWER};
use crate::wire::keeper::{Exit, LeakedProcess, SpawnFailure, Step, ToKeeper};
use crate::wire::process_tag::ProcessTag;

mod descriptors;
mod keeper;
mod keeper_socket;
mod listener;

use keeper::Keeper;
pub(crate) use keeper::{interrupted, run_by};

/// Where a process's standard output and error go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Two pipes: frames on the first, the console on the second.
    FramesAndConsole,
    /// One pipe for both, so that the order of their output is kept.
    Console,
    /// The origin's own.
    Inherited,
}

/// What to spawn.
#[derive(Clone, Debug)]
pub(crate) struct SpawnRequest {
    pub(crate) program: PathBuf,
    pub(crate) arg0: Option<OsString>,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(OsString, EnvValue)>,
    pub(crate) current_dir: Option<PathBuf>,
    pub(crate) output: Output,
}

/// A new process, and this side's ends of its pipes.
#[derive(Debug)]
pub(crate) struct Spawned {
    pub(crate) process: Arc<Process>,
    pub(crate) stdin: OwnedFd,
    pub(crate) frames: Option<OwnedFd>,
    pub(crate) console: Option<OwnedFd>,
}

/// A process that the keeper spawned, with all its descendants.
#[derive(Debug)]
pub(crate) struct Process {
    tag: ProcessTag,
    pid: u32,
    keeper: Arc<Keeper>,
    /// This process requested its end.
    is_to_end: AtomicBool,
    /// How it ended, once it has.
    exit: watch::Sender<Option<Reason>>,
    /// What it leaked, once all its descendants have ended.
    gone: watch::Sender<Option<Vec<LeakedProcess>>>,
    /// The number of the latest pause or resume. One runs at a time, and ignores a late answer to an earlier one.
    turn: tokio::sync::Mutex<u32>,
    pausing: Mutex<Option<(u32, oneshot::Sender<Option<i32>>)>>,
}

/// Bounds the requests in flight, since the kernel bounds descriptors in flight.
static REQUESTS: Semaphore = Semaphore::const_new(16);

/// Spawns a process, on the I/O thread; `name` is that of a peer. The error is `AddrInUse` if the name is.
pub(crate) async fn spawn(request: SpawnRequest, name: Option<&str>) -> io::Result<Spawned> {
    // It is never closed.
    let _permit = REQUESTS.acquire().await.map_err(io::Error::other)?;
    let keeper = Keeper::current()?;
    match spawn_by(&keeper, &request, name).await {
        // The keeper died meanwhile, and all its children with it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe || keeper.is_lost() => {
            keeper.until_lost().await;
            spawn_by(&Keeper::current()?, &request, name).await
        }
        spawned => spawned,
    }
}

async fn spawn_by(keeper: &Arc<Keeper>, request: &SpawnRequest, name: Option<&str>) -> io::Result<Spawned> {
    let (theirs, ours) = descriptors::make(request)?;
    let tag = keeper.free_tag();
    let process = tokio::select! {
        spawned = keeper.spawn(request.to_wire(tag, name), theirs) => spawned?,
        // A process that is spawned later is killed.
        () = Deadline::after(KEEPER_ANSWER).passed() => return Err(keeper.silent()),
    };
    let descriptors::Ours { stdin, frames, console } = ours;
    Ok(Spawned { process, stdin, frames, console })
}

/// The error of the kernel, and of which step.
fn spawn_error(SpawnFailure { step, errno }: SpawnFailure) -> io::Error {
    let error = io::Error::from_raw_os_error(errno);
    match step {
        Step::Name | Step::Fork | Step::Execute => error,
        Step::Directory => not_entered(&error),
    }
}

fn not_entered(error: &io::Error) -> io::Error {
    // `execve` never fails with this kind.
    io::Error::new(io::ErrorKind::NotADirectory, format!("its directory cannot be entered: {error}"))
}

impl Process {
    fn new(tag: ProcessTag, pid: u32, keeper: Arc<Keeper>) -> Self {
        let (exit, gone) = (watch::Sender::new(None), watch::Sender::new(None));
        let (turn, pausing) = Default::default();
        Self { tag, pid, keeper, is_to_end: AtomicBool::new(false), exit, gone, turn, pausing }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Has the process itself ended? Its descendants may not have.
    pub(crate) fn has_ended(&self) -> bool {
        self.exit.borrow().is_some()
    }

    /// Has this process requested its end?
    pub(crate) fn is_to_end(&self) -> bool {
        self.is_to_end.load(Ordering::Acquire)
    }

    /// Completes when the process has ended.
    pub(crate) async fn ended(&self) -> Reason {
        let exit = self.exit.subscribe().wait_for(Option::is_some).await.ok().and_then(|exit| exit.clone());
        exit.unwrap_or(Reason::ConnectionClosed)
    }

    /// Completes when all its descendants have ended, too. Returns what it leaked.
    pub(crate) async fn gone(&self) -> Vec<LeakedProcess> {
        let gone = self.gone.subscribe().wait_for(Option::is_some).await.ok().and_then(|leaked| leaked.clone());
        gone.unwrap_or_default()
    }

    /// Kills the process and all its descendants.
    pub(crate) fn kill(&self) {
        self.is_to_end.store(true, Ordering::Release);
        self.keeper.request(&ToKeeper::Kill { tag: self.tag });
    }

    /// Sends SIGTERM to the process alone.
    pub(crate) fn terminate(&self) {
        self.is_to_end.store(true, Ordering::Release);
        self.keeper.request(&ToKeeper::Terminate { tag: self.tag });
    }

    /// Stops the process and all its descendants, and waits until they stand still.
    pub(crate) async fn pause(&self) -> io::Result<()> {
        self.stop_or_continue(|tag, turn| ToKeeper::Pause { tag, turn }).await
    }

    /// Continues what [`pause`](Self::pause) stopped.
    pub(crate) async fn resume(&self) -> io::Result<()> {
        self.stop_or_continue(|tag, turn| ToKeeper::Resume { tag, turn }).await
    }

    async fn stop_or_continue(&self, request: impl FnOnce(ProcessTag, u32) -> ToKeeper) -> io::Result<()> {
        let mut turn = self.turn.lock().await;
        *turn = turn.wrapping_add(1);
        let (sender, answer) = oneshot::channel();
        *self.pausing.lock() = Some((*turn, sender));
        self.keeper.request(&request(self.tag, *turn));
        tokio::select! {
            answer = answer => match answer {
                Ok(Some(errno)) => Err(io::Error::from_raw_os_error(errno)),
                _ => Ok(()),
            },
            _ = self.ended() => Err(Errno::SRCH.into()),
            () = Deadline::after(KEEPER_ANSWER).passed() => Err(self.keeper.silent()),
        }
    }

    fn exited(&self, exit: Exit) {
        self.exit.send_replace(Some(match exit {
            Exit::Status(status) => Reason::Exited(status),
            Exit::Signal(signal) => Reason::Killed(signal),
        }));
    }

    fn is_gone(&self, leaked: Vec<LeakedProcess>) {
        self.gone.send_replace(Some(leaked));
    }

    fn is_paused(&self, turn: u32, errno: Option<i32>) {
        let mut pausing = self.pausing.lock();
        if let Some((_, sender)) = pausing.take_if(|(asked, _)| *asked == turn) {
            // The caller may have given up.
            let _ = sender.send(errno);
        }
    }
}
