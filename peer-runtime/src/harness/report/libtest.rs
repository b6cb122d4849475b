//! The reports of one test under stock libtest and nextest.
//!
//! `stock.rs` makes a [`Libtest`] on the thread that libtest captures, and passes it every event of the run of that test, on
//! that thread and in order, `RunFinished` last. Then everything is printed, and `stock.rs` panics or not, which libtest takes
//! for the result.

use std::io::{self, IsTerminal};

use super::bound::OutputBound;
use super::plain;
use super::render::notes;
use super::render::palette::Palette;
use super::render::result::{Rendered, round, skip_reason};
use crate::harness::declare::ShouldPanic;
use crate::harness::event::{Event, Finished};
use crate::harness::outcome::{Fault, Verdict};
use crate::harness::settings;
use crate::scope::Line;

fn has_argument(names: &[&str]) -> bool {
    std::env::args_os().skip(1).any(|argument| names.iter().any(|name| argument == *name))
}

/// Prints the events of one test on the thread that calls it.
#[derive(Default)]
pub(crate) struct Libtest {
    under_nextest: bool,
    /// What nextest finds in no panic message.
    headline: Option<String>,
}

impl Libtest {
    pub(crate) fn new(under_nextest: bool) -> Self {
        Self { under_nextest, headline: None }
    }

    /// Whether the run is to send output, since libtest shows it at once: `--nocapture` or `RUST_TEST_NOCAPTURE`.
    pub(crate) fn is_live(&self) -> bool {
        settings::shows_output_at_once() || has_argument(&["--nocapture", "--no-capture"])
    }

    /// Whether libtest shows the output of tests that pass.
    pub(crate) fn shows_output(&self) -> bool {
        has_argument(&["--show-output"])
    }

    pub(crate) fn event(&mut self, event: Event) {
        match event {
            Event::Output { line, .. } => print(Palette::colored_if(io::stderr().is_terminal()), &line),
            Event::OutputDropped { lines } => plain::print(&format!("[peer] {}", notes::dropped(lines))),
            Event::Noted { name, note } => plain::print(&format!("[peer] {}", notes::note(&name, &note))),
            Event::UnitWaiting { name, kind, wait } => {
                plain::print(&format!("[peer] {} {name} {wait}", notes::kind(kind)))
            }
            Event::UnitFinished(mut finished) => self.finished(&mut finished),
            Event::RunFinished(_) if self.under_nextest => {
                // Nextest takes everything behind the line, too.
                if let Some(headline) = self.headline.take() {
                    print(Palette::Plain, &notes::error_line(&headline));
                }
            }
            _ => {}
        }
    }

    fn finished(&mut self, finished: &mut Finished) {
        let fails = finished.verdict.fails();
        if let Some(last) = finished.attempts.last_mut() {
            if fails {
                OutputBound::default().cut(&mut last.output);
            } else {
                last.output.iter().map(Line::to_string).for_each(|line| print(Palette::Plain, &line));
            }
        }
        let result = Rendered::of(finished);
        for (at, earlier) in result.earlier.iter().enumerate() {
            print(
                Palette::Plain,
                &format!("{}\ntried again, attempt {} of {}", earlier.text(), at + 2, result.attempt),
            );
        }
        if let (Verdict::Ignored(_), Some(why)) = (&finished.verdict, skip_reason(&finished.verdict)) {
            print(Palette::Plain, &format!("skipped: {why}"));
        }
        let fault = finished.decisive().and_then(|attempt| attempt.fault.as_ref());
        let is_panic = fault.is_some_and(|fault| fault.panic_message().is_some());
        let expects_panic = finished.test.is_some_and(|test| test.should_panic != ShouldPanic::No);
        if !fails {
            return;
        }
        if let Some(round) = round(finished) {
            print(Palette::Plain, &round);
        }
        // Libtest itself reports a panic that is not the expected one, and that there was none.
        if expects_panic && (is_panic || fault.is_none()) {
            return;
        }
        print(Palette::Plain, &(result.cause_text() + &result.details().text(Palette::Plain)));
        // The standard library prints panics where they happen, and nextest finds them there.
        if !matches!(fault.map(Fault::innermost), Some(Fault::Panicked(_))) {
            self.headline = Some(result.headline);
        }
    }
}

/// Prints on the calling thread, where libtest captures it.
#[expect(clippy::print_stderr, reason = "libtest captures this macro, and not what is written to standard error")]
fn print(palette: Palette, text: &str) {
    eprintln!("{}", palette.sanitize(text.trim_end()));
}
