//! Runs of the suites that hang: started under any runner, interrupted, and read to their end.
//!
//! An interrupt goes to all processes of a run at once, as a terminal sends it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::suite::{cargo, executable};
use crate::support::{DEADLINE, Folder, Ran, ended, within};

/// A run of the suites that hang, with a mark by which all of its processes are known.
pub(crate) struct Run {
    child: Child,
    /// What has begun, and hangs.
    begun: Receiver<String>,
    /// What is printed, as it comes: whether it is an error, and the line.
    printed: Receiver<(bool, String)>,
    ran: Ran,
    mark: String,
    _folder: Folder,
}

/// Starts a runner with the tests that are chosen. With `slots` nothing else shares its budget, of one node.
pub(crate) fn start(mut run: Command, tests: &[&str], slots: Option<&Path>) -> Run {
    let folder = Folder::new();
    let trace = folder.fifo("trace");
    let lines = std::fs::File::options().read(true).write(true).open(&trace).unwrap();
    let mark = peer::random_name("runner");
    run.args(tests).env("RUST_BACKTRACE", "0").env("MARK", &mark).env("TRACE", &trace);
    run.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(folder) = slots {
        run.env("XDG_RUNTIME_DIR", folder).env("PEER_JOBS", "1");
    }
    let mut child = run.spawn().unwrap();
    let (say, begun) = channel();
    read(lines, move |line| say.send(line).is_ok());
    let (say, printed) = channel();
    let say_error = say.clone();
    read(child.stdout.take().unwrap(), move |line| say.send((false, line)).is_ok());
    read(child.stderr.take().unwrap(), move |line| say_error.send((true, line)).is_ok());
    let ran = Ran { code: None, stdout: String::new(), stderr: String::new() };
    Run { child, begun, printed, ran, mark, _folder: folder }
}

/// Hands on lines as they come, on a thread of its own, until there are no more or the receiver is gone.
pub(crate) fn read(from: impl Read + Send + 'static, say: impl FnMut(String) -> bool + Send + 'static) {
    thread::spawn(move || BufReader::new(from).lines().map_while(Result::ok).all(say));
}

pub(crate) fn stock(tests: &[&str]) -> Run {
    stock_with(None, tests)
}

pub(crate) fn own(tests: &[&str]) -> Run {
    own_with(None, tests)
}

pub(crate) fn stock_with(slots: Option<&Path>, tests: &[&str]) -> Run {
    below_cargo("suite_hanging_stock", tests, slots)
}

pub(crate) fn own_with(slots: Option<&Path>, tests: &[&str]) -> Run {
    below_cargo("suite_hanging", tests, slots)
}

fn below_cargo(suite: &str, tests: &[&str], slots: Option<&Path>) -> Run {
    // Built before anything waits for it.
    executable(suite);
    start(cargo(&["test", "--quiet"], &[suite]), &[&["--"], tests].concat(), slots)
}

impl Run {
    /// Waits until so many tests hang.
    pub(crate) fn hangs(&self, tests: usize) {
        for at in 0..tests {
            assert!(self.begun.recv_timeout(DEADLINE).is_ok(), "{at} of {tests} tests have begun");
        }
    }

    /// As Ctrl-C at its terminal.
    pub(crate) fn interrupt(&self) {
        kill_process_group(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// Waits until this is printed.
    pub(crate) fn says(&mut self, text: &str) {
        while !self.ran.text().contains(text) {
            assert!(self.hear(), "`{text}` was not printed:\n{}", self.ran.text());
        }
    }

    /// Waits for the next line; none comes when all who might print one have ended.
    pub(crate) fn hear(&mut self) -> bool {
        let (is_error, line) = match self.printed.recv_timeout(DEADLINE) {
            Ok(printed) => printed,
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => panic!("the run has not ended:\n{}", self.ran.text()),
        };
        let of = if is_error { &mut self.ran.stderr } else { &mut self.ran.stdout };
        of.push_str(&line);
        of.push('\n');
        true
    }

    /// Waits for the end of everything: what it printed, up to the last word of its last process.
    pub(crate) fn ended(mut self) -> Ran {
        while self.hear() {}
        let Self { mut child, mark, mut ran, .. } = self;
        ran.code = within("the end of the runner", move || child.wait()).unwrap().code();
        within("the end of all processes of the run", move || nothing_is_left(&mark));
        ran
    }
}

/// No process whose environment has the mark outlives this.
pub(crate) fn nothing_is_left(mark: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let entry = format!("MARK={mark}\0").into_bytes();
    let is_marked = |pid: &u32| {
        // What has ended meanwhile, or belongs to somebody else, is none.
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(entry.len()).any(|window| window == entry)
    };
    loop {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let left: Vec<u32> =
            all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_marked).collect();
        if left.is_empty() {
            return;
        }
        for pid in left {
            runtime.block_on(ended(pid));
        }
    }
}

/// Where a test of the suite is written.
pub(crate) fn place(module: &str, test: &str) -> String {
    let text = include_str!("suites/hanging/hanging.rs");
    let from = text.find(&format!("mod {module} {{")).unwrap();
    let at = from + text[from..].find(&format!("async fn {test}(")).unwrap();
    let line = text[..at].lines().count();
    format!("(tests/harness/suites/hanging/hanging.rs:{line}:14) did not end within its timetrap of 3s")
}

/// The report of tests that hang says where each one is, under every runner.
pub(crate) fn says_where_they_were(ran: &Ran, suite: &str) {
    for test in ["awaits", "blocks"] {
        let place = place("with_a_limit", test);
        ran.says(&[&format!("peer test `hanging::with_a_limit::{test}` {place}")]);
    }
    ran.says(&[&format!("  in call:      `{suite}::hanging::never_answers`, for ")]);
    ran.says(&["its thread is still blocked 10s after its scope ended, and was abandoned"]);
}

/// Waits until so many tests hang, interrupts them, and waits for the end.
pub(crate) fn interrupted(run: Run, tests: usize) -> Ran {
    run.hangs(tests);
    run.interrupt();
    run.ended()
}

/// The same, and once more when the first interrupt has had this effect.
pub(crate) fn interrupted_twice(mut run: Run, tests: usize, effect: &str) -> Ran {
    run.hangs(tests);
    run.interrupt();
    run.says(effect);
    run.interrupt();
    run.ended()
}
