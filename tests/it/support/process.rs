//! What tests have in common: running an executable with a deadline, seeing processes end, and waiting on a fifo.
#![allow(dead_code, reason = "each target uses a part of it")]

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
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

/// Sends a signal to a process.
pub(crate) fn signal(name: &str, pid: u32) {
    let signal = match name {
        "ABRT" => Signal::ABORT,
        "CONT" => Signal::CONT,
        "INT" => Signal::INT,
        "KILL" => Signal::KILL,
        "SEGV" => Signal::SEGV,
        "STOP" => Signal::STOP,
        "TERM" => Signal::TERM,
        _ => panic!("SIG{name} is not in this list"),
    };
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap_or_else(|error| panic!("SIG{name} to {pid:?}: {error}"));
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
