//! A panic that happened in a node, told to its origin: message, place and backtrace.
//!
//! A panic is recorded by the hook on the thread where it happens, and caught somewhere else: at
//! the end of a call, perhaps after a task carried it to another thread. Records are therefore
//! kept for the whole process, and matched by what was said.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;
use std::time::SystemTime;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// How many panics a node remembers for calls that still have to end.
const REMEMBERED: usize = 32;

/// What the standard library says of a panic that nothing catches: it aborts the process behind it.
const LAST: [&str; 2] = ["panic in a destructor during cleanup", "panic in a function that cannot unwind"];

/// A panic in a remote function: what OTP re-raises in the caller with class, reason and stack.
///
/// ```
/// use peer::prelude::*;
/// #[remote]
/// fn divide(a: u32, b: u32) -> u32 { a / b }
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start(()).await?;
/// let error = peer.call(divide, (1, 0)).await.unwrap_err();
/// let panic = error.panic().expect("the function panicked");
/// assert_eq!(panic.message(), "attempt to divide by zero");
/// assert!(panic.location().contains(".rs:"));
/// assert!(panic.backtrace().contains("divide"));
/// # peer.stop().await?; Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemotePanic {
    message: String,
    location: String,
    backtrace: String,
}

impl RemotePanic {
    /// What the panic said.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it happened: `file:line:column`, or `unknown place`.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The remote backtrace as text, without the frames of this crate.
    pub fn backtrace(&self) -> &str {
        &self.backtrace
    }
}

impl fmt::Display for RemotePanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked at {}:\n{}", self.location, self.message)?;
        if !self.backtrace.is_empty() {
            write!(f, "\nremote backtrace:\n{}", self.backtrace)?;
        }
        Ok(())
    }
}

/// A panic as the hook met it.
pub(crate) struct Record {
    at: SystemTime,
    thread: ThreadId,
    pub(crate) message: String,
    /// `file:line:column`, or `unknown place`.
    pub(crate) location: String,
    backtrace: Backtrace,
    /// Nobody has said it, since whoever catches it tells it.
    is_caught: bool,
}

/// Whether there was any.
static HAPPENED: AtomicBool = AtomicBool::new(false);

impl Record {
    /// The frames that are the user's own, where the environment asks for them.
    pub(crate) fn backtrace(&self) -> Option<String> {
        let asked = std::env::var_os("RUST_BACKTRACE").filter(|value| value != "0")?;
        let whole = self.backtrace.to_string();
        Some(if asked == "full" { whole } else { trim(&whole) })
    }
}

/// Who says a panic, besides its record.
#[derive(Clone, Copy)]
pub(crate) enum Says {
    /// We do, on the console of a node without main.
    Us,
    /// The hook that was there.
    Others,
    /// This, unless it returns false, and then the hook that was there.
    Somebody(fn(&Record) -> bool),
}

static RECORDS: Mutex<VecDeque<Record>> = Mutex::new(VecDeque::new());

static RECORDING: Once = Once::new();

thread_local! {
    /// Whoever catches what panics on this thread just now tells it.
    static IS_TOLD: Cell<bool> = const { Cell::new(false) };
}

/// Whether panics are recorded, unless the user has put another hook in front.
pub(crate) fn are_recorded() -> bool {
    RECORDING.is_completed()
}

/// Makes every panic of this process leave a record, and be said by whom it is meant to be.
pub(crate) fn record_panics(says: Says) {
    RECORDING.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let location = info.location().map_or_else(
                || "unknown place".to_owned(),
                |at| format!("{}:{}:{}", at.file(), at.line(), at.column()),
            );
            let thread = std::thread::current().id();
            let (message, backtrace) = (message(info.payload()), Backtrace::force_capture());
            let mut record = Record { at: SystemTime::now(), thread, message, location, backtrace, is_caught: false };
            HAPPENED.store(true, Ordering::Relaxed);
            let is_last = LAST.contains(&&*record.message);
            record.is_caught = IS_TOLD.get() && !is_last;
            if is_last {
                say_caught();
            }
            let is_said = match says {
                _ if record.is_caught => true,
                Says::Us => {
                    print(&record);
                    true
                }
                Says::Others => false,
                Says::Somebody(say) => !is_last && say(&record),
            };
            let mut records = RECORDS.lock();
            if records.len() == REMEMBERED {
                records.pop_front();
            }
            records.push_back(record);
            drop(records);
            if !is_said {
                previous(info);
            }
        }));
    });
}

/// Says what was to be caught on this thread: now nobody will.
fn say_caught() {
    let own = std::thread::current().id();
    let records = RECORDS.lock();
    records.iter().filter(|record| record.is_caught && record.thread == own).for_each(print);
}

