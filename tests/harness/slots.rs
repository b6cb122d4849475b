//! The budget of nodes that test executables share, as seen from outside: how many nodes there are at once.

/// Groups that hold slots, as nextest runs them in a target of the stock harness.
#[path = "suites/weights/weights.rs"]
mod weights;

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;
use std::time::Duration;

use crate::support::{Folder, command, run, without_harness};
use peer::prelude::*;

/// How many nodes there may be at once.
const BUDGET: usize = 4;
/// How often they are run at most until so many were seen: what lasts for milliseconds may be over between two looks.
const RUNS: usize = 10;

/// The tests that are run. What each wants of the budget differs, one wants more than there is.
mod suite {
    use super::*;

    /// Far longer than a look at all processes takes.
    const BUSY: Duration = Duration::from_millis(200);

    #[remote]
    #[expect(clippy::disallowed_methods, reason = "it is to take its time")]
    fn works() {
        // busy: whoever counts has to see it.
        std::thread::sleep(BUSY);
    }

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

/// The pids of all nodes whose environment names this folder, and when each was started.
fn nodes_of(folder: &Path) -> BTreeMap<u32, String> {
    let contains = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let pids =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let node = |pid: u32| {
        // What has ended meanwhile is no node.
        let read = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).ok();
        let is_node = contains(&read("cmdline")?, b"--peer-node=");
        let is_ours = is_node && contains(&read("environ")?, folder.as_os_str().as_encoded_bytes());
        let stat = String::from_utf8_lossy(&read("stat")?).into_owned();
        let started = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.to_owned();
        is_ours.then_some((pid, started))
    };
    pids.filter_map(node).collect()
}

/// How many of them were there at one time: seen by both of two looks, so that all of them were there in between.
fn nodes_at_once(folder: &Path) -> usize {
    let before = nodes_of(folder);
    if before.len() <= 1 {
        return before.len();
    }
    let after = nodes_of(folder);
    before.iter().filter(|(pid, started)| after.get(pid) == Some(started)).count()
}

/// What shares a budget in this folder.
fn budgeted<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command.env("XDG_RUNTIME_DIR", folder).env("PEER_JOBS", BUDGET.to_string())
}

/// Runs the commands until that many were seen at once which the budget allows, or nearly, and never more.
fn fill_the_budget(commands: impl Fn() -> Vec<Command>) {
    let seen = (0..RUNS).map(|_| {
        let folder = Folder::new();
        let most = most_nodes_of(commands(), &folder.path(""));
        assert!(most <= BUDGET, "{most} nodes at once");
        most
    });
    let seen: Vec<usize> =
        seen.scan(false, |full, most| (!std::mem::replace(full, most + 1 >= BUDGET)).then_some(most)).collect();
    assert!(seen.iter().any(|most| most + 1 >= BUDGET), "so many nodes at once in each run: {seen:?}");
}

/// Runs these at the same time; all have to pass. The most nodes that were there at once.
fn most_nodes_of(mut commands: Vec<Command>, folder: &Path) -> usize {
    let mut running = Vec::new();
    for (number, command) in commands.iter_mut().enumerate() {
        let output = folder.join(format!("output-{number}"));
        let file = std::fs::File::create(&output).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        running.push((budgeted(command, folder).spawn().unwrap(), output));
    }
    let mut most = 0;
    // Looks without pause: what is between two looks is not seen.
    while !running.is_empty() {
        most = most.max(nodes_at_once(folder));
        running.retain_mut(|(child, output)| match child.try_wait().unwrap() {
            Some(status) => {
                assert!(status.success(), "{}", std::fs::read_to_string(output).unwrap());
                false
            }
            None => true,
        });
    }
    most
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

/// Nextest with the tests of these targets that match.
fn nextest(targets: &[&str], chosen: &str) -> Command {
    let mut nextest = cargo(&["nextest", "run", "--workspace"], targets);
    nextest.args(["--run-ignored", "all", "--test-threads=8", "-E", chosen]);
    nextest
}

/// Cargo with these arguments, for these targets.
fn cargo(arguments: &[&str], targets: &[&str]) -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = command(cargo);
    without_harness(&mut command).current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.args(targets.iter().flat_map(|target| ["--test", target]));
    command
}

#[test]
fn processes_of_nextest_share_one_budget() {
    fill_the_budget(|| vec![nextest(&["harness"], "test(/^slots::suite::/)")]);
}

