//! Suites under cargo-nextest: what it shows of tests that fail, hang or are interrupted, and the budget of nodes.

use std::collections::HashMap;
use std::process::Command;

use peer::prelude::*;

use crate::budget::{fill_the_budget, most_nodes_of};
use crate::installed::installed_by;
use crate::runs::{Run, interrupted, interrupted_twice, says_where_they_were, start};
use crate::suite::{cargo, executable};
use crate::support::{Folder, run, within};

/// Cargo with these arguments for nextest, and these targets.
fn nextest(arguments: &[&str], targets: &[&str]) -> Command {
    installed_by("cargo-nextest", "cargo install --locked cargo-nextest");
    for target in targets {
        // The budget's tests are in the driver itself, which cargo has built.
        if *target != "harness" {
            executable(target);
        }
    }
    cargo(&[&["nextest", "run", "--color=never"], arguments].concat(), targets)
}

/// Both suites, since nextest runs both kinds.
fn hanging(tests: &[&str]) -> Run {
    start(nextest(&["--no-fail-fast"], &["suite_hanging", "suite_hanging_stock"]), tests, None)
}

#[peer_test(timetrap = "off")]
async fn under_nextest_the_others_finish_and_what_hangs_is_named() {
    let ran = hanging(&["hanging::passes", "with_a_limit"]).ended();
    assert_eq!(ran.code, Some(100), "{}", ran.text());
    for suite in ["suite_hanging", "suite_hanging_stock"] {
        says_where_they_were(&ran, suite);
        for (word, test) in [("PASS", "passes"), ("FAIL", "with_a_limit::awaits"), ("FAIL", "with_a_limit::blocks")] {
            let end = format!(" peer::{suite} hanging::{test}");
            let is_it = |line: &str| line.trim_start().starts_with(word) && line.ends_with(&end);
            assert!(ran.stderr.lines().any(is_it), "no `{word} ..{end}` in {}", ran.text());
        }
    }
    ran.says(&["8 tests run: 4 passed, 4 failed"]);
}

/// By suite and test, what nextest's own report says of why they failed; standard error is all that it knows that by.
fn reasons_by_nextest(suites: &[&str], tests: &[&str]) -> HashMap<String, String> {
    let folder = Folder::new();
    let (config, report) = (folder.path("nextest.toml"), folder.path("junit.xml"));
    let profile = "[profile.reasons]\nleak-timeout = \"2s\"\n[profile.reasons.junit]\npath = ";
    std::fs::write(&config, format!("{profile}{report:?}\n")).unwrap();
    let arguments = ["--no-fail-fast", "--run-ignored=all", "--profile=reasons", "--config-file"];
    let mut nextest = nextest(&[&arguments[..], &[config.to_str().unwrap()]].concat(), suites);
    nextest
        .env("RUST_BACKTRACE", "0")
        .args(["-E", &tests.iter().map(|test| format!("test(={test})")).collect::<Vec<_>>().join(" + ")]);
    let ran = within("the end of nextest", move || run(&mut nextest));
    assert_eq!(ran.code, Some(100), "{}", ran.text());
    let text = std::fs::read_to_string(&report).unwrap();
    let attribute = |element: &str, name: &str| {
        let (_, value) = element.split_once(&format!(" {name}=\""))?;
        Some(value.split_once('"')?.0.to_owned())
    };
    let cases = text.split("<testcase").skip(1).map(|case| {
        let (case, failure) = case.split_once("<failure").unwrap_or((case, ""));
        let name = format!("{} {}", attribute(case, "classname").unwrap(), attribute(case, "name").unwrap());
        (name, attribute(failure.split('>').next().unwrap_or_default(), "message").unwrap_or_default())
    });
    cases.collect()
}

#[peer_test(timetrap = "off")]
async fn failures_that_are_no_panics_are_told() {
    let both = [
        (
            "cases::fails_at_question_mark",
            "Error: peer test `cases::fails_at_question_mark` failed at tests/harness/suites/cases/cases.rs:",
        ),
        ("cases::fails_at_question_mark", ": invalid digit found in string"),
        ("cases::fails_in_a_call", "` failed: panicked at tests/harness/suites/cases/cases.rs:16:5: a remote panic"),
        ("cases::fails_by_assertion", "panicked at tests/harness/suites/cases/cases.rs:"),
        ("cases::is_taken_down_by_a_peer", ") was taken down by a linked peer: "),
        ("cases::takes_too_long", ") did not end within its timetrap of 3s"),
        ("cases::takes_too_long_to_panic", ") did not end within its timetrap of 300ms"),
        ("cases::does_not_panic", "did not panic as expected"),
    ];
    let groups = [
        ("verdicts::leaks", ") leaked a process, and is marked "),
        (
            "inits::fails::is_skipped",
            "Error: `inits::fails::init_per_group` failed at tests/harness/suites/groups/inits.rs:",
        ),
        ("inits::hangs::is_skipped", ") failed: it did not end within its timetrap of 500ms"),
        ("everywhere::fails_in_one_rank", ": failed: invalid digit found in string"),
        ("crashes::between_tests::takes_it_down", "::init_per_group` failed, since a linked peer went down: "),
    ];
    let hanging = [("hanging::exits", "Error: test `hanging::exits` called std::process::exit")];
    let of: [(&str, &[(&str, &str)]); 5] = [
        ("harness", &both),
        ("suite_main", &both),
        ("suite_groups", &groups),
        ("suite_hanging", &hanging),
        ("suite_hanging_stock", &hanging),
    ];
    let tests: Vec<&str> = of.iter().flat_map(|(_, told)| told.iter().map(|(test, _)| *test)).collect();
    let found = reasons_by_nextest(&of.map(|(suite, _)| suite), &tests);
    for (suite, told) in of {
        for (test, reason) in told {
            let message = &found[&format!("peer::{suite} {test}")];
            assert!(message.contains(reason), "`{reason}` is missing in the report of {suite} {test}: `{message}`");
        }
    }
}

