//! Bodies that run in every node of a test: what they have there, and how a failing one is told under the stock harness.
//!
//! Under `peer::main!()` the same cases are run by tests/harness/groups.rs.

#[path = "../harness/suites/groups/everywhere.rs"]
mod cases;

use std::collections::BTreeSet;

use crate::support::{self, Ran, command, run};
use peer::prelude::*;

/// What cases say about what happens is read in tests/harness/groups.rs.
fn trace(_: &str) {}

#[peer_test(nodes = 3, everywhere)]
async fn each_rank_is_a_process_and_knows_the_others(rank: Rank) -> peer::Result {
    assert!(peer::node::is_node());
    assert_eq!((rank.size(), rank.names().len()), (3, 3));
    assert_eq!(rank.names()[rank.rank()], rank.name());
    assert_eq!(peer::node::name(), rank.name());
    let all = rank.mailbox::<(usize, String, u32)>("all");
    for to in 0..rank.size() {
        rank.send(to, "all", (rank.rank(), rank.name().to_owned(), std::process::id()));
    }
    let (mut names, mut processes) = (vec![String::new(); 3], BTreeSet::new());
    for _ in 0..rank.size() {
        let (from, name, process) = all.recv().await?;
        names[from] = name;
        processes.insert(process);
    }
    assert_eq!(names, rank.names());
    assert_eq!(processes.len(), 3);
    let debugged = format!("Rank {{ rank: {}, size: 3, name: {:?} }}", rank.rank(), rank.name());
    assert_eq!(format!("{:?}", rank.clone()), debugged);
    Ok(())
}

#[peer_test(nodes = 3, everywhere, connection = "tcp")]
async fn messages_from_one_rank_to_another_keep_their_order(rank: Rank) -> peer::Result {
    const EACH: u32 = 500;
    for number in 0..EACH {
        for to in 0..rank.size() {
            rank.send(to, "numbers", (rank.rank(), number));
        }
    }
    let numbers = rank.mailbox::<(usize, u32)>("numbers");
    let mut next = [0; 3];
    for _ in 0..EACH * 3 {
        let (from, number) = numbers.recv().await?;
        assert_eq!(number, next[from], "from rank {from}");
        next[from] += 1;
    }
    // Nobody is gone before all have all.
    rank.barrier("received").await?;
    Ok(())
}

#[peer_test(nodes = 2, everywhere)]
async fn a_barrier_is_passed_by_all_or_none_and_again(rank: Rank) -> peer::Result {
    for round in 0..20_u32 {
        rank.send(1 - rank.rank(), "round", round);
        rank.barrier("round").await?;
        // Behind the barrier: what was sent before it is there.
        let received = rank.mailbox::<u32>("round").recv_within(support::DEADLINE).await?;
        assert_eq!(received, round);
        peer::barrier("the same participants").await?;
    }
    Ok(())
}

/// A multi-thread runtime has threads beside that of the body, which it may block; so it is in the node, too.
#[peer_test(nodes = 2, everywhere, flavor = "multi_thread", worker_threads = 2)]
async fn the_body_has_the_runtime_that_it_asks_for(rank: Rank) -> peer::Result {
    let (sender, receiver) = std::sync::mpsc::channel();
    tokio::spawn(async move { sender.send(7) });
    assert_eq!(receiver.recv_timeout(support::DEADLINE)?, 7);
    // In its tasks, and on its own threads, everything is the node's, too.
    let name = rank.name().to_owned();
    let task = tokio::spawn(async move { (peer::node::name() == name, peer::priv_dir()) });
    let (is_same, directory) = task.await?;
    assert!(is_same);
    assert_eq!(directory?, peer::priv_dir()?);
    Ok(())
}

#[peer_test(nodes = 2, everywhere)]
async fn each_rank_has_a_directory_in_that_of_the_test(rank: Rank) -> peer::Result {
    let own = peer::priv_dir()?;
    std::fs::write(own.join("rank"), rank.rank().to_string())?;
    rank.barrier("written").await?;
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(own.parent().unwrap())? {
        found.insert(std::fs::read_to_string(entry?.path().join("rank"))?);
    }
    assert_eq!(found, ["0", "1"].map(str::to_owned).into());
    rank.barrier("read").await?;
    Ok(())
}

#[remote]
fn process() -> u32 {
    std::process::id()
}

