//! What runs at the moment: the progress line, and what has been running for a long time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::render::palette::Palette;
use crate::harness::event::{Event, Running, UnitKind};
use crate::timeouts::{self, FRAME};

#[derive(Default)]
pub(super) struct Progress {
    pub(super) tests: usize,
    pub(super) done: usize,
    failed: usize,
    entries: Vec<Entry>,
    drawn: Option<Instant>,
}

struct Entry {
    running: Arc<Running>,
    /// How often it was reported.
    reported: u32,
}

impl Entry {
    fn due(&self) -> Option<Instant> {
        self.running.since.checked_add(timeouts::long(self.reported))
    }
}

impl Progress {
    /// Counts an event.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::RunStarted { tests, .. } => self.tests = *tests,
            Event::UnitStarted { running, .. } => {
                // An attempt replaces the one before.
                self.remove(&running.name);
                self.entries.push(Entry { running: Arc::clone(running), reported: 0 });
            }
            Event::UnitFinished(finished) => {
                self.remove(&finished.name);
                self.done += usize::from(finished.kind == UnitKind::Test && finished.is_last);
                self.failed += usize::from(finished.verdict.fails());
            }
            Event::HookPassed { name } => self.remove(name),
            Event::RoundsOver { tests } => self.done += tests,
            _ => {}
        }
    }

    fn remove(&mut self, name: &str) {
        self.entries.retain(|entry| entry.running.name != name);
    }

    /// How long it takes until something is to be reported or drawn.
    pub(super) fn wait(&self, bar: &ProgressBar) -> Duration {
        let due = self.entries.iter().filter_map(Entry::due).min();
        let due = due.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()));
        if bar.is_hidden() { due } else { due.min(FRAME) }
    }

    /// What has been running for so long that it is to be reported now, and for how long.
    pub(super) fn take_due(&mut self) -> Vec<(Arc<Running>, Duration)> {
        let now = Instant::now();
        let mut due = Vec::new();
        for entry in &mut self.entries {
            let before = entry.reported;
            // After a pause of this process only the last one counts.
            while entry.due().is_some_and(|at| at <= now) {
                entry.reported += 1;
            }
            if entry.reported > before {
                due.push((Arc::clone(&entry.running), timeouts::long(entry.reported - 1)));
            }
        }
        due
    }

    /// Draws the progress line, unless it was drawn a moment ago.
    pub(super) fn draw(&mut self, bar: &ProgressBar) {
        if bar.is_hidden() || self.drawn.is_some_and(|drawn| drawn.elapsed() < FRAME) {
            return;
        }
        self.drawn = Some(Instant::now());
        bar.set_message(self.text());
        bar.tick();
    }

    fn text(&self) -> String {
        let mut text = format!("{}/{} done", self.done, self.tests);
        if self.failed > 0 {
            text.push_str(&format!(", {} failed", self.failed));
        }
        for Entry { running, .. } in &self.entries {
            text.push_str(&format!("  {} ({}s)", running.name, running.since.elapsed().as_secs()));
        }
        Palette::Plain.sanitize(&text).into_owned()
    }
}
