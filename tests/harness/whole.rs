//! Hooks and the time limit of a whole target as a user meets them: the suite `suite_whole`, its whole output
//! compared with golden files.

use crate::golden;
use crate::suite::suite;
use crate::support;

/// Runs the suite, in which somebody does what was `chosen`.
fn compare(chosen: &str, passes: bool) {
    let mut suite = suite("suite_whole", &["--test-threads=1"]);
    let (ran, text) = golden::outcome(suite.env("SUITE", chosen));
    assert_eq!(ran.code, Some(if passes { 0 } else { 101 }), "{}", ran.text());
    golden::assert_same(&text, &format!("whole/{}", chosen.replace(' ', "_")), &ran);
}

#[test]
fn the_hooks_of_a_suite_are_the_first_and_the_last() {
    compare("all passes", true);
}

#[test]
fn hooks_around_nothing_do_not_run() {
    let (ran, text) = golden::outcome(&mut suite("suite_whole", &["no test has this name"]));
    assert!(ran.passed().stdout.contains("running 0 tests") && text.ends_with("== what happened\n"), "{text}");
}

#[test]
fn below_an_init_of_the_suite_that_does_not_pass_nothing_runs() {
    compare("init_per_suite fails", false);
    compare("init_per_suite skips", true);
    compare("init_per_suite hangs", false);
}

#[test]
fn an_end_of_the_suite_fails_for_itself() {
    compare("end_per_suite fails", false);
    compare("end_per_suite hangs", false);
}

#[test]
fn the_limit_of_the_suite_is_for_what_has_no_other() {
    for what in ["test", "init_per_group", "end_per_group", "nested", "hurries", "hurries_more"] {
        compare(&format!("{what} hangs"), false);
    }
}

#[test]
fn what_the_suite_started_crashes_and_the_rest_is_skipped() {
    compare("registry crashes", false);
}

#[test]
fn limits_and_skips_hold_under_the_stock_harness_and_under_nextest_too() {
    let run = |chosen: &str, test: &str| {
        let mut suite = suite("suite_stock", &["--exact", test, "--show-output"]);
        // As nextest runs each test, in a process of its own.
        support::run(suite.env("SUITE", chosen).env("NEXTEST", "1"))
    };
    run("test passes", "whole::before_the_group").passed();
    for init in ["init_per_suite", "init_per_group"] {
        run(&format!("{init} skips"), "whole::group::nested").passed().says(&["skipped: no license here"]);
    }
    run("test hangs", "whole::before_the_group").failed().says(&["did not end within its timetrap of 2s"]);
    run("init_per_suite hangs", "whole::before_the_group").failed().says(&["did not end within its timetrap of 2s"]);
    run("hurries hangs", "whole::group::hurried::hurries").failed().says(&["did not end within its timetrap of 300ms"]);
    run("test lacks room", "whole::before_the_group").failed().says(&["Too many open files"]);
    let refused = support::run(suite("suite_stock", &["--exact", "whole::before_the_group"]).env("SUITE", ""));
    refused.failed().says(&["which stock libtest does not support"]);
}
