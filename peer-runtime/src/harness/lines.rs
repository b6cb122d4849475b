//! What a run looks like on a terminal and in a log: libtest's lines, and the reports of what did not pass.

use std::io::{self, Write};

use super::event::{Event, Finished, Reporter, Summary, What};
use super::report::report_of;
use super::verdict::Verdict;

/// Prints to standard output, the lines of nodes to standard error.
#[derive(Default)]
pub(super) struct Lines {
    /// Name and report of each that failed.
    failed: Vec<(String, String)>,
    /// Those that passed when they were tried again.
    flaky: Vec<String>,
}

impl Reporter for Lines {
    fn hear(&mut self, event: &Event<'_>) {
        let mut out = io::stdout().lock();
        // Where standard output is closed nobody reads it.
        let _ = match event {
            Event::Begun { tests, seed, .. } => begun(&mut out, *tests, *seed),
            Event::Started { .. } => Ok(()),
            Event::Line { line, .. } => writeln!(io::stderr(), "{line}"),
            Event::Finished(finished) => self.finished(&mut out, finished),
            Event::Ended(summary) => self.ended(&mut out, summary),
        };
    }
}

fn begun(out: &mut impl Write, tests: usize, seed: Option<u64>) -> io::Result<()> {
    let s = if tests == 1 { "" } else { "s" };
    writeln!(out, "\nrunning {tests} test{s}")?;
    match seed {
        Some(seed) => writeln!(out, "in an order by chance: PEER_SHUFFLE_SEED={seed} gives it again"),
        None => Ok(()),
    }
}

impl Lines {
    fn finished(&mut self, out: &mut impl Write, finished: &Finished) -> io::Result<()> {
        let Finished { name, verdict, round, rounds, .. } = finished;
        if verdict.fails() {
            self.failed.push((name.clone(), report_of(finished)));
        }
        if matches!(verdict, Verdict::Flaky { .. }) {
            self.flaky.push(name.clone());
        }
        let round = if *rounds > 1 { format!(" (round {round} of {rounds})") } else { String::new() };
        let kind = if finished.what == What::Hook { "hook" } else { "test" };
        writeln!(out, "{kind} {name}{round} ... {}", verdict.word())
    }

    fn ended(&mut self, out: &mut impl Write, summary: &Summary) -> io::Result<()> {
        if !self.failed.is_empty() {
            writeln!(out, "\nfailures:\n")?;
            for (name, report) in &self.failed {
                writeln!(out, "---- {name} ----\n{report}")?;
            }
            writeln!(out, "\nfailures:")?;
            self.failed.iter().try_for_each(|(name, _)| writeln!(out, "    {name}"))?;
        }
        if !self.flaky.is_empty() {
            writeln!(out, "\nflaky, passed when tried again:")?;
            self.flaky.iter().try_for_each(|name| writeln!(out, "    {name}"))?;
        }
        let Summary { passed, failed, ignored, filtered, took, .. } = summary;
        let word = match (summary.interrupted, failed) {
            (true, _) => "FAILED (interrupted)",
            (false, 0) => "ok",
            (false, _) => "FAILED",
        };
        writeln!(
            out,
            "\ntest result: {word}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; {filtered} filtered out; finished in {:.2}s\n",
            took.as_secs_f64()
        )
    }
}
