//! `priv_dir`: whose it is, where it is, and when it goes.

use std::collections::HashSet;
use std::thread;

use super::*;

/// Tells the test's directory, and puts something into it.
fn use_directory() {
    let directory = peer::priv_dir().unwrap();
    std::fs::create_dir(directory.join("logs")).unwrap();
    std::fs::write(directory.join("logs/db-1"), "a line\n").unwrap();
    println!("directory={}", directory.display());
    println!("pid={}", std::process::id());
}

#[peer_test]
#[ignore = "run by other tests"]
async fn driven_passes() {
    use_directory();
}

#[peer_test]
#[ignore = "run by other tests"]
#[should_panic(expected = "on purpose")]
async fn driven_passes_by_a_panic() {
    use_directory();
    panic!("on purpose");
}

#[peer_test]
#[ignore = "run by other tests"]
async fn driven_panics() {
    use_directory();
    panic!("on purpose");
}

#[peer_test]
#[ignore = "run by other tests"]
async fn driven_returns_an_error() -> peer::Result {
    use_directory();
    Err(std::io::Error::other("on purpose"))?;
    Ok(())
}

#[peer_test(timetrap = "1s")]
#[ignore = "run by other tests"]
async fn driven_takes_too_long() {
    use_directory();
    std::future::pending::<()>().await;
}

#[peer_test]
#[ignore = "run by other tests"]
async fn driven_loses_a_peer() -> peer::Result {
    use_directory();
    let peer = ct_peer!({ peer_down: PeerDown::Crash }).await?;
    peer.cast(halt, ());
    std::future::pending().await
}

#[remote]
fn halt() {
    peer::node::halt(3);
}

/// It has none, for it asks for none, and neither does its node.
#[peer_test(nodes = 1)]
#[ignore = "run by other tests"]
async fn driven_fails_without(_nodes: Nodes) {
    panic!("on purpose");
}

/// Only its node has asked for one.
#[peer_test(nodes = 1)]
#[ignore = "run by other tests"]
async fn driven_passes_with_a_node(nodes: Nodes) -> peer::Result {
    println!("directory={}", nodes[0].call(priv_dir, ()).await?.display());
    Ok(())
}

#[peer_test(nodes = 1)]
#[ignore = "run by other tests"]
async fn driven_fails_with_a_node(nodes: Nodes) -> peer::Result {
    println!("directory={}", nodes[0].call(priv_dir, ()).await?.display());
    panic!("on purpose");
}

#[test]
fn it_is_removed_after_a_test_that_passes() {
    for test in ["driven_passes", "driven_passes_by_a_panic"] {
        let ran = run(&mut plainly(driven!(format!("{test}")))).passed();
        let directory = PathBuf::from(told_once(&ran, "directory"));
        assert!(!directory.exists(), "{}", directory.display());
        assert!(!ran.text().contains("directory: "), "{}", ran.text());
        // It was below the target directory, and its name says whose it was.
        let name = format!("it-place-directories-{test}-{}-1", told_once(&ran, "pid"));
        let at = std::env::current_exe().unwrap();
        let target = at.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists()).unwrap();
        assert_eq!(directory, target.join("tmp").join(name));
    }
}

#[test]
fn it_is_kept_after_a_test_that_fails_and_the_report_says_where() {
    let runs = ["panics", "returns_an_error", "takes_too_long", "loses_a_peer"]
        .map(|how| thread::spawn(move || run(&mut plainly(driven!(format!("driven_{how}")))).failed()));
    for ran in runs {
        let ran = ran.join().unwrap();
        let directory = told_once(&ran, "directory");
        ran.says(&[&format!("directory: {directory}\n")]);
        assert_eq!(std::fs::read_to_string(format!("{directory}/logs/db-1")).unwrap(), "a line\n");
        std::fs::remove_dir_all(directory).unwrap();
    }
    let ran = run(&mut plainly(driven!("driven_fails_without"))).failed();
    assert!(!ran.text().contains("directory: "), "{}", ran.text());
}

