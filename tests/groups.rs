//! Groups, hooks, rounds and verdicts as a user meets them: tests/suite_groups.rs, run by cargo, its whole output compared.
//!
//! What is expected lies beside each scenario, in tests/suite/groups/: what is printed, then what happened in which order.
//! `GOLDEN=write cargo test --test groups` writes it anew; read every line of the difference.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal};
use support::{DEADLINE, Folder, Ran, command, run, within, without_harness};

/// Cargo with arguments for the suite; compiled by the first one.
fn cargo(arguments: &[&str]) -> Command {
    cargo_test("suite_groups", arguments)
}

fn cargo_test(suite: &str, arguments: &[&str]) -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = command(cargo);
    command.args(["test", "--quiet", "--test", suite, "--locked", "--offline"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("RUST_BACKTRACE", "0").arg("--").args(arguments);
    command
}

/// The output of a scenario and its trace, without what differs from run to run.
fn outcome(scenario: &str, arguments: &[&str]) -> (Ran, String) {
    let folder = Folder::new();
    let trace = folder.path("trace");
    std::fs::write(&trace, "").unwrap();
    let filter = format!("{scenario}::");
    let ran = run(cargo(&[&[&*filter], arguments].concat()).env("TRACE", &trace));
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
            ("left behind os pid ", " "),
            ("ended since (os pid ", ")"),
            ("`, for ", " s"),
            ("`, ", " s ago"),
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
    while let Some(at) = rest.find("suite_groups-") {
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

fn golden(scenario: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/suite/groups/{scenario}.out"))
}

/// Runs a scenario one test after the other, and compares it line by line; then side by side, where the same lines come in
/// any order.
fn compare(scenario: &str, passes: bool) {
    compare_with(scenario, passes, &[]);
}

fn compare_with(scenario: &str, passes: bool, arguments: &[&str]) {
    let (ran, text) = outcome(scenario, &[arguments, &["--test-threads=1"]].concat());
    assert_eq!(ran.code, Some(if passes { 0 } else { 101 }), "{}", ran.text());
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(golden(scenario), &text).unwrap();
    }
    let expected = std::fs::read_to_string(golden(scenario)).unwrap_or_default();
    assert_eq!(text, expected, "{}", ran.text());
    let (_, text) = outcome(scenario, arguments);
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&text), sorted(&expected));
}

#[test]
fn what_nobody_gives_is_told_before_anything_runs() {
    for arguments in [&["--list"][..], &[]] {
        let ran = run(&mut cargo_test("suite_refused", arguments)).failed();
        ran.says(&["peer: `wants_a_cluster` (tests/suite_refused.rs:9:10) takes a `&suite_refused::Cluster`"]);
        ran.says(&["which nobody gives: return one from an init above it"]);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn hooks_run_in_their_order() {
    compare("order", true);
}

#[test]
fn what_inits_return_is_handed_down_by_type() {
    compare("given", true);
}

#[test]
fn below_an_init_that_does_not_pass_nothing_runs() {
    compare("inits", false);
}

#[test]
fn ends_fail_for_themselves_and_for_their_test() {
    compare("ends", false);
}

#[test]
fn a_sequence_goes_on_until_one_fails() {
    compare("sequence", false);
}

#[test]
fn tests_wait_at_the_barriers_of_their_group() {
    compare("barriers", false);
}

#[test]
fn bodies_in_all_nodes_end_together_and_the_first_cause_is_told() {
    compare_with("everywhere", false, &["--include-ignored"]);
}

#[test]
fn what_the_nodes_of_a_group_do_is_told_with_its_tests() {
    compare("nodes", false);
}

#[test]
fn each_verdict_has_its_words() {
    compare("verdicts", false);
}

#[test]
fn rounds_end_when_their_condition_is_met() {
    let (ran, text) = outcome("repeat", &["--test-threads=1", "--skip=by_chance", "--skip=own_seed"]);
    assert_eq!(ran.code, Some(101), "{}", ran.text());
    if std::env::var_os("GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(golden("repeat"), &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(golden("repeat")).unwrap_or_default(), "{}", ran.text());
}

#[test]
fn time_traps_are_the_nearest_ones() {
    compare("traps", false);
}

#[test]
fn what_is_parallel_meets_and_what_is_behind_a_group_waits() {
    // Two of them wait for each other.
    let (ran, text) = outcome("parallel", &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    let happened = text.split_once("== what happened\n").unwrap().1;
    assert_eq!(happened, "around_a_group: nested end_per_group\naround_a_group: after\n");
}

/// A scenario that runs.
struct Started {
    child: Child,
    /// What happens from then on.
    trace: std::sync::mpsc::Receiver<String>,
    /// The node of the first test.
    node: u32,
}

/// Starts a scenario and waits until one of its tests says which node it has.
fn started(filter: &str) -> Started {
    let folder = Folder::new();
    let trace = folder.fifo("trace");
    let lines = std::fs::File::options().read(true).write(true).open(&trace).unwrap();
    let mut command = Command::new(executable());
    command.arg(filter).env("TRACE", &trace).env("RUST_BACKTRACE", "0");
    without_harness(&mut command).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let (said, trace) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _folder = folder;
        BufReader::new(lines).lines().map_while(Result::ok).all(|line| said.send(line).is_ok())
    });
    let node = trace.recv_timeout(DEADLINE).unwrap();
    let node = node.strip_prefix("node ").unwrap().parse().unwrap();
    Started { child, trace, node }
}

/// The executable of the suite, as cargo says.
fn executable() -> PathBuf {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = command(cargo);
    command.args(["test", "--no-run", "--test", "suite_groups", "--locked", "--offline", "--message-format=json"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let built = run(command.current_dir(env!("CARGO_MANIFEST_DIR"))).passed();
    let executable = built.stdout.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message["executable"].as_str()?))
    });
    executable.unwrap()
}

