//! A peer as a reader of a report sees it.

use std::fmt::{self, Write};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::inner::Inner;
use super::peer::Peer;
use crate::name;
use crate::state::PeerState;

/// Lines of output in a report of a whole node.
const LINES: usize = 20;
/// Calls in flight in such a report.
const CALLS: usize = 5;

/// A peer as it was when it mattered.
pub(crate) struct Snapshot {
    inner: Arc<Inner>,
    state: PeerState,
    paused: bool,
    /// What it was asked for and had not answered, and for how long.
    calls: Vec<(Arc<str>, Duration)>,
}

impl Peer {
    /// The peer as it is now, for a report that is written later.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let inner = self.inner();
        let (state, paused, calls) = (inner.state(), inner.faults.is_paused(), inner.calls.in_flight());
        Snapshot { state, paused, calls, inner }
    }
}

/// All about it, in lines for a reader.
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paused = self.paused && !matches!(self.state, PeerState::Down(_));
        let mut more = if paused { ", paused" } else { "" }.to_owned();
        for (function, time) in self.calls.iter().take(CALLS) {
            // Writing to a string cannot fail, here and below.
            let _ = write!(more, "\n  in call:      `{function}`, for {:.1} s", time.as_secs_f64());
        }
        if let Some(others @ 1..) = self.calls.len().checked_sub(CALLS) {
            let _ = write!(more, "\n                and {others} more");
        }
        f.write_str(&self.inner.describe(&self.state, &more))
    }
}

impl Inner {
    /// The command line as a shell would need it.
    pub(super) fn command_line(&self) -> String {
        self.command_line.iter().map(|part| quote(&part.to_string_lossy())).collect::<Vec<_>>().join(" ")
    }

    /// All about this peer, in lines for a reader; `state` as it was when it mattered, and `more` about that.
    pub(super) fn describe(&self, state: &PeerState, more: &str) -> String {
        let elsewhere =
            self.hello.get().filter(|hello| hello.host != name::short_host() && hello.host != name::full_host());
        let host = elsewhere.map(|hello| format!(" on {}", hello.host)).unwrap_or_default();
        let mut text = format!("{} (os pid {}{host}): {state}{more}\n", self.node(), self.os_pid());
        let _ = writeln!(text, "  command line: {}", self.command_line());
        let _ = writeln!(text, "  options:      {}", self.options);
        let lines = self.tail.lock().unwrap_or_else(PoisonError::into_inner).lines(LINES);
        if lines.is_empty() {
            text.push_str("  last output:  none\n");
        } else {
            text.push_str("  last output:\n");
            for line in lines.lines() {
                let _ = writeln!(text, "    | {line}");
            }
        }
        text
    }
}

/// A word of a command line as a shell would need it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
