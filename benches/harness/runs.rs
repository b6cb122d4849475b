//! Processes that are timed: this executable in another role, and the target with the stock harness.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::Outcome;

/// The variable that gives this executable a role.
const ROLE: &str = "PEER_BENCH_ROLE";

/// Between two looks at what a run takes.
const SAMPLED: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

/// What this executable is to do in place of the bench.
pub(crate) enum Role {
    /// Run its tests as its arguments say.
    Suite,
    /// Start so many nodes so many times, in each of which something takes so many milliseconds.
    Bare { nodes: u32, times: u32, wait: u64 },
}

/// The role of this process; none if it is the bench itself.
pub(crate) fn role() -> Option<Role> {
    let role = std::env::var(ROLE).ok()?;
    let mut numbers = role.split(' ').filter_map(|number| number.parse::<u32>().ok());
    Some(match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(nodes), Some(times), Some(wait)) => Role::Bare { nodes, times, wait: wait.into() },
        _ => Role::Suite,
    })
}

/// A process that is to be timed.
pub(crate) struct Run(Command);

impl Run {
    pub(crate) fn of(executable: &Path) -> Self {
        let mut command = Command::new(executable);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A budget of its own, whatever else is tested meanwhile.
        command.env("XDG_RUNTIME_DIR", env!("CARGO_TARGET_TMPDIR"));
        Self(command)
    }

    pub(crate) fn role(role: &Role) -> Outcome<Self> {
        let mut run = Self::of(&std::env::current_exe()?);
        run.0.env(
            ROLE,
            match role {
                Role::Suite => "suite".to_owned(),
                Role::Bare { nodes, times, wait } => format!("{nodes} {times} {wait}"),
            },
        );
        Ok(run)
    }

    pub(crate) fn suite() -> Outcome<Self> {
        Self::role(&Role::Suite)
    }

    pub(crate) fn arg(mut self, argument: &str) -> Self {
        self.0.arg(argument);
        self
    }

    /// From spawn to exit, and what it printed.
    pub(crate) fn output(mut self) -> Outcome<(f64, String)> {
        let begun = Instant::now();
        let output = self.0.output()?;
        let seconds = begun.elapsed().as_secs_f64();
        Ok((seconds, self.checked(output)?))
    }

    /// The same, and nobody reads what it prints.
    pub(crate) fn seconds(mut self) -> Outcome<f64> {
        self.0.stdout(Stdio::null());
        Ok(self.output()?.0)
    }

    /// The same, and the most that `measure` says of the process while it runs.
    pub(crate) fn watched(mut self, measure: impl Fn(u32) -> f64) -> Outcome<(f64, f64)> {
        let begun = Instant::now();
        let child = self.0.spawn()?;
        let pid = Pid::from_child(&child);
        let ended = pidfd_open(pid, PidfdFlags::empty())?;
        let mut most = 0.0_f64;
        // Until its end, and a sample now and then: memory has no events.
        while poll(&mut [PollFd::new(&ended, PollFlags::IN)], Some(&SAMPLED))? == 0 {
            most = most.max(measure(child.id()));
        }
        let seconds = begun.elapsed().as_secs_f64();
        self.checked(child.wait_with_output()?)?;
        Ok((seconds, most))
    }

    fn checked(&self, output: Output) -> Outcome<String> {
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let text = [output.stdout, output.stderr].concat();
        Err(format!("{:?}: {}\n{}", self.0, output.status, String::from_utf8_lossy(&text)).into())
    }
}

/// The target with the stock harness, built as this one was.
pub(crate) fn libtest() -> Outcome<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["test", "--profile", "bench", "--test", "bench_libtest", "--no-run", "--message-format", "json"]);
    let built = command.stderr(Stdio::inherit()).output()?;
    if !built.status.success() {
        return Err(format!("{command:?}: {}", built.status).into());
    }
    let text = String::from_utf8_lossy(&built.stdout).into_owned();
    let messages = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let found = messages.filter_map(|message| Some(message["executable"].as_str()?.to_owned())).next_back();
    Ok(found.ok_or("cargo built no executable")?.into())
}
