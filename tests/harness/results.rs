//! Both harnesses as a user meets them: what is run, what is printed, and what the status is.
//!
//! The cases are linked into this executable, which the stock harness runs, and into `suite_main`, which is run by
//! `peer::main!()`.

use std::path::PathBuf;
use std::process::Command;

use crate::suite::executable;
use crate::support::{Ran, command, run, says};

/// The executable under `peer::main!()`.
fn suite() -> PathBuf {
    executable("suite_main")
}

fn stock() -> PathBuf {
    std::env::current_exe().unwrap()
}

/// A harness with arguments.
fn harness(exe: PathBuf, arguments: &[&str]) -> Command {
    let mut command = command(exe);
    command.args(arguments);
    command
}

/// What both make of these arguments.
fn both(arguments: &[&str]) -> [Ran; 2] {
    [stock(), suite()].map(|exe| run(&mut harness(exe, arguments)))
}

/// What both make of one case.
fn case(name: &str) -> [Ran; 2] {
    both(&["--include-ignored", "--exact", &format!("cases::{name}")])
}

/// Where the cases say this.
fn place(text: &str) -> String {
    let line = include_str!("suites/cases/cases.rs").lines().position(|line| line.contains(text)).unwrap();
    format!("tests/harness/suites/cases/cases.rs:{}:", line + 1)
}

const PASSING: [&str; 5] =
    ["nested::passes_too", "passes", "passes_by_any_panic", "passes_by_its_panic", "passes_over_tcp"];

#[test]
fn what_passes_passes_under_both_and_prints_nothing() {
    for ran in both(&["cases::"]) {
        let ran = ran.passed();
        ran.says(&["test result: ok. 5 passed; 0 failed; 18 ignored"]);
        for name in PASSING {
            let line =
                ran.stdout.lines().find(|line| line.starts_with("test") && line.contains(&format!("cases::{name} ")));
            assert!(line.is_some_and(|line| line.ends_with("... ok")), "{name}: {}", ran.text());
        }
        assert!(!ran.text().contains("hello from a node"), "{}", ran.text());
    }
}

#[test]
fn the_list_is_the_list() {
    let mut names: Vec<String> = PASSING.map(|name| format!("cases::{name}: test")).to_vec();
    let ignored = both(&["--list", "--ignored", "cases::"]);
    for ran in ignored {
        says(&ran.stdout, &["cases::fails_by_assertion: test"]);
        assert!(!ran.stdout.contains("cases::passes"), "{}", ran.stdout);
    }
    let all = run(&mut harness(suite(), &["--list"])).passed();
    names.extend(all.stdout.lines().filter(|line| !line.contains("passes")).map(str::to_owned));
    let mut listed: Vec<&str> = all.stdout.lines().collect();
    assert_eq!(listed.len(), 23, "{}", all.stdout);
    assert!(listed.iter().all(|line| line.starts_with("cases::") && line.ends_with(": test")), "{}", all.stdout);
    listed.sort_unstable();
    names.sort_unstable();
    assert_eq!(listed, names);
    // Nothing is started by that, and nothing else is printed.
    let debugged = run(harness(suite(), &["--list"]).env("PEER_BOOT_DEBUG", "1")).passed();
    assert_eq!((debugged.stdout, debugged.stderr), (all.stdout, String::new()));
    // As nextest asks for it.
    let terse = run(&mut harness(suite(), &["--list", "--format", "terse"])).passed();
    assert_eq!(terse.stdout.lines().count(), 23);
}

#[test]
fn filters_exact_and_skip_choose() {
    for (arguments, passed) in [
        (&["cases::passes"][..], 4),
        (&["cases::passes", "--exact"], 1),
        (&["cases::", "--skip", "passes_by"], 3),
        (&["cases::nested"], 1),
        (&["cases::nobody"], 0),
        (&["--exact", "passes"], 0),
    ] {
        for ran in both(arguments) {
            ran.passed().says(&[&format!("test result: ok. {passed} passed; 0 failed")]);
        }
    }
}

#[test]
fn ignored_tests_run_when_they_are_asked_for() {
    for ran in both(&["cases::fails_by_assertion", "--exact"]) {
        ran.passed().says(&["0 passed; 0 failed; 1 ignored"]);
    }
    for flag in ["--ignored", "--include-ignored"] {
        for ran in both(&["cases::fails_by_assertion", "--exact", flag]) {
            ran.failed().says(&["0 passed; 1 failed; 0 ignored"]);
        }
    }
}

