//! Tests that hang, and interrupts, under stock libtest and `peer::main!()`, below cargo; tests/programs has nextest.
//!
//! An interrupt goes to all processes of a run at once, as a terminal sends it.

mod endings;

use crate::runs::{interrupted, interrupted_twice, own, own_with, says_where_they_were, stock, stock_with};
use crate::support::Folder;

#[test]
fn under_stock_libtest_the_others_finish_and_what_hangs_is_named() {
    let ran = stock(&["hanging::passes", "with_a_limit", "--format=pretty"]).ended().failed();
    ran.says(&["test hanging::passes ... ok", "test hanging::passes_too ... ok"]);
    ran.says(&["\n    hanging::with_a_limit::awaits\n    hanging::with_a_limit::blocks\n"]);
    ran.says(&["test result: FAILED. 2 passed; 2 failed; 0 ignored"]);
    says_where_they_were(&ran, "suite_hanging_stock");
}

#[test]
fn under_peer_main_the_others_finish_and_what_hangs_is_named() {
    let ran = own(&["hanging::passes", "with_a_limit"]).ended().failed();
    ran.says(&["test hanging::passes ... ok", "test hanging::passes_too ... ok"]);
    for test in ["awaits", "blocks"] {
        ran.says(&[&format!("test hanging::with_a_limit::{test} ... FAILED (timed out after 3s)")]);
        ran.says(&[&format!("\n    hanging::with_a_limit::{test}\n")]);
    }
    ran.says(&["test result: FAILED. 2 passed; 2 failed; 0 ignored"]);
    says_where_they_were(&ran, "suite_hanging");
}

#[test]
fn an_interrupt_ends_stock_libtest_at_once() {
    let ran = interrupted(stock(&["without_one"]), 2);
    // As any other test executable, which has no say in it.
    assert!(ran.code.is_none() && !ran.text().contains("test result"), "{}", ran.text());
}

#[test]
fn an_interrupt_ends_peer_main_in_order_though_cargo_is_gone_at_once() {
    let ran = interrupted(own(&["without_one"]), 2);
    assert_eq!(ran.code, None, "{}", ran.text());
    for test in ["awaits", "blocks"] {
        ran.says(&[&format!("test hanging::without_one::{test} ... FAILED (interrupted)")]);
        ran.says(&[&format!("peer test `hanging::without_one::{test}` was interrupted")]);
    }
    ran.says(&["  in call:      `suite_hanging::hanging::never_answers`, for ", "its thread is still blocked "]);
    ran.says(&["interrupted: ending what runs, in order; a second interrupt ends it at once"]);
    ran.says(&["interrupted: this is what ran until then", "test result: FAILED. 0 passed; 2 failed"]);
}

#[test]
fn an_interrupt_ends_peer_main_in_time_whatever_blocks_its_threads() {
    let ran = interrupted(own(&["ends_block"]), 1);
    assert_eq!(ran.code, None, "{}", ran.text());
    for group in ["", "::two", "::two::three", "::two::three::four"] {
        let end = format!("hanging::ends_block{group}::end_per_group");
        ran.says(&[&format!("test {end} ... FAILED (timed out after ")]);
        ran.says(&[&format!("`{end}` (tests/harness/suites/hanging/hanging.rs:")]);
    }
    let end = "`hanging::ends_block::two::three::four::end_per_testcase`";
    ran.says(&[
        &format!("{end} (tests/harness/suites/hanging/hanging.rs:"),
        &format!("the thread of {end} is still blocked "),
    ]);
    ran.says(&["interrupted: this is what ran until then", "test result: FAILED. 0 passed; 5 failed"]);
}

#[test]
fn an_interrupt_ends_peer_main_in_time_whatever_time_its_nodes_have() {
    let ran = interrupted(own(&["has_a_node_that_does_not_stop"]), 1);
    ran.says(&["interrupted: this is what ran until then", "test result: FAILED. 0 passed; 1 failed"]);
}

#[test]
fn a_second_interrupt_ends_peer_main_at_once() {
    let effect = "test hanging::without_one::awaits ... FAILED (interrupted)";
    let ran = interrupted_twice(own(&["ends_block", "without_one::awaits"]), 2, effect);
    assert!(!ran.text().contains("test result"), "{}", ran.text());
}

#[test]
fn a_test_that_waits_for_other_runs_says_so() {
    let folder = Folder::new();
    let (slots, tests) = (folder.path("slots"), ["hanging::passes", "--exact"]);
    std::fs::create_dir(&slots).unwrap();
    let holder = own_with(Some(&slots), &["without_one::awaits"]);
    holder.hangs(1);
    let (mut own, mut stock) = (own_with(Some(&slots), &tests), stock_with(Some(&slots), &tests));
    own.says("test hanging::passes has been waiting for 10s for 1 of the 1 slots that all runs of this user share");
    stock.says("[peer] test hanging::passes has been waiting for 10s for 1 of the 1 slots");
    holder.interrupt();
    holder.ended();
    own.ended().passed().says(&["test hanging::passes ... ok"]);
    stock.ended().passed().says(&["1 passed"]);
}
