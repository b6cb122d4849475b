//! The origin of a cell, run as a user runs a test: brings its peer to the state of the cell, then ends as the cell says.

use std::fs::File;
use std::io::BufRead;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use peer::prelude::*;
use rustix::process::{Pid, Signal, getpid, kill_process};
use tokio::sync::mpsc;

use crate::cells::{Cell, Kin, State, Way};
use crate::kin::{self, REPLACED, STATE, report};
use crate::support::DEADLINE;
use crate::told;

#[peer_test(timetrap = "off")]
#[ignore = "run by the warden of a cell"]
async fn driven_origin() -> peer::Result {
    act().await
}

/// The same under a time trap, which is long enough to come to any state.
#[peer_test(timetrap = "5s")]
#[ignore = "run by the warden of a cell"]
async fn driven_timetrap() -> peer::Result {
    act().await
}

/// A test below a peer.
#[peer_test(timetrap = "off")]
#[ignore = "run by a peer of a cell"]
async fn driven_nested() -> peer::Result {
    report(&told("SURVIVAL_LEDGER"), "nested-origin");
    ct_peer!().await?.call(kin::begin_nested, (told("SURVIVAL_LEDGER"),)).await?;
    last_resort().await
}

/// Never, but for somebody who has been forgotten by everybody.
async fn last_resort() -> peer::Result {
    let never = tokio::time::timeout(Duration::from_secs(120), std::future::pending::<()>()).await;
    Err(never.unwrap_err())?
}

async fn act() -> peer::Result {
    let cell: Cell = told("SURVIVAL_CELL").parse().unwrap();
    let ledger = told("SURVIVAL_LEDGER");
    report(&ledger, "origin");
    let mut words = words();
    let peers = start(&cell, &ledger).await?;
    // Under nextest nobody says a word.
    let _ = words.recv().await;
    let held = reach(&cell, &peers, &ledger).await?;
    if words.recv().await.is_none() {
        last_resort().await?;
    }
    let ended = end(cell.way, &ledger).await;
    drop(held);
    ended
}

/// The lines of standard input: at each of them it goes on.
fn words() -> mpsc::UnboundedReceiver<()> {
    let (said, words) = mpsc::unbounded_channel();
    thread::spawn(move || std::io::stdin().lock().lines().all(|line| line.is_ok() && said.send(()).is_ok()));
    words
}

/// Starts the peers, with their descendants.
async fn start(cell: &Cell, ledger: &str) -> peer::Result<Vec<Peer>> {
    let second = Duration::from_secs(1);
    let shutdowns = match (cell.state, cell.way.is_signal()) {
        (State::StopHook, true) => vec![Shutdown::Graceful(peer::UNLIMITED)],
        // The test waits for it; long enough to be seen.
        (State::StopHook, false) => vec![Shutdown::Graceful(2 * second)],
        (State::Stopping, _) => vec![Shutdown::Close, Shutdown::HaltWithin(second), Shutdown::Graceful(second)],
        _ => vec![Shutdown::HaltWithin(second)],
    };
    let mut peers = Vec::new();
    for shutdown in shutdowns {
        let connection = if cell.tcp { Connection::Tcp(0) } else { Connection::StandardIo };
        let options = StartOptions::new().connection(connection).shutdown(shutdown);
        let options = match cell.state {
            State::BeforeHello => options.exec(prefix(kin::NEVER_ENTERS, cell.kin, ledger)).wait_boot(WaitBoot::No),
            State::Booting => {
                let options = options.exec(prefix(kin::BECOMES, cell.kin, ledger)).wait_boot(WaitBoot::No);
                options.args(["--load".into(), fifo_of(ledger)])
            }
            _ => options,
        };
        let peer = match cell.state {
            State::ConsoleFull => start_without_scope(options),
            _ if cell.linked => ct_peer!(options).await?,
            _ => peer::start(options).await?,
        };
        if !matches!(cell.state, State::BeforeHello | State::Booting) {
            peer.call(kin::begin, (ledger.to_owned(), cell.kin.to_string())).timeout(DEADLINE).await?;
        }
        peers.push(peer);
    }
    Ok(peers)
}

