//! This process's keeper, started with the first peer: asking it, hearing from it, and what is done without it.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::net::{AddressFamily, SocketFlags, SocketType};
use tokio::sync::{oneshot, watch};

use super::line::{Line, Outgoing};
use super::{Process, Request, refused};
use crate::name;
use crate::options::EnvValue;
use crate::state::Reason;
use crate::timeouts::{self, KEEPER_ANSWER};
use crate::tree::{Ending, Roots, Search};
use crate::wire::keeper::{DESCRIPTORS, FromKeeper, KEEPER, Mark, Spawn, ToKeeper};
use crate::wire::mark;

/// What does not end its tests when it is killed.
const RUNNERS: &[&str] = &["cargo", "cargo-nextest"];

/// The process that the tests in this one must not outlive.
static RUNNER: OnceLock<u32> = OnceLock::new();

/// Says that this process runs tests, on behalf of its parent; before main.
pub(crate) fn run_by(parent: u32) {
    // Read now: a parent that has ended has no name.
    let name = std::fs::read_to_string(format!("/proc/{parent}/comm")).unwrap_or_default();
    if RUNNERS.contains(&name.trim_end()) {
        // Once, by the hook.
        let _ = RUNNER.set(parent);
    }
}

/// Whether an interrupt is ending this process, in order.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Says that an interrupt is ending this process, in order, and perhaps has ended what is above it.
pub(crate) fn interrupted() {
    INTERRUPTED.store(true, Ordering::SeqCst);
    let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(keeper) = current {
        keeper.ask(&ToKeeper::Interrupted);
    }
}

type Answer = oneshot::Sender<io::Result<Arc<Process>>>;

/// What the keeper was asked for.
enum Kept {
    Asked(Answer),
    Running(Arc<Process>),
}

pub(super) struct Keeper {
    line: Line,
    pid: u32,
    /// None when the keeper is lost.
    kept: Mutex<Option<HashMap<Mark, Kept>>>,
    /// Turns true then.
    lost: watch::Sender<bool>,
    /// Why it cannot be one, in its own words.
    unable: OnceLock<String>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

/// The keeper that is there; a new one takes the place of one that was lost.
static CURRENT: Mutex<Option<Arc<Keeper>>> = Mutex::new(None);

impl Keeper {
    /// The keeper of this process; on the I/O thread.
    pub(super) fn current() -> io::Result<Arc<Self>> {
        let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keeper) = current.as_ref().filter(|keeper| keeper.kept().is_some()) {
            return Ok(Arc::clone(keeper));
        }
        let keeper = Self::start()?;
        *current = Some(Arc::clone(&keeper));
        Ok(keeper)
    }

    fn start() -> io::Result<Arc<Self>> {
        let (ours, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        rustix::io::ioctl_fionbio(&ours, true)?;
        let line = Line::new(ours)?;
        let child = Command::new("/proc/self/exe")
            .arg0(name::own_path())
            .arg(KEEPER)
            .stdin(theirs)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| no_keeper(format!("the keeper of all peers cannot start: {error}")))?;
        let keeper = Arc::new(Self {
            line,
            pid: child.id(),
            kept: Mutex::new(Some(HashMap::new())),
            lost: watch::Sender::new(false),
            unable: OnceLock::new(),
        });
        keeper.ask(&ToKeeper::Keep { origin: std::process::id(), with: RUNNER.get().copied() });
        if INTERRUPTED.load(Ordering::SeqCst) {
            keeper.ask(&ToKeeper::Interrupted);
        }
        tokio::spawn({
            let keeper = Arc::clone(&keeper);
            async move {
                let refused = |mark, error| keeper.refused(mark, error);
                let (inbound, outbound) = (keeper.hear(), keeper.line.drive(refused));
                tokio::select! {
                    () = inbound => {}
                    () = outbound => {}
                }
                keeper.lost(child);
            }
        });
        Ok(keeper)
    }

    /// It has not answered in time.
    pub(super) fn silent(&self) -> io::Error {
        let limit = timeouts::display(KEEPER_ANSWER);
        let text =
            format!("the keeper of all peers, os pid {}, has not answered for {limit}; is it stopped?", self.pid);
        io::Error::new(io::ErrorKind::TimedOut, text)
    }

    /// Completes when it is lost.
    pub(super) async fn until_lost(&self) {
        // The sender is in `self`.
        let _ = self.lost.subscribe().wait_for(|lost| *lost).await;
    }

    pub(super) fn is_lost(&self) -> bool {
        self.kept().is_none()
    }

    fn lost_error(&self) -> io::Error {
        no_keeper(match self.unable.get() {
            Some(why) => format!("the keeper of all peers cannot do its work here: {why}"),
            None => "the keeper of all peers was killed".to_owned(),
        })
    }

