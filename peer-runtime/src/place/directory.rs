//! The directory of a scope: planned, made, and at the end removed or kept.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::{PRIV_DIR, name};
use crate::error::{Error, Kind};

/// Nobody but its user.
const PRIVATE: u32 = 0o700;
/// Set by who wants to look at the directories of tests that pass, too.
const KEEP: &str = "PEER_KEEP_DIRS";

/// What became of a directory.
#[derive(Debug)]
pub(crate) enum Left {
    /// There was none, or it has been removed.
    Nothing,
    /// It was kept.
    Kept(PathBuf),
    /// It could not be removed, or not all of it.
    NotRemoved(PathBuf, io::Error),
}

#[derive(Debug)]
pub(super) struct Directory {
    whose: Option<String>,
    /// By an origin, in the directory of the scope that this process is in as a node.
    given: OnceLock<PathBuf>,
    state: Mutex<State>,
    keep: AtomicBool,
}

#[derive(Debug)]
enum State {
    Unnamed,
    /// Peers know its name, and may have made it.
    Planned(PathBuf),
    Made(PathBuf),
    /// It is the origin's, who removes it.
    Given(PathBuf),
    Ended,
}

impl Directory {
    pub(super) fn new(whose: Option<&str>) -> Self {
        Self {
            whose: whose.map(str::to_owned),
            given: OnceLock::new(),
            state: Mutex::new(State::Unnamed),
            keep: AtomicBool::new(false),
        }
    }

    pub(super) fn give(&self, given: &Path) {
        // A process becomes a node once.
        let _ = self.given.set(given.to_owned());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its path, whether it is there or not; none after the end.
    pub(super) fn plan(&self) -> Option<PathBuf> {
        let mut state = self.state();
        if matches!(*state, State::Unnamed) {
            if let Some(given) = self.given.get() {
                return Some(given.clone());
            }
            *state = State::Planned(name::fresh(self.whose.as_deref()));
        }
        match &*state {
            State::Planned(path) | State::Made(path) | State::Given(path) => Some(path.clone()),
            State::Unnamed | State::Ended => None,
        }
    }

    /// Its path, if it is there and will be this scope's to remove.
    pub(super) fn made(&self) -> Option<PathBuf> {
        match &*self.state() {
            State::Made(path) => Some(path.clone()),
            State::Planned(path) if is_private(path) => Some(path.clone()),
            State::Unnamed | State::Planned(_) | State::Given(_) | State::Ended => None,
        }
    }

    pub(super) fn make(&self) -> Result<PathBuf, Error> {
        let mut state = self.state();
        // It cannot be had on another machine, or as another user: then there is one of its own.
        if let (State::Unnamed, Some(given)) = (&*state, self.given.get())
            && make_both(given).is_ok()
        {
            *state = State::Given(given.clone());
        }
        loop {
            let (path, planned) = match &*state {
                State::Made(path) | State::Given(path) => return Ok(path.clone()),
                State::Ended => return Err(ended()),
                State::Planned(path) => (path.clone(), true),
                State::Unnamed => (name::fresh(self.whose.as_deref()), false),
            };
            match make(&path) {
                Ok(()) => {}
                // By a peer, which was told the path.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && planned && is_private(&path) => {}
                // By a process that has the same pid, in another container.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    *state = State::Unnamed;
                    continue;
                }
                Err(error) => return Err(not_made(&path, &error)),
            }
            *state = State::Made(path.clone());
            return Ok(path);
        }
    }

    pub(super) fn make_below(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.make()?.join(name);
        make_or_find(&path).map_err(|error| not_made(&path, &error))?;
        Ok(path)
    }

    pub(super) fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
    }

    pub(super) fn end(&self, keep: bool) -> Left {
        let path = match std::mem::replace(&mut *self.state(), State::Ended) {
            State::Made(path) => path,
            State::Planned(path) if is_private(&path) => path,
            State::Unnamed | State::Planned(_) | State::Given(_) | State::Ended => return Left::Nothing,
        };
        if keep || self.keep.load(Ordering::Relaxed) || is_asked_for() {
            return Left::Kept(path);
        }
        match remove(&path) {
            Ok(()) => Left::Nothing,
            Err(error) => Left::NotRemoved(path, error),
        }
    }
}

fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(PRIVATE).create(path)
}

/// The same, and one that is there already will do if it is as private.
fn make_or_find(path: &Path) -> io::Result<()> {
    match make(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_private(path) => Ok(()),
        made => made,
    }
}

