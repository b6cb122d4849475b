//! `--format json`: a line per event. `docs/reports.md` documents the fields.

use std::path::Path;

use super::message::Message;
use super::object::Object;
use super::render::notes::{NodeActivity, kind};
use super::render::palette::Palette;
use super::render::result::{Earlier, Rendered, skip_reason};
use super::settings::Format;
use super::terminal::Terminal;
use crate::harness::declare::Test;
use crate::harness::event::{Event, Summary};
use crate::harness::outcome::Verdict;
use crate::origin::Description;
use crate::scope::Line;

/// Prints a message, if it is one for programs.
pub(super) fn print(message: &Message<'_>, terminal: &mut Terminal) {
    let object = match message {
        Message::Event(Event::RunStarted { tests, seed, slots }) => Object::event("suite", "started")
            .with("test_count", *tests)
            .with_some("shuffle_seed", *seed)
            .with("slots", *slots),
        Message::Event(Event::UnitStarted { running, attempt }) => {
            Object::event(kind(running.kind), "started").with("name", &*running.name).with("attempt", *attempt)
        }
        Message::Event(Event::UnitWaiting { name, kind: of, wait }) => Object::event(kind(*of), "waiting")
            .with("name", name.as_str())
            .with("wait_time", wait.time.as_secs_f64())
            .with("slots", wait.slots)
            .with("of_slots", wait.of),
        Message::Event(Event::Interrupted) => Object::event("suite", "interrupted"),
        Message::Event(Event::Output { name, line, .. }) => {
            Object::event("output", "line").with("name", &**name).with("text", line.as_str())
        }
        Message::Event(Event::RunFinished(summary)) => run_finished(summary),
        Message::Event(_) | Message::Exit(_) => return,
        Message::Running { running, time, activity } => Object::event(kind(running.kind), "running")
            .with("name", running.name.as_str())
            .with("exec_time", time.as_secs_f64())
            .with("nodes", activity.nodes.iter().map(node_now).collect::<Vec<_>>())
            .with_some("barriers", some(&activity.barriers)),
        Message::Result(result) => unit_finished(result),
    };
    terminal.print_raw(&object.line());
}

/// A list that is left out if it is empty.
fn some(texts: &[String]) -> Option<&[String]> {
    (!texts.is_empty()).then_some(texts)
}

/// A node at the moment.
fn node_now(NodeActivity { name, state, doing }: &NodeActivity) -> Object<'_> {
    Object::default().with("name", name.as_str()).with("state", state.as_str()).with("doing", doing.as_str())
}

/// A node when its test ended, perhaps one of a group.
fn node_then((node, of_group): (&Description, bool)) -> Object<'_> {
    Object::default()
        .with("name", node.node.as_str())
        .with("state", node.state.as_str())
        .with_some("of_group", of_group.then_some(true))
        .with_some("barriers", some(&node.barriers))
        .with_some("calls", some(&node.calls))
        .with("options", node.options.as_str())
}

fn output_line(line: &Line) -> Object<'_> {
    Object::default()
        .with("at", line.at.as_secs_f64())
        .with("node", line.node.as_str())
        .with("text", line.text.as_str())
}

fn directory(path: Option<&Path>) -> Option<String> {
    path.map(|path| path.to_string_lossy().into_owned())
}

fn attempt<'a>(earlier: &'a Earlier<'_>) -> Object<'a> {
    Object::default()
        .with("verdict", words(&earlier.verdict).1)
        .with("cause", earlier.cause.as_str())
        .with_some("directory", directory(earlier.directory))
}

