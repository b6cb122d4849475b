//! What is told of a run: one event at a time, behind all that nodes printed before it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::engine::Engine;
use super::event::{Event, Finished, Reporter, Summary, What};
use super::fault;
use super::home::Failed;
use super::live::{Live, Shown};
use super::report;
use super::verdict::Verdict;
use crate::scope::Show;
use crate::slots::Wait;

/// Tells, and counts.
#[derive(Clone)]
pub(super) struct Teller(Arc<Shared>);

struct Shared {
    /// None once the run has ended.
    reporter: Mutex<Option<Box<dyn Reporter>>>,
    summary: Mutex<Summary>,
    /// Where output is shown at once.
    live: Option<Live>,
}

impl Teller {
    /// Tells this reporter, `live` what nodes print, too.
    pub(super) fn new(reporter: Box<dyn Reporter>, live: bool, summary: Summary) -> Self {
        let live = live.then(Live::default);
        let shared = Shared { reporter: Mutex::new(Some(reporter)), summary: Mutex::new(summary), live: live.clone() };
        let teller = Self(Arc::new(shared));
        if let Some(live) = live {
            let shows = teller.clone();
            // Without a thread each line is shown with the next event.
            drop(thread::Builder::new().name("output".to_owned()).spawn(move || {
                while live.wait() {
                    drop(shows.caught_up());
                }
            }));
        }
        teller
    }

    /// The reporter, which has heard all that was printed so far.
    fn caught_up(&self) -> MutexGuard<'_, Option<Box<dyn Reporter>>> {
        let mut reporter = self.0.reporter.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reporter) = &mut *reporter {
            for Shown { name, line } in self.0.live.iter().flat_map(Live::take) {
                reporter.hear(&Event::Line { test: &name, line: &line });
            }
        }
        reporter
    }

    pub(super) fn tell(&self, event: &Event<'_>) {
        if let Some(reporter) = &mut *self.caught_up() {
            reporter.hear(event);
        }
    }

    fn summary(&self) -> MutexGuard<'_, Summary> {
        self.0.summary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells how it ended, and nothing more.
    pub(super) fn end(&self, took: Duration, interrupted: bool) -> Summary {
        let summary = Summary { took, interrupted, ..self.summary().clone() };
        if let Some(live) = &self.0.live {
            live.close();
        }
        if let Some(mut reporter) = self.caught_up().take() {
            reporter.hear(&Event::Ended(&summary));
        }
        summary
    }
}

impl Engine {
    pub(super) fn tell(&self, event: &Event<'_>) {
        self.teller.tell(event);
    }

    /// What shows the output of a test or hook at once, if that is asked for.
    pub(super) fn show(&self, name: &str) -> Option<Show> {
        self.teller.0.live.as_ref().map(|live| live.of(name))
    }

    /// Tells of a long wait for slots.
    pub(super) fn waits<'a>(&'a self, name: &'a str, what: What) -> impl FnMut(&Wait) + 'a {
        move |wait| self.tell(&Event::Waiting { name, what, wait })
    }

    /// Counts and tells a result.
    pub(super) fn finished(&self, finished: &Finished) {
        self.teller.summary().count(finished);
        self.tell(&Event::Finished(finished));
    }

    /// Tells of a hook that did not pass; why what is below cannot run.
    pub(super) fn hook_failed(&self, name: &str, failed: Failed) -> Verdict {
        let verdict = Verdict::of(&failed.fault);
        let cause = report::hook_cause(name, &failed.fault);
        let Failed { fault, took, peers, console, mut comments, directory, abandoned } = failed;
        comments.extend(fault::let_go(Some(fault)));
        self.finished(&Finished {
            comments,
            peers,
            console,
            took,
            directory,
            abandoned,
            ..Finished::new(name, What::Hook, verdict.clone(), Some(cause))
        });
        match verdict {
            Verdict::Skipped { .. } => verdict,
            _ => Verdict::below(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct Says(mpsc::Sender<String>);

    impl Reporter for Says {
        fn hear(&mut self, event: &Event<'_>) {
            let said = match event {
                Event::Line { test, line } => format!("{test}: {line}"),
                Event::Interrupted => "interrupted".to_owned(),
                Event::Ended(_) => "ended".to_owned(),
                _ => "something else".to_owned(),
            };
            // Whoever heard it may have gone.
            let _ = self.0.send(said);
        }
    }

    #[test]
    fn lines_come_before_what_is_told_and_nothing_behind_the_end() {
        let (sender, said) = mpsc::channel();
        let teller = Teller::new(Box::new(Says(sender)), true, Summary::default());
        let show = teller.0.live.as_ref().expect("it is live").of("a");
        show("before".to_owned());
        teller.tell(&Event::Interrupted);
        show("between".to_owned());
        teller.end(Duration::ZERO, true);
        show("behind".to_owned());
        teller.tell(&Event::Interrupted);
        // The reporter has gone with the end.
        let said: Vec<String> = said.iter().collect();
        assert_eq!(said, ["a: before", "interrupted", "a: between", "ended"]);
    }
}
