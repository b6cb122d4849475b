//! The panics of this process: message, location and backtrace.
//!
//! The hook records a panic on the thread where it happens. It is caught elsewhere, at the end of a call, perhaps after a
//! task carried it to another thread. So records belong to the whole process, and are found by their message.

use std::any::Any;
use std::backtrace::Backtrace;
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

/// How many records are kept for calls that have not ended yet.
const REMEMBERED: usize = 32;

/// The messages of the standard library for a panic that aborts the process.
const ABORTING: [&str; 2] = ["panic in a destructor during cleanup", "panic in a function that cannot unwind"];

const UNKNOWN: &str = "unknown place";

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

/// A panic as the hook saw it.
pub(crate) struct Record {
    at: SystemTime,
    thread: ThreadId,
    pub(crate) message: String,
    pub(crate) location: String,
    backtrace: Backtrace,
}

impl Record {
    /// The frames that are the user's own, if the environment asks for them.
    pub(crate) fn backtrace(&self) -> Option<String> {
        let asked = std::env::var_os("RUST_BACKTRACE").filter(|value| value != "0")?;
        let whole = self.backtrace.to_string();
        Some(if asked == "full" { whole } else { trim(&whole) })
    }
}

/// Where a panic is printed, besides its record.
#[derive(Clone, Copy)]
pub(crate) enum PanicOutput {
    /// On standard error, with the frames that are the user's own.
    Print,
    /// By the previous hook.
    Previous,
    /// Nowhere if this keeps it and returns true, otherwise by the previous hook.
    Capture(fn(&Record) -> bool),
}

static RECORDS: Mutex<VecDeque<Record>> = Mutex::new(VecDeque::new());

/// Whether any thread has panicked.
static HAPPENED: AtomicBool = AtomicBool::new(false);

/// Records every panic of this process from now on; the first call decides on the output.
pub(crate) fn record_panics(output: PanicOutput) {
    static RECORDING: Once = Once::new();
    RECORDING.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let location = info.location().map_or_else(|| UNKNOWN.to_owned(), ToString::to_string);
            let thread = std::thread::current().id();
            let (message, backtrace) = (message(info.payload()), Backtrace::force_capture());
            let record = Record { at: SystemTime::now(), thread, message, location, backtrace };
            HAPPENED.store(true, Ordering::Relaxed);
            match output {
                PanicOutput::Print => print(&record),
                // The process aborts after one of these, before any report.
                PanicOutput::Capture(keep) if !ABORTING.contains(&&*record.message) && keep(&record) => {}
                PanicOutput::Previous | PanicOutput::Capture(_) => previous(info),
            }
            let mut records = RECORDS.lock();
            if records.len() == REMEMBERED {
                records.pop_front();
            }
            records.push_back(record);
        }));
    });
}

fn print(record: &Record) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("<unnamed>");
    let backtrace = record.backtrace().map(|frames| frames + "\n").unwrap_or_default();
    let text = format!("thread '{name}' panicked at {}:\n{}\n{backtrace}", record.location, record.message);
    // Fails if standard error is closed.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// The panic of a caught payload, with location and backtrace from the newest record of the same message.
pub(crate) fn caught(payload: Box<dyn Any + Send>) -> RemotePanic {
    caught_at(payload).0
}

/// The same, and when it happened.
pub(crate) fn caught_at(payload: Box<dyn Any + Send>) -> (RemotePanic, SystemTime) {
    let message = message(&*payload);
    quietly(|| drop(payload));
    let found = {
        let mut records = RECORDS.lock();
        position(&records, &message).and_then(|at| records.remove(at))
    };
    // `resume_unwind` with a payload of its own runs no hook.
    let (location, backtrace, at) = found.map_or_else(
        || (UNKNOWN.to_owned(), String::new(), SystemTime::now()),
        |record| (record.location, trim(&record.backtrace.to_string()), record.at),
    );
    (RemotePanic { message, location, backtrace }, at)
}

/// The newest record of this message, preferably one of the calling thread.
fn position(records: &VecDeque<Record>, message: &str) -> Option<usize> {
    let own = std::thread::current().id();
    let found = |record: &Record| record.message == message;
    records.iter().rposition(|record| record.thread == own && found(record)).or_else(|| records.iter().rposition(found))
}

pub(crate) fn have_happened() -> bool {
    HAPPENED.load(Ordering::Relaxed)
}

/// Drops what a panic leaked; its destructor may panic again, which is ignored.
pub(crate) fn quietly(drops: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(drops)) {
        std::mem::forget(payload);
    }
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

/// The frames between the panic machinery and the call machinery of this crate.
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
    let of_panic = |name: &str| {
        machinery.iter().any(|part| name.contains(part)) && !name.contains("catch_unwind") && !name.contains("do_call")
    };
    let first = frames.iter().rposition(|frame| of_panic(frame[0])).map_or(0, |at| at + 1);
    let own = frames[first..].iter().take_while(|frame| !frame[0].contains("peer_runtime::"));
    own.filter(|frame| !frame[0].contains("core::ops::function")).flatten().copied().collect::<Vec<_>>().join("\n")
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
