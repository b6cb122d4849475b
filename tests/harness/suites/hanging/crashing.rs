//! Tests that end the whole process, each in its own way, behind one that fails. All are ignored: tests/runners runs them.

use peer::prelude::*;
use rustix::process::{Signal, getpid, kill_process};

#[remote]
fn hello() {
    println!("hello from a node");
}

#[peer_test(nodes = 1)]
#[ignore = "it fails"]
async fn fails(nodes: Nodes) -> peer::Result {
    nodes[0].call(hello, ()).await?;
    panic!("three are a quorum");
}

#[peer_test]
#[ignore = "it fails"]
async fn fails_at_length() {
    panic!("{}", "three are a quorum\n".repeat(3000));
}

#[peer_test(flavor = "multi_thread")]
#[ignore = "it ends the whole process"]
async fn exits_on_a_worker() {
    #[expect(clippy::disallowed_methods, reason = "it is what is tried")]
    let exits = tokio::spawn(async { std::process::exit(0) });
    exits.await.unwrap()
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn exits_on_a_thread_of_its_own() {
    #[expect(clippy::disallowed_methods, reason = "it is what is tried")]
    let exits = std::thread::spawn(|| std::process::exit(0));
    exits.join().unwrap()
}

/// Two at once, one of which exits.
mod beside {
    use std::sync::Barrier;

    use super::*;

    static BOTH: Barrier = Barrier::new(2);

    #[peer_test]
    #[ignore = "the other one ends the whole process"]
    async fn waits() {
        BOTH.wait();
        std::future::pending().await
    }

    #[peer_test(flavor = "multi_thread")]
    #[ignore = "it ends the whole process"]
    async fn exits() {
        BOTH.wait();
        #[expect(clippy::disallowed_methods, reason = "it is what is tried")]
        let exits = tokio::spawn(async { std::process::exit(0) });
        exits.await.unwrap()
    }
}

#[peer_group]
mod in_a_hook {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "it is what is tried")]
    async fn init_per_group() {
        std::process::exit(0)
    }

    #[peer_test]
    #[ignore = "its group ends the whole process"]
    async fn is_not_reached() {}
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn aborts() {
    std::process::abort()
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn is_hit_by_a_fault() {
    kill_process(getpid(), Signal::SEGV).unwrap();
    // Another thread may be hit.
    std::future::pending().await
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn overflows_its_stack() {
    fn deeper(depth: u64) -> u64 {
        let depth = std::hint::black_box(depth);
        if depth == u64::MAX { 0 } else { 1 + deeper(depth + 1) }
    }
    assert_eq!(deeper(0), 0);
}

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("the second one");
    }
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn panics_during_a_panic() {
    let _panics = PanicsInDrop;
    panic!("the first one");
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn is_hit_by_a_trap() {
    kill_process(getpid(), Signal::TRAP).unwrap();
    std::future::pending().await
}

/// What aborts where it catches, and a program's main: nobody tells the panic but whoever tells the end.
fn catches() {
    let caught = std::panic::catch_unwind(|| panic!("the real reason"));
    assert!(caught.is_err());
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn catches_and_aborts() {
    catches();
    std::process::abort()
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn catches_and_exits() {
    catches();
    #[expect(clippy::disallowed_methods, reason = "it is what is tried")]
    std::process::exit(0)
}

struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("bomb {}", self.0);
    }
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn panics_with_what_panics_twice() {
    std::panic::panic_any((Bomb("one"), Bomb("two")))
}

/// Another thread aborts, which is told for as long as somebody may read it; this one goes on meanwhile.
fn another_aborts() {
    let (say, tid) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        say.send(rustix::thread::gettid()).unwrap();
        std::process::abort()
    });
    let status = format!("/proc/self/task/{}/status", tid.recv().unwrap());
    // Its handler runs with the signal blocked, and waits for a reader.
    let is_telling = || {
        let text = std::fs::read_to_string(&status).unwrap();
        let mask = text.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
        let is_blocked = u64::from_str_radix(mask.trim(), 16).unwrap() & (1 << (Signal::ABORT.as_raw() - 1)) != 0;
        is_blocked && text.contains("\nState:\tS")
    };
    // busy: nothing but its status says that it is being told.
    while !is_telling() {
        std::thread::yield_now();
    }
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn passes_beside_an_abort() {
    another_aborts();
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn exits_beside_an_abort() {
    another_aborts();
    #[expect(clippy::disallowed_methods, reason = "it is what is tried")]
    std::process::exit(0)
}

#[peer_test]
#[ignore = "it ends the whole process"]
async fn hangs_beside_an_abort() {
    another_aborts();
    std::future::pending().await
}

/// Passes where the signal is ignored.
#[peer_test]
#[ignore = "it may end the whole process"]
async fn is_sent_an_abort() {
    kill_process(getpid(), Signal::ABORT).unwrap();
}
