//! The keeper: what it is there for, what it leaves alone, and what happens without it.

use std::collections::HashSet;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use peer::prelude::*;

use crate::support::{self, Lifeline, hold, run, says, signal};

/// Starts what leaves its group and session, its environment and its parent, and holds nothing of the node; gives its pid.
#[remote]
fn start_daemon() -> u32 {
    shell("setsid env -i sleep 1000 </dev/null >/dev/null 2>&1 & echo $!")
}

/// Starts a child that stays in the node's group.
#[remote]
fn start_child() -> u32 {
    shell("sleep 1000 </dev/null >/dev/null 2>&1 & echo $!")
}

/// The number that a script prints.
fn shell(script: &str) -> u32 {
    let ran = Command::new("sh").args(["-c", script]).output().unwrap();
    String::from_utf8(ran.stdout).unwrap().trim().parse().unwrap()
}

/// Whether there is such a process, or its parent has not noticed that there was.
fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[remote]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

/// The keepers among the children of this process.
fn keepers() -> Vec<u32> {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let children = threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("children")).unwrap());
    let pids: Vec<u32> = children.flat_map(|list| list.split(' ').flat_map(str::parse).collect::<Vec<_>>()).collect();
    let is_keeper = |pid: &u32| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.ends_with(b"\0--peer-keeper=1\0")
    };
    pids.into_iter().filter(is_keeper).collect()
}

#[peer_test]
#[ignore = "run by `only_a_run_with_peers_has_a_keeper`"]
async fn driven_lazy() -> peer::Result {
    assert!(keepers().is_empty());
    let name = peer::random_name("lazy");
    assert!(ct_peer!({ env: [("", "")] }).await.is_err());
    assert!(keepers().is_empty());
    let first = ct_peer!({ name: name }).await?;
    let keeper = keepers();
    assert_eq!(keeper.len(), 1);
    assert_eq!(first.call(parent, ()).await?, keeper[0]);
    first.stop().await?;
    assert_eq!(ct_peer!().await?.call(parent, ()).await?, keeper[0]);
    assert_eq!(keepers(), keeper);
    Ok(())
}

#[test]
fn only_a_run_with_peers_has_a_keeper() {
    run(&mut driven!("driven_lazy")).passed();
}

#[peer_test]
async fn daemons_are_gone_when_stop_returns() -> peer::Result {
    let policies = [Shutdown::Halt, Shutdown::Graceful(Duration::from_secs(5)), Shutdown::Close];
    for shutdown in policies {
        for connection in [Connection::StandardIo, Connection::Tcp(0)] {
            let other = ct_peer!().await?;
            let not_its_own = other.call(start_daemon, ()).await?;
            let peer = ct_peer!({ shutdown: shutdown, connection: connection }).await?;
            let its_own = [peer.call(start_daemon, ()).await?, peer.call(start_child, ()).await?];
            assert!(its_own.iter().all(|pid| exists(*pid)));
            peer.stop().await?;
            peer.gone().await;
            assert!(!its_own.iter().any(|pid| exists(*pid)), "{shutdown:?}");
            assert!(exists(not_its_own) && !exists(peer.os_pid()));
            other.stop().await?;
            assert!(!exists(not_its_own));
        }
    }
    Ok(())
}

#[peer_test]
async fn daemons_are_gone_after_a_crash() -> peer::Result {
    let peer = ct_peer!().await?;
    let pids = [peer.call(start_daemon, ()).await?, peer.call(start_child, ()).await?];
    signal("SEGV", peer.os_pid());
    assert_eq!(peer.gone().await, Reason::Killed(11));
    assert!(!pids.iter().any(|pid| exists(*pid)));
    Ok(())
}

/// Leaves its session, tells its pid, and lives on in a thread that is not its first one.
const LEADERLESS: &str = r#"
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *live_on(void *unused) { for (;;) pause(); }
int main(void) {
    if (fork()) return 0;
    setsid();
    pthread_t thread;
    pthread_create(&thread, 0, live_on, 0);
    printf("%d\n", getpid());
    fclose(stdout);
    close(2);
    pthread_exit(0);
}
"#;

#[remote]
fn start_leaderless(folder: std::path::PathBuf) -> u32 {
    let (source, program) = (folder.join("leaderless.c"), folder.join("leaderless"));
    std::fs::write(&source, LEADERLESS).unwrap();
    assert!(Command::new("cc").arg("-pthread").arg("-o").args([&program, &source]).status().unwrap().success());
    shell(program.to_str().unwrap())
}

#[peer_test]
async fn a_process_whose_first_thread_has_ended_is_ended() -> peer::Result {
    let folder = support::Folder::new();
    let peer = ct_peer!().await?;
    let pid = peer.call(start_leaderless, (folder.path(""),)).timeout(support::DEADLINE).await?;
    assert!(exists(pid));
    peer.stop().await?;
    assert!(!exists(pid));
    Ok(())
}

