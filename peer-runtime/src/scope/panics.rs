//! Panics on the threads of a test, which are told with it, and not where they happen.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError, TryLockError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use super::{CURRENT, Line, Scope};
use crate::panic::Record;
use crate::sanitize;
use crate::truncate;

/// So many are kept: what catches its panics may have any number of them.
const MOST: usize = 256;

/// A panic that is to be told.
#[derive(Clone, Debug)]
pub struct Panicked {
    /// Which one of its scope.
    number: usize,
    /// From the beginning of its scope.
    at: Duration,
    thread: ThreadId,
    thread_name: String,
    message: String,
    /// `file:line:column`.
    pub(crate) place: String,
    /// Where the environment asks for it.
    pub(crate) backtrace: Option<String>,
    /// Whether it was said at once, where it happened.
    is_said: bool,
    /// All of it, as it is said if there is no report, when nobody can ask for memory any more; nothing if it was said.
    text: String,
}

/// The panics of a scope, until they are told.
pub(super) struct Panics {
    since: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many there were.
    count: usize,
    kept: VecDeque<Panicked>,
    /// There was no room for so many of them, and nobody said them.
    dropped: usize,
    /// Nobody will tell what comes now.
    closed: bool,
    /// For what reasons something here wanted the test to be skipped.
    skips: Vec<String>,
}

/// Keeps a panic for the report of the test that the thread belongs to. False if there is none, or it is over, or its output
/// is shown at once: then it is said at once.
pub(crate) fn take_panic(record: &Record) -> bool {
    take(record, true)
}

/// The same where what is shown at once is no reason to say it.
pub(crate) fn take_panic_in_any_case(record: &Record) -> bool {
    take(record, false)
}

fn take(record: &Record, says_if_live: bool) -> bool {
    // A thread may be beyond the destruction of its locals.
    let current = CURRENT.try_with(|current| current.try_borrow().ok().and_then(|scope| scope.clone())).ok().flatten();
    let Some(scope) = current.filter(|scope| scope.0.listener.is_some()) else { return false };
    let is_said = says_if_live && scope.0.console.is_live();
    let is_kept = scope.0.panics.add(record, is_said);
    is_kept && !is_said
}

impl Panics {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), state: Mutex::default() }
    }

    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, record: &Record, is_said: bool) -> bool {
        let at = self.since.elapsed();
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("<unnamed>").to_owned();
        let (message, place) = (record.message.clone(), record.location.clone());
        let backtrace = record.backtrace();
        let mut panicked = Panicked {
            number: 0,
            at,
            thread: thread.id(),
            thread_name: name,
            message,
            place,
            backtrace,
            is_said,
            text: String::new(),
        };
        if !is_said {
            let text: String = panicked.lines().into_iter().flat_map(|line| [line.text, "\n".to_owned()]).collect();
            panicked.text = sanitize::text(&text).into_owned();
        }
        self.with(|state| {
            if state.closed {
                return false;
            }
            state.count += 1;
            if state.kept.len() == MOST {
                let oldest = state.kept.pop_front();
                state.dropped += usize::from(oldest.is_some_and(|oldest| !oldest.is_said));
            }
            panicked.number = state.count;
            state.kept.push_back(panicked);
            true
        })
    }
}

impl Scope {
    /// Something here is about to unwind, so that the test is skipped for this reason.
    pub(crate) fn skips(&self, why: &str) {
        self.0.panics.with(|state| {
            // One tells what is wrong with all.
            if state.skips.is_empty() {
                state.skips.push(why.to_owned());
            }
        });
    }

    /// All such reasons, of which one may have come to nobody who skips for it.
    pub(crate) fn skipped(&self) -> Vec<String> {
        self.0.panics.with(|state| std::mem::take(&mut state.skips))
    }

    /// The newest panic that says `message`, before all others one of the calling thread.
    pub(crate) fn panic_of(&self, message: &str) -> Option<Panicked> {
        let own = std::thread::current().id();
        self.0.panics.with(|state| {
            let found = |panic: &&Panicked| panic.message == message;
            let newest = || state.kept.iter().rev().filter(found);
            newest().find(|panic| panic.thread == own).or_else(|| newest().next()).cloned()
        })
    }

    /// Shows what was kept; nothing if somebody looks at that just now, since a signal handler waits for nobody.
    pub(crate) fn each_kept_panic(&self, show: impl FnMut(&str)) {
        let state = match self.0.panics.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(state)) => state.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        state.kept.iter().map(|panic| &*panic.text).filter(|text| !text.is_empty()).for_each(show);
    }

    /// Somebody tells this panic.
    pub(crate) fn tells(&self, panic: Option<&Panicked>) {
        if let Some(told) = panic {
            self.0.panics.with(|state| state.kept.retain(|panic| panic.number != told.number));
        }
    }

    /// What its peers and those of `others` printed, as far as it is kept, and the panics of its own that nobody has told yet, in the order of their times.
    /// If this is the `last` time, they are kept no more, and panics are said at once from then on.
    pub(crate) fn output(&self, others: &[Self], last: bool) -> Vec<Line> {
        let (panics, dropped) = self.0.panics.with(|state| {
            state.closed |= last;
            (std::mem::take(&mut state.kept), std::mem::take(&mut state.dropped))
        });
        let mut lines = self.0.console.kept_with(others.iter().map(|other| &other.0.console), last);
        if let (1.., Some(oldest)) = (dropped, panics.front()) {
            let text = format!("({dropped} earlier panics were dropped)");
            lines.push(Line { at: oldest.at, node: String::new(), text });
        }
        lines.extend(panics.iter().filter(|panic| !panic.is_said).flat_map(Panicked::lines));
        lines.sort_by_key(|line| line.at);
        lines
    }
}

impl Panicked {
    fn lines(&self) -> Vec<Line> {
        let Self { thread_name, place, message, backtrace, .. } = self;
        let head = format!("thread '{thread_name}' panicked at {place}:");
        let message = truncate::text(message);
        let message = message.lines().map(|line| format!("  {line}"));
        let backtrace = backtrace.iter().flat_map(|backtrace| backtrace.lines()).map(str::to_owned);
        let all = std::iter::once(head).chain(message).chain(backtrace);
        all.map(|text| Line { at: self.at, node: String::new(), text }).collect()
    }
}
