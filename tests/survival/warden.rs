//! The warden of a cell: a process above the origin, to which everything falls that leaves the origin's tree.
//!
//! As the child subreaper above them all it needs no marker: what is alive of a cell is below it, and when it has no
//! child left there is nothing left.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, getpid, pidfd_open, pidfd_send_signal, set_child_subreaper, wait,
};

use crate::cells::{Cell, State, Way};
use crate::kin::{REPLACED, STATE};
use crate::pool::built;
use crate::support::{DEADLINE, without_harness};
use crate::told;
use crate::tree::{Process, below};

/// From the end of the origin until nothing of it may be left.
const GONE: Duration = Duration::from_secs(2);
/// The same where the origin has to look at all processes of the machine, several times.
const FOUND: Duration = Duration::from_secs(10);

/// How often something is looked for that must be there.
const LOOKS: usize = 1000;

/// What a warden has to do.
pub(crate) struct Plan {
    /// What the origin runs.
    test: &'static str,
    way: Way,
    /// What has to be there, by the names of the ledger, before it goes on.
    expected: Vec<(&'static str, usize)>,
    cell: Option<Cell>,
}

impl Plan {
    /// The text of a cell, or `fifty/WAY/PEERS`: ended when so many of the fifty are there.
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(fifty) = text.strip_prefix("fifty/") {
            let (way, peers) = fifty.split_once('/').ok_or("no number")?;
            let peers = peers.parse().map_err(|_| "not a number")?;
            let expected = vec![("origin", 1), ("peer", peers), ("daemon", peers)];
            return Ok(Self { test: "origin::driven_fifty", way: way.parse()?, expected, cell: None });
        }
        let cell: Cell = text.parse()?;
        let timetrap = cell.way == Way::Timetrap;
        let test = if timetrap { "origin::driven_timetrap" } else { "origin::driven_origin" };
        Ok(Self { test, way: cell.way, expected: cell.expected(), cell: Some(cell) })
    }

    /// The command that runs the origin, or cargo above it.
    fn command(&self) -> Command {
        let exe = std::env::current_exe().unwrap();
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let test = self.test;
        let nocapture = ["--exact", "--ignored", test, "--nocapture", "--test-threads=1"];
        let mut command = Command::new(if self.way.has_cargo() { cargo.into() } else { exe });
        if !self.way.has_cargo() {
            command.args(nocapture);
        } else {
            command.current_dir(env!("CARGO_MANIFEST_DIR"));
            match self.way {
                Way::KillCargo => command.args(["test", "--test", "survival"]).args(built()),
                _ => command.args(["nextest", "run", "--test", "survival"]).args(built()),
            };
            match self.way {
                Way::KillCargo => command.arg("--").args(nocapture),
                _ => command.args(["--run-ignored", "only", "-E", &format!("test(={test})")]),
            };
        }
        without_harness(&mut command);
        command
    }
}

#[test]
#[ignore = "run by each cell of the others"]
fn warden() {
    let plan = Plan::parse(&told("SURVIVAL_CELL")).unwrap();
    let mut warden = Warden::start(plan);
    let came_to = warden.run();
    if let Err(fault) = &came_to {
        warden.print("fault", fault);
    }
    let limit = match &came_to {
        Err(_) => Duration::ZERO,
        Ok(()) if warden.plan.way == Way::KillKeeper => FOUND,
        Ok(()) => GONE,
    };
    let (left, after) = warden.settle(limit);
    if came_to.is_ok() {
        for process in &left {
            let what = warden.seen.get(&process.pid).map_or("unknown", String::as_str);
            warden.print("left", &format!("{what}, {process}"));
        }
        if left.is_empty() && !warden.empty {
            warden.print("fault", "something that is not seen in /proc was left at the deadline");
        }
        if warden.empty {
            warden.print("gone", &after.as_millis().to_string());
        }
    }
    warden.print("started", &warden.started.to_string());
    warden.clean();
}

enum Event {
    /// A line of the ledger.
    Line(u32, String),
    /// A child of this process was reaped.
    Ended(u32, WaitStatus),
    /// There is no child left.
    Empty,
    /// Nobody is interested any more.
    Alone,
}

struct Warden {
    plan: Plan,
    origin: Child,
    held: OwnedFd,
    stderr: Option<ChildStderr>,
    events: Receiver<Event>,
    output: PathBuf,
    /// Who reported as what.
    seen: HashMap<u32, String>,
    counts: HashMap<String, usize>,
    started: usize,
    ended: Option<WaitStatus>,
    /// Since when there may be nothing.
    over: Option<Instant>,
    empty: bool,
}