#[test]
fn nocapture_shows_what_nodes_print_with_their_names() {
    for (test, node, said) in [("passes", "passes-", "passing"), ("passes_over_tcp", "passes_over_tcp-", "by TCP")] {
        for ran in both(&["--exact", &format!("cases::{test}"), "--nocapture"]) {
            let ran = ran.passed();
            let said = format!("| hello from a node: {said}");
            let lines = ran.stderr.lines().filter(|line| line.contains(&said));
            let nodes: Vec<&str> = lines.map(|line| line.split_once(" | ").unwrap().0).collect();
            assert_eq!(nodes.len(), if test == "passes" { 2 } else { 1 }, "{}", ran.text());
            assert!(nodes.iter().all(|name| name.contains(&format!("-cases-{node}"))), "{nodes:?}");
            assert!(nodes.len() == 1 || nodes[0] != nodes[1], "{nodes:?}");
        }
    }
}

#[test]
fn what_others_say_commands_no_terminal() {
    for shows in ["--nocapture", "--test-threads=1"] {
        for ran in both(&["--exact", "cases::says_commands", "--ignored", shows]) {
            let ran = ran.failed();
            ran.says(&[r"| hello from a node: \u{1b}[?1049h10%\r20%", r"  as it has\u{9b}2J to"]);
            assert!(ran.text().chars().all(|c| !c.is_control() || c == '\n'), "{:?}", ran.text());
        }
    }
}

#[test]
fn tests_run_beside_each_other_or_one_after_the_other() {
    for ran in both(&["--ignored", "cases::meets", "--test-threads=2"]) {
        ran.passed().says(&["2 passed"]);
    }
    for ran in both(&["--ignored", "cases::meets", "--test-threads=1"]) {
        // The first one waits in vain; the second one may be let in by what that left behind.
        ran.failed().says(&["did not end within its timetrap of 3s"]);
    }
}

#[test]
fn a_failed_assertion_is_reported_with_its_line_and_all_nodes() {
    for ran in case("fails_by_assertion") {
        let ran = ran.failed();
        let line = place("assert_eq!(nodes.len(), 3");
        ran.says(&["panicked at", &line, "three are a quorum", "left: 2", "right: 3"]);
        ran.says(&["peer test `cases::fails_by_assertion` panicked", "2 nodes:"]);
        let report = ran.text();
        let (_, nodes) = report.split_once("2 nodes:\n").unwrap();
        let (nodes, output) = nodes.split_once("\noutput of all nodes:\n").unwrap();
        // What is a default needs no words.
        assert!(!nodes.contains("options:"), "{nodes}");
        let (stopped, running) = nodes.split_at(nodes.match_indices("(os pid ").nth(1).unwrap().0);
        says(stopped, &["-cases-fails_by_assertion-", "): down: stopped by its origin", "output:       none"]);
        says(running, &["): running"]);
        says(output, &["s 2 | hello from a node: about to fail"]);
        for node in [stopped, running] {
            says(node, &["command line: /", "--peer-node=1:self"]);
        }
    }
}

#[test]
fn a_question_mark_is_reported_with_its_line() {
    for ran in case("fails_at_question_mark") {
        let at = format!("`cases::fails_at_question_mark` failed at {}", place("parse()?"));
        ran.failed().says(&[
            &at,
            "invalid digit found in string",
            "1 node:",
            "| hello from a node: before the question mark",
        ]);
    }
    for ran in case("fails_in_a_call") {
        let at = format!("`cases::fails_in_a_call` failed at {}", place("call(boom, ()).await?;"));
        let panic = format!("panicked at {}", place("panic!(\"a remote panic\")"));
        ran.failed().says(&[&at, "::boom` on node `", &panic, "a remote panic", "remote backtrace", "): running"]);
    }
}

#[test]
fn the_options_of_a_node_are_reported_and_secrets_are_not() {
    for ran in case("fails_with_options") {
        let ran = ran.failed();
        ran.says(&["as it has to", "2 nodes:", "args: [\"--shard\", \"a b\"]", "--shard 'a b'", "env: [SECRET]"]);
        ran.says(&["connection: Tcp(0)", "frame_limit: 9999", "| hello from a node: tuned"]);
        assert!(!ran.text().contains("hidden"), "{}", ran.text());
    }
}

#[test]
fn should_panic_is_asked_for_both_ways() {
    for ran in case("does_not_panic") {
        ran.failed().says(&["did not panic as expected"]);
    }
    for ran in case("panics_otherwise") {
        ran.failed().says(&["panic did not contain expected string", "something else", "no quorum"]);
    }
    // Running out of time is not the panic that was meant.
    for ran in case("takes_too_long_to_panic") {
        ran.failed().says(&["did not end within its timetrap of 300ms"]);
    }
}

