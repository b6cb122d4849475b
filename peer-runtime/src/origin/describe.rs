//! A peer as a reader of a report sees it.

use std::fmt::{self, Write};
use std::sync::{Arc, PoisonError};

use super::inner::Inner;
use super::peer::Peer;
use crate::name;
use crate::state::PeerState;

/// Lines of output in a report of a whole node.
const LINES: usize = 20;

/// A peer as it was when it mattered.
pub(crate) struct Snapshot {
    inner: Arc<Inner>,
    state: PeerState,
    paused: bool,
}

impl Peer {
    /// The peer as it is now, for a report that is written later.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let inner = self.inner();
        Snapshot { state: inner.state(), paused: inner.faults.is_paused(), inner }
    }
}

/// All about it, in lines for a reader.
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paused = self.paused && !matches!(self.state, PeerState::Down(_));
        f.write_str(&self.inner.describe(&self.state, if paused { ", paused" } else { "" }))
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
        // Writing to a string cannot fail.
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