impl Warden {
    fn start(plan: Plan) -> Self {
        set_child_subreaper(Some(getpid())).unwrap();
        let (sender, events) = mpsc::channel();
        let ledger = File::options().read(true).write(true).open(told("SURVIVAL_LEDGER")).unwrap();
        read_ledger(ledger, sender.clone());
        let alone = sender.clone();
        thread::spawn(move || {
            let _ = std::io::stdin().lock().lines().count();
            alone.send(Event::Alone)
        });
        let output = PathBuf::from(told("SURVIVAL_LEDGER")).with_file_name("output");
        let log = File::create(&output).unwrap();
        let mut command = plan.command();
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap());
        // Where the console is to be full nobody reads it for now.
        let keeps = plan.cell.is_some_and(|cell| cell.state == State::ConsoleFull);
        command.stderr(if keeps { Stdio::piped() } else { log.into() });
        let mut origin = command.spawn().unwrap();
        // Before anybody could reap it.
        let held = pidfd_open(Pid::from_child(&origin), PidfdFlags::empty()).unwrap();
        reap(sender);
        let stderr = origin.stderr.take();
        let (seen, counts) = (HashMap::new(), HashMap::new());
        Self {
            plan,
            origin,
            held,
            stderr,
            events,
            output,
            seen,
            counts,
            started: 0,
            ended: None,
            over: None,
            empty: false,
        }
    }

    /// Up to the end of the origin, which has to be the one that was meant.
    fn run(&mut self) -> Result<(), String> {
        match self.plan.cell.and_then(|cell| cell.after) {
            Some(after) => {
                if self.plan.way.has_cargo() {
                    // What cargo itself starts before that is not ours.
                    self.need("the origin", |warden| warden.counts.contains_key("origin"))?;
                }
                let deadline = Instant::now() + Duration::from_millis(after);
                if self.until(deadline, Self::has_begun)? {
                    self.say_a_word();
                    self.until(deadline, |_| false)?;
                }
            }
            None => {
                self.need("its processes", Self::has_begun)?;
                self.say_a_word();
                if self.plan.cell.is_some() {
                    self.need("the state of its peer", |warden| warden.counts.contains_key(STATE))?;
                }
            }
        }
        self.end_origin()?;
        if self.plan.way == Way::Exec {
            self.need("the other program", |warden| warden.counts.contains_key(REPLACED))?;
        }
        if self.plan.way.goes_on() {
            self.over = Some(Instant::now());
            return Ok(());
        }
        let deadline = Instant::now() + DEADLINE;
        while self.ended.is_none() {
            if !self.next(deadline) {
                return Err("the origin has not ended".to_owned());
            }
        }
        self.check_end()
    }

    fn has_begun(&self) -> bool {
        self.plan.expected.iter().all(|(what, count)| self.counts.get(*what).is_some_and(|found| found >= count))
    }

    /// Waits for something that must come to be.
    fn need(&mut self, what: &str, is_there: fn(&Self) -> bool) -> Result<(), String> {
        // Cargo waits for the locks of any other cargo first.
        let limit = if self.plan.way.has_cargo() { 4 * DEADLINE } else { DEADLINE };
        if self.until(Instant::now() + limit, is_there)? {
            return Ok(());
        }
        Err(format!("waited for {what}; there is {:?} of {:?}", self.counts, self.plan.expected))
    }

    /// Waits for something, or for the deadline; an error is the early end of the origin.
    fn until(&mut self, deadline: Instant, is_there: fn(&Self) -> bool) -> Result<bool, String> {
        while !is_there(self) {
            if let Some(status) = self.ended {
                return Err(format!("the origin ended early, {status:?}: {:?}", self.counts));
            }
            if !self.next(deadline) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes the next event; false if there was none until the deadline.
    fn next(&mut self, deadline: Instant) -> bool {
        match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Line(pid, what)) => {
                *self.counts.entry(what.clone()).or_default() += 1;
                if ![STATE, REPLACED].contains(&&*what) {
                    self.started += 1;
                    self.seen.insert(pid, what);
                }
            }
            Ok(Event::Ended(pid, status)) if pid == self.origin.id() => {
                self.over.get_or_insert_with(Instant::now);
                self.ended = Some(status);
            }
            Ok(Event::Ended(..)) => {}
            Ok(Event::Empty) => self.empty = true,
            Ok(Event::Alone) => {
                self.clean();
                panic!("nobody is interested in this cell any more");
            }
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => unreachable!("the ledger is open"),
        }
        true
    }

    /// The origin may go on.
    fn say_a_word(&mut self) {
        if let Some(stdin) = &mut self.origin.stdin {
            // An error says that it has ended, which is noticed elsewhere.
            let _ = stdin.write_all(b"go on\n");
        }
    }

    fn end_origin(&mut self) -> Result<(), String> {
        match self.plan.way {
            Way::Term => self.signal_origin(Signal::TERM),
            Way::Int => self.signal_origin(Signal::INT),
            Way::Hup => self.signal_origin(Signal::HUP),
            Way::Kill | Way::KillCargo | Way::KillNextest => self.signal_origin(Signal::KILL),
            Way::KillBoth => {
                let keeper = self.keeper()?;
                // So that it has no time to do anything.
                keeper.send(Signal::STOP);
                self.signal_origin(Signal::KILL);
                keeper.send(Signal::KILL);
            }
            _ => {
                // Somebody reads again what the origin says about its end.
                if let Some(mut stderr) = self.stderr.take() {
                    let mut log = File::options().append(true).open(&self.output).unwrap();
                    thread::spawn(move || std::io::copy(&mut stderr, &mut log));
                }
                if self.plan.way == Way::KillKeeper {
                    self.keeper()?.send(Signal::KILL);
                } else {
                    self.say_a_word();
                }
            }
        }
        Ok(())
    }

    fn keeper(&self) -> Result<Process, String> {
        let origin = self.origin.id();
        let mut keepers = below(origin).into_iter().filter(|process| process.is_keeper() && process.parent == origin);
        match (keepers.next(), keepers.next()) {
            (Some(keeper), None) => Ok(keeper),
            _ => Err("the origin has no keeper, or several".to_owned()),
        }
    }

    fn signal_origin(&self, signal: Signal) {
        // An error says that it has just ended.
        let _ = pidfd_send_signal(&self.held, signal);
    }

    fn check_end(&self) -> Result<(), String> {
        let Some(status) = self.ended else { return Ok(()) };
        let (code, signal) = match self.plan.way {
            Way::Pass => (Some(0), None),
            Way::Assertion | Way::PanicInTask | Way::Timetrap => (Some(101), None),
            Way::Exit => (Some(7), None),
            Way::Abort | Way::StackOverflow => (None, Some(Signal::ABORT)),
            Way::Segv => (None, Some(Signal::SEGV)),
            Way::Term => (None, Some(Signal::TERM)),
            Way::Int => (None, Some(Signal::INT)),
            Way::Hup => (None, Some(Signal::HUP)),
            Way::Exec | Way::KillKeeper => return Ok(()),
            Way::Kill | Way::KillCargo | Way::KillNextest | Way::KillBoth => (None, Some(Signal::KILL)),
        };
        let is = (status.exit_status(), status.terminating_signal());
        if is == (code, signal.map(Signal::as_raw)) {
            return Ok(());
        }
        Err(format!("the origin ended with status and signal {is:?}, not {:?}", (code, signal)))
    }

    /// Waits until there is no child left; what is there still at the deadline, and how long it took.
    fn settle(&mut self, limit: Duration) -> (Vec<Process>, Duration) {
        let over = self.over.unwrap_or_else(Instant::now);
        let deadline = over + limit;
        if self.plan.way.goes_on() {
            // Whoever has just lost its parent may be missed by one look, but hardly by several.
            while let Some(other) = (0..5).find_map(|_| self.left().pop())
                && Instant::now() < deadline
            {
                other.await_end(deadline);
            }
            // Now it is its turn, so that it can be seen that there is nothing else.
            self.signal_origin(Signal::KILL);
        }
        let after = over.elapsed();
        while !self.empty {
            if !self.next(deadline) {
                // What forks all the time may be missed by one look.
                let left = (0..LOOKS).map(|_| self.left()).find(|left| !left.is_empty());
                return (left.unwrap_or_default(), after);
            }
        }
        (Vec::new(), if self.plan.way.goes_on() { after } else { over.elapsed() })
    }

    /// Everything below this process that may not be there.
    fn left(&self) -> Vec<Process> {
        let mut left = below(std::process::id());
        left.retain(|process| !(self.plan.way.goes_on() && process.pid == self.origin.id()));
        left
    }

    /// Ends what is left, so that a run that fails leaves nothing behind either.
    fn clean(&mut self) {
        let deadline = Instant::now() + DEADLINE;
        while !self.empty && Instant::now() < deadline {
            // Stopped first, until there is nobody new: what forks all the time is found in time by no single look.
            let mut left = below(std::process::id());
            while left.iter().any(|process| !process.is_stopped()) && Instant::now() < deadline {
                left.iter().for_each(|process| process.send(Signal::STOP));
                left = below(std::process::id());
            }
            left.iter().for_each(|process| process.send(Signal::KILL));
            // Until one of them has ended.
            self.next(Instant::now() + Duration::from_millis(10));
        }
    }

    fn print(&self, what: &str, text: &str) {
        // Libtest leaves its own line unfinished.
        println!("\nwarden: {what}: {text}");
    }
}

fn read_ledger(ledger: File, events: Sender<Event>) {
    thread::spawn(move || {
        for line in BufReader::new(ledger).lines().map_while(Result::ok) {
            let Some((pid, what)) = line.split_once(' ') else { continue };
            let event = Event::Line(pid.parse().unwrap_or_default(), what.to_owned());
            if events.send(event).is_err() {
                return;
            }
        }
    });
}

/// Reaps every child of this process, also those that others left to it.
fn reap(events: Sender<Event>) {
    thread::spawn(move || {
        while let Ok(ended) = wait(WaitOptions::empty()) {
            let Some((pid, status)) = ended else { continue };
            let _ = events.send(Event::Ended(pid.as_raw_nonzero().get().unsigned_abs(), status));
        }
        events.send(Event::Empty)
    });
}
