//! The budget of nodes that test executables share: how many nodes there are at once.

/// Groups that hold slots, as nextest runs them in a target of the stock harness.
#[path = "suites/weights/weights.rs"]
mod weights;

use std::os::unix::fs::symlink;
use std::process::Command;

use peer::prelude::*;

use crate::budget::{BUDGET, RUNS, budgeted, fill_the_budget, holding, most_nodes_of};
use crate::suite::executable;
use crate::support::{Folder, command, run};

/// The tests that are run. What each wants of the budget differs, one wants more than there is.
mod suite {
    use super::weights::works;
    use super::*;

    async fn work(nodes: &Nodes) -> peer::Result {
        let mut calls = tokio::task::JoinSet::new();
        for node in nodes {
            calls.spawn(node.call(works, ()));
        }
        while let Some(worked) = calls.join_next().await {
            worked??;
        }
        Ok(())
    }

    #[peer_test(nodes = 1)]
    #[ignore = "run by the tests of this file"]
    async fn one(nodes: Nodes) -> peer::Result {
        work(&nodes).await
    }

    #[peer_test(nodes = 2)]
    #[ignore = "run by the tests of this file"]
    async fn two(nodes: Nodes) -> peer::Result {
        work(&nodes).await
    }

    #[peer_test(nodes = 3)]
    #[ignore = "run by the tests of this file"]
    async fn three(nodes: Nodes) -> peer::Result {
        work(&nodes).await
    }

    #[peer_test(nodes = 4)]
    #[ignore = "run by the tests of this file"]
    async fn four(nodes: Nodes) -> peer::Result {
        work(&nodes).await
    }
}

#[test]
fn four_executables_share_one_budget() {
    fill_the_budget(|| {
        let commands = (0..4).map(|_| {
            let mut command = command(std::env::current_exe().unwrap());
            command.args(["--ignored", "slots::suite::", "--test-threads=4"]);
            command
        });
        commands.collect()
    });
}

/// Each holds slots and wants more for its tests; a run that waits for ever is ended, and fails.
#[test]
fn nodes_of_groups_are_in_the_budget_of_all_executables() {
    fill_the_budget(|| {
        let mut commands: Vec<Command> =
            ["suite_weights", "suite_weights", "suite_held"].map(|target| holding(target, &["--skip=heavy"])).into();
        let mut stock = command(std::env::current_exe().unwrap());
        stock.args(["--ignored", "slots::suite::", "--test-threads=4"]);
        commands.push(stock);
        commands
    });
}

#[test]
fn groups_that_hold_more_than_there_is_run_all_the_same() {
    for arguments in [&["heavy"][..], &["--test-threads=2"], &["--jobs=1"], &["--jobs=1", "--shuffle"]] {
        let folder = Folder::new();
        most_nodes_of(vec![holding("suite_weights", arguments), holding("suite_held", arguments)], &folder.path(""));
    }
}

#[test]
fn an_interrupt_ends_the_wait_of_a_group_for_the_room_around_it() {
    let folder = Folder::new();
    let mut command = holding("suite_weights", &["interrupted"]);
    let ran = run(budgeted(command.env("INTERRUPT", "1"), &folder.path(""))).failed();
    ran.says(&["interrupted::interrupts ... FAILED (interrupted)", "the end ran"]);
    assert!(!ran.text().contains("the init within ran"), "{}", ran.text());
}

/// With the slots of this run and of the others to themselves, tests of a group that holds some run side by side.
#[test]
fn what_is_free_besides_is_for_the_tests_of_a_group_too() {
    let folder = Folder::new();
    let run = || vec![holding("suite_weights", &["pair"])];
    let mut seen = (0..RUNS).map(|_| most_nodes_of(run(), &folder.path("")));
    assert!(seen.any(|most| most == BUDGET), "fewer than {BUDGET} nodes at once in each of {RUNS} runs");
}

#[test]
fn without_a_budget_that_is_told_once_and_tests_run() {
    let folder = Folder::new();
    symlink("/", folder.path("peer")).unwrap();
    let stock = (std::env::current_exe().unwrap(), ["--include-ignored", "slots::suite::", "--nocapture"]);
    let own = (executable("suite_main"), ["--exact", "cases::passes", "--test-threads=1"]);
    for (exe, arguments) in [stock, own] {
        let ran = run(budgeted(command(exe).args(arguments), &folder.path(""))).passed();
        let told: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("budget of nodes")).collect();
        let [told] = told[..] else { panic!("{}", ran.text()) };
        assert!(told.contains("peer` must be a directory of this user with mode 700: remove it"), "{told}");
    }
}
