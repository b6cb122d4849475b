//! `--format json`: a line per event. What a reader of it finds is documented in `docs/reports.md`.

use std::borrow::Cow;
use std::path::Path;

use serde::Serialize;
use serde_json_core::ser::Error;

use super::super::details::Described;
use super::super::event::{Earlier, Event, Finished, Reporter, Running, Summary, What};
use super::super::paint::Paint;
use super::super::verdict::Verdict;
use super::lines;
use super::notice::{NodeNow, Notice};
use super::screen::{Shared, lock};
use super::waiting::Waiting;
use crate::origin::Description;
use crate::scope::Line;

/// For most lines; others are given more.
const ROOM: usize = 4096;

pub(super) struct Json {
    screen: Shared,
}

impl Json {
    pub(super) fn new(screen: &Shared) -> Self {
        Self { screen: screen.clone() }
    }
}

impl Reporter for Json {
    fn hear(&mut self, event: &Event<'_>) {
        let text = match event {
            Event::Begun { tests, seed, slots } => line(&Begun {
                r#type: "suite",
                event: "started",
                test_count: *tests,
                shuffle_seed: *seed,
                slots: *slots,
            }),
            Event::Started { running, attempt } => line(&Started::of(running, *attempt)),
            Event::Waiting { name, what, wait } => line(&Waiting::of(name, *what, wait)),
            Event::Interrupted => line(&Interrupted { r#type: "suite", event: "interrupted" }),
            Event::Line { test, line: text } => line(&Output { r#type: "output", event: "line", name: test, text }),
            Event::Over { .. } => return,
            Event::Finished(finished) if finished.what == What::Hook && finished.verdict.is_ok() => return,
            Event::Finished(finished) => line(&Test::of(finished, &Described::of(&finished.peers))),
            Event::Ended(summary) => line(&Ended::of(summary)),
        };
        lock(&self.screen).print(&text);
    }
}

/// Something that has been running for long.
pub(super) fn running(notice: &Notice) -> String {
    let nodes = notice.nodes.iter().map(Node::now).collect();
    let exec_time = notice.since.as_secs_f64();
    line(&Long {
        r#type: kind(notice.what),
        event: "running",
        name: &notice.name,
        exec_time,
        nodes,
        barriers: &notice.barriers,
    })
}

fn kind(what: What) -> &'static str {
    match what {
        What::Test => "test",
        What::Hook => "hook",
    }
}

pub(super) fn line(object: &impl Serialize) -> String {
    let mut buffer = vec![0; ROOM];
    loop {
        match serde_json_core::to_slice(object, &mut buffer) {
            Ok(length) => return String::from_utf8_lossy(&buffer[..length]).into_owned() + "\n",
            Err(Error::BufferFull) => buffer.resize(buffer.len().saturating_mul(2), 0),
            // There is no other one for what is made here of texts, numbers and lists.
            Err(_) => return String::new(),
        }
    }
}

#[derive(Serialize)]
struct Begun {
    r#type: &'static str,
    event: &'static str,
    test_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    shuffle_seed: Option<u64>,
    slots: u32,
}

#[derive(Serialize)]
struct Started<'a> {
    r#type: &'static str,
    event: &'static str,
    name: &'a str,
    attempt: u32,
}

impl<'a> Started<'a> {
    fn of(running: &'a Running, attempt: u32) -> Self {
        Self { r#type: kind(running.what), event: "started", name: &running.name, attempt }
    }
}

#[derive(Serialize)]
struct Interrupted {
    r#type: &'static str,
    event: &'static str,
}

#[derive(Serialize)]
struct Output<'a> {
    r#type: &'static str,
    event: &'static str,
    name: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Long<'a> {
    r#type: &'static str,
    event: &'static str,
    name: &'a str,
    exec_time: f64,
    nodes: Vec<Node<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    barriers: &'a [String],
}

#[derive(Serialize)]
struct Node<'a> {
    name: &'a str,
    state: &'a str,
    /// Whether it belongs to a group of the test.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    of_group: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    doing: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    barriers: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    calls: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<&'a str>,
}

impl<'a> Node<'a> {
    /// As it is just now.
    fn now(NodeNow { name, state, doing }: &'a NodeNow) -> Self {
        Self { name, state, of_group: false, doing: Some(doing), barriers: &[], calls: &[], options: None }
    }

    /// As it was when its test ended.
    fn then((node, of_group): (&'a Description, bool)) -> Self {
        let Description { node: name, state, barriers, calls, options, .. } = node;
        Self { name, state, of_group, doing: None, barriers, calls, options: Some(options) }
    }
}

#[derive(Serialize)]
struct Printed<'a> {
    at: f64,
    node: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Attempt<'a> {
    verdict: &'static str,
    cause: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<Cow<'a, str>>,
}

impl<'a> Attempt<'a> {
    fn of(earlier: &'a Earlier) -> Self {
        let directory = earlier.directory.as_deref().map(Path::to_string_lossy);
        Self { verdict: words(&earlier.verdict).1, cause: &earlier.cause, directory }
    }
}

#[derive(Serialize)]
struct Test<'a> {
    r#type: &'static str,
    event: &'static str,
    name: &'a str,
    exec_time: f64,
    verdict: &'static str,
    attempt: u32,
    round: u32,
    rounds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<Attempt<'a>>,
    comments: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    barriers: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<Cow<'a, str>>,
    abandoned: bool,
    nodes: Vec<Node<'a>>,
    output: Vec<Printed<'a>>,
    /// All of it, as a person reads it; libtest's name for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    stdout: Option<String>,
}

