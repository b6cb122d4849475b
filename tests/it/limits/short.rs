//! Too few descriptors and too few processes for all peers: who cannot start is told so, and the others work.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, getuid, setrlimit};

use super::*;

/// So many are started at once.
const PEERS: usize = 200;

fn limit(resource: Resource, current: usize) {
    let maximum = getrlimit(resource).maximum;
    setrlimit(resource, Rlimit { current: Some(current as u64), maximum }).unwrap();
}

/// Starts all at once, half of them over TCP. Those that work, and the errors of the others.
async fn start_all() -> (Vec<Peer>, Vec<peer::Error>) {
    let starts: Vec<_> = (0..PEERS)
        .map(|number| tokio::spawn(peer::start_link(StartOptions::new().connection(CONNECTIONS[number % 2]))))
        .collect();
    let (mut peers, mut errors) = (Vec::new(), Vec::new());
    for start in starts {
        match start.await.unwrap() {
            Ok(peer) => peers.push(peer),
            Err(error) => errors.push(error),
        }
    }
    (peers, errors)
}

/// Asserts that of all that was started only `peers` are there, and that each of them works.
async fn only(peers: &[Peer], errors: &[peer::Error], why: &str) {
    let Some(last) = errors.last() else { panic!("{} peers, and there is no shortage", peers.len()) };
    println!("{} of {PEERS} peers started; the others: {last}", peers.len());
    assert!(!peers.is_empty(), "{last}");
    for error in errors {
        assert!(error.is_boot_failed() && !error.is_timeout() && !error.is_bad_option(), "{error}");
        says(error, &["start of a peer", why]);
    }
    for peer in peers {
        goes_on(peer).await;
    }
    let mut own: Vec<_> = peers.iter().map(Peer::os_pid).collect();
    let keepers: Vec<_> = children(std::process::id());
    assert_eq!(keepers.len(), 1, "the keeper, and nothing else");
    let mut there = descendants(keepers[0]);
    own.sort_unstable();
    there.sort_unstable();
    assert_eq!(there, own, "exactly those that started");
}

async fn stop_all(peers: Vec<Peer>) {
    let stops: Vec<_> = peers.iter().map(|peer| tokio::spawn(peer.stop())).collect();
    for stop in stops {
        stop.await.unwrap().unwrap();
    }
    let keeper = children(std::process::id());
    assert_eq!(descendants(keeper[0]), [0; 0], "something was left behind");
}

#[peer_test]
#[ignore = "run by `too_few_descriptors_in_the_middle_of_a_start`"]
async fn driven_few_descriptors() -> peer::Result {
    // The keeper has as few if it is started later.
    if variable("PEER_TEST_KEEPER") == "first" {
        ct_peer!().await?.stop().await?;
    }
    let enough = getrlimit(Resource::Nofile).current.map_or(1 << 20, |enough| usize::try_from(enough).unwrap());
    let before = open_descriptors();
    limit(Resource::Nofile, before + 300);
    let (peers, errors) = start_all().await;
    // Looking around takes descriptors, too.
    limit(Resource::Nofile, enough);
    only(&peers, &errors, "Too many open files").await;
    errors.iter().for_each(|error| says(error, &["ulimit"]));
    stop_all(peers).await;
    // It has passed, and nothing of it stays.
    goes_on(&ct_peer!().await?).await;
    Ok(())
}

#[test]
fn too_few_descriptors_in_the_middle_of_a_start() {
    for keeper in ["first", "later"] {
        let ran = run(driven!("driven_few_descriptors").env("PEER_TEST_KEEPER", keeper)).passed();
        print!("{}", ran.stdout);
    }
}

#[remote]
async fn add_later(a: u64, b: u64) -> u64 {
    a + b
}

