//! Last words: what a run that ends in its middle still has to tell. They are kept so that they can be told at any moment, by a
//! signal handler, too: without a lock, and without asking for memory.

use std::fmt::Write;
use std::io::stderr;
#[cfg(feature = "junit")]
use std::os::fd::BorrowedFd;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{iter, mem};

mod reader;

use super::exit;
use super::reporter::each_running;
use crate::sanitize;
use crate::sys;
use crate::truncate;
use reader::{Reader, without_waiting};

/// To a terminal: nothing is from here on.
pub(super) const CLEAR: &str = "\x1b[J";

/// Of a longer text, as it was last known, this is kept.
const ROOM: usize = 4096;

/// Standard output, or what is in its place, and standard error.
static TO: OnceLock<(OwnedFd, OwnedFd)> = OnceLock::new();

/// A text that is told at the end of the run, if that comes.
struct Held {
    text: String,
    next: OnceLock<&'static Self>,
}

static FIRST: OnceLock<&'static Held> = OnceLock::new();
static LAST: Mutex<Option<&'static Held>> = Mutex::new(None);
static MANY: AtomicUsize = AtomicUsize::new(0);
/// They have been told.
static TOLD: AtomicBool = AtomicBool::new(false);

/// There is a progress line below them.
static IS_DRAWN: AtomicBool = AtomicBool::new(false);

/// How the run stands. One of them is written while the other one holds.
static STANDS: [Text; 2] = [const { Text::new() }; 2];
static HOLDS: AtomicUsize = AtomicUsize::new(0);

struct Text {
    length: AtomicUsize,
    bytes: [AtomicU8; ROOM],
}

impl Text {
    const fn new() -> Self {
        Self { length: AtomicUsize::new(0), bytes: [const { AtomicU8::new(0) }; ROOM] }
    }

    fn set(&self, text: &str) {
        let text = truncate::start(text, ROOM);
        self.bytes.iter().zip(text.bytes()).for_each(|(to, byte)| to.store(byte, Ordering::Relaxed));
        self.length.store(text.len(), Ordering::Release);
    }

    fn tell(&self, to: &mut Reader<'_>) {
        let bytes = &self.bytes[..self.length.load(Ordering::Acquire)];
        // Little by little, since a signal handler has a small stack.
        let mut piece = [0; 256];
        for bytes in bytes.chunks(piece.len()) {
            piece.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte.load(Ordering::Relaxed));
            to.say(&piece[..bytes.len()]);
        }
    }
}

/// From now on they are told there, also if this process crashes.
pub(super) fn go_to(out: OwnedFd, err: OwnedFd) {
    if TO.set((without_waiting(out), without_waiting(err))).is_ok() {
        sys::at_crash(crashed);
    }
}

/// Keeps what is told at the end of the run.
pub(super) fn hold(text: String) -> &'static str {
    // Never let go of: who tells it may be in the middle of that.
    let held: &'static Held = Box::leak(Box::new(Held { text, next: OnceLock::new() }));
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    // It is the last one, which has no other behind it.
    let _ = last.replace(held).map_or(&FIRST, |last| &last.next).set(held);
    MANY.fetch_add(1, Ordering::Release);
    &held.text
}

/// Whether there is a progress line below what is told next.
pub(super) fn has_below(is_drawn: bool) {
    IS_DRAWN.store(is_drawn, Ordering::Relaxed);
}

/// What was held is told by now.
pub(super) fn are_told() {
    TOLD.store(true, Ordering::Relaxed);
}

/// How the run stands now; to be called by one thread at a time.
pub(super) fn stands(text: &str) {
    let other = 1 - HOLDS.load(Ordering::Relaxed);
    STANDS[other].set(text);
    HOLDS.store(other, Ordering::Release);
}

/// Tells what was held, for a reason that is told already.
pub(super) fn tell_held() {
    let Some((out, _)) = TO.get() else { return };
    // Not what comes meanwhile: nothing need end that.
    let many = MANY.load(Ordering::Acquire);
    if TOLD.swap(true, Ordering::Relaxed) || many == 0 {
        return;
    }
    let mut out = Reader::new(out.as_fd());
    out.say(b"\nfailures until then:\n\n");
    for held in iter::successors(FIRST.get().copied(), |held| held.next.get().copied()).take(many) {
        out.say(held.text.as_bytes());
        out.say(b"\n");
    }
}