/// What stands before the arguments of a peer that starts its descendants before it is a node.
pub(crate) fn prefix(script: &str, kin: Kin, ledger: &str) -> (String, Vec<String>) {
    let exe = std::env::current_exe().unwrap().into_os_string().into_string().unwrap();
    let mut args = vec!["-c".to_owned(), script.to_owned(), "sh".to_owned(), ledger.to_owned(), exe];
    args.push(kin::script(kin).to_owned());
    if script == kin::BECOMES {
        args.push(told("SURVIVAL_SERVER"));
    }
    ("sh".to_owned(), args)
}

/// What the server loads while it boots, and never gets.
fn fifo_of(ledger: &str) -> PathBuf {
    PathBuf::from(ledger).with_file_name("rows")
}

/// On a thread that belongs to no test: what such a peer prints is printed by this process as soon as it is read.
fn start_without_scope(options: StartOptions) -> Peer {
    let started = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(peer::start(options)).unwrap()
    });
    started.join().unwrap()
}

/// Brings the peers to the state of the cell, which one of the processes reports.
async fn reach(cell: &Cell, peers: &[Peer], ledger: &str) -> peer::Result<Option<File>> {
    let peer = &peers[0];
    let line = || (ledger.to_owned(),);
    match cell.state {
        State::BeforeHello | State::Idle => report(ledger, STATE),
        State::Booting => {
            // Opened when the server reads it; as long as this is open it waits for more.
            let rows = tokio::task::spawn_blocking({
                let rows = fifo_of(ledger);
                move || File::options().write(true).open(rows)
            });
            let rows = rows.await??;
            report(ledger, STATE);
            return Ok(Some(rows));
        }
        State::Busy => {
            peer.cast(kin::spin, ());
            for _ in 0..20 {
                peer.cast(kin::block_a_thread, ());
                peer.cast(kin::block_a_runtime_thread, line());
            }
        }
        State::StopHook => {
            peer.call(kin::hang_when_stopped, line()).timeout(DEADLINE).await?;
            tokio::spawn(peer.stop());
        }
        State::Stopping => {
            for peer in peers {
                tokio::spawn(peer.stop());
            }
            // The stops have begun: this runtime has one thread, which polls them first.
            tokio::task::yield_now().await;
            report(ledger, STATE);
        }
        State::Sigstopped => {
            kill_process(pid(peer.os_pid()), Signal::STOP).unwrap();
            report(ledger, STATE);
        }
        State::ConsoleFull => peer.cast(kin::flood, line()),
        State::NoDescriptors => peer.cast(kin::exhaust_descriptors, line()),
        State::Crashed => peer.cast(kin::crash, line()),
    }
    Ok(None)
}

fn pid(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

/// Starts fifty peers at once, each with a daemon, none of which ever gets through its boot.
#[peer_test(timetrap = "off")]
#[ignore = "run by the warden of fifty"]
async fn driven_fifty() -> peer::Result {
    let ledger = told("SURVIVAL_LEDGER");
    report(&ledger, "origin");
    let starts = (0..50).map(|number| {
        let connection = if number % 2 == 0 { Connection::StandardIo } else { Connection::Tcp(0) };
        let options = StartOptions::new().exec(prefix(kin::BECOMES, Kin::Daemon, &ledger)).connection(connection);
        tokio::spawn(peer::start_link(options.args(["--load".into(), fifo_of(&ledger)]).wait_boot(WaitBoot::No)))
    });
    for start in starts.collect::<Vec<_>>() {
        start.await??;
    }
    last_resort().await
}

async fn end(way: Way, ledger: &str) -> peer::Result {
    match way {
        Way::Pass => Ok(()),
        Way::Assertion => {
            let votes = std::hint::black_box(1);
            assert_eq!(votes, 2, "no quorum");
            Ok(())
        }
        Way::PanicInTask => Ok(tokio::spawn(async { panic!("no quorum") }).await?),
        #[expect(clippy::disallowed_methods, reason = "this is one of the ways")]
        Way::Exit => std::process::exit(7),
        Way::Abort => std::process::abort(),
        Way::StackOverflow => {
            overflow(0);
            Ok(())
        }
        // The first one is taken by the handler of the standard library, which takes itself away then.
        Way::Segv => loop {
            kill_process(getpid(), Signal::SEGV)?;
        },
        Way::Exec => {
            let script = format!(r#"echo "$$ {REPLACED}" 1<>"$1"; exec sleep 120"#);
            Err(Command::new("sh").args(["-c", &script, "sh", ledger]).exec())?
        }
        _ => last_resort().await,
    }
}

fn overflow(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { overflow(depth + 1) + std::hint::black_box(frame)[63] }
}
