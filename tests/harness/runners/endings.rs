//! Runs that end in their middle: by `exit`, and by a crash.

use crate::runs::{own, stock};
use crate::support::Ran;

#[test]
fn a_test_that_ends_the_process_does_not_pass_by_that() {
    let arguments = ["hanging::exits", "--ignored"];
    for (ran, told) in [
        (own(&arguments), "peer: `hanging::exits` has ended this process, by `exit`, and with it the run"),
        (
            stock(&arguments),
            "peer: this process is ended, by `exit`, while `hanging::exits` was running, and with it the run",
        ),
    ] {
        let ran = ran.ended().failed();
        ran.says(&[told]);
        assert!(!ran.text().contains("test result"), "{}", ran.text());
    }
}

/// A run of these tests of tests/harness/suites/hanging/crashing.rs, in this order, behind one that fails.
fn crashing(tests: &[&str]) -> Ran {
    let names: Vec<String> = ["fails"].iter().chain(tests).map(|test| format!("crashing::{test}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let ran = own(&[&["--include-ignored", "--exact", "--test-threads=1"], &names[..]].concat()).ended();
    assert!(!ran.text().contains("test result"), "{}", ran.text());
    // What is told at the end otherwise, once.
    ran.says(&["\nfailures until then:\n\n---- crashing::fails ----\npeer test `crashing::fails` panicked at "]);
    ran.says(&["three are a quorum", " | hello from a node\n"]);
    assert_eq!(ran.text().matches("three are a quorum").count(), 1, "{}", ran.text());
    ran
}

/// What is told of panics in this test that nobody else tells, at their places in tests/harness/suites/hanging/crashing.rs.
fn what_panicked(test: &str, said: &[&str]) -> String {
    let lines: Vec<&str> = include_str!("../suites/hanging/crashing.rs").lines().collect();
    let panics = said.iter().map(|said| {
        let panic = format!("panic!(\"{said}\")");
        let (line, column) =
            lines.iter().zip(1..).find_map(|(text, line)| Some((line, text.find(&panic)? + 1))).unwrap();
        format!("thread 'crashing::{test}' panicked at tests/harness/suites/hanging/crashing.rs:{line}:{column}:\n  {said}\n")
    });
    format!("peer: what panicked in `crashing::{test}` before:\n{}", panics.collect::<String>())
}

#[test]
fn an_exit_is_told_of_what_called_it_with_what_had_failed() {
    for (test, who) in [
        ("exits_on_a_worker", "`crashing::exits_on_a_worker`"),
        ("exits_on_a_thread_of_its_own", "`crashing::exits_on_a_thread_of_its_own`"),
        ("in_a_hook::is_not_reached", "`crashing::in_a_hook::init_per_group`"),
        ("catches_and_exits", "`crashing::catches_and_exits`"),
    ] {
        let told =
            format!("peer: {who} has ended this process, by `exit`, and with it the run: whatever has no line above ");
        let ran = crashing(&[test]).failed();
        ran.says(&[&told, &format!(" (1 of 2 tests done, 1 failed, {who} was running)\n")]);
        if test == "catches_and_exits" {
            ran.says(&[&what_panicked(test, &["the real reason"])]);
        }
    }
}

#[test]
fn an_exit_is_told_of_the_test_whose_thread_called_it() {
    let ran = own(&["--ignored", "crashing::beside"]).ended().failed();
    ran.says(&["peer: `crashing::beside::exits` has ended this process, by `exit`"]);
    ran.says(&["(0 of 2 tests done, these were running: `crashing::beside::"]);
}

#[test]
fn a_crash_is_told_with_what_had_failed() {
    for (test, signal) in [
        ("aborts", "SIGABRT"),
        ("is_hit_by_a_fault", "SIGSEGV"),
        ("overflows_its_stack", "SIGSEGV"),
        ("panics_during_a_panic", "SIGABRT"),
        ("is_hit_by_a_trap", "SIGTRAP"),
        ("catches_and_aborts", "SIGABRT"),
        ("panics_with_what_panics_twice", "SIGABRT"),
    ] {
        let ran = crashing(&[test]);
        let told =
            format!("\npeer: this process crashes by {signal}, and with it the run: 1 of 2 tests done, 1 failed, ");
        ran.says(&[&told, &format!(" failed, `crashing::{test}` was running\n")]);
        assert_eq!(ran.code, Some(101), "{}", ran.text());
        // Whoever told of it before does so now.
        match test {
            "overflows_its_stack" => ran.says(&["has overflowed its stack"]),
            "panics_during_a_panic" => ran.says(&[&what_panicked(test, &["the first one", "the second one"])]),
            "catches_and_aborts" => ran.says(&[&what_panicked(test, &["the real reason"])]),
            "panics_with_what_panics_twice" => ran.says(&["\nbomb one\n", "\nbomb two\n"]),
            _ => {}
        }
    }
}
