//! The directory of a scope: planned, made, and at the end removed or kept.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::directory_name;
use crate::error::{Error, ErrorKind};
use crate::private_dir::{self, is_private};

const PRIV_DIR: &str = "priv_dir";
const KEEP: &str = "PEER_KEEP_DIRS";

#[derive(Debug)]
pub(crate) struct Directory {
    /// The test or the group.
    owner: Option<String>,
    /// By the origin of this node, in the directory of the node's scope.
    given: OnceLock<PathBuf>,
    state: Mutex<State>,
    keep: AtomicBool,
}

#[derive(Debug)]
enum State {
    Unnamed,
    /// Peers know the path, and may have made it.
    Planned(PathBuf),
    Made(PathBuf),
    /// The origin removes it.
    Given(PathBuf),
    Ended,
}

impl Directory {
    pub(super) fn new(owner: Option<&str>) -> Self {
        Self {
            owner: owner.map(str::to_owned),
            given: OnceLock::new(),
            state: Mutex::new(State::Unnamed),
            keep: AtomicBool::new(false),
        }
    }

    /// In a node: uses the directory that the origin chose, and removes.
    pub(crate) fn give(&self, given: &Path) {
        // A process becomes a node once.
        let _ = self.given.set(given.to_owned());
    }

    /// Its path, whether it exists or not; `None` after the end.
    fn plan(&self) -> Option<PathBuf> {
        let mut state = self.state.lock();
        if matches!(*state, State::Unnamed) {
            if let Some(given) = self.given.get() {
                return Some(given.clone());
            }
            *state = State::Planned(directory_name::fresh(self.owner.as_deref()));
        }
        match &*state {
            State::Planned(path) | State::Made(path) | State::Given(path) => Some(path.clone()),
            State::Unnamed | State::Ended => None,
        }
    }

    /// Its path, if it exists and this scope removes it.
    pub(crate) fn made(&self) -> Option<PathBuf> {
        match &*self.state.lock() {
            State::Made(path) => Some(path.clone()),
            State::Planned(path) if is_private(path) => Some(path.clone()),
            State::Unnamed | State::Planned(_) | State::Given(_) | State::Ended => None,
        }
    }

    pub(crate) fn make(&self) -> Result<PathBuf, Error> {
        let mut state = self.state.lock();
        // On another machine, or as another user, the node makes one of its own.
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
                State::Unnamed => (directory_name::fresh(self.owner.as_deref()), false),
            };
            match private_dir::create(&path) {
                Ok(()) => {}
                // A peer has made it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && planned && is_private(&path) => {}
                // A process with the same pid in another container has made it.
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

    /// The directory of the peer `name`, which makes it when it needs it.
    pub(crate) fn plan_for(&self, name: &str) -> Option<PathBuf> {
        Some(self.plan()?.join(directory_name::of_peer(name)))
    }

    pub(crate) fn make_for(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.make()?.join(directory_name::of_peer(name));
        private_dir::create_or_open(&path).map_err(|error| not_made(&path, &error))?;
        Ok(path)
    }

    pub(crate) fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
    }

    /// Removes it unless it is kept. Returns where it is then; the error is why it cannot be removed.
    pub(crate) fn end(&self, keep: bool) -> io::Result<Option<PathBuf>> {
        let path = match std::mem::replace(&mut *self.state.lock(), State::Ended) {
            State::Made(path) => path,
            State::Planned(path) if is_private(&path) => path,
            State::Unnamed | State::Planned(_) | State::Given(_) | State::Ended => return Ok(None),
        };
        if keep || self.keep.load(Ordering::Relaxed) || is_asked_for() {
            return Ok(Some(path));
        }
        let why = |error| io::Error::other(format!("the directory `{}` cannot be removed: {error}", path.display()));
        remove(&path).map_err(why)?;
        Ok(None)
    }
}

/// Makes the directory of a peer, and the one around it.
fn make_both(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), private_dir::create_or_open)?;
    private_dir::create_or_open(path)
}

fn is_asked_for() -> bool {
    std::env::var_os(KEEP).is_some_and(|value| !value.is_empty() && value != "0")
}

/// Removes a directory and its content, also directories without write permission.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(path)?;
            fs::remove_dir_all(path)
        }
        removed => removed,
    };
    match removed {
        // The test has removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Gives this user all rights to every directory, but does not follow links.
fn make_writable(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(private_dir::MODE))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_writable(&entry.path())?;
        }
    }
    Ok(())
}

fn not_made(path: &Path, error: &io::Error) -> Error {
    Error::new(ErrorKind::Io, PRIV_DIR, format!("the directory `{}` cannot be made: {error}", path.display())).hint(
        "it goes into `tmp` of cargo's target directory where there is one, otherwise into that of `TMPDIR`, or /tmp",
    )
}

fn ended() -> Error {
    Error::new(ErrorKind::NoScope, PRIV_DIR, "its scope has ended, and its directory with it")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn directories_of_others_are_not_used() {
        let planned = Directory::new(Some("suite::taken"));
        let path = planned.plan().unwrap();
        // Only another user would make a link there.
        std::os::unix::fs::symlink("/tmp", &path).unwrap();
        let made = planned.make().unwrap();
        assert_ne!(made, path);
        let peer = Directory::new(None);
        peer.give(&path.join("db-1"));
        assert!(!peer.make().unwrap().starts_with(&path));
        fs::remove_file(&path).unwrap();
        for directory in [planned, peer] {
            directory.end(false).unwrap();
        }
    }

    #[test]
    fn directories_without_permission_are_removed() {
        let directory = Directory::new(Some("suite::closed"));
        let closed = directory.make_for("closed").unwrap();
        fs::create_dir(closed.join("inner")).unwrap();
        for folder in [closed.join("inner"), closed.clone()] {
            fs::set_permissions(folder, Permissions::from_mode(0o500)).unwrap();
        }
        make_writable(&directory.make().unwrap()).unwrap();
        assert_eq!(fs::metadata(closed.join("inner")).unwrap().mode() & 0o777, private_dir::MODE);
        assert_eq!(directory.end(false).unwrap(), None);
    }
}