#[peer_test(timetrap = "off")]
async fn under_nextest_a_test_of_a_sequence_that_fails_says_that_it_ran_alone() {
    let mut nextest = nextest(&["--no-fail-fast"], &["suite_groups"]);
    let (in_it, in_none) = ("sequence::breaks::breaks_it", "verdicts::fails");
    let ran = run(nextest.args(["-E", &format!("test(={in_it}) + test(={in_none})")]).env("RUST_BACKTRACE", "0"));
    assert_eq!(ran.code, Some(100), "{}", ran.text());
    let told = "  no quorum\n\n    ran alone: under nextest each test of a sequence has a process of its own, \
                and the 2 before it did not run in this one\n";
    ran.says(&[told]);
    assert_eq!(ran.text().matches("ran alone").count(), 1, "{}", ran.text());
}

/// Once for a reader, and once for nextest, which looks for a line of its own.
#[peer_test(timetrap = "off")]
async fn under_nextest_a_panic_is_told_in_the_report_and_as_the_reason() {
    let suites = ["suite_main", "suite_groups"];
    let mut nextest = nextest(&["--no-fail-fast", "--run-ignored=all"], &suites);
    let tests = ["cases::fails_by_assertion", "panics::fails_for_a_task", "panics::catches_it"];
    nextest.args(["-E", &tests.map(|test| format!("test(={test})")).join(" + ")]);
    let ran = run(nextest.env("RUST_BACKTRACE", "0"));
    assert_eq!(ran.code, Some(100), "{}", ran.text());
    for (said, times) in [("three are a quorum", 2), ("the task ended badly", 2), ("of three\n", 1)] {
        assert_eq!(ran.text().matches(said).count(), times, "`{said}` in:\n{}", ran.text());
    }
    ran.says(&["s thread 'tokio-rt-worker' panicked at tests/harness/suites/groups/panics.rs:"]);
    // Where output is shown at once the report has the last of it, whatever panicked.
    ran.says(&["  last output:\n        | hello from a node: about to fail"]);
}

#[peer_test(timetrap = "off")]
async fn an_interrupt_ends_what_nextest_runs() {
    let ran = interrupted(hanging(&["without_one"]), 2);
    assert_eq!(ran.code, Some(100), "{}", ran.text());
    ran.says(&["interrupt: 2 tests still running", "2/4 tests run: 0 passed, 2 failed"]);
}

#[peer_test(timetrap = "off")]
async fn a_second_interrupt_ends_what_nextest_runs_at_once() {
    let ran = interrupted_twice(hanging(&["without_one"]), 2, "interrupt: 2 tests still running");
    assert_eq!(ran.code, Some(100), "{}", ran.text());
    ran.says(&["2/4 tests run: 0 passed, 2 failed"]);
}

/// All tests, also the ignored ones, of these targets that match.
fn chosen(targets: &[&str], filter: &str) -> Command {
    nextest(&["--run-ignored=all", "--test-threads=8", "-E", filter], targets)
}

#[peer_test(timetrap = "off")]
async fn processes_of_nextest_share_one_budget() {
    fill_the_budget(|| vec![chosen(&["harness"], "test(/^slots::suite::/)")]);
}

#[peer_test(timetrap = "off")]
async fn nodes_of_groups_are_in_the_budget_of_all_processes_of_nextest() {
    // The last of them has the stock harness, for which a group with rounds is nothing.
    let targets = ["suite_weights", "suite_held", "harness"];
    let filter = "(test(/weights::/) - test(/heavy/) - (binary(harness) & test(/pair/))) + binary(suite_held)";
    fill_the_budget(|| vec![chosen(&targets, filter)]);
}

#[peer_test(timetrap = "off")]
async fn groups_that_hold_more_than_there_is_run_all_the_same() {
    most_nodes_of(vec![chosen(&["suite_weights", "harness"], "test(/weights::.*heavy/)")], &Folder::new().path(""));
}
