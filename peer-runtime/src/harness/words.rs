//! Last words: what a run that ends in its middle still has to tell. They are kept so that they can be told at any moment, by a
//! signal handler, too: without a lock, and without asking for memory.

use std::fmt::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, write};

use super::exit;
use crate::sys;
use crate::timeouts::READS_ON;

/// To a terminal: nothing is from here on.
pub(super) const CLEAR: &str = "\x1b[J";

/// What a pipe that has room takes without making its writer wait.
const PIECE: usize = 4096;
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
        let text = &text[..text.floor_char_boundary(ROOM)];
        self.bytes.iter().zip(text.bytes()).for_each(|(to, byte)| to.store(byte, Ordering::Relaxed));
        self.length.store(text.len(), Ordering::Release);
    }

    fn tell(&self, to: BorrowedFd<'_>) {
        let bytes = &self.bytes[..self.length.load(Ordering::Acquire)];
        // Little by little, since a signal handler has a small stack.
        let mut piece = [0; 256];
        for bytes in bytes.chunks(piece.len()) {
            piece.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte.load(Ordering::Relaxed));
            say(to, &piece[..bytes.len()]);
        }
    }
}

/// From now on they are told there, also if this process crashes.
pub(super) fn go_to(out: OwnedFd, err: OwnedFd) {
    if TO.set((out, err)).is_ok() {
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
    if TOLD.swap(true, Ordering::Relaxed) {
        return;
    }
    let mut held = FIRST.get();
    if held.is_some() {
        say(out.as_fd(), b"\nfailures until then:\n\n");
    }
    while let Some(one) = held {
        say(out.as_fd(), one.text.as_bytes());
        say(out.as_fd(), b"\n");
        held = one.next.get();
    }
}

/// Tells why the run ends in its middle, how it stands, and what was held.
pub(super) fn tell(why: &[&str]) {
    if let Some((_, err)) = TO.get() {
        if IS_DRAWN.load(Ordering::Relaxed) {
            say(err.as_fd(), CLEAR.as_bytes());
        }
        // Others may be in the middle of a line.
        say(err.as_fd(), b"\npeer: ");
        why.iter().for_each(|part| say(err.as_fd(), part.as_bytes()));
        say(err.as_fd(), b": ");
        STANDS[HOLDS.load(Ordering::Acquire)].tell(err.as_fd());
        say(err.as_fd(), b"\n");
    }
    tell_held();
}

/// In a signal handler.
fn crashed(signal: &'static str) {
    if exit::is_running() {
        tell(&["this process crashes by ", signal, ", and with it the run"]);
    }
}

/// Writes it; gives up if nobody reads on.
fn say(to: BorrowedFd<'_>, mut text: &[u8]) {
    let limit = Timespec::try_from(READS_ON).ok();
    while !text.is_empty() {
        match poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], limit.as_ref()) {
            Ok(1..) | Err(Errno::INTR) => {}
            _ => return,
        }
        match write(to, &text[..text.len().min(PIECE)]) {
            Ok(written) => text = &text[written..],
            Err(Errno::INTR) => {}
            Err(_) => return,
        }
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
    use std::sync::mpsc;
    use std::thread;

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
        let text = Text::new();
        text.set(&"x".repeat(ROOM + 1));
        text.set("a");
        text.tell(writer.as_fd());
        text.set(&"日".repeat(ROOM));
        text.tell(writer.as_fd());
        drop(writer);
        let mut told = String::new();
        reader.read_to_string(&mut told).expect("it is UTF-8");
        assert_eq!(told, format!("a{}", "日".repeat(ROOM / 3)));
    }

    #[test]
    fn who_reads_nothing_is_given_up() {
        let (_reader, writer) = std::io::pipe().expect("there are descriptors");
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            // Far more than any pipe takes.
            say(writer.as_fd(), &vec![0; 64 << 20]);
            done.send(())
        });
        is_done.recv_timeout(READS_ON * 20).expect("it ends");
    }
}
