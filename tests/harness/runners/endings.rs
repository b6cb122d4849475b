//! Runs that a test ends by `exit`.

use crate::runs::{own, stock};
use crate::support::Ran;

#[test]
fn a_test_that_ends_the_process_does_not_pass_by_that() {
    let arguments = ["hanging::exits", "--ignored"];
    for ran in [own(&arguments), stock(&arguments)] {
        let ran = ran.ended().failed();
        ran.says(&["test `hanging::exits` called std::process::exit and ended the run"]);
        assert!(!ran.text().contains("test result"), "{}", ran.text());
    }
}

/// A run of these tests of tests/harness/suites/hanging/crashing.rs, in this order, behind one that fails.
fn crashing(tests: &[&str]) -> Ran {
    let names: Vec<String> = ["fails"].iter().chain(tests).map(|test| format!("crashing::{test}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let ran = own(&[&["--include-ignored", "--exact", "--test-threads=1"], &names[..]].concat()).ended();
    assert!(!ran.text().contains("test result"), "{}", ran.text());
    // The failures that a summary would list, once.
    ran.says(&["\nfailures until then:\n\n---- crashing::fails ----\npeer test `crashing::fails` panicked at "]);
    ran.says(&["three are a quorum", " | hello from a node\n"]);
    assert_eq!(ran.text().matches("three are a quorum").count(), 1, "{}", ran.text());
    ran
}

#[test]
fn an_exit_is_reported_with_what_called_it_and_what_had_failed() {
    for (test, who) in [
        ("exits_on_a_worker", "test `crashing::exits_on_a_worker`"),
        ("exits_on_a_thread_of_its_own", "test `crashing::exits_on_a_thread_of_its_own`"),
        ("in_a_hook::is_not_reached", "test `crashing::in_a_hook::init_per_group`"),
    ] {
        let told = format!("{who} called std::process::exit and ended the run; 1 of 2 tests have no result\n");
        crashing(&[test]).failed().says(&[&told]);
    }
}

#[test]
fn an_exit_is_reported_of_all_that_may_have_called_it() {
    let ran = own(&["--ignored", "crashing::beside"]).ended().failed();
    ran.says(&[
        "one of `crashing::beside::",
        " called std::process::exit and ended the run; 2 of 2 tests have no result",
    ]);
}