/// Makes the directory of a peer, and the one that it is in.
fn make_both(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), make_or_find)?;
    make_or_find(path)
}

/// Whether there is a directory, no link to one, of this user, and of nobody else.
fn is_private(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| {
        found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0
    })
}

fn is_asked_for() -> bool {
    std::env::var_os(KEEP).is_some_and(|value| !value.is_empty() && value != "0")
}

/// Removes it with all that is in it, folders without permission to write included.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path)?;
            fs::remove_dir_all(path)
        }
        removed => removed,
    };
    match removed {
        // By the test itself.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Gives this user all rights to every folder, those behind links aside.
fn open_up(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(PRIVATE))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

fn not_made(path: &Path, error: &io::Error) -> Error {
    Error::new(Kind::Io, PRIV_DIR, format!("the directory `{}` cannot be made: {error}", path.display())).hint(
        "it goes into `tmp` of cargo's target directory where there is one, otherwise into that of `TMPDIR`, or /tmp",
    )
}

fn ended() -> Error {
    Error::new(Kind::NoScope, PRIV_DIR, "its scope has ended, and its directory with it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_private_and_the_same_until_its_end() {
        let directory = Directory::new(Some("suite::same"));
        let path = directory.plan().unwrap();
        assert!(!path.exists());
        assert_eq!(directory.make().unwrap(), path);
        assert_eq!(directory.make().unwrap(), path);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, PRIVATE);
        assert!(matches!(directory.end(false), Left::Nothing));
        assert!(!path.exists());
        assert!(directory.make().unwrap_err().is_noscope());
        assert_eq!(directory.plan(), None);
    }

    #[test]
    fn it_is_kept_on_request_with_what_is_in_it() {
        let directory = Directory::new(Some("suite::kept"));
        let below = directory.make_below("db-1").unwrap();
        fs::write(below.join("log"), "a line").unwrap();
        assert!(matches!(directory.end(true), Left::Kept(path) if path == below.parent().unwrap()));
        assert_eq!(fs::read_to_string(below.join("log")).unwrap(), "a line");
        fs::remove_dir_all(below.parent().unwrap()).unwrap();
    }

    #[test]
    fn what_a_peer_has_made_goes_too() {
        let (origin, peer) = (Directory::new(Some("suite::peers")), Directory::new(None));
        let given = origin.plan().unwrap().join("db-1");
        peer.give(&given);
        assert_eq!(origin.made(), None);
        assert_eq!((peer.plan(), peer.make().unwrap()), (Some(given.clone()), given.clone()));
        assert_eq!((origin.made().as_deref(), peer.made()), (given.parent(), None));
        // The end of the peer leaves it to the origin.
        assert!(matches!(peer.end(false), Left::Nothing) && given.exists());
        assert!(matches!(origin.end(false), Left::Nothing));
        assert!(!given.parent().unwrap().exists());
    }

    #[test]
    fn what_is_somebody_elses_is_not_used() {
        let planned = Directory::new(Some("suite::taken"));
        let path = planned.plan().unwrap();
        // A link, and a directory that others may read: as only somebody else would make them.
        std::os::unix::fs::symlink("/tmp", &path).unwrap();
        let made = planned.make().unwrap();
        assert_ne!(made, path);
        let peer = Directory::new(None);
        peer.give(&path.join("db-1"));
        assert!(!peer.make().unwrap().starts_with(&path));
        fs::remove_file(&path).unwrap();
        for directory in [planned, peer] {
            directory.end(false);
        }
    }

    #[test]
    fn folders_without_permission_are_opened_up() {
        let directory = Directory::new(Some("suite::closed"));
        let closed = directory.make_below("closed").unwrap();
        fs::create_dir(closed.join("inner")).unwrap();
        for folder in [closed.join("inner"), closed.clone()] {
            fs::set_permissions(folder, Permissions::from_mode(0o500)).unwrap();
        }
        open_up(&directory.make().unwrap()).unwrap();
        assert_eq!(fs::metadata(closed.join("inner")).unwrap().mode() & 0o777, PRIVATE);
        assert!(matches!(directory.end(false), Left::Nothing));
    }

    #[test]
    fn an_error_says_which_directory_and_what_to_do() {
        let text = not_made(Path::new("/a/b"), &io::ErrorKind::StorageFull.into()).to_string();
        assert!(text.contains("`/a/b` cannot be made: ") && text.contains("TMPDIR"), "{text}");
    }
}
