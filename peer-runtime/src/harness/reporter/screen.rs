//! What all reporters write to, one at a time: standard output with standard error beside it, and, at the bottom of a
//! terminal, a progress line that makes room for everything else. It is below the line where the next text comes, so that what
//! tests print there by themselves has lines of its own.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::words::{self, CLEAR};
use super::bar::Bar;
use super::written::{Lost, lost};
use crate::aside::Way;

/// Of a terminal that does not say how wide it is.
const USUAL_WIDTH: usize = 80;
/// To the line below, which is made if there is none, and whose text goes.
const BELOW: &str = "\x1bD\x1b[A\x1b7\r\x1b[B\x1b[K";
/// Back to where that was said. What a test prints by itself is there then, and not behind the progress line.
const BACK: &str = "\x1b8";

pub(super) struct Screen {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// How wide the terminal is, if there is one for a progress line.
    width: Option<fn() -> usize>,
    progress: Option<Bar>,
    is_shown: bool,
    /// Standard output stands in the middle of a line.
    in_line: bool,
    /// What standard output is called, where it is another file.
    name: String,
    lost: Lost,
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

/// The way of what is told beside results.
pub(super) fn way(screen: &Shared) -> Way {
    let screen = Arc::clone(screen);
    Arc::new(move |lines| lock(&screen).show(lines))
}

// Where nobody reads any more the run goes on, and its exit status says how it ended. What standard error does not take is told
// nowhere: there is no other place.
impl Screen {
    pub(super) fn shared(
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        width: Option<fn() -> usize>,
    ) -> Shared {
        let (name, lost, progress, is_shown, in_line) = (String::new(), Lost::default(), None, false, false);
        Arc::new(Mutex::new(Self { out, err, width, progress, is_shown, in_line, name, lost }))
    }

    /// What standard output is called, and who is told if something of it is lost.
    pub(super) fn out_is(&mut self, name: &str, lost: &Lost) {
        (self.name, self.lost) = (name.to_owned(), lost.clone());
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

    /// Writes to standard output. What is lost for want of room, say, is told once, and fails the run; a reader who has left wants no more.
    fn write(&mut self, text: fmt::Arguments<'_>) {
        let written = self.out.write_fmt(text).and_then(|()| self.out.flush());
        if let Err(error) = written
            && error.kind() != ErrorKind::BrokenPipe
            && self.lost.note()
        {
            let told = lost(&format!("{}: some of what this run prints", self.name), &error);
            let _ = writeln!(self.err, "peer: {told}");
        }
    }

    /// Whole lines, on standard error.
    pub(super) fn show(&mut self, lines: &str) {
        self.clear();
        if std::mem::take(&mut self.in_line) {
            self.write(format_args!("\n"));
        }
        // One write: nodes that keep the terminal write there, too.
        let _ = self.err.write_all(format!("{lines}\n").as_bytes());
        self.draw();
    }

    /// Draws this as the progress line, if there is one still.
    pub(super) fn progress(&mut self, bar: Bar) {
        self.clear();
        self.progress_is(bar);
        self.draw();
    }

    /// From now on this is the progress line; it is drawn behind the next line that is printed.
    pub(super) fn progress_is(&mut self, bar: Bar) {
        self.progress = Some(bar);
    }

    /// From now on there is no progress line, whoever may draw one.
    pub(super) fn stop_drawing(&mut self) {
        self.clear();
        self.width = None;
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _ = write!(self.err, "{CLEAR}");
            let _ = self.err.flush();
            words::has_below(false);
        }
    }

    fn draw(&mut self) {
        let (Some(width), Some(bar)) = (self.width, &self.progress) else {
            return;
        };
        // A full line would wrap, and could not be cleared any more.
        let shown = bar.fit(width().saturating_sub(1));
        let _ = self.err.write_all(format!("{BELOW}{shown}{BACK}").as_bytes());
        let _ = self.err.flush();
        words::has_below(true);
        self.is_shown = true;
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Paper, terminal};
    use super::*;

    fn bar() -> Bar {
        Bar { of: 2, ..Bar::default() }
    }

