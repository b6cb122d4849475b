//! What is told of a run: one event at a time, behind all that nodes printed before it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::engine::Engine;
use super::event::{Event, Finished, Reporter, Summary, What};
use super::fault;
use super::home::Failed;
use super::live::{Live, Shown};
use super::outputs::Outputs;
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
    counts: Mutex<Counts>,
    /// How much of it is told.
    outputs: Outputs,
    /// Where output is shown at once.
    live: Option<Live>,
}

#[derive(Default)]
struct Counts {
    summary: Summary,
    /// The tests that have begun, or have a result all the same.
    known: HashSet<String>,
    /// It was told that the run is to end.
    said_interrupted: bool,
}

impl Teller {
    /// Tells this reporter, `live` what nodes print, too.
    pub(super) fn new(reporter: Box<dyn Reporter>, live: bool, summary: Summary) -> Self {
        let live = live.then(Live::default);
        let shared = Shared {
            reporter: Mutex::new(Some(reporter)),
            counts: Mutex::new(Counts { summary, ..Counts::default() }),
            outputs: Outputs::default(),
            live: live.clone(),
        };
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

    /// Tells once that the run is to end, before all that is told behind it.
    pub(super) fn interrupted(&self) {
        let mut reporter = self.caught_up();
        if !std::mem::replace(&mut self.counts().said_interrupted, true)
            && let Some(reporter) = &mut *reporter
        {
            reporter.hear(&Event::Interrupted);
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This test has begun, or does not run for a reason of its own.
    pub(super) fn knows(&self, test: String) {
        self.counts().known.insert(test);
    }

    /// Whether that is so.
    pub(super) fn is_known(&self, test: &str) -> bool {
        self.counts().known.contains(test)
    }

    /// Tells how it ended, and nothing more; how many of the `tests` had not begun, too, if it was interrupted.
    pub(super) fn end(&self, took: Duration, tests: usize, interrupted: bool) -> Summary {
        if interrupted {
            self.interrupted();
        }
        let summary = {
            let Counts { summary, known, .. } = &*self.counts();
            let not_begun = if interrupted { tests.saturating_sub(known.len()) } else { 0 };
            Summary { took, interrupted, not_begun, ..summary.clone() }
        };
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
    pub(super) fn finished(&self, mut finished: Finished) {
        // The thread that says so may not have come to it.
        if self.interrupts.is_interrupted() {
            self.teller.interrupted();
        }
        if finished.verdict.fails() {
            self.teller.0.outputs.cut(&mut finished.console);
        } else {
            // Which nobody tells.
            finished.console.clear();
        }
        self.teller.counts().summary.count(&finished);
        if finished.what == What::Test {
            self.teller.knows(finished.name.clone());
        }
        self.tell(&Event::Finished(&finished));
    }

    /// Tells of a hook that did not pass; why what is below cannot run.
    pub(super) fn hook_failed(&self, name: &str, failed: Failed) -> Verdict {
        let verdict = Verdict::of(&failed.fault);
        let cause = report::hook_cause(name, &failed.fault);
        let Failed { fault, took, peers, console, mut comments, directory, abandoned } = failed;
        comments.extend(fault::let_go(Some(fault)));
        self.finished(Finished {
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
        teller.interrupted();
        show("between".to_owned());
        teller.end(Duration::ZERO, 0, true);
        show("behind".to_owned());
        teller.interrupted();
        // The reporter has gone with the end.
        let said: Vec<String> = said.iter().collect();
        assert_eq!(said, ["a: before", "interrupted", "a: between", "ended"]);
    }

    #[test]
    fn that_a_run_is_interrupted_is_told_once_and_before_its_end() {
        let (sender, said) = mpsc::channel();
        let teller = Teller::new(Box::new(Says(sender)), false, Summary::default());
        teller.knows("a".to_owned());
        // Whoever was to tell it has not come to it.
        assert_eq!(teller.end(Duration::ZERO, 3, true).not_begun, 2);
        teller.interrupted();
        assert_eq!(said.iter().collect::<Vec<String>>(), ["interrupted", "ended"]);
    }
}
