//! One result as all reports show it, rendered once.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::cause::Cause;
use super::nodes::{Described, Details};
use super::notes::blocked;
use super::palette::Palette;
use crate::harness::event::Finished;
use crate::harness::outcome::{AttemptOutcome, SkippedBy, Verdict};
use crate::scope::Line;
use crate::timeouts;

/// A result of a test or a hook.
pub(crate) struct Rendered<'a> {
    pub(crate) finished: &'a Finished,
    /// The number of the last attempt, from 1.
    pub(crate) attempt: usize,
    /// The time of the last attempt.
    pub(crate) took: Duration,
    /// What went wrong and where; of a flaky test the first time.
    pub(crate) cause: Option<String>,
    /// The cause in one line.
    pub(crate) headline: String,
    /// The attempts before the last one.
    pub(crate) earlier: Vec<Earlier<'a>>,
    pub(crate) comments: Vec<String>,
    pub(crate) nodes: Described,
    pub(crate) output: &'a [Line],
    pub(crate) directory: Option<&'a Path>,
    /// The threads of the last attempt that were abandoned.
    pub(crate) blocked: Vec<String>,
}

/// An attempt that failed and was not the last one.
pub(crate) struct Earlier<'a> {
    pub(crate) verdict: Verdict,
    pub(crate) cause: String,
    #[cfg_attr(not(feature = "junit"), expect(dead_code, reason = "only JUnit has a message beside the text"))]
    pub(crate) headline: String,
    pub(crate) directory: Option<&'a Path>,
}

impl Earlier<'_> {
    /// All about it.
    pub(crate) fn text(&self) -> String {
        let directory = self.directory.map(|directory| format!("\n  its directory: {}", directory.display()));
        self.cause.clone() + &directory.unwrap_or_default()
    }
}

impl<'a> Rendered<'a> {
    pub(crate) fn of(finished: &'a Finished) -> Self {
        let (last, before) = match finished.attempts.split_last() {
            Some((last, before)) => (Some(last), before),
            None => (None, [].as_slice()),
        };
        let earlier: Vec<Earlier<'a>> = before.iter().map(|attempt| earlier(finished, attempt)).collect();
        let decisive = finished.decisive().filter(|attempt| finished.verdict.fails() || attempt.fault.is_some());
        let cause = decisive.filter(|_| !finished.verdict.is_ok()).map(|attempt| cause(finished, attempt));
        let text = match &cause {
            Some(cause) => Some(cause.to_string() + &alone(finished)),
            None => earlier.first().map(Earlier::text),
        };
        Self {
            finished,
            attempt: finished.attempts.len().max(1),
            took: last.map(|attempt| attempt.took).unwrap_or_default(),
            headline: cause
                .map_or_else(|| format!("{} {}", finished.name, word(&finished.verdict)), |cause| cause.headline()),
            cause: text,
            earlier,
            comments: last.map(|attempt| comments(finished, attempt)).unwrap_or_default(),
            nodes: last.map(|attempt| Described::of(&attempt.peers)).unwrap_or_default(),
            output: last.map(|attempt| &*attempt.output).unwrap_or_default(),
            directory: last.and_then(|attempt| attempt.directory.as_deref()),
            blocked: last.map(|attempt| attempt.blocked.iter().map(blocked).collect()).unwrap_or_default(),
        }
    }

    pub(crate) fn details(&self) -> Details<'_> {
        let Self { directory, comments, nodes, output, .. } = self;
        Details { directory: *directory, comments, nodes, output }
    }

    /// The cause, and the threads that still block.
    pub(crate) fn cause_text(&self) -> String {
        let cause = self.cause.as_deref().unwrap_or_default();
        self.blocked.iter().fold(format!("{cause}\n"), |text, blocked| text + "  " + blocked + "\n")
    }

    /// The attempts before the last one, indented by so many spaces.
    pub(crate) fn earlier_text(&self, indent: usize) -> String {
        let mut text = String::new();
        for (attempt, earlier) in (1..).zip(&self.earlier) {
            for line in format!("attempt {attempt}: {}", earlier.text()).lines() {
                let _ = writeln!(text, "{:indent$}{line}", "");
            }
        }
        text
    }

    /// All that a person reads of a failure, its name first.
    pub(crate) fn failure(&self, palette: Palette) -> String {
        let attempt = (self.attempt > 1).then(|| format!("attempt {}", self.attempt));
        let which: Vec<String> = attempt.into_iter().chain(round(self.finished)).collect();
        let which = if which.is_empty() { String::new() } else { format!(" ({})", which.join(", ")) };
        let mut text = format!("{}\n", palette.bold(format_args!("---- {}{which} ----", self.finished.name)));
        text.push_str(&self.cause_text());
        if !self.earlier.is_empty() {
            let _ = write!(text, "\nearlier attempts:\n{}", self.earlier_text(2));
        }
        text + &self.details().text(palette)
    }
}

