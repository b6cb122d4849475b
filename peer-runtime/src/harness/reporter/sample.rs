//! What the tests of reporters are fed with, and what they write on.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::super::event::{Earlier, Event, Finished, Reporter, Running, Summary, What};
use super::super::verdict::Verdict;
use super::notice::NodeNow;
use super::screen::{Screen, Shared};
use crate::origin::Description;
use crate::scope::{Line, Scope};

/// What was written, by all its writers.
#[derive(Clone, Default)]
pub(super) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub(super) fn writer(&self) -> Box<dyn Write + Send> {
        Box::new(self.clone())
    }

    /// A screen without a progress line.
    pub(super) fn screen(&self) -> Shared {
        Screen::shared(self.writer(), self.writer(), None)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("nobody panics").clone()).expect("it is UTF-8")
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What a terminal with so many lines shows of this, without what is empty below its cursor.
pub(super) fn terminal(text: &str, lines: usize) -> Vec<String> {
    let mut shown = vec![Vec::new()];
    let (mut row, mut column, mut saved) = (0, 0, (0, 0));
    let down = |shown: &mut Vec<Vec<char>>, row: &mut usize| {
        *row += 1;
        if *row == shown.len() {
            shown.push(Vec::new());
        }
        if shown.len() > lines {
            shown.remove(0);
            *row -= 1;
        }
    };
    let mut left = text.chars();
    while let Some(c) = left.next() {
        let control: String = match c {
            '\u{1b}' => match left.next() {
                Some('[') => format!("[{}", left.next().expect("it is complete")),
                other => other.into_iter().collect(),
            },
            c => c.to_string(),
        };
        match &*control {
            "\r" if c == '\r' => column = 0,
            "\n" => {
                column = 0;
                down(&mut shown, &mut row);
            }
            "D" if c != 'D' => down(&mut shown, &mut row),
            "[A" => row = row.saturating_sub(1),
            "[B" => row = (row + 1).min(shown.len() - 1),
            "7" if c != '7' => saved = (row, column),
            "8" if c != '8' => (row, column) = saved,
            "[K" => shown[row].truncate(column),
            "[J" => {
                shown[row].truncate(column);
                shown.truncate(row + 1);
            }
            _ => {
                let line = &mut shown[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
    }
    shown.iter().map(|line| line.iter().collect()).collect()
}

/// Compares with the file `golden/NAME`; with `UPDATE_GOLDEN` in the environment, writes it.
pub(super) fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/harness/reporter/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("it can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("it is there; `UPDATE_GOLDEN=1 cargo test` makes it");
    assert_eq!(text, expected, "{}; if it is meant so: UPDATE_GOLDEN=1 cargo test -p peer-runtime", path.display());
}

/// A node with two lines of output, long ago.
pub(crate) fn description(node: &str, state: &str) -> Description {
    Description {
        node: node.to_owned(),
        process: "os pid 7".to_owned(),
        state: state.to_owned(),
        calls: Vec::new(),
        barriers: Vec::new(),
        command_line: "/bin/suite --peer-node=1:self".to_owned(),
        options: "{ connection: StandardIo }".to_owned(),
        output: "the last line".to_owned(),
    }
}

/// A node that does something just now.
pub(super) fn node(name: &str, state: &str, doing: &str) -> NodeNow {
    NodeNow { name: name.to_owned(), state: state.to_owned(), doing: doing.to_owned() }
}

/// What a node printed so many milliseconds after the beginning.
pub(crate) fn line(at: u64, node: &str, text: &str) -> Line {
    Line { at: Duration::from_millis(at), node: node.to_owned(), text: text.to_owned() }
}

pub(super) fn test(name: &str, verdict: Verdict) -> Finished {
    let cause = verdict.fails().then(|| format!("peer test `{name}` panicked at tests/a.rs:7:5:\n  no quorum"));
    Finished { took: Duration::from_millis(1234), ..Finished::new(name, What::Test, verdict, cause) }
}

fn earlier(name: &str, verdict: Verdict, directory: Option<&str>) -> Earlier {
    let cause = format!("peer test `{name}` failed at tests/a.rs:9:1:\n  {}", verdict.word());
    Earlier { verdict, cause, directory: directory.map(Into::into) }
}

pub(super) fn hook(name: &str, verdict: Verdict) -> Finished {
    let cause = verdict.fails().then(|| format!("`{name}` failed:\n  no disk"));
    Finished::new(name, What::Hook, verdict, cause)
}

pub(super) fn running(name: &str, what: What, ago: Duration) -> Arc<Running> {
    let scope = Scope::of_test(name.to_owned(), None, Arc::new(|_| {}));
    let since = Instant::now().checked_sub(ago).expect("the clock has run that long");
    Arc::new(Running { name: name.to_owned(), what, since, scope, homes: Vec::new() })
}

/// One of each verdict.
pub(super) fn verdicts() -> Vec<Finished> {
    let skipped = |why: &str, by_failure| Verdict::Skipped { why: why.to_owned(), by_failure };
    vec![
        test("passes", Verdict::Passed),
        Finished {
            attempt: 3,
            cause: Some("peer test `flaky` failed at tests/a.rs:9:1:\n  too slow".to_owned()),
            earlier: vec![
                earlier("flaky", Verdict::Failed, Some("/tmp/peer-flaky-1")),
                earlier("flaky", Verdict::Infrastructure, None),
            ],
            ..test("flaky", Verdict::Flaky { attempt: 3 })
        },
        Finished {
            round: 2,
            rounds: 5,
            attempt: 3,
            earlier: vec![
                earlier("quick::fails", Verdict::TimedOut(Duration::from_secs(3)), Some("/tmp/peer-fails-1")),
                earlier("quick::fails", Verdict::Infrastructure, Some("/tmp/peer-fails-2")),
            ],
            ..test("quick::fails", Verdict::Failed)
        },
        test("quick::hangs", Verdict::TimedOut(Duration::from_secs(3))),
        test("boots", Verdict::Infrastructure),
        test("leaks", Verdict::Leaked),
        test("skips", skipped("no network", false)),
        test("ignored", skipped("", false)),
        test("quick::later", skipped("sequence: quick::fails failed", true)),
        test("interrupted", Verdict::Interrupted),
        hook("quick::init_per_group", Verdict::Passed),
        hook("quick::end_per_group", Verdict::Failed),
    ]
}

/// A whole run of these.
pub(super) fn run(reporter: &mut dyn Reporter, seed: Option<u64>, all: &[Finished], interrupted: bool) {
    let tests = all.iter().filter(|finished| finished.what == What::Test).count();
    reporter.hear(&Event::Begun { tests, seed, slots: 8 });
    let not_begun = if interrupted { 2 } else { 0 };
    let took = Duration::from_millis(12_340);
    let mut summary = Summary { interrupted, not_begun, filtered: 4, took, ..Summary::default() };
    for finished in all {
        summary.count(finished);
        reporter.hear(&Event::Finished(finished));
    }
    reporter.hear(&Event::Ended(&summary));
}
