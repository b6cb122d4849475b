//! The line by which nextest knows why a test failed.
//!
//! Of standard error it takes what begins with the last panic message, and without one what begins with the first line
//! `Error: ..`, to the end. So these lines come last. Under `peer::main!()` panics are part of reports, and need the line, too.

use super::message::Message;
use super::render::notes::error_line;
use super::terminal::Terminal;
use crate::harness::event::Event;

#[derive(Default)]
pub(super) struct Nextest {
    headlines: Vec<String>,
}

impl Nextest {
    pub(super) fn receive(&mut self, message: &Message<'_>, terminal: &mut Terminal) {
        match message {
            // What was skipped because of a failed hook says no more than that.
            Message::Result(result) if result.finished.verdict.fails() => self.headlines.push(result.headline.clone()),
            Message::Exit(why) => {
                self.headlines.push((*why).to_owned());
                self.print(terminal);
            }
            Message::Event(Event::RunFinished(_)) => self.print(terminal),
            _ => {}
        }
    }

    fn print(&mut self, terminal: &mut Terminal) {
        self.headlines.drain(..).for_each(|headline| terminal.print_error(&error_line(&headline)));
    }
}