#[peer_test(nodes = 2, everywhere)]
async fn peers_of_a_rank_end_with_it(rank: Rank) -> peer::Result {
    let processes = rank.mailbox::<u32>("processes");
    if rank.rank() == 1 {
        let peer = ct_peer!().await?;
        rank.send(0, "processes", peer.call(process, ()).await?);
        rank.barrier("both live").await?;
        return Ok(());
    }
    let process = processes.recv().await?;
    let process = rustix::process::Pid::from_raw(i32::try_from(process)?).unwrap();
    let end = rustix::process::pidfd_open(process, rustix::process::PidfdFlags::empty())?;
    rank.barrier("both live").await?;
    let mut ends = [rustix::event::PollFd::new(&end, rustix::event::PollFlags::IN)];
    let deadline = rustix::event::Timespec { tv_sec: i64::try_from(support::DEADLINE.as_secs())?, tv_nsec: 0 };
    assert_eq!(rustix::event::poll(&mut ends, Some(&deadline))?, 1, "it lives on");
    Ok(())
}

#[peer_test(nodes = 2, everywhere)]
#[should_panic(expected = "there is no rank 2: the test has 2 ranks, from 0 to 1")]
async fn there_are_no_other_ranks(rank: Rank) {
    rank.send(2, "anything", 1);
}

/// One of the cases, under the stock harness.
fn case(name: &str) -> Ran {
    let mut command = command(std::env::current_exe().unwrap());
    run(command.args(["--include-ignored", "--exact", &format!("everywhere::cases::{name}")]))
}

#[test]
fn the_first_cause_is_told_with_its_rank() {
    case("fails_in_one_rank").failed().says(&[
        "failed in rank 1 of 3, `it-everywhere-cases-fails_in_one_rank-",
        "harness/suites/groups/everywhere.rs:",
        "invalid digit found in string",
        "rank 1: about to fail",
        "3 nodes:",
        "at barrier:   `all`",
        "ranks 0 and 2 were still running, and were ended",
    ]);
    case("panics_in_one_rank").failed().says(&[
        "failed in rank 1 of 2, `it-everywhere-cases-panics_in_one_rank-",
        "harness/suites/groups/everywhere.rs:",
        "three are a quorum",
        "remote backtrace:",
        "panics_in_one_rank",
        "output of all nodes:",
    ]);
    case("aborts_in_one_rank").failed().says(&["failed in rank 0 of 3", "went down: killed by signal 6 (SIGABRT)"]);
    case("exits_in_one_rank").failed().says(&["failed in rank 1 of 2", "went down: exit status 0"]);
}

#[test]
fn what_fails_by_the_first_cause_is_not_told_in_its_place() {
    for (name, cause) in [
        ("panics_first", "this is the cause"),
        ("returns_first", "this is the cause"),
        ("aborts_first", "went down: killed by signal 6 (SIGABRT)"),
    ] {
        let ran = case(name).failed();
        ran.says(&["failed in rank 0 of 2, `", cause, "then rank 1 of 2, `", "` failed: the connection was lost"]);
    }
}

#[test]
fn a_trap_says_which_ranks_still_run_and_where_they_wait() {
    let ran = case("hangs_in_one_rank").failed();
    ran.says(&["did not end within its timetrap of 2s", "at barrier:   `end`"]);
    ran.says(&["in call:      `everywhere::cases::hangs_in_one_rank (rank 1)`"]);
    ran.says(&["in call:      `everywhere::cases::hangs_in_one_rank (rank 2)`"]);
    assert!(!ran.text().contains("(rank 0)"), "{}", ran.text());
}

#[test]
fn hooks_around_ranks_need_what_hooks_need() {
    case("hooks::passes").failed().says(&["stock libtest does not support"]);
    // As nextest runs each test.
    let mut command = command(std::env::current_exe().unwrap());
    let command = command.args(["--ignored", "--exact", "everywhere::cases::hooks::passes"]).env("NEXTEST", "1");
    run(command).passed().says(&["1 passed"]);
}

#[test]
fn barriers_skips_and_expected_panics_are_those_of_other_tests() {
    case("waits_at_the_wrong_barrier").failed().says(&[
        "failed in rank 0 of 3",
        "barrier `left` failed: not passed within 100ms",
        "at barrier `right`",
    ]);
    case("waits_for_one_that_has_passed").failed().says(&[
        "failed in rank 0 of 2",
        "barrier `both` on node `it-everywhere-cases-waits_for_one_that_has_passed-",
        "failed: it will not arrive: its test body has already finished",
    ]);
    case("skips_in_one_rank").passed().says(&["1 passed"]);
    case("panics_as_expected").passed().says(&["1 passed"]);
    case("panics_otherwise").failed().says(&["panic did not contain expected string", "no leader"]);
    case("does_not_panic").failed().says(&["did not panic as expected"]);
    case("passes").passed().says(&["1 passed"]);
}
