//! The console of a scope: what its peers print, by line, with their names.

use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::bounded_log::BoundedLog;
use crate::name;

/// Shows a line of the console at once, without waiting.
pub(crate) type Show = Arc<dyn Fn(String) + Send + Sync>;

/// How much output a test keeps in case it fails, in bytes.
const KEPT: usize = 16 << 20;
/// A longer line is shown in pieces of this size.
const LONGEST: usize = 64 << 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Since its scope began.
    pub(crate) at: Duration,
    /// Empty if it is about no node.
    pub(crate) node: String,
    pub(crate) text: String,
}

impl Line {
    pub(crate) fn bytes(&self) -> usize {
        self.node.len() + " | ".len() + self.text.len()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.node.is_empty() { f.write_str(&self.text) } else { write!(f, "{} | {}", self.node, self.text) }
    }
}

pub(crate) struct Console {
    since: Instant,
    state: Mutex<State>,
    sink: Sink,
    longest: usize,
}

enum Sink {
    /// Standard error of this program.
    Stderr,
    /// A test that shows output at once.
    Show(Show),
    /// The log, for a test that may fail.
    Log,
}

struct State {
    /// The beginning of an unfinished line, by node.
    partial: HashMap<String, Vec<u8>>,
    log: BoundedLog<Line>,
}

impl Console {
    pub(super) fn of_program() -> Self {
        Self { sink: Sink::Stderr, ..Self::limited(LONGEST, KEPT) }
    }

    pub(super) fn of_test(show: Option<Show>) -> Self {
        Self { sink: show.map_or(Sink::Log, Sink::Show), ..Self::limited(LONGEST, KEPT) }
    }

    /// Shows lines in pieces of `longest` bytes, at least 4, and logs `kept` bytes.
    pub(crate) fn limited(longest: usize, kept: usize) -> Self {
        let state = State { partial: HashMap::new(), log: BoundedLog::new(kept) };
        Self { since: Instant::now(), state: Mutex::new(state), sink: Sink::Log, longest }
    }

    /// Shows the lines that end in these bytes of `node`.
    pub(crate) fn printed(&self, node: &str, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut state = self.state.lock();
        let mut line = state.partial.remove(node).unwrap_or_default();
        for byte in bytes {
            if *byte == b'\n' {
                self.show(&mut state, node, &line);
                line.clear();
            } else if line.len() == self.longest {
                let rest = line.split_off(complete_characters(&line));
                self.show(&mut state, node, &line);
                line = rest;
            }
            if *byte != b'\n' {
                line.push(*byte);
            }
        }
        if !line.is_empty() {
            state.partial.insert(node.to_owned(), line);
        }
    }

    pub(super) fn note(&self, node: &str, text: &str) {
        // A program needs no name for itself. In a node, the origin adds the name.
        let node = if matches!(self.sink, Sink::Stderr) && node == name::own() { "" } else { node };
        let mut state = self.state.lock();
        for line in text.lines() {
            self.show(&mut state, node, format!("[peer] {line}").as_bytes());
        }
    }

    /// Shows the unfinished line of `node`, which has ended.
    pub(super) fn flush_node(&self, node: &str) {
        let mut state = self.state.lock();
        if let Some(line) = state.partial.remove(node) {
            self.show(&mut state, node, &line);
        }
    }

    pub(crate) fn flush(&self) {
        let mut state = self.state.lock();
        for (node, line) in std::mem::take(&mut state.partial) {
            self.show(&mut state, &node, &line);
        }
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self.sink, Sink::Show(_))
    }

    /// The logged lines, oldest first.
    pub(crate) fn kept(&self) -> Vec<Line> {
        let state = self.state.lock();
        self.with_dropped(state.log.iter().cloned().collect(), state.log.dropped())
    }

    fn with_dropped(&self, mut lines: Vec<Line>, dropped: usize) -> Vec<Line> {
        if dropped > 0 {
            let at = lines.first().map_or(self.since.elapsed(), |oldest| oldest.at);
            lines.insert(0, Line { at, node: String::new(), text: format!("({dropped} earlier lines were dropped)") });
        }
        lines
    }

    /// Its own log, which the `last` call takes, and what others logged since this one began, by time.
    pub(super) fn kept_with<'a>(&self, others: impl IntoIterator<Item = &'a Self>, last: bool) -> Vec<Line> {
        let taken = last.then(|| self.state.lock().log.take());
        let mut lines = taken.map_or_else(|| self.kept(), |(lines, dropped)| self.with_dropped(lines, dropped));
        for other in others {
            let begun = self.since.saturating_duration_since(other.since);
            let later = other.kept().into_iter().filter(|line| line.at >= begun);
            lines.extend(later.map(|line| Line { at: line.at.saturating_sub(begun), ..line }));
        }
        // Stable: lines of the same time stay in their order.
        lines.sort_by_key(|line| line.at);
        lines
    }

    /// How many bytes unfinished lines take.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn unfinished(&self) -> usize {
        self.state.lock().partial.values().map(Vec::capacity).sum()
    }

    fn show(&self, state: &mut State, node: &str, line: &[u8]) {
        match &self.sink {
            Sink::Stderr => {
                let between: &[u8] = if node.is_empty() { b"" } else { b" | " };
                let shown = [node.as_bytes(), between, line, b"\n"].concat();
                // Fails if standard error is closed, and then there is no console.
                let _ = std::io::stderr().lock().write_all(&shown);
            }
            Sink::Show(show) => show(format!("{node} | {}", String::from_utf8_lossy(line))),
            Sink::Log => {
                let text = String::from_utf8_lossy(line).into_owned();
                let line = Line { at: self.since.elapsed(), node: node.to_owned(), text };
                let bytes = line.bytes();
                state.log.push(line, bytes);
            }
        }
    }
}

/// How many of these bytes end at a character boundary.
fn complete_characters(bytes: &[u8]) -> usize {
    // The first byte of the last multi-byte character says how long that is.
    let begun = (1..=bytes.len().min(3)).find(|&n| bytes[bytes.len() - n] >= 0xC0);
    let cut = begun.filter(|&n| bytes[bytes.len() - n].leading_ones() as usize > n);
    bytes.len() - cut.unwrap_or(0)
}