#[test]
fn it_is_kept_on_request() {
    let keeping = |value: &str| run(plainly(driven!("driven_passes")).env(KEEP, value)).passed();
    let ran = keeping("1");
    let directory = told_once(&ran, "directory");
    says(&ran.stderr, &[&format!("[peer] `place::directories::driven_passes`: kept directory: {directory}\n")]);
    assert_eq!(std::fs::read_to_string(format!("{directory}/logs/db-1")).unwrap(), "a line\n");
    std::fs::remove_dir_all(directory).unwrap();
    for value in ["0", ""] {
        assert!(!Path::new(&told_once(&keeping(value), "directory")).exists());
    }
}

#[test]
fn what_only_a_node_has_made_goes_and_stays_with_the_test() {
    let ran = run(&mut plainly(driven!("driven_passes_with_a_node"))).passed();
    let directory = PathBuf::from(told_once(&ran, "directory"));
    assert!(!directory.parent().unwrap().exists(), "{}", directory.display());
    let ran = run(&mut plainly(driven!("driven_fails_with_a_node"))).failed();
    let directory = PathBuf::from(told_once(&ran, "directory"));
    assert!(directory.exists());
    let whole = directory.parent().unwrap();
    ran.says(&[&format!("directory: {}\n", whole.display())]);
    std::fs::remove_dir_all(whole).unwrap();
}

/// What is no directory is not removed as one.
#[peer_test]
#[ignore = "run by `one_that_cannot_be_removed_is_told_and_fails_nothing`"]
async fn driven_replaces_it() -> peer::Result {
    use_directory();
    let directory = peer::priv_dir()?;
    std::fs::remove_dir_all(&directory)?;
    std::fs::write(&directory, "no directory")?;
    Ok(())
}

#[test]
fn one_that_cannot_be_removed_is_told_and_fails_nothing() {
    let ran = run(&mut plainly(driven!("driven_replaces_it"))).passed();
    let directory = told_once(&ran, "directory");
    says(&ran.stderr, &[&format!("the directory `{directory}` cannot be removed: Not a directory")]);
    std::fs::remove_file(directory).unwrap();
}

#[peer_test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_private_and_the_same_on_all_threads() -> peer::Result {
    let scope = peer::scope().unwrap();
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(async { peer::priv_dir().unwrap() })).collect();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let scope = scope.clone();
            thread::spawn(move || {
                let _entered = scope.enter();
                peer::priv_dir().unwrap()
            })
        })
        .collect();
    let mut all: HashSet<PathBuf> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    for task in tasks {
        all.insert(task.await?);
    }
    let directory = peer::priv_dir()?;
    assert_eq!(all, HashSet::from([directory.clone()]));
    assert_eq!(mode(&directory), 0o700);
    Ok(())
}

#[test]
fn tests_and_runs_at_once_have_one_each() {
    let runs: Vec<_> = (0..3)
        .map(|_| {
            thread::spawn(|| {
                let mut command = command(std::env::current_exe().unwrap());
                command.args(["--ignored", "place::directories::driven_passes", "--nocapture", "--test-threads=3"]);
                run(command.env_remove(KEEP)).passed()
            })
        })
        .collect();
    let all: Vec<String> = runs.into_iter().flat_map(|ran| told(&ran.join().unwrap(), "directory")).collect();
    assert_eq!(all.len(), 9, "{all:?}");
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 9, "{all:?}");
}

/// In letters of any script, which a node, its console and its directory bear as they are.
#[peer_test]
async fn größe_測試() -> peer::Result {
    let node = ct_peer!({ own_dir: true, connection: Connection::Tcp(0) }).await?;
    assert!(node.name().starts_with("it-place-directories-größe_測試-"), "{}", node.name());
    let directory = peer::priv_dir()?;
    let name = directory.file_name().and_then(|name| name.to_str()).unwrap();
    assert!(name.starts_with("it-place-directories-größe_測試-"), "{name}");
    for _ in 0..2 {
        assert_eq!(node.call(own_name, ()).await?, node.node());
        assert!(directory.join(node.name()).is_dir());
        node.restart().await?;
    }
    // It is taken as any other is.
    let same = StartOptions::new().name(node.name());
    assert!(peer::start(same).await.unwrap_err().is_name_in_use());
    node.stop().await?;
    Ok(())
}

#[remote]
fn own_name() -> String {
    peer::node::name()
}
