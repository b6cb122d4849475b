//! The same test run again, tests that are skipped, and groups.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

static ATTEMPTS: AtomicU32 = AtomicU32::new(0);

#[peer_test(nodes = 1, own_dirs, retries = 2)]
#[ignore = "run by `an_attempt_has_fresh_names_directories_and_ports`"]
async fn driven_third_time_lucky(nodes: Nodes) -> peer::Result {
    println!("directory={}", peer::priv_dir()?.display());
    println!("folder={}", nodes[0].call(folder, ()).await?.display());
    println!("port={}", peer::free_port()?);
    println!("name={}", nodes[0].name());
    assert!(ATTEMPTS.fetch_add(1, Ordering::Relaxed) == 2, "not yet");
    Ok(())
}

#[test]
fn an_attempt_has_fresh_names_directories_and_ports() {
    let ran = run(&mut plainly(driven!("driven_third_time_lucky"))).passed();
    for what in ["directory", "folder", "port", "name"] {
        let different: HashSet<String> = told(&ran, what).into_iter().collect();
        assert_eq!(different.len(), 3, "{what}: {}", ran.text());
    }
    // Those of attempts that failed are kept, and told with what went wrong.
    let directories = told(&ran, "directory");
    for directory in &directories[..2] {
        ran.says(&[&format!("its directory: {directory}\n")]);
        std::fs::remove_dir_all(directory).unwrap();
    }
    assert!(!Path::new(&directories[2]).exists());
}

#[peer_test]
#[ignore = "run by `nothing_is_kept_of_a_test_that_is_skipped`"]
async fn driven_skips() {
    println!("directory={}", peer::priv_dir().unwrap().display());
    peer::skip("not today");
}

#[test]
fn nothing_is_kept_of_a_test_that_is_skipped() {
    let ran = run(&mut plainly(driven!("driven_skips"))).passed();
    assert!(!Path::new(&told_once(&ran, "directory")).exists());
}

/// Run as nextest runs it, which gives each test its hooks in its own process.
#[peer_group]
mod group {
    use super::*;

    #[init_per_group]
    async fn init_per_group() {
        println!("home={}", peer::priv_dir().unwrap().display());
    }

    #[peer_test]
    #[ignore = "run by `a_group_keeps_its_directory_if_anything_in_it_failed`"]
    async fn driven_passes() {
        println!("directory={}", peer::priv_dir().unwrap().display());
    }

    #[peer_test]
    #[ignore = "run by `a_group_keeps_its_directory_if_anything_in_it_failed`"]
    async fn driven_fails() {
        println!("directory={}", peer::priv_dir().unwrap().display());
        panic!("on purpose");
    }
}

#[test]
fn a_group_keeps_its_directory_if_anything_in_it_failed() {
    let ran = run(plainly(driven!("group::driven_passes")).env("NEXTEST", "1")).passed();
    let (group, own) = (told_once(&ran, "home"), told_once(&ran, "directory"));
    assert_ne!(group, own);
    assert!(!Path::new(&group).exists() && !Path::new(&own).exists());
    let ran = run(plainly(driven!("group::driven_fails")).env("NEXTEST", "1")).failed();
    for directory in [told_once(&ran, "home"), told_once(&ran, "directory")] {
        ran.says(&[&format!("directory: {directory}\n")]);
        std::fs::remove_dir_all(directory).unwrap();
    }
}
