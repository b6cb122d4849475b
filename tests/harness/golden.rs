//! What suites are to print: the files in `golden/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Folder, Ran, run};

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

/// Compares where tests run side by side: their lines come in any order, and each stays with its own test.
#[track_caller]
pub(crate) fn assert_same_tests(text: &str, golden: &str, ran: &Ran) {
    let expected = std::fs::read_to_string(path(golden)).unwrap_or_default();
    assert_eq!(sections(text), sections(&expected), "{}", ran.text());
}

/// The sorted lines below each heading: `---- a::test ----` begins what belongs to one test.
fn sections(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut sections: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut heading = "";
    for line in text.lines() {
        // A heading stands at the margin, behind an empty line or in place of one.
        if line.starts_with("---- ") || line.starts_with("== ") || line.ends_with(':') && !line.starts_with(' ') {
            heading = line;
        } else if !line.is_empty() {
            sections.entry(heading).or_default().push(line);
        }
    }
    sections.values_mut().for_each(|lines| lines.sort_unstable());
    sections
}

#[test]
fn a_line_below_another_test_is_not_the_same() {
    let (one, other) = ("---- a ----\nno quorum\n---- b ----\n", "---- a ----\n---- b ----\nno quorum\n");
    assert_ne!(sections(one), sections(other));
    assert_eq!(sections(one), sections("---- b ----\n---- a ----\nno quorum\n"));
}