#[test]
fn a_skip_fails_nothing_even_where_a_panic_is_expected() {
    let [stock, ours] = case("skips_itself").map(Ran::passed);
    stock.says(&["cases::skips_itself - should panic ... ok", "1 passed; 0 failed"]);
    ours.says(&["ignored, there is no tun device here", "0 passed; 0 failed; 1 ignored"]);
    let shown = run(&mut harness(self::stock(), &["--ignored", "--show-output", "--exact", "cases::skips_itself"]));
    shown.passed().says(&["skipped: there is no tun device here"]);
}

#[test]
fn a_timetrap_is_reported_with_the_nodes_as_they_were() {
    for ran in case("takes_too_long") {
        let at = format!("({}", place("async fn takes_too_long("));
        ran.failed().says(&[
            &at,
            "did not end within its timetrap of 3s",
            "1 node:",
            "): running",
            "| hello from a node: before the trap",
        ]);
    }
}

#[test]
fn a_lost_link_fails_the_test_with_a_report() {
    for ran in case("is_taken_down_by_a_peer") {
        let ran = ran.failed();
        ran.says(&["was taken down by a linked peer:", "): down: exit status 5", "peer_down: Crash"]);
        ran.says(&["--peer-node=1:self --crashing", "args: [\"--crashing\"]", "| halting", "2 nodes:"]);
        // The other one went down, too, and took nobody with it.
        ran.says(&["): down: exit status 4"]);
        // All about each is told once.
        for (said, times) in [("--peer-node=1:self --crashing", 1), ("| halting", 2), ("peer_down: ", 1)] {
            assert_eq!(ran.text().matches(said).count(), times, "`{said}` in {}", ran.text());
        }
    }
}

#[test]
fn a_blocked_thread_is_abandoned_and_can_do_nothing_any_more() {
    let runs = [stock(), suite()].map(|exe| {
        std::thread::spawn(|| {
            let arguments = ["--ignored", "cases::blocks", "--test-threads=1", "--nocapture"];
            run(&mut harness(exe, &arguments))
        })
    });
    for ran in runs {
        let ran = ran.join().unwrap().failed();
        ran.says(&["1 passed; 1 failed", "did not end within its timetrap of 3s"]);
        ran.says(&["its thread is still blocked 10s after its scope ended, and was abandoned"]);
        ran.says(&["abandoned: true; true"]);
    }
}

#[test]
fn every_step_of_a_boot_is_shown_when_asked_for() {
    for name in ["passes", "passes_over_tcp"] {
        for exe in [stock(), suite()] {
            let arguments = ["--exact", &format!("cases::{name}"), "--nocapture"];
            let ran = run(harness(exe, &arguments).env("PEER_BOOT_DEBUG", "1")).passed();
            let mut rest = ran.stderr.as_str();
            for step in [": spawned as os pid ", ": hello received", ": started", ": down: its scope ended"] {
                let Some((line, after)) = rest.split_once(step) else { panic!("no `{step}` in {}", ran.text()) };
                let (_, time) = line.rsplit_once("boot +").unwrap();
                assert!(time.trim_end_matches("ms").parse::<f64>().is_ok(), "{time}");
                rest = after;
            }
            ran.says(&["boot specification read", "hello said"]);
            assert_eq!(ran.text().contains(": connected"), name == "passes_over_tcp");
        }
    }
    let quiet = run(harness(stock(), &["--exact", "cases::passes", "--nocapture"]).env("PEER_BOOT_DEBUG", "0"));
    assert!(!quiet.passed().text().contains("boot +"));
}

#[test]
fn a_hook_that_panics_is_not_the_panic_that_a_test_should_end_with() {
    let arguments = ["--ignored", "--exact", "cases::below_a_panic::should_panic"];
    for exe in [stock(), suite()] {
        run(harness(exe, &arguments).env("NEXTEST", "1")).failed().says(&["below_a_panic::init_per_group`", "no disk"]);
    }
}

#[test]
fn a_group_with_hooks_needs_a_harness_or_a_process_of_its_own() {
    let arguments = ["--ignored", "--exact", "cases::grouped::has_an_init"];
    run(&mut harness(suite(), &arguments)).passed();
    run(&mut harness(stock(), &arguments)).failed().says(&[
        "stock libtest does not support",
        "[[test]]\nname = \"harness\"\nharness = false\n",
        "peer::main!();",
    ]);
    // As nextest runs each test, which older ones do not say.
    let mode = "NEXTEST_EXECUTION_MODE";
    run(harness(stock(), &arguments).env("NEXTEST", "1").env(mode, "process-per-test")).passed();
    run(harness(stock(), &arguments).env("NEXTEST", "1")).passed();
    run(harness(stock(), &arguments).env("NEXTEST", "1").env(mode, "several-tests")).failed();
    for exe in [stock(), suite()] {
        let shown = run(harness(exe, &[&arguments[..], &["--nocapture"]].concat()).env("NEXTEST", "1")).passed();
        let lines = shown.stderr.lines().filter(|line| line.ends_with("| hello from a node: of the group"));
        assert_eq!(lines.count(), 1, "{}", shown.text());
    }
}