fn unit_finished<'a>(result: &'a Rendered<'_>) -> Object<'a> {
    let finished = result.finished;
    let (event, verdict) = words(&finished.verdict);
    let time_limit = matches!(finished.verdict, Verdict::TimedOut(_)).then(|| "time limit exceeded".to_owned());
    let earlier: Vec<_> = result.earlier.iter().map(attempt).collect();
    Object::event(kind(finished.kind), event)
        .with("name", finished.name.as_str())
        .with("exec_time", result.took.as_secs_f64())
        .with("verdict", verdict)
        .with("attempt", result.attempt)
        .with("round", finished.round)
        .with("rounds", finished.rounds)
        .with_some("reason", time_limit.or_else(|| skip_reason(&finished.verdict)))
        .with_some("cause", result.cause.as_deref())
        .with_some("earlier", (!earlier.is_empty()).then_some(earlier))
        .with("comments", &*result.comments)
        .with_some("barriers", some(&result.nodes.barriers))
        .with_some("directory", directory(result.directory))
        .with("abandoned", !result.blocked.is_empty())
        .with("nodes", result.nodes.all().map(node_then).collect::<Vec<_>>())
        .with("output", result.output.iter().map(output_line).collect::<Vec<_>>())
        // Libtest's name for all that a person reads.
        .with_some("stdout", finished.verdict.fails().then(|| result.failure(Palette::Plain)))
}

/// Libtest's event, and our verdict.
fn words(verdict: &Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Passed => ("ok", "passed"),
        Verdict::Flaky { .. } => ("ok", "flaky"),
        Verdict::Failed => ("failed", "failed"),
        Verdict::TimedOut(_) => ("failed", "timed_out"),
        Verdict::Infrastructure => ("failed", "infrastructure"),
        Verdict::Leaked => ("failed", "leaked"),
        Verdict::Ignored(_) | Verdict::Skipped(_) => ("ignored", "skipped"),
        Verdict::Interrupted => ("failed", "interrupted"),
    }
}

fn run_finished(summary: &Summary) -> Object<'static> {
    let is_ok = summary.failed == 0 && !summary.interrupted;
    Object::event("suite", if is_ok { "ok" } else { "failed" })
        .with("passed", summary.passed)
        .with("failed", summary.failed)
        .with("ignored", summary.ignored)
        .with("measured", 0_u32)
        .with("filtered_out", summary.filtered)
        .with("exec_time", summary.took.as_secs_f64())
        .with("flaky", summary.flaky)
        .with("interrupted", summary.interrupted)
        .with("not_begun", summary.not_started)
}

/// `--list`: a line per test, as libtest prints it; as JSON libtest's events of a discovery.
pub(super) fn list(tests: &[&Test], format: Format) -> String {
    if format != Format::Json {
        return tests.iter().map(|test| format!("{}: test\n", test.path())).collect();
    }
    let ignored = tests.iter().filter(|test| test.ignore.is_some()).count();
    let discovered = tests.iter().map(|test| {
        Object::event("test", "discovered")
            .with("name", test.path())
            .with("ignore", test.ignore.is_some())
            .with("ignore_message", test.ignore.unwrap_or_default())
            .with("source_path", test.place.file)
            .with("start_line", test.place.line)
            .with("start_col", test.place.column)
    });
    let completed = Object::event("suite", "completed")
        .with("tests", tests.len())
        .with("benchmarks", 0_u32)
        .with("total", tests.len())
        .with("ignored", ignored);
    let all = std::iter::once(Object::event("suite", "discovery")).chain(discovered).chain([completed]);
    all.map(|object| object.line()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, Paper};
    use super::*;

    #[test]
    fn every_event_is_a_line() {
        let paper = Paper::default();
        let mut terminal = Terminal::on(&paper, Palette::Colored);
        let ignored = Test { name: "slow", ignore: Some("takes a day"), ..Test::PASSES };
        terminal.print_raw(&list(&[&ignored], Format::Json));
        let output = Event::Output { name: "a".into(), line: "a-1@host | \"hello\"\u{1b}[2J".to_owned() };
        print(&Message::Event(&output), &mut terminal);
        sample::run(Some(42), sample::verdicts(), true, |message| print(message, &mut terminal));
        sample::assert_golden("events.jsonl", &paper.text());
        for line in paper.text().lines() {
            let _: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        }
    }
}
