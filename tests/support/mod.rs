//! What several test targets use: running an executable with a deadline, seeing processes end, and waiting on a fifo.
#![allow(dead_code, reason = "each target uses a part of it")]

pub(crate) mod golden;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Command, Output};
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// For everything that a test waits for; far longer than any of it takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Everything that was printed.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    #[track_caller]
    pub(crate) fn passed(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.text());
        self
    }

    #[track_caller]
    pub(crate) fn failed(self) -> Self {
        assert_eq!(self.code, Some(101), "{}", self.text());
        self
    }

    /// Asserts that all of `parts` were printed.
    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) {
        says(self.text(), parts);
    }
}

/// Asserts that `text` has all of `parts`.
#[track_caller]
pub(crate) fn says(text: impl ToString, parts: &[&str]) {
    let text = text.to_string();
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

/// A command that is ended when it takes too long (status 124), to be run by [`run`]. The long runs of tests/limits may.
pub(crate) fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("timeout");
    let seconds = if std::env::var_os("LIMITS_FULL").is_some() { "1200" } else { "60" };
    command.args(["--kill-after=1", seconds]).arg(program.as_ref());
    without_harness(&mut command);
    command
}

/// What the harness that runs us was asked for is not meant for what we run.
pub(crate) fn without_harness(command: &mut Command) -> &mut Command {
    for name in ["PEER_BOOT_DEBUG", "RUST_TEST_NOCAPTURE", "RUST_TEST_THREADS", "RUST_TEST_SHUFFLE"] {
        command.env_remove(name);
    }
    // Who waits for them holds slots itself, perhaps.
    command.env("PEER_JOBS", "256");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"NEXTEST")) {
        command.env_remove(name);
    }
    command
}

pub(crate) fn run(command: &mut Command) -> Ran {
    Ran::new(&command.output().unwrap())
}

/// Runs one test of this very executable that is ignored otherwise, as a child, its output shown.
pub(crate) fn driven(test: &str) -> Command {
    let mut command = command(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", test, "--nocapture", "--test-threads=1"]);
    command
}

/// A port on which processes report, and hold a connection until they end.
#[derive(Debug)]
pub(crate) struct Lifeline(TcpListener);

/// One connection: its last holder has ended when it has.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) pid: u32,
    stream: BufReader<TcpStream>,
}

impl Lifeline {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// The next process that reports.
    #[track_caller]
    pub(crate) fn held(&self) -> Held {
        let listener = self.0.try_clone().unwrap();
        let (stream, _) = within("a process that reports", move || listener.accept()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        Held { pid: line.trim().parse().unwrap(), stream }
    }
}

impl Held {
    /// Waits for the end of the last holder.
    #[track_caller]
    pub(crate) fn ended(mut self) {
        match self.stream.read_to_end(&mut Vec::new()) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("process {} is still alive", self.pid)
            }
            // Closed, or reset.
            _ => {}
        }
    }

    /// Whether it is held still; waits `at_most` for its end.
    pub(crate) fn is_held(&mut self, at_most: Duration) -> bool {
        self.stream.get_ref().set_read_timeout(Some(at_most)).unwrap();
        let read = self.stream.read(&mut [0]);
        self.stream.get_ref().set_read_timeout(Some(DEADLINE)).unwrap();
        read.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }
}

/// This process reports, and holds the connection until it ends.
pub(crate) fn hold(port: u16) {
    hold_as(port, std::process::id());
}

/// The same, with the pid of another process.
pub(crate) fn hold_as(port: u16, pid: u32) {
    std::mem::forget(report(port, pid));
}

/// A child of this process holds the connection, for as long as it takes.
#[expect(clippy::zombie_processes, reason = "it is the node's end that ends it")]
pub(crate) fn hold_by_child(port: u16) {
    let held = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let child = Command::new("sleep").arg("1000").stdin(OwnedFd::from(held.try_clone().unwrap())).spawn().unwrap();
    writeln!(&held, "{}", child.id()).unwrap();
}

fn report(port: u16, pid: u32) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    writeln!(&stream, "{pid}").unwrap();
    stream
}

/// Polls a call once, which sends it. On the runtime of the test a spawned one is sent when that waits, and another call
/// may be answered before it does.
#[track_caller]
pub(crate) fn sent<F: Future + Unpin>(mut call: F) -> F {
    let polled = Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "it was over at once");
    call
}

/// Runs `wait` on a thread of its own, and waits for that until the deadline.
#[track_caller]
pub(crate) fn within<T: Send + 'static>(what: &str, wait: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(wait()));
    match result.recv_timeout(DEADLINE) {
        Ok(value) => value,
        Err(error) => panic!("waited for {what}: {error}"),
    }
}

/// A folder that goes with the test.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        loop {
            let path = std::env::temp_dir().join(peer::random_name("peer-test"));
            match std::fs::create_dir(&path) {
                Ok(()) => return Self(path),
                // That of a process which had this one's id, and was killed.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A new fifo.
    pub(crate) fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that is left behind fails nothing.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Lets whoever waits for a line from `fifo` go on.
#[track_caller]
pub(crate) fn release(fifo: &Path) {
    let fifo = fifo.to_owned();
    within("the reader of a fifo", move || std::fs::write(fifo, "go\n")).unwrap();
}

/// Sends `signal` (a number or a name) to a process.
pub(crate) fn signal(signal: &str, pid: u32) {
    let sent = Command::new("kill").args(["-s", signal, &pid.to_string()]).status().unwrap();
    assert!(sent.success(), "{signal} to {pid}");
}

/// Completes when the process `pid` has ended.
pub(crate) async fn ended(pid: u32) {
    let raw = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let Ok(pidfd) = pidfd_open(raw, PidfdFlags::empty()) else { return };
    #[expect(deprecated, reason = "it is sound for an `OwnedFd`; the one that is not deprecated is unsafe")]
    let pidfd: AsyncFd<OwnedFd> = AsyncFd::with_interest(pidfd, Interest::READABLE).unwrap();
    let ended = tokio::time::timeout(DEADLINE, pidfd.readable()).await;
    assert!(ended.is_ok(), "process {pid} is still alive");
}
