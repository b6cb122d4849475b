//! The keeper of this process, which starts with the first peer: requests, events, and its loss.

use std::collections::HashMap;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use tokio::sync::{oneshot, watch};

use super::handle::Process;
use super::keeper_socket::{KeeperSocket, Outgoing};
use super::request::spawn_error;
use crate::name;
use crate::random;
use crate::tree::{Roots, Search, SubtreeKill};
use crate::wire::frame::Stream;
use crate::wire::keeper::{DESCRIPTORS, FromKeeper, KEEPER, LIMIT, Spawn, ToKeeper};
use crate::wire::process_tag::{self, ProcessTag};

/// Test runners that do not end their tests when they are killed.
const RUNNERS: &[&str] = &["cargo", "cargo-nextest"];

/// The runner that this process must not outlive.
static RUNNER: OnceLock<u32> = OnceLock::new();

/// Binds this process, which runs tests, to its parent if that is a test runner. Runs before main.
pub(crate) fn run_by(parent: u32) {
    let name = std::fs::read_to_string(format!("/proc/{parent}/comm")).unwrap_or_default();
    if RUNNERS.contains(&name.trim_end()) {
        let _ = RUNNER.set(parent); // Called once, before main.
    }
}

/// An interrupt is ending this process in order.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Reports to the keeper that an interrupt is ending this process in order, and may have ended the runner above it.
pub(crate) fn interrupted() {
    INTERRUPTED.store(true, Ordering::SeqCst);
    let current = CURRENT.lock().clone();
    if let Some(keeper) = current {
        keeper.socket.request(&ToKeeper::Interrupted);
    }
}

type Answer = oneshot::Sender<io::Result<Arc<Process>>>;

#[derive(Debug)]
enum Entry {
    Requested(Answer),
    Running(Arc<Process>),
}

#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) socket: Arc<KeeperSocket>,
    /// `None` once the keeper is lost.
    entries: Mutex<Option<HashMap<ProcessTag, Entry>>>,
    lost: watch::Sender<bool>,
    /// Why it cannot be a keeper, in its own words.
    unable: OnceLock<String>,
}

/// The current keeper; a new one replaces a lost one.
static CURRENT: Mutex<Option<Arc<Keeper>>> = Mutex::new(None);

impl Keeper {
    pub(super) fn current() -> io::Result<Arc<Self>> {
        let mut current = CURRENT.lock();
        if let Some(keeper) = current.as_ref().filter(|keeper| keeper.entries.lock().is_some()) {
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
        let child = Command::new("/proc/self/exe")
            .arg0(name::own_path())
            .arg(KEEPER)
            .stdin(theirs)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| no_keeper(format!("the keeper of all peers cannot start: {error}")))?;
        let keeper = Arc::new(Self {
            socket: Arc::new(KeeperSocket::new(ours, child.id())?),
            entries: Mutex::new(Some(HashMap::new())),
            lost: watch::Sender::new(false),
            unable: OnceLock::new(),
        });
        keeper.socket.request(&ToKeeper::Keep { origin: std::process::id(), runner: RUNNER.get().copied() });
        if INTERRUPTED.load(Ordering::SeqCst) {
            keeper.socket.request(&ToKeeper::Interrupted);
        }
        tokio::spawn({
            let keeper = Arc::clone(&keeper);
            async move {
                let refused = |tag, error| keeper.refused(tag, error);
                let (inbound, outbound) = (keeper.receive(), keeper.socket.drive(refused));
                tokio::select! {
                    () = inbound => {}
                    () = outbound => {}
                }
                keeper.lost(child);
            }
        });
        Ok(keeper)
    }

    pub(super) async fn until_lost(&self) {
        let _ = self.lost.subscribe().wait_for(|lost| *lost).await; // `self` holds the sender.
    }

    pub(super) fn is_lost(&self) -> bool {
        self.entries.lock().is_none()
    }

    fn lost_error(&self) -> io::Error {
        no_keeper(match self.unable.get() {
            Some(why) => format!("the keeper of all peers cannot do its work here: {why}"),
            None => "the keeper of all peers was killed".to_owned(),
        })
    }