    /// A mark that nothing of this process's bears, and that is below the hard limit. Where that is too low for any, descendants
    /// are known by their parents alone.
    pub(super) fn free_mark(&self) -> Mark {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Locks).maximum;
        let kept = self.kept();
        loop {
            let mark = mark::mark(rand::random(), limit);
            if kept.as_ref().is_none_or(|kept| !kept.contains_key(&mark)) {
                return mark;
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Option<HashMap<Mark, Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Spawns a process, and gives it when it has executed.
    pub(super) async fn spawn(
        &self,
        spawn: Spawn,
        descriptors: [std::os::fd::OwnedFd; DESCRIPTORS],
    ) -> io::Result<Arc<Process>> {
        let (answer, spawned) = oneshot::channel();
        let mark = spawn.mark;
        let outgoing = Outgoing::spawn(mark, &ToKeeper::Spawn(spawn), descriptors.into())?;
        match &mut *self.kept() {
            Some(kept) => kept.insert(mark, Kept::Asked(answer)),
            None => return Err(self.lost_error()),
        };
        if let Err(error) = self.line.send(outgoing) {
            self.forget(mark);
            return Err(error);
        }
        spawned.await.map_err(|_| self.lost_error())?
    }

    /// Asks for something that needs no descriptor. If the keeper is lost, everything below it is being ended anyway.
    pub(super) fn ask(&self, request: &ToKeeper) {
        // The same.
        let _ = Outgoing::new(request).and_then(|outgoing| self.line.send(outgoing));
    }

    /// Hears what the keeper says, until it says nothing more.
    async fn hear(self: &Arc<Self>) {
        let mut stream = self.line.stream();
        while let Some(message) = self.line.next(&mut stream).await {
            match message {
                FromKeeper::Spawned { mark, outcome: Ok(pid) } => self.spawned(mark, pid),
                FromKeeper::Spawned { mark, outcome: Err(why) } => self.refused(mark, refused(why)),
                // It says so once.
                FromKeeper::Unable { why } => drop(self.unable.set(why)),
                FromKeeper::Exited { mark, exit } => self.process(mark, |process| process.exited(exit)),
                FromKeeper::Paused { mark, turn, errno } => {
                    self.process(mark, |process| process.is_paused(turn, errno));
                }
                FromKeeper::Gone { mark, left } => {
                    if let Some(Kept::Running(process)) = self.forget(mark) {
                        process.is_gone(left);
                    }
                }
            }
        }
    }

    fn spawned(self: &Arc<Self>, mark: Mark, pid: u32) {
        let process = Arc::new(Process::new(mark, pid, Arc::clone(self)));
        let asked = self.kept().as_mut().and_then(|kept| kept.insert(mark, Kept::Running(Arc::clone(&process))));
        if let Some(Kept::Asked(answer)) = asked
            && let Err(Ok(process)) = answer.send(Ok(process))
        {
            // Nobody waits for it any more.
            process.kill();
        }
    }

    fn refused(&self, mark: Mark, why: io::Error) {
        if let Some(Kept::Asked(answer)) = self.forget(mark) {
            // An error says that nobody waits for it, and there is nothing to end.
            let _ = answer.send(Err(why));
        }
    }

    fn process(&self, mark: Mark, then: impl FnOnce(&Process)) {
        if let Some(Some(Kept::Running(process))) = self.kept().as_ref().map(|kept| kept.get(&mark)) {
            then(process);
        }
    }

    fn forget(&self, mark: Mark) -> Option<Kept> {
        self.kept().as_mut()?.remove(&mark)
    }

    /// The keeper has ended before this process, so the kernel has killed its peers: what they had started is ended here.
    fn lost(&self, mut keeper: Child) {
        let kept = self.kept().take().unwrap_or_default();
        // Whoever waits for that takes another one.
        self.lost.send_replace(true);
        // Of what it was asked for it may have spawned more than it told.
        let roots = Roots::Marks(kept.keys().copied().filter(|mark| *mark > mark::OWN).collect());
        let mut running = Vec::new();
        for kept in kept.into_values() {
            match kept {
                // An error says that nobody waits.
                Kept::Asked(answer) => drop(answer.send(Err(self.lost_error()))),
                Kept::Running(process) => running.push(process),
            }
        }
        for process in &running {
            process.exit.send_if_modified(|exit| {
                let known = exit.is_some();
                exit.get_or_insert(Reason::KeeperLost);
                !known
            });
        }
        let sweep = move || {
            // Errors say that it has ended already.
            let _ = keeper.kill();
            let _ = keeper.wait();
            let search = Search::new();
            Ending::new(None).finish(|| search.below(&roots));
            for process in running {
                process.is_gone(Vec::new());
            }
        };
        // Looking at all processes of the machine takes a while. Without a thread for that nobody looks, and who waits is
        // told so by a deadline.
        drop(std::thread::Builder::new().name("peer-sweeper".to_owned()).spawn(sweep));
    }
}

/// The error of a kind that no program is refused for.
fn no_keeper(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, what)
}

impl Request {
    /// What the keeper needs to know of it; the environment is that of this process now.
    pub(super) fn to_wire(&self, mark: Mark, name: Option<&str>) -> Spawn {
        let bytes = |word: &std::ffi::OsStr| word.as_bytes().to_vec();
        let program = self.program.as_os_str();
        let args = std::iter::once(self.arg0.as_deref().unwrap_or(program)).chain(self.args.iter().map(|arg| &**arg));
        let own = std::env::vars_os().filter(|(name, _)| !self.env.iter().any(|(changed, _)| changed == name));
        let mut env: Vec<Vec<u8>> =
            own.map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat()).collect();
        // The last one of a name counts.
        let mut set: HashMap<_, _> = HashMap::new();
        for (name, value) in &self.env {
            set.insert(name, value);
        }
        for (name, value) in set {
            if let EnvValue::Set(value) = value {
                env.push([name.as_bytes(), b"=", value.as_bytes()].concat());
            }
        }
        Spawn {
            mark,
            name: name.map(name::socket_name),
            program: bytes(program),
            args: args.map(bytes).collect(),
            env,
            directory_matters: self.current_dir.is_some(),
        }
    }
}
