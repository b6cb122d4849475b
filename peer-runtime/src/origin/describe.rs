//! A peer as a reader of a report sees it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::pending_calls::CallInFlight;
use super::shared::PeerShared;
use crate::name;
use crate::options::StartOptions;
use crate::state::PeerState;
use crate::timeouts;

/// Lines of output in a report of a whole node.
const LINES: usize = 20;
/// Calls in flight in such a report, and barriers.
const SHOWN: usize = 5;

/// A peer as it was when it mattered.
#[derive(Clone)]
pub(crate) struct Snapshot {
    shared: Arc<PeerShared>,
    state: PeerState,
    /// Since its process was started.
    age: Duration,
    paused: bool,
    calls: Vec<CallInFlight>,
    /// At which barriers it waited, and for how long.
    barriers: Vec<(String, Duration)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) node: String,
    /// Of its process, and the host if that is another one.
    pub(crate) process: String,
    /// The state as it was when it mattered, and whether it was paused.
    pub(crate) state: String,
    pub(crate) calls: Vec<String>,
    /// At which barriers it waited, and for how long.
    pub(crate) barriers: Vec<String>,
    pub(crate) command_line: String,
    /// The options that are not the defaults; `{}` if there are none.
    pub(crate) options: String,
    pub(crate) output: String,
}

impl Snapshot {
    pub(crate) fn of(shared: &Arc<PeerShared>) -> Self {
        let (state, paused, calls) = (shared.state(), shared.faults.is_paused(), shared.calls.in_flight());
        let (age, barriers) = (shared.since.elapsed(), Vec::new());
        Self { state, age, paused, calls, barriers, shared: Arc::clone(shared) }
    }

    pub(crate) fn at_barriers(mut self, barriers: Vec<(String, Duration)>) -> Self {
        self.barriers = barriers;
        self
    }

    /// The state, and what it is doing, in one line.
    pub(crate) fn doing(&self) -> String {
        let Description { state, barriers, calls, .. } = self.description();
        let at = barriers.iter().map(|barrier| format!(", at barrier {barrier}"));
        let doing: String = at.chain(calls.iter().map(|call| format!(", in call {call}"))).collect();
        match self.state {
            PeerState::Booting => format!("{state}, for {}{doing}", timeouts::tenths(self.age)),
            // The origin does not know what a program does.
            PeerState::Running if doing.is_empty() && !self.paused && self.shared.is_node() => format!("{state}, idle"),
            _ => state + &doing,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.shared.name
    }

    pub(crate) fn node(&self) -> String {
        self.shared.node()
    }

    pub(crate) fn description(&self) -> Description {
        let paused = self.paused && !matches!(self.state, PeerState::Down(_));
        let calls = first(self.calls.iter().map(|CallInFlight { function, time, has_caller }| {
            let more = if *has_caller { "" } else { ", no caller awaits it" };
            doing_for(function, *time) + more
        }));
        let barriers = first(self.barriers.iter().map(|(name, time)| doing_for(name, *time)));
        Description { calls, barriers, ..describe(&self.shared, &self.state, if paused { ", paused" } else { "" }) }
    }
}

/// In lines for a reader.
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.description(), f)
    }
}

/// The command line as a shell would need it.
pub(super) fn command_line(shared: &PeerShared) -> String {
    shared.command_line.iter().map(|part| quote(&part.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

/// A peer without what it is doing; `state` as it was when it mattered, and `more` about that.
pub(super) fn describe(shared: &PeerShared, state: &PeerState, more: &str) -> Description {
    let is_elsewhere = |host: &str| host != name::short_host() && host != name::full_host();
    let host = shared.hello.get().map(|hello| &hello.host).filter(|host| is_elsewhere(host));
    let host = host.map(|host| format!(" on {host}")).unwrap_or_default();
    Description {
        node: shared.node(),
        process: format!("os pid {}{host}", shared.os_pid()),
        state: format!("{state}{more}"),
        calls: Vec::new(),
        barriers: Vec::new(),
        command_line: command_line(shared),
        // The name is a part of `node`.
        options: StartOptions { name: None, ..(*shared.options).clone() }.to_string(),
        output: shared.tail.lock().lines(LINES),
    }
}

impl Description {
    /// All but its output.
    pub(crate) fn head(&self) -> String {
        let Self { node, process, state, command_line, options, calls, barriers, .. } = self;
        let barriers = barriers.iter().map(|barrier| format!("  at barrier:   {barrier}\n"));
        let doing: String = barriers.chain(calls.iter().map(|call| format!("  in call:      {call}\n"))).collect();
        let options = if options == "{}" { String::new() } else { format!("  options:      {options}\n") };
        format!("{node} ({process}): {state}\n{doing}  command line: {command_line}\n{options}")
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head())?;
        if self.output.is_empty() {
            return f.write_str("  output:       none\n");
        }
        f.write_str("  last output:\n")?;
        self.output.lines().try_for_each(|line| writeln!(f, "    | {line}"))
    }
}

fn doing_for(name: &str, time: Duration) -> String {
    format!("`{name}`, for {}", timeouts::tenths(time))
}

/// The first of them, and how many others there are.
fn first(all: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let others = all.len().saturating_sub(SHOWN);
    let mut first: Vec<String> = all.take(SHOWN).collect();
    if others > 0 {
        first.push(format!("and {others} more"));
    }
    first
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