/// What the standard library prints of a panic, with the frames that are the user's own.
fn print(record: &Record) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("<unnamed>");
    let mut text = format!("thread '{name}' panicked at {}:\n{}\n", record.location, record.message);
    if let Some(backtrace) = record.backtrace() {
        text.push_str(&backtrace);
        text.push('\n');
    }
    // Where the console is gone there is nobody to tell.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// What a caught payload was about, with the newest record that says the same.
pub(crate) fn caught(payload: Box<dyn Any + Send>) -> RemotePanic {
    caught_at(payload).0
}

/// The same, and when it happened.
pub(crate) fn caught_at(payload: Box<dyn Any + Send>) -> (RemotePanic, SystemTime) {
    let message = message(&*payload);
    quietly(|| drop(payload));
    let mut records = RECORDS.lock();
    let found = position(&records, &message).and_then(|at| records.remove(at));
    drop(records);
    match found {
        Some(record) => {
            let backtrace = trim(&record.backtrace.to_string());
            (RemotePanic { message, location: record.location, backtrace }, record.at)
        }
        // `resume_unwind` with a payload of its own runs no hook.
        None => {
            let location = "unknown place".to_owned();
            (RemotePanic { message, location, backtrace: String::new() }, SystemTime::now())
        }
    }
}

/// The newest record of this text, before all others one of the calling thread.
fn position(records: &VecDeque<Record>, message: &str) -> Option<usize> {
    let own = std::thread::current().id();
    let found = |record: &Record| record.message == message;
    records.iter().rposition(|record| record.thread == own && found(record)).or_else(|| records.iter().rposition(found))
}

/// Whether there was a panic, told or not.
pub(crate) fn have_happened() -> bool {
    HAPPENED.load(Ordering::Relaxed)
}

/// Drops what a panic left behind: that may panic again, which changes nothing any more.
pub(crate) fn quietly(drops: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(drops)) {
        std::mem::forget(payload);
    }
}

/// The same where the caller tells it, so that nobody else says it: what it said, and where, if that is recorded.
pub(crate) fn told(drops: impl FnOnce()) -> Option<(String, Option<String>)> {
    IS_TOLD.set(true);
    let dropped = catch_unwind(AssertUnwindSafe(drops));
    IS_TOLD.set(false);
    dropped.err().map(|payload| {
        let message = message(&*payload);
        // Nobody knows what that one would do.
        std::mem::forget(payload);
        let mut records = RECORDS.lock();
        let place = position(&records, &message).and_then(|at| records.remove(at)).map(|record| record.location);
        (message, place)
    })
}

/// What unwinds from a test that is skipped.
pub(crate) struct Skip(pub(crate) String);

/// The text of a panic's payload.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else if let Some(Skip(why)) = payload.downcast_ref() {
        format!("`peer::skip` was called where no test hears it: {why}")
    } else {
        "a panic whose payload is not text".to_owned()
    }
}

/// Leaves the frames between the panic machinery and our own call machinery.
fn trim(backtrace: &str) -> String {
    let mut frames: Vec<Vec<&str>> = Vec::new();
    for line in backtrace.lines() {
        let starts = line.trim_start().split_once(": ").is_some_and(|(n, _)| n.parse::<u32>().is_ok());
        match frames.last_mut() {
            Some(frame) if !starts => frame.push(line),
            _ => frames.push(vec![line]),
        }
    }
    let machinery = ["rust_begin_unwind", "core::panicking::", "std::panicking::", "__rustc::"];
    let first = frames
        .iter()
        .rposition(|frame| {
            machinery.iter().any(|part| {
                frame[0].contains(part) && !frame[0].contains("catch_unwind") && !frame[0].contains("do_call")
            })
        })
        .map_or(0, |at| at + 1);
    let ours = "peer_runtime::";
    let end = frames[first..].iter().position(|frame| frame[0].contains(ours)).map_or(frames.len(), |n| first + n);
    let own = frames[first..end].iter().filter(|frame| !frame[0].contains("core::ops::function"));
    own.flatten().copied().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_frames_of_the_called_function_are_told() {
        let text = "   0: std::backtrace::capture\n   1: rust_begin_unwind\n   2: core::panicking::panic_fmt\n             at /rustc/x.rs:1:2\n   3: suite::divide\n             at ./suite.rs:3:4\n   4: peer_runtime::node::call\n   5: std::panicking::catch_unwind\n";
        assert_eq!(trim(text), "   3: suite::divide\n             at ./suite.rs:3:4");
    }
}
