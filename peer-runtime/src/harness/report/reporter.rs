//! The thread that owns all reporters of a run. Nothing else waits for a reader of standard output.

use std::thread::{self, JoinHandle};

use super::bound::OutputBound;
use super::human::Human;
use super::json;
#[cfg(feature = "junit")]
use super::junit::JUnit;
use super::message::Message;
use super::nextest::Nextest;
use super::plain;
use super::progress::Progress;
use super::render::notes::{self, Activity};
use super::render::result::Rendered;
use super::settings::{Format, ReportSettings};
use super::terminal::Terminal;
use crate::harness::declare::Test;
use crate::harness::event::{Event, Events};

/// The reports of a run that goes on.
#[derive(Debug)]
pub(crate) struct Reporting {
    thread: JoinHandle<bool>,
}

impl Reporting {
    /// Waits until everything is reported, `RunFinished` last. False if something that was asked for could not be written.
    pub(crate) fn finish(self) -> bool {
        self.thread.join().unwrap_or(false)
    }
}

/// Opens what is to be written, and starts the thread that reports these events. The error says what cannot be written.
pub(crate) fn start(settings: ReportSettings, events: Events) -> Result<Reporting, String> {
    let mut reporter = Reporter::open(&settings)?;
    let thread = thread::Builder::new().name("report".to_owned()).spawn(move || {
        reporter.run(&events);
        !reporter.terminal.has_failed()
    });
    Ok(Reporting { thread: thread.map_err(|error| format!("there is no thread for reports: {error}"))? })
}

/// Prints the list of tests, and nothing else. False if it cannot be written.
pub(crate) fn list(tests: &[&Test], format: Format) -> bool {
    match Terminal::open(&ReportSettings::default()) {
        Ok(mut terminal) => {
            terminal.print_raw(&json::list(tests, format));
            !terminal.has_failed()
        }
        Err(error) => {
            plain::problems(&[error]);
            false
        }
    }
}

struct Reporter {
    terminal: Terminal,
    lines: Lines,
    nextest: Option<Nextest>,
    #[cfg(feature = "junit")]
    junit: Option<JUnit>,
    progress: Progress,
    bound: OutputBound,
}

enum Lines {
    Human(Human),
    Json,
}

impl Reporter {
    fn open(settings: &ReportSettings) -> Result<Self, String> {
        #[cfg(not(feature = "junit"))]
        if settings.junit.is_some() {
            return Err(format!(
                "--junit: this executable was built without it; put `peer = {{ version = \"{}\", features = [\"junit\"] }}` into Cargo.toml",
                env!("CARGO_PKG_VERSION")
            ));
        }
        Ok(Self {
            terminal: Terminal::open(settings)?,
            lines: match settings.format {
                Format::Json => Lines::Json,
                format => Lines::Human(Human::new(format == Format::Terse, settings.report_time)),
            },
            nextest: settings.under_nextest.then(Nextest::default),
            #[cfg(feature = "junit")]
            junit: settings.junit.as_deref().map(JUnit::create).transpose()?,
            progress: Progress::default(),
            bound: OutputBound::default(),
        })
    }

    /// Reports until the run has finished.
    fn run(&mut self, events: &Events) {
        while let Ok(event) = events.next(self.progress.wait(&self.terminal.bar)) {
            let (idle, is_last) = (event.is_none(), matches!(event, Some(Event::RunFinished(_))));
            if is_last || matches!(event, Some(Event::Interrupted)) {
                // After an interrupt the terminal may belong to the shell at any time.
                self.terminal.hide_bar();
            }
            if let Some(event) = event {
                self.progress.event(&event);
                self.event(event);
            }
            if is_last {
                return;
            }
            // What has ended by now may be among the events that wait.
            let due = if idle { self.progress.take_due() } else { Vec::new() };
            for (running, time) in due {
                let activity = Activity::of(&running);
                self.send(&Message::Running { running: &running, time, activity });
            }
            self.progress.draw(&self.terminal.bar);
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Output { ref line, .. } => match self.lines {
                Lines::Human(_) => self.terminal.print_error(line),
                Lines::Json => self.send(&Message::Event(&event)),
            },
            Event::OutputDropped { lines } => self.terminal.note(&notes::dropped(lines)),
            Event::Noted { name, note } => self.terminal.note(&notes::note(&name, &note)),
            Event::UnitFinished(mut finished) => {
                if let Some(last) = finished.attempts.last_mut() {
                    self.bound.cut(&mut last.output);
                }
                self.send(&Message::Result(&Rendered::of(&finished)));
            }
            Event::ProcessExits { running, printed } => {
                self.terminal.hide_bar();
                let missing = self.progress.tests.saturating_sub(self.progress.done);
                let of = self.progress.tests;
                self.send(&Message::Exit(&format!(
                    "{} called std::process::exit and ended the run; {missing} of {of} tests have no result",
                    notes::caller(&running)
                )));
                // The process ends without waiting for this, if it took too long.
                let _ = printed.send(());
            }
            event => self.send(&Message::Event(&event)),
        }
    }

    fn send(&mut self, message: &Message<'_>) {
        let terminal = &mut self.terminal;
        match &mut self.lines {
            Lines::Human(human) => human.receive(message, terminal),
            Lines::Json => json::print(message, terminal),
        }
        if let Message::Exit(why) = message {
            terminal.note(why);
        }
        #[cfg(feature = "junit")]
        if let Some(junit) = &mut self.junit {
            junit.receive(message, terminal);
        }
        // Last, since nextest takes everything behind the first line.
        if let Some(nextest) = &mut self.nextest {
            nextest.receive(message, terminal);
        }
    }
}
