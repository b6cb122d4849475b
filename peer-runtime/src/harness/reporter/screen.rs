//! What all reporters write to, one at a time: standard output with standard error beside it, and, at the bottom of a
//! terminal, a progress line that makes room for everything else.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Of a terminal that does not say how wide it is.
const USUAL_WIDTH: usize = 80;
/// To the beginning of the line, and nothing behind it.
const CLEAR: &str = "\r\x1b[K";

pub(super) struct Screen {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// How wide the terminal is, if there is one for a progress line.
    width: Option<fn() -> usize>,
    progress: String,
    is_shown: bool,
    /// Standard output stands in the middle of a line.
    in_line: bool,
    /// It was told that something could not be written.
    told: bool,
}

pub(super) type Shared = Arc<Mutex<Screen>>;

/// How wide the terminal is that standard error is.
pub(super) fn terminal_width() -> usize {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stderr());
    size.ok().map(|size| usize::from(size.ws_col)).filter(|width| *width > 0).unwrap_or(USUAL_WIDTH)
}

pub(super) fn lock(screen: &Shared) -> MutexGuard<'_, Screen> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}

// No result of writing counts for the run: where nobody reads, it goes on, and its exit status says how it ended.
impl Screen {
    pub(super) fn shared(
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        width: Option<fn() -> usize>,
    ) -> Shared {
        let (progress, is_shown, in_line, told) = (String::new(), false, false, false);
        Arc::new(Mutex::new(Self { out, err, width, progress, is_shown, in_line, told }))
    }

    /// Whether there is a place for a progress line.
    pub(super) fn draws(&self) -> bool {
        self.width.is_some()
    }

    /// Whole lines, on standard output.
    pub(super) fn print(&mut self, lines: &str) {
        self.clear();
        let before = if std::mem::take(&mut self.in_line) { "\n" } else { "" };
        self.write(format_args!("{before}{lines}"));
        self.draw();
    }

    /// A part of a line, on standard output.
    pub(super) fn print_part(&mut self, text: &str) {
        self.clear();
        self.write(format_args!("{text}"));
        self.in_line = !text.ends_with('\n');
    }

    /// Writes to standard output. What is lost for want of room, say, is told once; a reader who has left wants no more.
    fn write(&mut self, text: fmt::Arguments<'_>) {
        let written = self.out.write_fmt(text).and_then(|()| self.out.flush());
        if let Err(error) = written
            && error.kind() != ErrorKind::BrokenPipe
            && !std::mem::replace(&mut self.told, true)
        {
            let _ = writeln!(self.err, "peer: not all that this run prints can be written: {error}");
        }
    }

    /// A line on standard error.
    pub(super) fn show(&mut self, line: &str) {
        self.clear();
        let _ = writeln!(self.err, "{line}");
        self.draw();
    }

    /// From now on this is the progress line; none if it is empty.
    pub(super) fn progress(&mut self, text: String) {
        self.clear();
        self.progress = text;
        self.draw();
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _ = write!(self.err, "{CLEAR}");
            let _ = self.err.flush();
        }
    }

    fn draw(&mut self) {
        let Some(width) = self.width.filter(|_| !self.progress.is_empty()) else {
            return;
        };
        // A full line would wrap, and could not be cleared any more.
        let room = width().saturating_sub(1);
        let shown: String = self.progress.chars().take(room).collect();
        let _ = write!(self.err, "{CLEAR}{shown}");
        let _ = self.err.flush();
        self.is_shown = true;
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Paper;
    use super::*;

    #[test]
    fn a_progress_line_makes_room_for_every_other_one() {
        let paper = Paper::default();
        let screen = Screen::shared(paper.writer(), paper.writer(), Some(|| 8));
        let mut screen = lock(&screen);
        screen.progress("0/2 running".to_owned());
        screen.print("test a ... ok\n");
        screen.show("a node | hello");
        screen.progress(String::new());
        screen.print("done\n");
        let clear = CLEAR;
        let expected = format!(
            "{clear}0/2 run{clear}test a ... ok\n{clear}0/2 run{clear}a node | hello\n{clear}0/2 run{clear}done\n"
        );
        assert_eq!(paper.text(), expected);
    }

    #[test]
    fn what_cannot_be_written_is_told_once() {
        let (paper, full) = (Paper::default(), std::fs::File::options().write(true).open("/dev/full"));
        let screen = Screen::shared(Box::new(full.expect("it is there")), paper.writer(), None);
        lock(&screen).print("test a ... ok\n");
        lock(&screen).print("test b ... ok\n");
        let told = "peer: not all that this run prints can be written: No space left on device (os error 28)\n";
        assert_eq!(paper.text(), told);
    }

    #[test]
    fn whole_lines_begin_at_the_beginning() {
        let paper = Paper::default();
        let screen = Screen::shared(paper.writer(), paper.writer(), None);
        let mut screen = lock(&screen);
        screen.progress("nowhere to be seen".to_owned());
        screen.print_part("..");
        screen.print("a is slow\n");
        screen.print_part(".\n");
        screen.print("done\n");
        assert_eq!(paper.text(), "..\na is slow\n.\ndone\n");
    }
}
