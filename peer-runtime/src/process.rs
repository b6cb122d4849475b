//! A process and everything below it, spoken of in requests and events: its parent is the keeper, and nothing here
//! sees a child or waits for a pid.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::options::EnvValue;
use crate::state::Reason;
use crate::timeouts::{Deadline, KEEPER_ANSWER};
use crate::wire::keeper::{Exit, Left, Mark, Refused, Step, ToKeeper};

mod descriptors;
mod keeper;
mod line;
mod listener;

use keeper::Keeper;
pub(crate) use keeper::{interrupted, run_by};

/// Where a process's standard output and error go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Two pipes: frames on the first, the console on the second.
    FramesAndConsole,
    /// One pipe for both, so that their order is kept.
    Console,
    /// The origin's own.
    Inherited,
}

/// What to spawn.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) program: PathBuf,
    pub(crate) arg0: Option<OsString>,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(OsString, EnvValue)>,
    pub(crate) current_dir: Option<PathBuf>,
    pub(crate) output: Output,
}

/// A process that was spawned, and our ends of its pipes.
#[derive(Debug)]
pub(crate) struct Spawned {
    pub(crate) process: Arc<Process>,
    pub(crate) stdin: OwnedFd,
    pub(crate) frames: Option<OwnedFd>,
    pub(crate) console: Option<OwnedFd>,
}

/// A process of ours, with everything below it.
#[derive(Debug)]
pub(crate) struct Process {
    mark: Mark,
    pid: u32,
    keeper: Arc<Keeper>,
    /// Its end was asked for here.
    is_to_end: AtomicBool,
    /// How it ended, once it has.
    exit: watch::Sender<Option<Reason>>,
    /// What it had left behind, once nothing of it is left.
    gone: watch::Sender<Option<Vec<Left>>>,
    /// Who stops or continues it, one at a time: each is answered in its turn, and not for one that gave up.
    turn: tokio::sync::Mutex<u32>,
    pausing: Mutex<Option<(u32, oneshot::Sender<Option<i32>>)>>,
}

/// So many requests may be on their way: descriptors on their way are few, too.
static REQUESTS: Semaphore = Semaphore::const_new(16);

/// Spawns a process, the peer `name` if it is one; on the I/O thread. The error is of the kind `AddrInUse` if
/// another process has a peer of that name.
pub(crate) async fn spawn(request: Request, name: Option<&str>) -> io::Result<Spawned> {
    // It is never closed.
    let _permit = REQUESTS.acquire().await.map_err(io::Error::other)?;
    let keeper = Keeper::current()?;
    match spawn_by(&keeper, &request, name).await {
        // It was lost meanwhile, and what it may have spawned ends with it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe || keeper.is_lost() => {
            keeper.until_lost().await;
            spawn_by(&Keeper::current()?, &request, name).await
        }
        spawned => spawned,
    }
}

async fn spawn_by(keeper: &Arc<Keeper>, request: &Request, name: Option<&str>) -> io::Result<Spawned> {
    let (theirs, ours) = descriptors::make(request)?;
    let mark = keeper.free_mark();
    let process = tokio::select! {
        spawned = keeper.spawn(request.to_wire(mark, name), theirs) => spawned?,
        // If it is spawned after that, nobody waits for it, and it is killed.
        () = Deadline::after(KEEPER_ANSWER).passed() => return Err(keeper.silent()),
    };
    let descriptors::Ours { stdin, frames, console } = ours;
    Ok(Spawned { process, stdin, frames, console })
}

/// What the kernel said, with the step that it refused.
fn refused(Refused { step, errno }: Refused) -> io::Error {
    let error = io::Error::from_raw_os_error(errno);
    match step {
        // Nothing else is refused for the kind of reason for which a name is.
        Step::Name | Step::Fork | Step::Execute => error,
        Step::Directory => not_entered(&error),
    }
}

fn not_entered(error: &io::Error) -> io::Error {
    // What is executed is never refused for this kind of reason.
    io::Error::new(io::ErrorKind::NotADirectory, format!("its directory cannot be entered: {error}"))
}

impl Process {
    fn new(mark: Mark, pid: u32, keeper: Arc<Keeper>) -> Self {
        let (exit, gone) = (watch::Sender::new(None), watch::Sender::new(None));
        let (turn, pausing) = Default::default();
        Self { mark, pid, keeper, is_to_end: AtomicBool::new(false), exit, gone, turn, pausing }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the process has ended; perhaps not yet what is below it.
    pub(crate) fn has_ended(&self) -> bool {
        self.exit.borrow().is_some()
    }

    /// Whether its end was asked for here.
    pub(crate) fn is_to_end(&self) -> bool {
        self.is_to_end.load(Ordering::Acquire)
    }

    /// Completes when the process has ended.
    pub(crate) async fn ended(&self) -> Reason {
        // The sender is in `self`.
        let exit = self.exit.subscribe().wait_for(Option::is_some).await.ok().and_then(|exit| exit.clone());
        exit.unwrap_or(Reason::ConnectionClosed)
    }

    /// Completes when everything below it has ended, too; gives what it had left behind.
    pub(crate) async fn gone(&self) -> Vec<Left> {
        // The sender is in `self`.
        let gone = self.gone.subscribe().wait_for(Option::is_some).await.ok().and_then(|left| left.clone());
        gone.unwrap_or_default()
    }

    /// Kills the process, and with it everything below it.
    pub(crate) fn kill(&self) {
        self.is_to_end.store(true, Ordering::Release);
        self.keeper.ask(&ToKeeper::Kill { mark: self.mark });
    }

    /// Asks the process, and it alone, by SIGTERM to end.
    pub(crate) fn terminate(&self) {
        self.is_to_end.store(true, Ordering::Release);
        self.keeper.ask(&ToKeeper::Terminate { mark: self.mark });
    }

    /// Stops the process and everything below it, and waits until all of them stand still.
    pub(crate) async fn pause(&self) -> io::Result<()> {
        self.stop_or_continue(|mark, turn| ToKeeper::Pause { mark, turn }).await
    }

    /// Continues what was stopped by [`pause`](Self::pause).
    pub(crate) async fn resume(&self) -> io::Result<()> {
        self.stop_or_continue(|mark, turn| ToKeeper::Resume { mark, turn }).await
    }

    async fn stop_or_continue(&self, request: impl FnOnce(Mark, u32) -> ToKeeper) -> io::Result<()> {
        let mut turn = self.turn.lock().await;
        *turn = turn.wrapping_add(1);
        let (sender, answer) = oneshot::channel();
        *self.pausing.lock().unwrap_or_else(PoisonError::into_inner) = Some((*turn, sender));
        self.keeper.ask(&request(self.mark, *turn));
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

    fn is_gone(&self, left: Vec<Left>) {
        self.gone.send_replace(Some(left));
    }

    fn is_paused(&self, turn: u32, errno: Option<i32>) {
        let mut pausing = self.pausing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, sender)) = pausing.take_if(|(asked, _)| *asked == turn) {
            // An error says that who asked does not wait any more.
            let _ = sender.send(errno);
        }
    }
}
