//! Trees of processes: searching them in `/proc`, and ending a part of one, whatever it does against that.

use std::fs;
use std::io;

use rustix::process::{Pid, PidfdFlags, Signal};

use crate::truncate;
use crate::wire::process_tag::ProcessTag;

mod kill;
mod search;

pub(crate) use kill::SubtreeKill;
pub(crate) use search::{Found, Roots, Search};

/// The longest command line that is reported, in bytes.
const COMMAND: usize = 300;

/// A process as it was a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    /// Of its first thread.
    state: u8,
    /// Threads that have not ended; the first one always counts.
    threads: u32,
    /// When it started: together with its pid it identifies the process.
    pub(crate) started: u64,
}

impl Seen {
    pub(crate) fn read(pid: u32) -> Option<Self> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = after_name(&stat)?;
        let state = *fields.next()?.as_bytes().first()?;
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        // The 20th and the 22nd field of all.
        let threads = fields.nth(14)?.parse().ok()?;
        let started = fields.nth(1)?.parse().ok()?;
        Some(Self { pid, parent, group, state, threads, started })
    }

    /// It has ended, and its parent has not reaped it.
    pub(crate) fn has_ended(&self) -> bool {
        // The first thread of a process may end before the others.
        matches!(self.state, b'Z' | b'X') && self.threads <= 1
    }

    /// It has been stopped by a signal.
    pub(crate) fn is_stopped(&self) -> bool {
        self.state == b'T' && self.stands_still()
    }

    /// After SIGSTOP: no thread of it runs. A thread that waits in the kernel stops before it returns from there.
    pub(crate) fn stands_still(&self) -> bool {
        let still = |state: u8| matches!(state, b'T' | b't' | b'D' | b'Z' | b'X');
        if self.threads <= 1 {
            return still(self.state);
        }
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid)).into_iter().flatten().flatten();
        threads.filter_map(|thread| fs::read(thread.path().join("stat")).ok()).all(|stat| {
            let state = after_name(&stat).and_then(|mut fields| fields.next()?.as_bytes().first().copied());
            state.is_none_or(still)
        })
    }

    /// Sends a signal to this process, and not to a later one with the same pid.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        let held = rustix::process::pidfd_open(pid(self.pid)?, PidfdFlags::empty())?;
        match Self::read(self.pid) {
            Some(now) if now.started == self.started => Ok(rustix::process::pidfd_send_signal(held, signal)?),
            _ => Err(rustix::io::Errno::SRCH.into()),
        }
    }
}

/// The fields of a `stat` file after the name.
fn after_name(stat: &[u8]) -> Option<std::str::SplitAsciiWhitespace<'_>> {
    // The name, in parentheses, may contain anything.
    let rest = &stat[stat.iter().rposition(|byte| *byte == b')')? + 1..];
    Some(std::str::from_utf8(rest).ok()?.split_ascii_whitespace())
}

pub(crate) fn pid(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("a pid out of range"))
}

/// The tag of a process: see [`process_tag`](crate::wire::process_tag).
pub(crate) fn tag(pid: u32) -> Option<ProcessTag> {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max file locks"))?;
    // `unlimited` is no number.
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// The command line of a process, or its name in brackets.
pub(crate) fn command(pid: u32) -> String {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = words.strip_suffix(b"\0").unwrap_or(&words);
    let mut text = if words.is_empty() {
        format!("[{}]", fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim_end())
    } else {
        let words: Vec<_> = words.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
        words.join(" ").replace(char::is_control, " ")
    };
    if text.len() > COMMAND {
        text.truncate(truncate::start(&text, COMMAND).len());
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests;
