//! The keeper: the process between an origin and its peers, the parent of them all.
//!
//! It spawns what the origin asks for and reports how that ended. Whatever a peer starts stays below the keeper, which
//! inherits orphans. When the origin is gone, for whatever reason, the keeper ends everything below it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal};

use crate::sys::{self, Start};
use crate::timeouts::{RUNNER_GONE, RUNNER_INTERRUPTED, UNLIMITED};
use crate::tree;
use crate::wire::keeper::{FromKeeper, ToKeeper};

mod origin_socket;
mod spawn;
mod supervisor;

use origin_socket::{OriginSocket, Received, Request};
use supervisor::Supervisor;

/// The descriptors below this one are the standard ones.
const FIRST_FREE: u32 = 3;

const MOST_URGENT: i32 = -20;

/// Serves the origin at standard input, and ends with it.
pub(crate) fn serve(start: &Start) -> ! {
    if let Err(error) = begin(start) {
        // The error is that the origin is gone.
        let unable = FromKeeper::Unable { why: error.to_string() };
        let _ = OriginSocket::take_stdin().and_then(|mut socket| socket.send(&unable));
    }
    sys::exit_now(0)
}

/// The error is why this process cannot be a keeper.
fn begin(start: &Start) -> io::Result<()> {
    let with = |what: &'static str| move |error| io::Error::other(format!("{what}: {error}"));
    sys::close_from(start, FIRST_FREE);
    let signals = sys::block_signals(start).map_err(with("signalfd"))?;
    // An interrupt at the origin's terminal must not end this process.
    rustix::process::setsid().map_err(io::Error::from).map_err(with("setsid"))?;
    let own = rustix::process::getpid();
    rustix::process::set_child_subreaper(Some(own)).map_err(io::Error::from).map_err(with("set_child_subreaper"))?;
    let Some(origin) = rustix::process::getppid() else { return Ok(()) };
    let origin_fd = rustix::process::pidfd_open(origin, PidfdFlags::empty()).map_err(io::Error::from);
    let origin_fd = origin_fd.map_err(with("pidfd_open"))?;
    let nice = raise_priority().map_err(with("getpriority"))?;
    let mut supervisor = Supervisor::new(OriginSocket::take_stdin()?, signals, nice);
    // The error is that the origin is gone.
    let _ = run(&mut supervisor, &origin_fd, origin.as_raw_nonzero().get().unsigned_abs());
    supervisor.end_all();
    Ok(())
}

/// Takes the highest priority, and returns the nice value from before.
///
/// A process that forks all the time takes many shares of the processors, and this one needs some to end it.
fn raise_priority() -> io::Result<i32> {
    let before = rustix::process::getpriority_process(None)?;
    // With autogroups each session has one share, and this is its weight. It often fails, without the permission.
    let _ = std::fs::write("/proc/self/autogroup", MOST_URGENT.to_string());
    // Without autogroups each thread has a share.
    let _ = rustix::process::setpriority_process(None, MOST_URGENT);
    Ok(before)
}

fn run(supervisor: &mut Supervisor, origin_fd: &OwnedFd, origin: u32) -> io::Result<()> {
    let mut runner: Option<OwnedFd> = None;
    let mut runner_gone: Option<Instant> = None;
    let mut is_interrupted = false;
    loop {
        let grace = if is_interrupted { RUNNER_INTERRUPTED } else { RUNNER_GONE };
        let left = runner_gone.map_or(UNLIMITED, |at| grace.saturating_sub(at.elapsed()));
        let limit = supervisor.poll_children()?.min(left);
        let (socket, signals) = supervisor.awaited();
        let readable = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
        let mut polls = vec![socket, readable(origin_fd.as_fd()), signals];
        polls.extend(runner.as_ref().map(|runner| readable(runner.as_fd())));
        let ready = wait(polls, limit)?;
        if ready.get(3) == Some(&true) {
            runner = None;
            runner_gone = Some(Instant::now());
        }
        if ready[1] {
            return Ok(());
        }
        if left.is_zero() {
            return kill(origin_fd);
        }
        if !ready[0] {
            continue;
        }
        let requests = match supervisor.socket.receive()? {
            Received::Nothing => continue,
            Received::End => return Ok(()),
            Received::Some(requests) => requests,
        };
        for Request { message, descriptors } in requests {
            match message {
                ToKeeper::Keep { origin: pid, runner: None } if pid == origin => {}
                ToKeeper::Keep { origin: pid, runner: Some(pid_of_runner) } if pid == origin => {
                    runner = open_runner(pid_of_runner, origin);
                    if runner.is_none() {
                        return kill(origin_fd);
                    }
                }
                // The origin is not the parent of this process.
                ToKeeper::Keep { .. } => return Ok(()),
                ToKeeper::Spawn(spawn) => supervisor.spawn(&spawn, descriptors)?,
                ToKeeper::Kill { tag } => supervisor.kill(tag),
                ToKeeper::Terminate { tag } => supervisor.terminate(tag),
                ToKeeper::Pause { tag, turn } => supervisor.pause(tag, turn),
                ToKeeper::Resume { tag, turn } => supervisor.resume(tag, turn)?,
                ToKeeper::Interrupted => is_interrupted = true,
            }
        }
    }
}

/// Opens the runner above the origin, if the origin is still its child.
fn open_runner(runner: u32, origin: u32) -> Option<OwnedFd> {
    let fd = rustix::process::pidfd_open(tree::pid(runner).ok()?, PidfdFlags::empty()).ok()?;
    (tree::Seen::read(origin)?.parent == runner).then_some(fd)
}

fn kill(origin_fd: &OwnedFd) -> io::Result<()> {
    Ok(rustix::process::pidfd_send_signal(origin_fd, Signal::KILL)?)
}

/// Waits until a descriptor is ready, or for `limit`. Returns which of them are.
fn wait(mut polls: Vec<PollFd<'_>>, limit: Duration) -> io::Result<Vec<bool>> {
    // A duration that no clock can hold is no limit.
    let limit = Timespec::try_from(limit).ok();
    match poll(&mut polls, limit.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(polls.iter().map(|fd| !fd.revents().is_empty()).collect()),
        Err(error) => Err(error.into()),
    }
}
