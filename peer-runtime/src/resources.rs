//! What a scope owns on this machine: a directory and ports.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

mod directory;
mod directory_name;
mod ports;

use directory::Directory;
use ports::Ports;

/// The directory and the ports of one scope, made at their first use.
#[derive(Debug)]
pub(crate) struct Resources {
    directory: Directory,
    ports: Ports,
}

impl Resources {
    /// Of the test or the group `owner`, or of this program.
    pub(crate) fn new(owner: Option<&str>) -> Self {
        Self { directory: Directory::new(owner), ports: Ports::default() }
    }

    /// The directory, made if it does not exist yet.
    pub(crate) fn priv_dir(&self) -> Result<PathBuf, Error> {
        self.directory.make()
    }

    /// The directory, if this process or a peer has made it.
    pub(crate) fn directory(&self) -> Option<PathBuf> {
        self.directory.made()
    }

    /// In a node: uses the directory that the origin chose, and removes.
    pub(crate) fn give(&self, given: &Path) {
        self.directory.give(given);
    }

    /// The directory of the peer `name`, which makes it when it needs it.
    pub(crate) fn planned_for(&self, name: &str) -> Option<PathBuf> {
        self.directory.plan().map(|directory| directory.join(directory_name::of_peer(name)))
    }

    /// The directory of the peer `name`, made now.
    pub(crate) fn made_for(&self, name: &str) -> Result<PathBuf, Error> {
        self.directory.make_below(&directory_name::of_peer(name))
    }

    /// Leases a port until [`give_back`](Self::give_back).
    pub(crate) fn free_port(&self) -> Result<u16, Error> {
        self.ports.lease()
    }

    /// Gives all ports back, and leases no more.
    pub(crate) fn give_back(&self) {
        self.ports.give_back();
    }

    /// Keeps the directory at the end in any case.
    pub(crate) fn keep(&self) {
        self.directory.keep();
    }

    /// Removes the directory unless it is kept. Returns where it is then; the error is why it cannot be removed.
    pub(crate) fn end(&self, keep: bool) -> io::Result<Option<PathBuf>> {
        self.directory.end(keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attempt_has_another_directory_and_other_ports() {
        let (first, second) = (Resources::new(Some("suite::retried")), Resources::new(Some("suite::retried")));
        assert_ne!(first.priv_dir().unwrap(), second.priv_dir().unwrap());
        let (directory, port) = (first.priv_dir().unwrap(), first.free_port().unwrap());
        first.give_back();
        assert_eq!(first.end(false).unwrap(), None);
        let third = Resources::new(Some("suite::retried"));
        assert_ne!(third.priv_dir().unwrap(), directory);
        assert_ne!(third.free_port().unwrap(), port);
        for resources in [second, third] {
            resources.end(false).unwrap();
        }
    }
}