#[peer_test]
#[ignore = "run by `too_few_processes_in_the_middle_of_a_start`"]
async fn driven_few_processes() -> peer::Result {
    // Every thread counts, and every process of this user does.
    limit(Resource::Nproc, tasks_of(getuid().as_raw()) + 150);
    let (mut peers, errors) = start_all().await;
    only(&peers, &errors, "Resource temporarily unavailable").await;
    // A node that has no thread for what it is called for says so at once.
    for peer in &peers {
        match peer.call(add_later, (1, 2)).timeout(DEADLINE).await {
            Ok(sum) => assert_eq!(sum, 3),
            Err(error) => {
                assert!(!error.is_timeout() && !error.is_panic() && !error.is_noconnection(), "{error}");
                says(&error, &["add_later", "Resource temporarily unavailable"]);
            }
        }
        for _ in 0..20 {
            goes_on(peer).await;
        }
    }
    // When some have ended there is room for others.
    let others = peers.split_off(peers.len() / 2);
    stop_all_but(others, &peers).await;
    goes_on(&ct_peer!().await?).await;
    Ok(())
}

async fn stop_all_but(others: Vec<Peer>, peers: &[Peer]) {
    for peer in others {
        peer.stop().await.unwrap();
    }
    for peer in peers {
        goes_on(peer).await;
    }
}

/// The owner of a process; none if there is no such process.
fn owner(pid: u32) -> Option<u32> {
    std::fs::metadata(format!("/proc/{pid}")).ok().map(|process| process.uid())
}

fn processes_of(user: u32) -> Vec<u32> {
    processes().into_iter().filter(|pid| owner(*pid) == Some(user)).collect()
}

fn tasks_of(user: u32) -> usize {
    let tasks = |pid| std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    processes_of(user).into_iter().map(tasks).sum()
}

/// A copy of this executable that everybody may run.
fn public_copy(folder: &Folder) -> std::path::PathBuf {
    let everybody = |path: &Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    everybody(&folder.path(""));
    let copy = folder.path("limits");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    everybody(&copy);
    copy
}

#[peer_test]
async fn too_few_processes_in_the_middle_of_a_start() {
    let folder = Folder::new();
    let mut few = command(public_copy(&folder));
    few.args(["--ignored", "--exact", "limits::short::driven_few_processes", "--nocapture", "--test-threads=1"]);
    few.current_dir(folder.path(""));
    // The limit is none for root.
    let user = match getuid().as_raw() {
        0 => (50_000..60_000).rev().find(|user| processes_of(*user).is_empty()).unwrap(),
        own => own,
    };
    if getuid().is_root() {
        few.uid(user).gid(user);
    }
    let ran = run(&mut few).passed();
    print!("{}", ran.stdout);
    if getuid().is_root() {
        // The keeper ends by itself, a moment later.
        for pid in processes_of(user) {
            ended(pid).await;
        }
    }
}

#[peer_test(timetrap = "off")]
#[ignore = "run by `no_descriptor_is_lost`"]
async fn driven_rounds() -> peer::Result {
    let rounds = rounds(100, 1000);
    let mut before = 0;
    // Some names are kept for a while, so the count is right from the twentieth round on.
    for round in 0..20 + rounds {
        if round == 20 {
            before = open_descriptors();
        }
        let options = || StartOptions::new().connection(CONNECTIONS[round % 2]);
        let peer = peer::start_link(options()).await?;
        match round % 5 {
            0 => {
                let program = options().exec("/nonexistent/program");
                assert!(peer::start_link(program).await.unwrap_err().is_boot_failed());
            }
            1 => {
                let fails = options().exec(("sh", ["-c", "exit 3"]));
                assert!(peer::start_link(fails).await.unwrap_err().is_boot_failed());
            }
            2 => {
                let name = options().name(peer.name());
                assert!(peer::start_link(name).await.unwrap_err().is_name_in_use());
            }
            3 => drop(peer::start_link(options().wait_boot(WaitBoot::No)).await?.stop().await),
            _ => goes_on(&peer).await,
        }
        peer.stop().await?;
    }
    let after = open_descriptors();
    println!("{rounds} rounds: {before} descriptors before, {after} after");
    assert_eq!(before, after);
    Ok(())
}

#[test]
fn no_descriptor_is_lost() {
    print!("{}", run(&mut driven!("driven_rounds")).passed().stdout);
}
