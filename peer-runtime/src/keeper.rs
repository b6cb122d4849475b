//! The keeper: the process between an origin and its peers, the parent of them all.
//!
//! It spawns what the origin asks for and says how that ended. Whatever a peer starts stays below the keeper, since it is
//! the one that inherits orphans, and when the origin is gone, however it went, it ends everything below it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal};

use crate::sys::{self, Start};
use crate::timeouts::{Deadline, RUNNER_GONE, RUNNER_INTERRUPTED, UNLIMITED};
use crate::tree;
use crate::wire::keeper::{FromKeeper, ToKeeper};

mod family;
mod line;
mod spawn;

use family::Family;
use line::{Line, Received, Request};

/// The descriptors below this one are the standard ones.
const FIRST_FREE: u32 = 3;

/// The lowest nice value.
const MOST_URGENT: i32 = -20;

/// Keeps what the origin at standard input asks for, and ends with it.
pub(crate) fn serve(start: &Start) -> ! {
    if let Err(error) = begin(start) {
        // An error says that nobody listens.
        let _ = Line::take_input().and_then(|mut line| line.tell(&FromKeeper::Unable { why: error.to_string() }));
    }
    sys::exit_now(0)
}

/// The error is why this process cannot be a keeper.
fn begin(start: &Start) -> io::Result<()> {
    let with = |what: &'static str| move |error| io::Error::other(format!("{what}: {error}"));
    sys::close_from(start, FIRST_FREE);
    let ended = sys::block_all(start).map_err(with("signalfd"))?;
    // Whoever interrupts the origin at its terminal does not mean this process.
    rustix::process::setsid().map_err(io::Error::from).map_err(with("setsid"))?;
    let own = rustix::process::getpid();
    rustix::process::set_child_subreaper(Some(own)).map_err(io::Error::from).map_err(with("set_child_subreaper"))?;
    let Some(origin) = rustix::process::getppid() else { return Ok(()) };
    let held = rustix::process::pidfd_open(origin, PidfdFlags::empty()).map_err(io::Error::from);
    let held = held.map_err(with("pidfd_open"))?;
    let nice = urge().map_err(with("getpriority"))?;
    let mut family = Family::new(Line::take_input()?, ended, nice);
    // An error says that the origin does not listen any more.
    let _ = keep(&mut family, &held, origin.as_raw_nonzero().get().unsigned_abs());
    family.end_all();
    Ok(())
}

/// Takes the highest priority that there is, and gives the nice value from before.
///
/// Whatever forks all the time takes its share of the processors many times over, and who is to end it needs a part as well.
fn urge() -> io::Result<i32> {
    let before = rustix::process::getpriority_process(None)?;
    // An error says that this user may not, which is usual, or that this kernel has no autogroups. With them each session,
    // a peer's and that of every daemon, has one share, and this is what weighs that of this one.
    let _ = std::fs::write("/proc/self/autogroup", MOST_URGENT.to_string());
    // Without them it is each thread that has a share.
    let _ = rustix::process::setpriority_process(None, MOST_URGENT);
    Ok(before)
}

/// Does what is asked for until the origin is gone.
fn keep(family: &mut Family, held: &OwnedFd, origin: u32) -> io::Result<()> {
    // What the origin is to end with, until that is gone, and from then on when.
    let mut above: Option<OwnedFd> = None;
    let mut end = Deadline::after(UNLIMITED);
    let mut interrupted = false;
    loop {
        let limit = family.tend()?.min(end.left());
        let (line, ended) = family.awaited();
        let readable = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
        let mut polls = vec![line, readable(held.as_fd()), ended];
        polls.extend(above.as_ref().map(|above| readable(above.as_fd())));
        let ready = wait(polls, limit)?;
        if ready.get(3) == Some(&true) {
            above = None;
            end = Deadline::after(if interrupted { RUNNER_INTERRUPTED } else { RUNNER_GONE });
        }
        if ready[1] {
            return Ok(());
        }
        if end.left().is_zero() {
            return end_origin(held);
        }
        if !ready[0] {
            continue;
        }
        let requests = match family.line().receive()? {
            Received::Nothing => continue,
            Received::End => return Ok(()),
            Received::Some(requests) => requests,
        };
        for Request { message, descriptors } in requests {
            match message {
                ToKeeper::Keep { origin: pid, with: None } if pid == origin => {}
                ToKeeper::Keep { origin: pid, with: Some(with) } if pid == origin => {
                    above = hold_above(with, origin);
                    if above.is_none() {
                        return end_origin(held);
                    }
                }
                // Somebody else started this process.
                ToKeeper::Keep { .. } => return Ok(()),
                ToKeeper::Spawn(spawn) => family.spawn(&spawn, descriptors)?,
                ToKeeper::Kill { mark } => family.kill(mark),
                ToKeeper::Terminate { mark } => family.terminate(mark),
                ToKeeper::Pause { mark, turn } => family.pause(mark, turn),
                ToKeeper::Resume { mark, turn } => family.resume(mark, turn)?,
                ToKeeper::Interrupted => {
                    if end.instant().is_some() && !interrupted {
                        end = Deadline::after(RUNNER_INTERRUPTED);
                    }
                    interrupted = true;
                }
            }
        }
    }
}

/// Takes hold of the process above the origin; not, if that is another one by now.
fn hold_above(above: u32, origin: u32) -> Option<OwnedFd> {
    let held = rustix::process::pidfd_open(tree::pid(above).ok()?, PidfdFlags::empty()).ok()?;
    (tree::Seen::read(origin)?.parent == above).then_some(held)
}

/// Ends an origin whose own runner is gone, so that nobody would ever stop it. Not one that was interrupted with its runner,
/// as at a terminal, and ends in order: that has its time.
fn end_origin(held: &OwnedFd) -> io::Result<()> {
    Ok(rustix::process::pidfd_send_signal(held, Signal::KILL)?)
}

/// Waits until something is ready, or for so long. Which of them are.
fn wait(mut polls: Vec<PollFd<'_>>, limit: Duration) -> io::Result<Vec<bool>> {
    // What no clock can hold is no limit.
    let limit = Timespec::try_from(limit).ok();
    match poll(&mut polls, limit.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(polls.iter().map(|fd| !fd.revents().is_empty()).collect()),
        Err(error) => Err(error.into()),
    }
}