/// What runs the groups and the suite that hold slots; compiled by the first one.
fn weights(target: &str, arguments: &[&str]) -> Command {
    static COMPILED: Once = Once::new();
    COMPILED.call_once(|| {
        run(&mut cargo(&["test", "--no-run"], &["suite_weights", "suite_held"])).passed();
    });
    let mut command = command(newest(target));
    command.arg("--include-ignored").args(arguments);
    command
}

/// Each holds slots and wants more for its tests; a run that waits for ever is ended, and fails.
#[test]
fn nodes_of_groups_are_in_the_budget_of_all_executables() {
    fill_the_budget(|| {
        let mut commands: Vec<Command> =
            ["suite_weights", "suite_weights", "suite_held"].map(|target| weights(target, &["--skip=heavy"])).into();
        let mut stock = command(std::env::current_exe().unwrap());
        stock.args(["--ignored", "slots::suite::", "--test-threads=4"]);
        commands.push(stock);
        commands
    });
}

#[test]
fn nodes_of_groups_are_in_the_budget_of_all_processes_of_nextest() {
    weights("suite_held", &[]);
    // The last of them has the stock harness.
    let targets = ["suite_weights", "suite_held", "harness"];
    // A group with rounds is nothing for stock libtest.
    let rounds = "(binary(harness) & test(/pair/))";
    let chosen = format!("(test(/weights::/) - test(/heavy/) - {rounds}) + binary(suite_held)");
    fill_the_budget(|| vec![nextest(&targets, &chosen)]);
}

#[test]
fn groups_that_hold_more_than_there_is_run_all_the_same() {
    for arguments in [&["heavy"][..], &["--test-threads=2"], &["--jobs=1"], &["--jobs=1", "--shuffle"]] {
        let folder = Folder::new();
        most_nodes_of(vec![weights("suite_weights", arguments), weights("suite_held", arguments)], &folder.path(""));
    }
    let folder = Folder::new();
    most_nodes_of(vec![nextest(&["suite_weights", "harness"], "test(/weights::.*heavy/)")], &folder.path(""));
}

#[test]
fn an_interrupt_ends_the_wait_of_a_group_for_the_room_around_it() {
    let folder = Folder::new();
    let mut command = weights("suite_weights", &["interrupted"]);
    let ran = run(budgeted(command.env("INTERRUPT", "1"), &folder.path(""))).failed();
    ran.says(&["interrupted::interrupts ... FAILED (interrupted)", "the end ran"]);
    assert!(!ran.text().contains("the init within ran"), "{}", ran.text());
}

/// With the slots of this run and of the others to themselves, tests of a group that holds some run side by side.
#[test]
fn what_is_free_besides_is_for_the_tests_of_a_group_too() {
    let folder = Folder::new();
    let run = || vec![weights("suite_weights", &["pair"])];
    let mut seen = (0..RUNS).map(|_| most_nodes_of(run(), &folder.path("")));
    assert!(seen.any(|most| most == BUDGET), "fewer than {BUDGET} nodes at once in each of {RUNS} runs");
}

/// The executable of a target under `peer::main!()`: the newest one beside this one.
fn newest(target: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let is_suite = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.rsplit_once('-').is_some_and(|(name, hash)| name == target && !hash.contains('.'))
    };
    let found = std::fs::read_dir(own.parent().unwrap()).unwrap().flatten().map(|entry| entry.path()).filter(is_suite);
    let newest = found.max_by_key(|path| path.metadata().unwrap().modified().unwrap());
    newest.unwrap_or_else(|| panic!("run `cargo test --test {target} --no-run` first"))
}

#[test]
fn without_a_budget_that_is_told_once_and_tests_run() {
    let folder = Folder::new();
    symlink("/", folder.path("peer")).unwrap();
    let stock = (std::env::current_exe().unwrap(), ["--include-ignored", "slots::suite::", "--nocapture"]);
    let own = (newest("suite_main"), ["--exact", "cases::passes", "--test-threads=1"]);
    for (exe, arguments) in [stock, own] {
        let ran = run(budgeted(command(exe).args(arguments), &folder.path(""))).passed();
        let told: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("budget of nodes")).collect();
        let [told] = told[..] else { panic!("{}", ran.text()) };
        assert!(told.contains("peer` must be a directory of this user with mode 700: remove it"), "{told}");
    }
}
