//! A process and its group, spoken of in requests and events: nothing outside sees a child or waits
//! for a pid, so that another process may be the parent one day.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

use rustix::process::{Pid, PidfdFlags, Signal};
use tokio::sync::{oneshot, watch};

use crate::name;
use crate::options::EnvValue;
use crate::plane;
use crate::state::Reason;
use crate::sys;

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
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) program: PathBuf,
    pub(crate) arg0: Option<OsString>,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(OsString, EnvValue)>,
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

/// A process of ours, with the group that it leads.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    /// Whether it leads a group of its own.
    leads: bool,
    /// Turns true when it has ended, and can be reaped.
    ended: watch::Sender<bool>,
    /// Taken when it is reaped: after that its pid may be somebody else's.
    child: Mutex<Option<Child>>,
}

type Answer = oneshot::Sender<io::Result<Spawned>>;

/// Spawns a process, on the thread that does nothing else.
pub(crate) async fn spawn(request: Request) -> io::Result<Spawned> {
    static SPAWNER: OnceLock<mpsc::Sender<(Request, Answer)>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (requests, inbox) = mpsc::channel::<(Request, Answer)>();
        let thread = std::thread::Builder::new().name("peer-spawner".to_owned()).spawn(move || {
            for (request, answer) in inbox {
                let spawned = spawn_now(&request).or_else(|error| {
                    if !name::is_short(&error) {
                        return Err(error);
                    }
                    name::give_back();
                    spawn_now(&request)
                });
                if let Err(Ok(spawned)) = answer.send(spawned) {
                    // Nobody waits for it any more.
                    spawned.process.kill();
                }
            }
        });
        if let Err(error) = thread {
            panic!("peer: the thread that spawns cannot start: {error}");
        }
        requests
    });
    let (answer, spawned) = oneshot::channel();
    let gone = || io::Error::other("the thread that spawns has ended");
    spawner.send((request, answer)).map_err(|_| gone())?;
    spawned.await.map_err(|_| gone())?
}

fn spawn_now(request: &Request) -> io::Result<Spawned> {
    let _runtime = plane::handle().enter();
    let mut command = Command::new(&request.program);
    if let Some(arg0) = &request.arg0 {
        command.arg0(arg0);
    }
    command.args(&request.args);
    for (key, value) in &request.env {
        match value {
            EnvValue::Set(value) => command.env(key, value),
            EnvValue::Remove => command.env_remove(key),
        };
    }
    let leads = request.output != Output::Inherited;
    if leads {
        command.process_group(0);
    }
    let (stdin_read, stdin) = pipe()?;
    command.stdin(stdin_read);
    let (mut frames, mut console) = (None, None);
    match request.output {
        Output::Inherited => {}
        Output::FramesAndConsole => {
            let (read, write) = pipe()?;
            command.stdout(write);
            frames = Some(read);
            let (read, write) = pipe()?;
            command.stderr(write);
            console = Some(read);
        }
        Output::Console => {
            let (read, write) = pipe()?;
            command.stdout(write.try_clone()?).stderr(write);
            console = Some(read);
        }
    }
    for fd in [Some(&stdin), frames.as_ref(), console.as_ref()].into_iter().flatten() {
        rustix::io::ioctl_fionbio(fd, true)?;
    }
    let mut child = command.spawn()?;
    let watched = pid_of(child.id())
        .and_then(|pid| Ok(rustix::process::pidfd_open(pid, PidfdFlags::empty())?))
        .and_then(|pidfd| sys::watch(pidfd, tokio::io::Interest::READABLE));
    match watched {
        Ok(pidfd) => {
            let ended = watch::Sender::new(false);
            let process = Arc::new(Process { pid: child.id(), leads, ended, child: Mutex::new(Some(child)) });
            // The descriptor is closed when the process has ended, however long somebody has a handle to it.
            let watched = Arc::clone(&process);
            tokio::spawn(async move {
                // An error can only mean that it cannot be watched any more: then reaping waits.
                let _ = pidfd.readable().await;
                watched.ended.send_replace(true);
            });
            Ok(Spawned { process, stdin, frames, console })
        }
        Err(error) => {
            // Out of descriptors, most likely: what cannot be watched must not run.
            child.kill()?;
            child.wait()?;
            Err(error)
        }
    }
}

fn pid_of(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("a pid out of range"))
}

/// The reading and the writing end of a pipe that no child inherits by accident.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = io::pipe()?;
    Ok((OwnedFd::from(read), OwnedFd::from(write)))
}

impl Process {
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Completes when the process has ended; it is not reaped yet, so its pid is still its own.
    pub(crate) async fn ended(&self) {
        // The sender is in `self`.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    /// Kills the process and its group, if it has not been reaped.
    pub(crate) fn kill(&self) {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if child.is_some() {
            self.signal(Signal::KILL);
        }
    }

    fn signal(&self, signal: Signal) {
        if let Ok(pid) = pid_of(self.pid) {
            // An error says that there is nothing left to signal, or that we may not: who waits for the end finds out.
            if self.leads {
                let _ = rustix::process::kill_process_group(pid, signal);
            }
            // It may have left its own group.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Ends what is left of the group of the ended process, reaps it, and says how it ended.
    ///
    /// While it is not reaped its pid, and so the id of its group, is nobody else's.
    pub(crate) fn reap(&self) -> Option<Reason> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if self.leads && child.is_some() {
            self.signal(Signal::KILL);
        }
        let Ok(status) = child.take()?.wait() else {
            return Some(Reason::Protocol("its exit status was taken by somebody else in this process".to_owned()));
        };
        Some(match status.signal() {
            Some(signal) => Reason::Killed(signal),
            None => Reason::Exited(status.code().unwrap_or_default()),
        })
    }
}