/// What stock libtest makes of a test with rounds, which shows them.
fn rounds(name: &str) -> (Ran, Vec<u32>) {
    let ran = run(&mut harness(stock(), &["--ignored", "--show-output", "--exact", &format!("rounds::{name}")]));
    let text = ran.text();
    let rounds = text.lines().filter_map(|line| line.strip_prefix("this is round ")?.parse().ok()).collect();
    (ran, rounds)
}

#[test]
fn stock_libtest_runs_the_rounds_of_a_test() {
    for (name, passes, all, parts) in [
        ("until_any_fail", false, &[1, 2, 3][..], &["round 3 of 5", "that is enough"][..]),
        // A round that failed is a failure, as under `peer::main!()`.
        ("until_any_ok", false, &[1, 2], &["round 1 of 5", "too early"]),
        ("until_all_ok", true, &[1], &[]),
        ("fails_once", false, &[1, 2, 3], &["round 2 of 3", "the second one"]),
        ("skips_once", true, &[1, 2, 3], &["skipped: not twice"]),
        ("skips_behind_a_failure", false, &[1, 2], &["the first one", "skipped: not twice"]),
        ("panics_each_time", true, &[1, 2, 3], &[]),
        ("panics_but_once", false, &[1, 2, 3], &["did not panic as expected", "round 2 of 3"]),
        ("panics_otherwise_once", false, &[1, 2, 3], &["panic did not contain expected string", "another panic"]),
    ] {
        let (ran, rounds) = rounds(name);
        let ran = if passes { ran.passed() } else { ran.failed() };
        assert_eq!(rounds, all, "{name}: {}", ran.text());
        ran.says(parts);
    }
}

#[test]
fn the_output_of_what_passes_is_shown_with_it() {
    let shown = run(&mut harness(stock(), &["--exact", "cases::passes", "--show-output"])).passed();
    let (_, shown) = shown.stdout.split_once("---- cases::passes stdout ----\n").unwrap();
    assert_eq!(shown.lines().filter(|line| line.ends_with("| hello from a node: passing")).count(), 2, "{shown}");
}

#[test]
fn a_group_with_rounds_needs_a_harness_even_in_a_process_of_its_own() {
    for name in ["belongs_to_a_round", "panics"] {
        let arguments = ["--ignored", "--exact", &format!("rounds::repeated::{name}")];
        for nextest in [None, Some(("NEXTEST", "1"))] {
            let ran = run(harness(stock(), &arguments).envs(nextest)).failed();
            ran.says(&["in a group that is repeated, which stock libtest does not support", "harness = false"]);
        }
    }
    // Which has no order of its own to lose.
    run(&mut harness(stock(), &["--ignored", "--exact", "rounds::shuffled::is_run"])).passed();
}

#[test]
fn a_variable_that_cannot_be_meant_is_refused() {
    for (name, value, most) in
        [("PEER_JOBS", "many", "256"), ("PEER_JOBS", "257", "256"), ("PEER_TIMETRAP_FACTOR", "0", "4294967295")]
    {
        let told = format!("{name} is `{value}`; set it to a whole number from 1 to {most} (");
        let ran = run(harness(suite(), &["--exact", "cases::passes"]).env(name, value));
        assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{}", ran.text());
        ran.says(&[&told, "), or unset it"]);
        // The test that needs it fails, also one that is to panic.
        for test in ["cases::passes", "cases::passes_by_any_panic"] {
            let ran = run(harness(stock(), &["--exact", test]).env(name, value)).failed();
            ran.says(&[&told, "0 passed; 1 failed"]);
        }
    }
    for (name, value) in [("PEER_SEED", "x"), ("RUST_TEST_THREADS", "x")] {
        let ran = run(harness(suite(), &["--list"]).env(name, value));
        assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{}", ran.text());
        ran.says(&[&format!("{name} is `{value}`; set it to a whole number")]);
    }
    // What the command line says is not asked for.
    run(harness(suite(), &["--exact", "cases::passes", "--jobs=9"]).env("PEER_JOBS", "many")).passed();
    // As libtest reads it: the first one waits in vain.
    run(harness(suite(), &["--ignored", "cases::meets"]).env("RUST_TEST_THREADS", "1")).failed();
}
