//! What the unit tests of reporters receive, and what they write to.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::message::Message;
use super::render::result::Rendered;
use crate::harness::declare::{BodyError, Test};
pub(super) use crate::harness::event::Finished;
use crate::harness::event::{Event, Summary, UnitKind};
use crate::harness::outcome::{AttemptOutcome, Fault, SkippedBy, Verdict};
use crate::leak::Leak;
use crate::scope::Line;

/// What was written, by all its writers.
#[derive(Clone, Default)]
pub(super) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("nothing panics").clone()).expect("it is UTF-8")
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nothing panics").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Compares with the file `golden/NAME`; with `UPDATE_GOLDEN` in the environment, writes it.
pub(super) fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/harness/report/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("it can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("it is there; `UPDATE_GOLDEN=1 cargo test` makes it");
    assert_eq!(text, expected, "{}; if it is intended: UPDATE_GOLDEN=1 cargo test -p peer-runtime", path.display());
}

/// A line that a node printed so many milliseconds after the start.
pub(super) fn line(at: u64, node: &str, text: &str) -> Line {
    Line { at: Duration::from_millis(at), node: node.to_owned(), text: text.to_owned() }
}

fn attempt(fault: Option<Fault>) -> AttemptOutcome {
    AttemptOutcome { fault, took: Duration::from_millis(1234), ..AttemptOutcome::default() }
}

fn returned(text: &str) -> Fault {
    Fault::Returned(BodyError::Other(text.to_owned()))
}

/// A fault that has this verdict.
fn fault(verdict: &Verdict) -> Option<Fault> {
    match verdict {
        Verdict::Failed => Some(returned("no quorum\nof 5")),
        Verdict::TimedOut(limit) => Some(Fault::TimedOut(*limit)),
        Verdict::Infrastructure => Some(Fault::NotRun("no thread".to_owned())),
        Verdict::Leaked => Some(Fault::Leaked(vec![leak()])),
        Verdict::Ignored(why) => Some(Fault::Skipped(why.clone())),
        Verdict::Interrupted => Some(Fault::Interrupted),
        Verdict::Passed | Verdict::Flaky { .. } | Verdict::Skipped(_) => None,
    }
}

fn finished(name: &str, test: Option<&'static Test>, verdict: Verdict, attempts: Vec<AttemptOutcome>) -> Finished {
    let kind = if test.is_some() { UnitKind::Test } else { UnitKind::Hook };
    let name = name.to_owned();
    Finished { name, kind, test, verdict, attempts, round: 1, rounds: 1, is_last: true, missing_before: 0 }
}

/// A test with one attempt.
pub(super) fn test(name: &str, verdict: Verdict) -> Finished {
    let attempts = vec![attempt(fault(&verdict))];
    finished(name, Some(&Test::PASSES), verdict, attempts)
}

/// A test that failed, with everything that a report can have but peers.
pub(super) fn failed() -> Finished {
    let last = AttemptOutcome {
        output: vec![
            line(1, "suite-fails-1-7@host", "\u{1b}[31mred\u{1b}[2J & <bold>\u{0}\u{b}\u{ffff}"),
            line(2, "", "thread 'x' panicked at a.rs:1:1:"),
            line(2_500, "suite-fails-12-7@host", "]]>"),
        ],
        comments: vec!["3 rounds \"were\" played".to_owned()],
        directory: Some("/tmp/peer/fails".into()),
        later: vec![("quick::end_per_testcase".to_owned(), returned("no disk"))],
        lost_skip: Some("no network".to_owned()),
        blocked: vec![crate::harness::outcome::Blocked { hook: None, after: Duration::from_secs(10) }],
        ..attempt(fault(&Verdict::Failed))
    };
    finished("fails", Some(&Test::PASSES), Verdict::Failed, vec![last])
}

/// One of each verdict.
pub(super) fn verdicts() -> Vec<Finished> {
    let slow = || attempt(Some(Fault::TimedOut(Duration::from_secs(3))));
    let with_directory = || AttemptOutcome { directory: Some("/tmp/peer-1".into()), ..slow() };
    let init = AttemptOutcome { took: Duration::ZERO, ..attempt(Some(returned("no disk"))) };
    vec![
        test("passes", Verdict::Passed),
        Finished {
            attempts: vec![with_directory(), attempt(fault(&Verdict::Infrastructure)), attempt(None)],
            ..test("flaky", Verdict::Flaky { attempt: 3 })
        },
        Finished {
            attempts: vec![with_directory(), attempt(fault(&Verdict::Failed))],
            round: 2,
            rounds: 5,
            missing_before: 2,
            ..test("quick::fails", Verdict::Failed)
        },
        Finished {
            attempts: vec![attempt(fault(&Verdict::Failed)), attempt(Some(Fault::Skipped("no network".to_owned())))],
            ..test("fails_and_skips", Verdict::Failed)
        },
        test("quick::hangs", Verdict::TimedOut(Duration::from_secs(3))),
        test("boots", Verdict::Infrastructure),
        test("leaks", Verdict::Leaked),
        test("skips", Verdict::Ignored("no network\nat all".to_owned())),
        Finished { attempts: Vec::new(), ..test("ignored", Verdict::Ignored(String::new())) },
        Finished {
            attempts: Vec::new(),
            ..test("quick::later", Verdict::Skipped(SkippedBy::Sequence("quick::fails".to_owned())))
        },
        finished("quick::init_per_testcase", None, Verdict::Failed, vec![init]),
        Finished {
            attempts: vec![attempt(None)],
            ..test("quick::below", Verdict::Skipped(SkippedBy::Init("quick::init_per_testcase".to_owned())))
        },
        test("interrupted", Verdict::Interrupted),
    ]
}

/// A whole run of these.
pub(super) fn run(seed: Option<u64>, all: Vec<Finished>, interrupted: bool, mut receive: impl FnMut(&Message<'_>)) {
    let tests = all.iter().filter(|finished| finished.kind == UnitKind::Test).count();
    receive(&Message::Event(&Event::RunStarted { tests, seed, slots: 8 }));
    let not_started = if interrupted { 2 } else { 0 };
    let took = Duration::from_millis(12_340);
    let mut summary = Summary { interrupted, not_started, filtered: 4, took, ..Summary::default() };
    for mut finished in all {
        summary.count(finished.kind, &finished.verdict);
        receive(&Message::Result(&Rendered::of(&finished)));
        finished.attempts.clear();
    }
    receive(&Message::Event(&Event::RunFinished(summary)));
}

fn leak() -> Leak {
    let (node, command) = ("db-1".to_owned(), "sleep 1000".to_owned());
    Leak { node, node_pid: 6, pid: 7, command, ancestors: Vec::new(), alive: false }
}