fn cause(finished: &Finished, attempt: &AttemptOutcome) -> Cause {
    match (finished.test, &attempt.fault) {
        (Some(test), fault) => Cause::of_test(test, fault.as_ref()),
        (None, Some(fault)) => Cause::of_hook(&finished.name, fault),
        (None, None) => Cause::default(),
    }
}

fn earlier<'a>(finished: &Finished, attempt: &'a AttemptOutcome) -> Earlier<'a> {
    let cause = cause(finished, attempt);
    let blocked = attempt.blocked.iter().map(|by| format!("\n  {}", blocked(by)));
    Earlier {
        verdict: attempt.fault.as_ref().map_or(Verdict::Failed, Verdict::of),
        headline: cause.headline(),
        cause: cause.to_string() + &blocked.collect::<String>(),
        directory: attempt.directory.as_deref(),
    }
}

/// What the test said, and what went wrong beside its cause.
fn comments(finished: &Finished, last: &AttemptOutcome) -> Vec<String> {
    let later = last.later.iter().map(|(hook, fault)| Cause::of_hook(hook, fault).to_string());
    let lost_skip = last.lost_skip.iter().map(|why| {
        format!(
            "`peer::skip` has no effect in a task or on a thread beside the test; call it from the test itself: {why}"
        )
    });
    let skipped = match &last.fault {
        Some(fault) if fault.is_skip() && finished.verdict.fails() => {
            Some(format!("attempt {} was skipped: {fault}", finished.attempts.len()))
        }
        _ => None,
    };
    last.comments.iter().cloned().chain(later).chain(lost_skip).chain(skipped).collect()
}

/// Why a test of a sequence may fail in a process of its own.
fn alone(finished: &Finished) -> String {
    let which = match finished.missing_before {
        0 => return String::new(),
        1 => "the one before it".to_owned(),
        before => format!("the {before} before it"),
    };
    format!(
        "\n\nran alone: under nextest each test of a sequence has a process of its own, and {which} did not run in this one"
    )
}

/// Of a test that is repeated.
pub(crate) fn round(finished: &Finished) -> Option<String> {
    (finished.rounds > 1).then(|| format!("round {} of {}", finished.round, finished.rounds))
}

/// The verdict in the line of a test, in words that libtest's readers know.
pub(crate) fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passed => "ok".to_owned(),
        Verdict::Flaky { attempt } => format!("ok (flaky: passed on attempt {attempt})"),
        Verdict::Failed => "FAILED".to_owned(),
        Verdict::TimedOut(limit) => format!("FAILED (timed out after {})", timeouts::display(*limit)),
        Verdict::Infrastructure => "FAILED (infrastructure)".to_owned(),
        Verdict::Leaked => "FAILED (leaked)".to_owned(),
        Verdict::Interrupted => "FAILED (interrupted)".to_owned(),
        Verdict::Ignored(_) | Verdict::Skipped(_) => {
            skip_reason(verdict).map_or_else(|| "ignored".to_owned(), |why| format!("ignored, {why}"))
        }
    }
}

/// Why a test was skipped, in one line: a second one would look like the line of another test.
pub(crate) fn skip_reason(verdict: &Verdict) -> Option<String> {
    let why = match verdict {
        Verdict::Ignored(why) => why.clone(),
        Verdict::Skipped(SkippedBy::Sequence(by)) => format!("sequence: {by} failed"),
        Verdict::Skipped(SkippedBy::Init(init)) => format!("`{init}` failed"),
        _ => return None,
    };
    let lines: Vec<&str> = why.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}
