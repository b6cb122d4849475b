//! Panics on the threads of a test. They are kept for its report, and not printed where they happen.

use std::thread::ThreadId;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::console::Line;
use crate::bounded_log::BoundedLog;
use crate::panic::Record;
use crate::truncate;

/// How many are kept: code that catches its panics may have any number of them.
const KEPT: usize = 256;

#[derive(Clone, Debug)]
pub(crate) struct Panicked {
    number: usize,
    /// Since the scope began.
    at: Duration,
    thread: ThreadId,
    thread_name: String,
    message: String,
    /// `file:line:column`.
    pub(crate) location: String,
    /// If the environment asks for it.
    pub(crate) backtrace: Option<String>,
    /// It was also printed where it happened.
    is_printed: bool,
}

/// The panics of a scope, until they are reported.
pub(crate) struct Panics {
    since: Instant,
    state: Mutex<State>,
}

struct State {
    count: usize,
    kept: BoundedLog<Panicked>,
    /// The report is written: later panics are printed.
    is_closed: bool,
    skip: Option<String>,
}

impl Panics {
    pub(super) fn new() -> Self {
        let state = State { count: 0, kept: BoundedLog::new(KEPT), is_closed: false, skip: None };
        Self { since: Instant::now(), state: Mutex::new(state) }
    }

    /// Keeps a panic. Returns false after the report.
    pub(super) fn add(&self, record: &Record, is_printed: bool) -> bool {
        let thread = std::thread::current();
        let mut panicked = Panicked {
            number: 0,
            at: self.since.elapsed(),
            thread: thread.id(),
            thread_name: thread.name().unwrap_or("<unnamed>").to_owned(),
            message: record.message.clone(),
            location: record.location.clone(),
            backtrace: record.backtrace(),
            is_printed,
        };
        let mut state = self.state.lock();
        if !state.is_closed {
            state.count += 1;
            panicked.number = state.count;
            // The limit counts panics, so each has the size 1.
            state.kept.push(panicked, 1);
        }
        !state.is_closed
    }

    /// A thread of the test is about to unwind in order to skip it.
    pub(crate) fn skip(&self, why: &str) {
        self.state.lock().skip.get_or_insert_with(|| why.to_owned());
    }

    /// Takes the reason of the first skip, whose payload another thread may have caught.
    pub(crate) fn take_skip(&self) -> Option<String> {
        self.state.lock().skip.take()
    }

    /// The newest panic with this message, preferably one of the calling thread.
    pub(crate) fn find(&self, message: &str) -> Option<Panicked> {
        let own = std::thread::current().id();
        let state = self.state.lock();
        let newest = || state.kept.iter().rev().filter(|panic| panic.message == message);
        newest().find(|panic| panic.thread == own).or_else(|| newest().next()).cloned()
    }

    pub(crate) fn remove(&self, reported: Option<&Panicked>) {
        if let Some(reported) = reported {
            self.state.lock().kept.retain(|panic| panic.number != reported.number);
        }
    }

    /// Takes the panics that were not printed, as lines. After the `last` call none is kept.
    pub(super) fn take(&self, last: bool) -> Vec<Line> {
        let (panics, dropped) = {
            let mut state = self.state.lock();
            state.is_closed |= last;
            state.kept.take()
        };
        let mut lines = Vec::new();
        if let (1.., Some(oldest)) = (dropped, panics.first()) {
            let text = format!("({dropped} earlier panics were dropped)");
            lines.push(Line { at: oldest.at, node: String::new(), text });
        }
        lines.extend(panics.iter().filter(|panic| !panic.is_printed).flat_map(Panicked::lines));
        lines
    }
}

impl Panicked {
    fn lines(&self) -> Vec<Line> {
        let Self { thread_name, location, message, backtrace, .. } = self;
        let head = format!("thread '{thread_name}' panicked at {location}:");
        let message = truncate::text(message);
        let message = message.lines().map(|line| format!("  {line}"));
        let backtrace = backtrace.iter().flat_map(|backtrace| backtrace.lines()).map(str::to_owned);
        let all = std::iter::once(head).chain(message).chain(backtrace);
        all.map(|text| Line { at: self.at, node: String::new(), text }).collect()
    }
}