fn interrupt(child: &Child) {
    rustix::process::kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

fn output(child: Child) -> Ran {
    within("the end of the run", move || Ran::new(&child.wait_with_output().unwrap()))
}

fn is_gone(node: u32) -> bool {
    !Path::new(&format!("/proc/{node}")).exists()
}

#[test]
fn an_interrupt_ends_a_run_in_order_and_leaves_nothing() {
    let Started { child, node, .. } = started("interrupted::awaits");
    interrupt(&child);
    let ran = output(child);
    assert_eq!(ran.code, Some(101), "{}", ran.text());
    ran.says(&["test interrupted::awaits ... FAILED (interrupted)"]);
    ran.says(&["interrupted: this is what ran until then", "test result: FAILED. 0 passed; 1 failed"]);
    assert!(is_gone(node));
}

#[test]
fn after_an_interrupt_ends_run_and_nothing_else_does() {
    let Started { child, trace, node } = started("interrupted::in_a_group");
    interrupt(&child);
    assert_eq!(trace.recv_timeout(DEADLINE).unwrap(), format!("end_per_group {node}"));
    let ran = output(child);
    ran.says(&["test interrupted::in_a_group::awaits_too ... FAILED (interrupted)"]);
    assert!(trace.try_recv().is_err() && is_gone(node));
}

#[test]
fn a_second_interrupt_ends_it_at_once() {
    let Started { mut child, .. } = started("interrupted::ignores_it");
    // What blocks its thread is given time to let go of it, after the first one.
    let ended = within("the second interrupt", move || {
        loop {
            interrupt(&child);
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::yield_now();
        }
    });
    assert_eq!(ended, Some(130));
}

#[test]
fn an_order_by_chance_is_the_same_for_the_same_seed() {
    let order = |seed: u32| shuffled("by_chance", seed, "PEER_SEED").0;
    let first = order(1);
    assert_eq!(first, order(1));
    assert_eq!(shuffled("by_chance", 1, "--shuffle").0, shuffled("by_chance", 1, "--shuffle").0);
    assert!((2..10).any(|seed| order(seed) != first));
    // A nested group moves as one.
    let place = |name: &str| first.lines().position(|line| line.ends_with(name)).unwrap();
    assert_eq!(place(": e").abs_diff(place(": f")), 1, "{first}");
}

#[test]
fn a_seed_of_its_own_is_that_of_a_group_unless_another_one_is_asked_for() {
    let (own, said) = traced(cargo(&["own_seed"]));
    assert!(!said.contains("shuffle seed"), "{said}");
    assert_eq!(own, traced(cargo(&["own_seed"])).0);
    assert_eq!(own, shuffled("own_seed", 42, "PEER_SEED").0);
    let (_, said) = shuffled("own_seed", 7, "--shuffle");
    assert!(said.contains("shuffle seed 7: PEER_SEED=7 gives this order again"), "{said}");
    assert!((1..10).any(|seed| shuffled("own_seed", seed, "PEER_SEED").0 != own));
}

/// Runs the tests of this name in the order that follows from a seed: what they traced, and what was said.
fn shuffled(name: &str, seed: u32, by: &str) -> (String, String) {
    if by == "--shuffle" {
        return traced(cargo(&[name, &format!("--shuffle={seed}")]));
    }
    let mut cargo = cargo(&[name]);
    cargo.env(by, seed.to_string());
    traced(cargo)
}

/// What the suite traced, and what it printed.
fn traced(mut cargo: Command) -> (String, String) {
    let folder = Folder::new();
    let trace = folder.path("trace");
    std::fs::write(&trace, "").unwrap();
    let ran = run(cargo.env("TRACE", &trace)).passed();
    (std::fs::read_to_string(&trace).unwrap(), ran.stdout)
}
