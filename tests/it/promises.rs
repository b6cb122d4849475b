//! The invariants of the design, each as a test that bears its name, where tests/tidy does not hold it.

use std::collections::HashSet;
use std::thread;

use peer::prelude::*;

use crate::support::{command, run, says};

#[peer_test]
#[ignore = "run by `names_never_collide`"]
async fn driven_names() {
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(async { ct_peer!().await.unwrap() })).collect();
    for task in tasks {
        let peer = task.await.unwrap();
        println!("name={}", peer.name());
        println!("name={}", peer.call(random, ()).await.unwrap());
    }
    println!("name={}", ct_peer_name!());
    println!("name={}", ct_peer_name!("driven_names"));
    println!("name={}", peer::random_name("x"));
    println!("name={}", peer::random_name(None));
}

#[remote]
fn random() -> String {
    peer::random_name("x")
}

#[peer_test]
async fn names_never_collide() -> peer::Result {
    // Runs of one suite at the same time, threads of one process, and all kinds of names.
    let runs: Vec<_> = (0..3).map(|_| thread::spawn(|| run(&mut driven!("driven_names")).passed().text())).collect();
    let threads: Vec<_> = (0..4)
        .map(|_| thread::spawn(|| (0..500).flat_map(|_| [peer::random_name("x"), ct_peer_name!()]).collect::<Vec<_>>()))
        .collect();
    let mut names: Vec<String> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    for run in runs {
        let text = run.join().unwrap();
        let told = text.lines().filter_map(|line| line.split_once("name=")).map(|(_, name)| name.to_owned());
        let before = names.len();
        names.extend(told);
        assert_eq!(names.len() - before, 20, "{text}");
    }
    let different: HashSet<&String> = names.iter().collect();
    assert_eq!(different.len(), names.len());
    assert!(names.iter().all(|name| name.len() <= 64 && !name.contains([':', '@', '{', ' '])));
    // One that was chosen, and is taken, is refused and not shared.
    let name = ct_peer_name!();
    let _first = ct_peer!({ name: name.clone() }).await?;
    let starts: Vec<_> =
        (0..4).map(|_| tokio::spawn(peer::start_link(StartOptions::new().name(name.clone())))).collect();
    for start in starts {
        assert!(start.await?.unwrap_err().is_name_in_use());
    }
    Ok(())
}

#[peer_test(nodes = 3)]
#[ignore = "run by `listing_starts_nothing`"]
async fn driven_three_nodes(nodes: Nodes) {
    assert_eq!(nodes.len(), 3);
}

#[test]
fn listing_starts_nothing() {
    let exe = std::env::current_exe().unwrap();
    let boot_debug = |command: &mut std::process::Command| run(command.env("PEER_BOOT_DEBUG", "1")).passed();
    // A boot that is not there can only be missed if one that is there would be seen.
    let ran = boot_debug(&mut driven!("driven_three_nodes"));
    assert_eq!(ran.text().matches(": started").count(), 3, "{}", ran.text());
    for arguments in [&["--list"][..], &["--list", "--ignored"], &["--list", "--format", "terse"]] {
        let ran = boot_debug(command(&exe).args(arguments));
        assert_eq!(ran.stderr, "", "{arguments:?}");
        says(&ran.stdout, &["driven_three_nodes: test\n"]);
        for line in ran.stdout.lines().filter(|line| !line.is_empty()) {
            assert!(line.ends_with(": test") || line.ends_with(" tests, 0 benchmarks"), "{line}");
        }
    }
}