#[peer_test]
#[ignore = "run by `a_lost_keeper_takes_its_peers_along`"]
async fn driven_lost() -> peer::Result {
    let peers = [ct_peer!().await?, ct_peer!({ connection: Connection::Tcp(0) }).await?];
    let mut pids = Vec::new();
    for peer in &peers {
        pids.extend([peer.os_pid(), peer.call(start_daemon, ()).await?, peer.call(start_child, ()).await?]);
    }
    let keeper = keepers();
    signal("KILL", keeper[0]);
    for peer in &peers {
        assert_eq!(peer.gone().await, Reason::KeeperLost);
        let error = peer.call(start_child, ()).await.unwrap_err();
        says(&error, &["the keeper of all peers, which was killed"]);
    }
    // Their parent is somebody else, who may take a moment to notice.
    let alive = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    };
    assert!(!pids.into_iter().any(|pid| alive(&pid)));
    let next = ct_peer!().await?;
    assert_ne!(next.call(parent, ()).await?, keeper[0]);
    next.stop().await?;
    Ok(())
}

#[test]
fn a_lost_keeper_takes_its_peers_along() {
    run(&mut driven!("driven_lost")).passed();
}

#[remote]
async fn start_a_peer_with_a_daemon() -> Vec<u32> {
    let peer = peer::start(()).await.unwrap();
    vec![peer.os_pid(), peer.call(parent, ()).await.unwrap(), peer.call(start_daemon, ()).await.unwrap()]
}

#[peer_test]
#[ignore = "run by `the_peers_of_a_node_end_with_it_and_are_not_left_behind`"]
async fn driven_nested() -> peer::Result {
    for shutdown in [Shutdown::Halt, Shutdown::Graceful(Duration::from_secs(5))] {
        let peer = ct_peer!({ shutdown: shutdown }).await?;
        let pids = peer.call(start_a_peer_with_a_daemon, ()).await?;
        peer.stop().await?;
        assert!(!pids.iter().any(|pid| exists(*pid)));
    }
    Ok(())
}

#[test]
fn the_peers_of_a_node_end_with_it_and_are_not_left_behind() {
    let ran = run(&mut driven!("driven_nested")).passed();
    assert!(!ran.text().contains("leaked"), "{}", ran.text());
}

/// What a node finds open, and what each is.
#[remote]
fn descriptors() -> Vec<String> {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    open.filter_map(|fd| Some(std::fs::read_link(fd.unwrap().path()).ok()?.to_string_lossy().into_owned())).collect()
}

#[peer_test]
#[ignore = "run by `a_peer_inherits_three_descriptors_and_no_more`"]
async fn driven_inheriting() -> peer::Result {
    // Two that every child would inherit: one before there is a keeper, and one after.
    let folder = support::Folder::new();
    let open = |name: &str| {
        let file = std::fs::File::create(folder.path(name)).unwrap();
        rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
        file
    };
    let _before = open("before");
    let first = ct_peer!().await?;
    let _after = open("after");
    for peer in [&first, &ct_peer!().await?, &ct_peer!({ connection: Connection::Tcp(0) }).await?] {
        let open = peer.call(descriptors, ()).await?;
        let files: HashSet<_> =
            open.iter().filter(|path| path.starts_with('/') && !path.starts_with("/proc")).collect();
        assert!(files.is_empty(), "{open:?}");
    }
    let listed = Command::new("ls").args(["-l", "/proc/self/fd"]).output()?;
    // The files would have been inherited.
    says(String::from_utf8_lossy(&listed.stdout), &["/before", "/after"]);
    let open: Vec<_> = std::fs::read_dir(format!("/proc/{}/fd", keepers()[0]))?.flatten().map(|fd| fd.path()).collect();
    for fd in open {
        let path = std::fs::read_link(fd)?.to_string_lossy().into_owned();
        assert!(path == "/dev/null" || !path.starts_with('/'), "{path}");
    }
    Ok(())
}

#[test]
fn a_peer_inherits_three_descriptors_and_no_more() {
    run(&mut driven!("driven_inheriting")).passed();
}

#[remote]
fn surroundings() -> (Option<String>, Option<String>, std::path::PathBuf) {
    let variable = |name| std::env::var(name).ok();
    (variable("PEER_TEST_SET"), variable("PEER_TEST_GONE"), std::env::current_dir().unwrap())
}

#[peer_test]
#[ignore = "run by `a_peer_has_the_surroundings_of_its_origin_at_its_start`"]
async fn driven_surroundings() -> peer::Result {
    let first = ct_peer!().await?;
    assert_eq!(first.call(surroundings, ()).await?.1.as_deref(), Some("there"));
    std::env::set_current_dir("/usr")?;
    let second = ct_peer!({ env: [("PEER_TEST_SET", Some("since")), ("PEER_TEST_GONE", None)] }).await?;
    assert_eq!(second.call(surroundings, ()).await?, (Some("since".into()), None, "/usr".into()));
    Ok(())
}