    /// What a terminal with so many lines shows.
    fn shown(paper: &Paper, lines: usize) -> Vec<String> {
        terminal(&paper.text(), lines)
    }

    #[test]
    fn a_progress_line_makes_room_for_every_other_one() {
        for lines in [3, 10] {
            let paper = Paper::default();
            let screen = Screen::shared(paper.writer(), paper.writer(), Some(|| 8));
            let mut screen = lock(&screen);
            screen.progress(bar());
            assert_eq!(shown(&paper, lines), ["", "0/2"]);
            screen.print("test a ... ok\n");
            assert_eq!(shown(&paper, lines), ["test a ... ok", "", "0/2"]);
            screen.show("a node | hello");
            let all = ["test a ... ok", "a node | hello", "", "0/2"];
            assert_eq!(shown(&paper, lines), all[4_usize.saturating_sub(lines)..]);
            screen.stop_drawing();
            screen.print("done\n");
            screen.progress(bar());
            let all = ["test a ... ok", "a node | hello", "done", ""];
            assert_eq!(shown(&paper, lines), all[4_usize.saturating_sub(lines)..]);
        }
    }

    #[test]
    fn so_it_does_for_what_is_told_beside_results() {
        let paper = Paper::default();
        let screen = Screen::shared(paper.writer(), paper.writer(), Some(|| 80));
        lock(&screen).progress(bar());
        let way = way(&screen);
        way("peer: a: left behind");
        assert_eq!(shown(&paper, 9), ["peer: a: left behind", "", "0/2 done"]);
    }

    #[test]
    fn what_a_test_prints_by_itself_has_a_line_of_its_own() {
        for lines in [3, 10] {
            let paper = Paper::default();
            let screen = Screen::shared(paper.writer(), paper.writer(), Some(|| 80));
            let by_itself = |text: &str| write!(paper.writer(), "{text}").expect("there is room");
            lock(&screen).progress(bar());
            by_itself("hello\n");
            lock(&screen).progress(bar());
            assert_eq!(shown(&paper, lines), ["hello", "", "0/2 done"]);
            // Not at once: it is drawn meanwhile.
            by_itself("1, ");
            lock(&screen).progress(bar());
            by_itself("2\n");
            lock(&screen).print("test a ... ok\n");
            let all = ["hello", "1, 2", "test a ... ok", "", "0/2 done"];
            assert_eq!(shown(&paper, lines), all[5_usize.saturating_sub(lines)..]);
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_once() {
        let (paper, full) = (Paper::default(), std::fs::File::options().write(true).open("/dev/full"));
        let screen = Screen::shared(Box::new(full.expect("it is there")), paper.writer(), None);
        let lost = Lost::default();
        lock(&screen).out_is("standard output", &lost);
        assert!(!lost.any());
        lock(&screen).print("test a ... ok\n");
        lock(&screen).print("test b ... ok\n");
        let told = "peer: standard output: some of what this run prints cannot be written: No space left on device (os error 28); \
                    this run fails for that: make room there, or have it written elsewhere\n";
        assert_eq!(paper.text(), told);
        assert!(lost.any());
    }

    #[test]
    fn a_reader_who_has_left_fails_nothing() {
        let (paper, (reader, writer)) = (Paper::default(), std::io::pipe().expect("there are descriptors"));
        drop(reader);
        let screen = Screen::shared(Box::new(writer), paper.writer(), None);
        let lost = Lost::default();
        lock(&screen).out_is("standard output", &lost);
        lock(&screen).print("test a ... ok\n");
        assert_eq!((paper.text(), lost.any()), (String::new(), false));
    }

    #[test]
    fn whole_lines_begin_at_the_beginning() {
        let paper = Paper::default();
        let screen = Screen::shared(paper.writer(), paper.writer(), None);
        let mut screen = lock(&screen);
        screen.progress(bar());
        screen.print_part("..");
        screen.print("a is slow\n");
        screen.print_part(".");
        screen.show("a node | hello");
        screen.show("a node | again");
        screen.print_part(".\n");
        screen.print("done\n");
        assert_eq!(paper.text(), "..\na is slow\n.\na node | hello\na node | again\n.\ndone\n");
    }
}
