//! The console of a scope: what its peers print, by the line, with their names.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Show;
use crate::name;

/// What a test keeps of its peers' output until it is known whether it fails, in bytes.
const KEPT: usize = 16 << 20;
/// A line that does not end is shown in pieces of this size.
const LONGEST: usize = 64 << 10;

/// A line that a node printed, or that was noted about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// From the beginning of its scope, so that it needs nothing else to be understood.
    pub(crate) at: Duration,
    /// Empty for what is about no node.
    pub(crate) node: String,
    pub(crate) text: String,
}

impl Line {
    /// What it counts for in the memory that is kept: as much as is shown of it.
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
    to: To,
    longest: usize,
    keeps: usize,
}

enum To {
    /// Standard error of this program, at once.
    Stderr,
    /// Whoever prints what a test's peers say, at once.
    Test(Show),
    /// Nobody, until the test fails.
    Nobody,
}

#[derive(Default)]
struct State {
    /// By node: the beginning of a line.
    partial: HashMap<String, Vec<u8>>,
    kept: VecDeque<Line>,
    bytes: usize,
    dropped: usize,
}

impl Console {
    pub(super) fn of_program() -> Self {
        Self { to: To::Stderr, ..Self::limited(LONGEST, KEPT) }
    }

    pub(super) fn of_test(show: Option<Show>) -> Self {
        Self { to: show.map_or(To::Nobody, To::Test), ..Self::limited(LONGEST, KEPT) }
    }

    /// Shows lines in pieces of `longest` bytes, at least 4, and keeps those of `keeps` bytes.
    pub(crate) fn limited(longest: usize, keeps: usize) -> Self {
        Self { since: Instant::now(), state: Mutex::default(), to: To::Nobody, longest, keeps }
    }

    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// `node` printed these bytes: shows the lines that end in them.
    pub(crate) fn printed(&self, node: &str, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.with(|state| {
            let mut line = state.partial.remove(node).unwrap_or_default();
            for byte in bytes {
                if *byte == b'\n' {
                    self.show(state, node, &line);
                    line.clear();
                } else if line.len() == self.longest {
                    let rest = line.split_off(whole(&line));
                    self.show(state, node, &line);
                    line = rest;
                }
                if *byte != b'\n' {
                    line.push(*byte);
                }
            }
            if !line.is_empty() {
                state.partial.insert(node.to_owned(), line);
            }
        });
    }

    /// Shows something about `node` that it did not print itself.
    pub(super) fn note(&self, node: &str, text: &str) {
        // What a program says of itself needs no name; that of a node is put there by its origin.
        let node = if matches!(self.to, To::Stderr) && node == name::own() { "" } else { node };
        self.with(|state| {
            for line in text.lines() {
                self.show(state, node, format!("[peer] {line}").as_bytes());
            }
        });
    }

    /// Shows the unfinished line of `node`, which will not be finished.
    pub(super) fn flush_node(&self, node: &str) {
        self.with(|state| {
            if let Some(line) = state.partial.remove(node) {
                self.show(state, node, &line);
            }
        });
    }

    pub(crate) fn flush(&self) {
        let nodes: Vec<String> = self.with(|state| state.partial.keys().cloned().collect());
        for node in nodes {
            self.flush_node(&node);
        }
    }

    /// Whether a test's lines are shown at once.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.to, To::Test(_))
    }

    /// The lines that were kept, in the order in which they arrived.
    pub(crate) fn kept(&self) -> Vec<Line> {
        self.with(|state| self.dropped(state).into_iter().chain(state.kept.iter().cloned()).collect())
    }

    /// The same, which are kept no more.
    fn taken(&self) -> Vec<Line> {
        self.with(|state| {
            let dropped = self.dropped(state);
            (state.bytes, state.dropped) = (0, 0);
            dropped.into_iter().chain(std::mem::take(&mut state.kept)).collect()
        })
    }

    /// That there was no room for some of them.
    fn dropped(&self, state: &State) -> Option<Line> {
        (state.dropped > 0).then(|| Line {
            at: state.kept.front().map_or(self.since.elapsed(), |oldest| oldest.at),
            node: String::new(),
            text: format!("({} earlier lines were dropped)", state.dropped),
        })
    }

    /// What it kept, for the `last` time or not, and what others kept since it began, in one order and with its times.
    pub(super) fn kept_with<'a>(&self, others: impl IntoIterator<Item = &'a Self>, last: bool) -> Vec<Line> {
        let mut lines = if last { self.taken() } else { self.kept() };
        for other in others {
            let begun = self.since.saturating_duration_since(other.since);
            let later = other.kept().into_iter().filter(|line| line.at >= begun);
            lines.extend(later.map(|line| Line { at: line.at.saturating_sub(begun), ..line }));
        }
        // Stable: what arrived at one time stays in its order.
        lines.sort_by_key(|line| line.at);
        lines
    }

    /// How many bytes of unfinished lines there is room for.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn unfinished(&self) -> usize {
        self.with(|state| state.partial.values().map(Vec::capacity).sum())
    }

    fn show(&self, state: &mut State, node: &str, line: &[u8]) {
        match &self.to {
            To::Stderr => {
                let between: &[u8] = if node.is_empty() { b"" } else { b" | " };
                let shown = [node.as_bytes(), between, line, b"\n"].concat();
                // Where standard error is closed there is no console to show it on.
                let _ = std::io::stderr().lock().write_all(&shown);
            }
            To::Test(show) => show(format!("{node} | {}", String::from_utf8_lossy(line))),
            To::Nobody => {
                let text = String::from_utf8_lossy(line).into_owned();
                let line = Line { at: self.since.elapsed(), node: node.to_owned(), text };
                state.bytes += line.bytes();
                state.kept.push_back(line);
                while state.bytes > self.keeps
                    && let Some(oldest) = state.kept.pop_front()
                {
                    state.bytes -= oldest.bytes();
                    state.dropped += 1;
                }
            }
        }
    }
}

/// How many of these bytes can be shown without cutting a character in two.
fn whole(bytes: &[u8]) -> usize {
    // The last character that has more than one byte; its first one says how many.
    let begun = (1..=bytes.len().min(3)).find(|&n| bytes[bytes.len() - n] >= 0xC0);
    let cut = begun.filter(|&n| bytes[bytes.len() - n].leading_ones() as usize > n);
    bytes.len() - cut.unwrap_or(0)
}
