//! Suites that cargo runs, and what they are to print: the files in tests/harness/golden/.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Folder, Ran, command, run};

/// Cargo with arguments for a suite; compiled by the first one.
pub(crate) fn cargo_test(suite: &str, arguments: &[&str]) -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = command(cargo);
    command.args(["test", "--quiet", "--test", suite, "--locked", "--offline"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("RUST_BACKTRACE", "0").arg("--").args(arguments);
    command
}

/// The output of a suite and its trace, without what differs from run to run.
pub(crate) fn outcome(command: &mut Command) -> (Ran, String) {
    let folder = Folder::new();
    let trace = folder.path("trace");
    std::fs::write(&trace, "").unwrap();
    // With a budget of its own: what waits for other runs says so.
    let ran = run(command.env("TRACE", &trace).env("XDG_RUNTIME_DIR", folder.path("")));
    let text = format!("{}== what happened\n{}", ran.stdout, std::fs::read_to_string(&trace).unwrap());
    (ran, plain(&text))
}

/// Times, numbers of processes and names of this machine are no part of what is expected.
fn plain(text: &str) -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut lines = Vec::new();
    let mut in_backtrace = false;
    for line in text.lines() {
        in_backtrace &= !line.is_empty() && !line.starts_with("  then ") && !line.starts_with("  rank");
        if in_backtrace {
            continue;
        }
        in_backtrace = line.ends_with("remote backtrace:");
        let mut line = line.replace(&format!("@{host}"), "@HOST");
        for (before, after) in [
            ("finished in ", "s"),
            ("measured; ", " filtered out"),
            ("(os pid ", ")"),
            ("leaked process ", " "),
            ("ended since (os pid ", ")"),
            ("`, for ", "s"),
            ("`, ", "s ago"),
        ] {
            line = without_number(&line, before, after);
        }
        if let Some((before, _)) = line.split_once("command line: ") {
            line = format!("{before}command line: ..");
        }
        lines.push(without_names(&without_time(&line)));
    }
    lines.join("\n") + "\n"
}

/// A line of a timeline without its time.
fn without_time(line: &str) -> String {
    let text = line.trim_start();
    let is_time = |word: &str| word.strip_suffix('s').is_some_and(|seconds| seconds.parse::<f64>().is_ok());
    match text.split_once(' ') {
        Some((time, rest)) if text.len() < line.len() && is_time(time) => match rest.split_once('|') {
            // What tells a node from the others may be its number alone.
            Some((node, said)) if node.trim_end().parse::<u64>().is_ok() => format!("   N.NNNs N |{said}"),
            _ => format!("   N.NNNs {rest}"),
        },
        _ => line.to_owned(),
    }
}

/// `finished in 1.23s` without the number.
fn without_number(line: &str, before: &str, after: &str) -> String {
    let Some((head, rest)) = line.split_once(before) else { return line.to_owned() };
    let Some((_, tail)) = rest.split_once(after) else { return line.to_owned() };
    format!("{head}{before}N{after}{}", without_number(tail, before, after))
}

/// `suite_groups-ends-hangs-3-4711` without the numbers.
fn without_names(line: &str) -> String {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = ["suite_groups-", "suite_whole-"].iter().filter_map(|suite| rest.find(suite)).min() {
        let (head, name) = rest.split_at(at);
        let (name, tail) = name.split_at(name.find(|c| !is_of_name(c)).unwrap_or(name.len()));
        let mut parts: Vec<&str> = name.split('-').collect();
        while parts.len() > 1 && parts.last().is_some_and(|part| part.parse::<u64>().is_ok()) {
            parts.pop();
        }
        out.push_str(head);
        out.push_str(&parts.join("-"));
        out.push_str("-N-N");
        rest = tail;
    }
    out + rest
}

fn path(golden: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/harness/golden/{golden}.out"))
}

/// Compares with what is expected, line by line.
#[track_caller]
pub(crate) fn assert_same(text: &str, golden: &str, ran: &Ran) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path(golden), text).unwrap();
    }
    let expected = std::fs::read_to_string(path(golden)).unwrap_or_default();
    assert_eq!(text, expected, "{}", ran.text());
}

/// The same where lines come in any order.
#[track_caller]
pub(crate) fn assert_same_lines(text: &str, golden: &str, ran: &Ran) {
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let expected = std::fs::read_to_string(path(golden)).unwrap_or_default();
    assert_eq!(sorted(text), sorted(&expected), "{}", ran.text());
}
