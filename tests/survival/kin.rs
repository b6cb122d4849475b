//! What a peer starts: shell scripts, so that a peer can start them before it is a node, and what it does as one.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use peer::prelude::*;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::cells::Kin;

/// What says in the ledger that the peer has come to the state of the cell.
pub(crate) const STATE: &str = "state";
/// What says that another program has taken the place of the origin.
pub(crate) const REPLACED: &str = "replaced";

/// The scripts: `$1` is the ledger, `$2` this executable. Each ends by itself, at the latest after two minutes.
///
/// The ledger is a fifo, opened for both directions so that nobody ever waits for a reader.
pub(crate) fn script(kin: Kin) -> &'static str {
    match kin {
        Kin::None | Kin::NestedNode => ":",
        Kin::Child => r#"echo "$$ child" 1<>"$1"; exec sleep 120"#,
        Kin::Stubborn => r#"trap "" TERM HUP INT QUIT; echo "$$ stubborn" 1<>"$1"; exec sleep 120"#,
        Kin::Daemon => {
            r#"exec setsid sh -c 'sh -c "$2" sh "$1" &' sh "$1" '
                echo "$$ daemon" 1<>"$1"; cd /; exec sleep 120 </dev/null >/dev/null 2>&1'"#
        }
        Kin::Hidden => {
            r#"exec env -i setsid sh -c 'sh -c "$2" sh "$1" &' sh "$1" '
                echo "$$ hidden" 1<>"$1"; cd /; exec sleep 120 <&- >&- 2>&-'"#
        }
        Kin::Holder => {
            r#"exec setsid sh -c 'sh -c "$2" sh "$1" &' sh "$1" '
                echo "$$ holder" 1<>"$1"; exec sleep 120'"#
        }
        // What it costs to become three programs is its pace: some milliseconds for each of at most 3000 generations.
        Kin::Forker => {
            r#"generation='
                echo "$$ generation" 1<>"$1"
                [ "$2" -le 0 ] || exec setsid --fork sh -c "$3" sh "$1" $(($2 - 1)) "$3"'
            exec setsid --fork sh -c "$generation" sh "$1" 3000 "$generation" </dev/null >/dev/null 2>&1"#
        }
        // A shell forks some hundred times a second, and its functions nest up to a thousand times.
        Kin::Swarm => {
            r#"chain='
                next() {
                    if [ "$1" -gt 0 ]; then next $(($1 - 1)) &
                    elif [ "$left" -gt 0 ]; then exec sh -c "$script" sh "$ledger" $(($left - 1)) "$script"
                    fi
                }
                ledger=$1 left=$2 script=$3
                echo "$$ swarm" 1<>"$1"
                next 900'
            for each in 1 2 3 4; do
                setsid sh -c "$chain" sh "$1" 3 "$chain" </dev/null >/dev/null 2>&1 &
            done"#
        }
        Kin::Leaderless => r#"exec "$SURVIVAL_LEADERLESS" "$1" </dev/null >/dev/null 2>&1"#,
        Kin::NestedTest => {
            r#"exec "$2" --exact --ignored origin::driven_nested --nocapture </dev/null >/dev/null 2>&1"#
        }
    }
}

/// Starts the kin, then waits for ever: `$1` and `$2` as above, `$3` is the script of the kin.
pub(crate) const NEVER_ENTERS: &str = r#"sh -c "$3" sh "$1" "$2" </dev/null & echo "$$ peer" 1<>"$1"; exec sleep 120"#;
/// Starts the kin, then becomes what the further arguments say.
pub(crate) const BECOMES: &str = r#"sh -c "$3" sh "$1" "$2" </dev/null & echo "$$ peer" 1<>"$1"; shift 3; exec "$@""#;

/// Writes into the ledger that this process is there.
pub(crate) fn report(ledger: &str, what: &str) {
    report_in(&open(ledger), what);
}

fn open(ledger: &str) -> File {
    File::options().read(true).write(true).open(ledger).unwrap()
}

fn report_in(mut ledger: &File, what: &str) {
    // One write, so that lines of several processes do not mix.
    ledger.write_all(format!("{} {what}\n", std::process::id()).as_bytes()).unwrap();
}

/// This node starts its descendants.
#[remote]
pub(crate) async fn begin(ledger: String, kin: String) {
    report(&ledger, "peer");
    let kin: Kin = kin.parse().unwrap();
    if kin == Kin::NestedNode {
        let peer = peer::start(()).await.unwrap();
        peer.call(begin_nested, (ledger,)).await.unwrap();
        return std::mem::forget(peer);
    }
    let exe = std::env::current_exe().unwrap();
    let mut shell = Command::new("sh");
    let mut child = shell.args(["-c", script(kin), "sh", &ledger]).arg(exe).stdin(Stdio::null()).spawn().unwrap();
    thread::spawn(move || child.wait());
}

#[remote]
pub(crate) fn begin_nested(ledger: String) {
    report(&ledger, "nested-peer");
}

#[remote]
pub(crate) fn spin() {
    // busy: the job of this function is to keep a processor busy until the node is ended.
    loop {
        std::hint::spin_loop();
    }
}

fn block() -> ! {
    loop {
        thread::park();
    }
}

#[remote]
pub(crate) fn block_a_thread() {
    block();
}

/// The one that blocks the last thread of the runtime says so.
#[remote]
pub(crate) async fn block_a_runtime_thread(ledger: String) {
    static BLOCKED: AtomicUsize = AtomicUsize::new(0);
    let threads = thread::available_parallelism().unwrap().get();
    if BLOCKED.fetch_add(1, Ordering::Relaxed) + 1 == threads {
        report(&ledger, STATE);
    }
    block();
}

#[remote]
pub(crate) fn hang_when_stopped(ledger: String) {
    peer::node::on_stop(move || {
        report(&ledger, STATE);
        block();
    });
}

/// How long nothing can be written to a console that is full.
const FULL: Duration = Duration::from_millis(200);

/// Prints until nobody reads it any more.
#[remote]
pub(crate) fn flood(ledger: String) {
    let (written, progress) = mpsc::channel();
    thread::spawn(move || {
        let mut line = [b'x'; 1024];
        line[1023] = b'\n';
        while std::io::stderr().write_all(&line).is_ok() && written.send(()).is_ok() {}
    });
    while progress.recv_timeout(FULL).is_ok() {}
    report(&ledger, STATE);
    block();
}

/// Opens files until there is no descriptor left.
#[remote]
pub(crate) fn exhaust_descriptors(ledger: String) {
    let ledger = open(&ledger);
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), maximum: Some(64) }).unwrap();
    let mut held = Vec::new();
    let error = loop {
        match ledger.as_fd().try_clone_to_owned() {
            Ok(descriptor) => held.push(descriptor),
            Err(error) => break error,
        }
    };
    assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::MFILE.raw_os_error()));
    report_in(&ledger, STATE);
    std::mem::forget(held);
}

#[remote]
pub(crate) fn crash(ledger: String) {
    report(&ledger, STATE);
    std::process::abort();
}