/// Tells what panicked where there will be no report, for a reason that is told already.
pub(super) fn tell_kept() {
    if let Some((_, err)) = TO.get() {
        kept(&mut Reader::new(err.as_fd()));
    }
}

fn kept(err: &mut Reader<'_>) {
    each_running(|scope| {
        let mut is_first = true;
        scope.each_kept_panic(|text| {
            if mem::take(&mut is_first) {
                err.say(b"peer: what panicked in `");
                err.say(scope.name().as_bytes());
                err.say(b"` before:\n");
            }
            err.say(text.as_bytes());
        });
    });
}

/// Tells this, where no run is told here on the standard error that there is.
pub(super) fn tell_text(text: &str) {
    let text = sanitize::text(text);
    let say = |err: &OwnedFd| {
        let mut err = Reader::new(err.as_fd());
        if IS_DRAWN.load(Ordering::Relaxed) {
            err.say(CLEAR.as_bytes());
        }
        // Others may be in the middle of a line.
        for part in ["\npeer: ", &text, "\n"] {
            err.say(part.as_bytes());
        }
    };
    match TO.get() {
        Some((_, err)) => say(err),
        // A test may hold the lock of that stream; where it is closed nobody wants to know.
        None => drop(stderr().as_fd().try_clone_to_owned().map(without_waiting).inspect(say)),
    }
}

/// Writes this, for as long as somebody reads on; whether all of it was read.
#[cfg(feature = "junit")]
pub(super) fn say_to(to: BorrowedFd<'_>, text: &str) -> bool {
    let mut to = Reader::new(to);
    to.say(text.as_bytes());
    to.reads
}

/// Tells why the run ends in its middle, how it stands, and what was held.
pub(super) fn tell(why: &[&str]) {
    if let Some((_, err)) = TO.get() {
        let mut err = Reader::new(err.as_fd());
        if IS_DRAWN.load(Ordering::Relaxed) {
            err.say(CLEAR.as_bytes());
        }
        // Others may be in the middle of a line.
        err.say(b"\npeer: ");
        why.iter().for_each(|part| err.say(part.as_bytes()));
        err.say(b": ");
        STANDS[HOLDS.load(Ordering::Acquire)].tell(&mut err);
        err.say(b"\n");
        kept(&mut err);
    }
    tell_held();
}

/// In a signal handler.
fn crashed(signal: &'static str) {
    if exit::is_running() {
        tell(&["this process crashes by ", signal, ", and with it the run"]);
    }
}

/// How far a run has come, and what runs.
pub(super) fn standing(done: usize, of: usize, failed: usize, running: &[String]) -> String {
    let mut text = format!("{done} of {of} tests done");
    // Writing to a string cannot fail.
    if failed > 0 {
        let _ = write!(text, ", {failed} failed");
    }
    match running {
        [] => text.push_str(", none was running"),
        [one] => drop(write!(text, ", {one} was running")),
        all => drop(write!(text, ", these were running: {}", all.join(", "))),
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn how_a_run_stands_is_one_line() {
        let names = ["`a`", "`b`"].map(str::to_owned);
        assert_eq!(standing(0, 1, 0, &[]), "0 of 1 tests done, none was running");
        assert_eq!(standing(3, 40, 0, &names[..1]), "3 of 40 tests done, `a` was running");
        assert_eq!(standing(3, 40, 1, &names), "3 of 40 tests done, 1 failed, these were running: `a`, `b`");
    }

    #[test]
    fn a_text_is_told_as_it_was_set_last_and_no_character_is_cut() {
        let (mut reader, writer) = std::io::pipe().expect("there are descriptors");
        let (text, mut to) = (Text::new(), Reader::new(writer.as_fd()));
        text.set(&"x".repeat(ROOM + 1));
        text.set("a");
        text.tell(&mut to);
        text.set(&"日".repeat(ROOM));
        text.tell(&mut to);
        drop(writer);
        let mut told = String::new();
        reader.read_to_string(&mut told).expect("it is UTF-8");
        assert_eq!(told, format!("a{}", "日".repeat(ROOM / 3)));
    }
}