    /// A tag that no process of this keeper has.
    pub(super) fn free_tag(&self) -> ProcessTag {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Locks).maximum;
        let entries = self.entries.lock();
        loop {
            let tag = process_tag::make(u64::from_ne_bytes(random::bytes()), limit);
            if entries.as_ref().is_none_or(|entries| !entries.contains_key(&tag)) {
                return tag;
            }
        }
    }

    /// Spawns a process, and returns it once it has executed.
    pub(super) async fn spawn(
        &self,
        spawn: Spawn,
        descriptors: [std::os::fd::OwnedFd; DESCRIPTORS],
    ) -> io::Result<Arc<Process>> {
        let (answer, spawned) = oneshot::channel();
        let tag = spawn.tag;
        let outgoing = Outgoing::new(Some(tag), &ToKeeper::Spawn(spawn), descriptors.into())?;
        match &mut *self.entries.lock() {
            Some(entries) => entries.insert(tag, Entry::Requested(answer)),
            None => return Err(self.lost_error()),
        };
        if let Err(error) = self.socket.send(outgoing) {
            self.forget(tag);
            return Err(error);
        }
        spawned.await.map_err(|_| self.lost_error())?
    }

    async fn receive(self: &Arc<Self>) {
        let mut stream = Stream::frames(LIMIT);
        while let Some(message) = self.socket.next(&mut stream).await {
            match message {
                FromKeeper::Spawned { tag, outcome: Ok(pid) } => self.spawned(tag, pid),
                FromKeeper::Spawned { tag, outcome: Err(why) } => self.refused(tag, spawn_error(why)),
                FromKeeper::Unable { why } => drop(self.unable.set(why)), // The first reason stays.
                FromKeeper::Exited { tag, exit } => self.process(tag, |process| process.exited(exit)),
                FromKeeper::Paused { tag, turn, errno } => {
                    self.process(tag, |process| process.is_paused(turn, errno));
                }
                FromKeeper::Gone { tag, leaked } => {
                    if let Some(Entry::Running(process)) = self.forget(tag) {
                        process.is_gone(leaked);
                    }
                }
            }
        }
    }

    fn spawned(self: &Arc<Self>, tag: ProcessTag, pid: u32) {
        let process = Arc::new(Process::new(tag, pid, Arc::clone(&self.socket)));
        let asked =
            self.entries.lock().as_mut().and_then(|entries| entries.insert(tag, Entry::Running(Arc::clone(&process))));
        if let Some(Entry::Requested(answer)) = asked
            && let Err(Ok(process)) = answer.send(Ok(process))
        {
            // The caller has given up.
            process.kill();
        }
    }

    fn refused(&self, tag: ProcessTag, why: io::Error) {
        if let Some(Entry::Requested(answer)) = self.forget(tag) {
            // The caller may have given up.
            let _ = answer.send(Err(why));
        }
    }

    fn process(&self, tag: ProcessTag, then: impl FnOnce(&Process)) {
        if let Some(Some(Entry::Running(process))) = self.entries.lock().as_ref().map(|entries| entries.get(&tag)) {
            then(process);
        }
    }

    fn forget(&self, tag: ProcessTag) -> Option<Entry> {
        self.entries.lock().as_mut()?.remove(&tag)
    }

    /// The keeper ended before this process, so the kernel has killed its children. This ends their descendants.
    fn lost(&self, mut keeper: Child) {
        let entries = self.entries.lock().take().unwrap_or_default();
        self.lost.send_replace(true);
        // It may have spawned more processes than it reported.
        let roots = Roots::Tags(entries.keys().copied().filter(|tag| *tag > process_tag::UNIQUE).collect());
        let mut running = Vec::new();
        for entry in entries.into_values() {
            match entry {
                Entry::Requested(answer) => drop(answer.send(Err(self.lost_error()))), // May have given up.
                Entry::Running(process) => running.push(process),
            }
        }
        for process in &running {
            process.keeper_is_lost();
        }
        let sweep = move || {
            // Both fail if it has ended.
            let _ = keeper.kill();
            let _ = keeper.wait();
            let search = Search::new();
            SubtreeKill::new(None).finish(|| search.below(&roots));
            for process in running {
                process.is_gone(Vec::new());
            }
        };
        // Reading all of `/proc` takes a while. If no thread can be started, those who wait run into their deadline.
        drop(std::thread::Builder::new().name("peer-sweeper".to_owned()).spawn(sweep));
    }
}

/// An error of a kind that `execve` never gives.
fn no_keeper(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, what)
}