impl<'a> Test<'a> {
    fn of(finished: &'a Finished, described: &'a Described) -> Self {
        let fails = finished.verdict.fails();
        let (event, verdict, reason) = words(&finished.verdict);
        let printed = |line: &'a Line| Printed { at: line.at.as_secs_f64(), node: &line.node, text: &line.text };
        Self {
            r#type: kind(finished.what),
            event,
            name: &finished.name,
            exec_time: finished.took.as_secs_f64(),
            verdict,
            attempt: finished.attempt,
            round: finished.round,
            rounds: finished.rounds,
            reason,
            cause: finished.cause.as_deref(),
            earlier: finished.earlier.iter().map(Attempt::of).collect(),
            comments: &finished.comments,
            barriers: &described.barriers,
            directory: finished.directory.as_deref().map(Path::to_string_lossy),
            abandoned: !finished.abandoned.is_empty(),
            nodes: described.all().map(Node::then).collect(),
            // Nothing from what passes.
            output: if fails { finished.console.iter().map(printed).collect() } else { Vec::new() },
            stdout: fails.then(|| lines::failure(finished, described, Paint::PLAIN)),
        }
    }
}

/// Libtest's event, our verdict, and what else there is to say about it.
fn words(verdict: &Verdict) -> (&'static str, &'static str, Option<String>) {
    match verdict {
        Verdict::Passed => ("ok", "passed", None),
        Verdict::Flaky { .. } => ("ok", "flaky", None),
        Verdict::Failed => ("failed", "failed", None),
        // Libtest's words for it.
        Verdict::TimedOut(_) => ("failed", "timed_out", Some("time limit exceeded".to_owned())),
        Verdict::Infrastructure => ("failed", "infrastructure", None),
        Verdict::Leaked => ("failed", "leaked", None),
        Verdict::Skipped { why, .. } => ("ignored", "skipped", Some(why.clone()).filter(|why| !why.is_empty())),
        Verdict::Interrupted => ("failed", "interrupted", None),
    }
}

#[derive(Serialize)]
struct Ended {
    r#type: &'static str,
    event: &'static str,
    passed: usize,
    failed: usize,
    ignored: usize,
    measured: usize,
    filtered_out: usize,
    exec_time: f64,
    flaky: usize,
    interrupted: bool,
    not_begun: usize,
}

impl Ended {
    fn of(summary: &Summary) -> Self {
        let is_ok = summary.failed == 0 && !summary.interrupted;
        Self {
            r#type: "suite",
            event: if is_ok { "ok" } else { "failed" },
            passed: summary.passed,
            failed: summary.failed,
            ignored: summary.ignored,
            measured: 0,
            filtered_out: summary.filtered,
            exec_time: summary.took.as_secs_f64(),
            flaky: summary.flaky,
            interrupted: summary.interrupted,
            not_begun: summary.not_begun,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::sample::{self, Paper, description, node, test, verdicts};
    use super::*;

    #[test]
    fn every_event_is_a_line() {
        let paper = Paper::default();
        let mut json = Json::new(&paper.screen());
        let running = sample::running("quick::fails", What::Test, Duration::ZERO);
        json.hear(&Event::Started { running: &running, attempt: 2 });
        json.hear(&Event::Line { test: "quick::fails", line: "a-1@host | \"hello\"" });
        sample::run(&mut json, Some(42), &verdicts(), true);
        sample::assert_golden("events.jsonl", &paper.text());
    }

    #[test]
    fn nodes_and_what_they_printed_are_told() {
        let failed = Finished {
            console: vec![sample::line(1_500, "a-1@host", "tab\there")],
            directory: Some("/tmp/a".into()),
            ..test("a", Verdict::TimedOut(Duration::from_secs(3)))
        };
        let own = vec![description("a-1@host", "down: exit status 5")];
        let nodes = Described { own, of_groups: vec![description("b-2@host", "running")], ..Described::default() };
        let value: serde_json::Value = serde_json::from_str(&line(&Test::of(&failed, &nodes))).expect("it is JSON");
        assert_eq!(value["directory"], "/tmp/a");
        assert_eq!(value["reason"], "time limit exceeded");
        let node = serde_json::json!([
            { "name": "a-1@host", "state": "down: exit status 5", "options": "{ connection: StandardIo }" },
            { "name": "b-2@host", "state": "running", "of_group": true, "options": "{ connection: StandardIo }" }
        ]);
        assert_eq!(value["nodes"], node);
        assert_eq!(value["output"], serde_json::json!([{ "at": 1.5, "node": "a-1@host", "text": "tab\there" }]));
        let told = value["stdout"].as_str().expect("it is a text");
        assert!(told.contains("\n   1.500s a-1 | tab\there\n"), "{told}");
    }

    #[test]
    fn what_runs_for_long_is_a_line() {
        let nodes = vec![node("a-1@host", "running", "running, idle")];
        let notice = Notice {
            name: "a".to_owned(),
            what: What::Test,
            since: Duration::from_secs(10),
            nodes,
            barriers: Vec::new(),
        };
        let expected = r#"{"type":"test","event":"running","name":"a","exec_time":10.0,"nodes":[{"name":"a-1@host","state":"running","doing":"running, idle"}]}"#;
        assert_eq!(running(&notice), format!("{expected}\n"));
    }
}