#[test]
fn a_peer_has_the_surroundings_of_its_origin_at_its_start() {
    run(driven!("driven_surroundings").env("PEER_TEST_GONE", "there")).passed();
}

fn nice_value() -> i32 {
    rustix::process::getpriority_process(None).unwrap()
}

#[remote]
fn nice_value_here() -> i32 {
    nice_value()
}

#[peer_test]
#[ignore = "run by `a_peer_has_the_priority_of_its_origin`"]
async fn driven_nice() -> peer::Result {
    let peer = ct_peer!().await?;
    let own = nice_value();
    assert_eq!(own.to_string(), std::env::var("EXPECTED")?);
    assert_eq!(peer.call(nice_value_here, ()).await?, own);
    // The keeper takes more, if it may.
    let pid = i32::try_from(keepers()[0]).ok().and_then(rustix::process::Pid::from_raw);
    let keeper = rustix::process::getpriority_process(pid)?;
    assert_eq!(keeper, if may_be_urgent() { -20 } else { own });
    Ok(())
}

/// Whether this process may raise its priority: tried by another one.
fn may_be_urgent() -> bool {
    let tried = Command::new("nice").args(["-n", "-39", "nice"]).output().unwrap();
    String::from_utf8(tried.stdout).unwrap().trim() == "-20"
}

#[test]
fn a_peer_has_the_priority_of_its_origin() {
    let driven = driven!("driven_nice");
    let expected = (nice_value() + 5).min(19);
    let mut nice = Command::new("nice");
    nice.args(["-n", "5"]).arg(driven.get_program()).args(driven.get_args()).env("EXPECTED", expected.to_string());
    run(support::without_harness(&mut nice)).passed();
}

/// Holds the line, in a process that no longer bears the mark of its peer.
#[remote]
fn shed_the_mark(port: u16) {
    let exe = std::env::current_exe().unwrap();
    let script =
        format!("setsid prlimit --locks=unlimited {} --ignored --exact keeper::holder --nocapture &", exe.display());
    let started = Command::new("sh").args(["-c", &script]).env("PEER_TEST_PORT", port.to_string()).status();
    assert!(started.unwrap().success());
}

#[test]
#[ignore = "run by `what_sheds_its_mark_is_ended_with_the_last_peer`"]
fn holder() {
    hold(std::env::var("PEER_TEST_PORT").unwrap().parse().unwrap());
    loop {
        std::thread::park();
    }
}

#[peer_test]
#[ignore = "run by `what_sheds_its_mark_is_ended_with_the_last_peer`"]
async fn driven_shedding() -> peer::Result {
    let lifeline = Lifeline::new();
    let (other, peer) = (ct_peer!().await?, ct_peer!().await?);
    peer.call(shed_the_mark, (lifeline.port(),)).await?;
    let mut held = lifeline.held();
    peer.stop().await?;
    // It is nobody's, as far as anybody can tell.
    assert!(held.is_held(Duration::from_millis(100)));
    other.stop().await?;
    held.ended();
    Ok(())
}

#[test]
fn what_sheds_its_mark_is_ended_with_the_last_peer() {
    run(&mut driven!("driven_shedding")).passed();
}

#[remote]
fn hold_the_line(port: u16) {
    hold(port);
}

#[peer_test]
#[ignore = "run by `an_origin_that_becomes_another_program_ends_its_peers`"]
async fn driven_exec() -> peer::Result {
    let peer = ct_peer!().await?;
    let port = std::env::var("PEER_TEST_PORT").unwrap().parse().unwrap();
    peer.call(hold_the_line, (port,)).await?;
    peer.call(shed_the_mark, (port,)).await?;
    // The test has heard of both.
    std::fs::read_to_string(std::env::var("PEER_TEST_FIFO").unwrap())?;
    Err(Command::new("sh").args(["-c", "echo executed"]).exec())?
}

#[test]
fn an_origin_that_becomes_another_program_ends_its_peers() {
    let lifeline = Lifeline::new();
    let mut command = driven!("driven_exec");
    let folder = support::Folder::new();
    let fifo = folder.fifo("go");
    command.env("PEER_TEST_PORT", lifeline.port().to_string()).env("PEER_TEST_FIFO", &fifo);
    let ran = std::thread::spawn(move || run(&mut command));
    let held = [lifeline.held(), lifeline.held()];
    support::release(&fifo);
    held.into_iter().for_each(support::Held::ended);
    says(ran.join().unwrap().stdout, &["executed"]);
}
