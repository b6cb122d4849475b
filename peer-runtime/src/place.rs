//! What a scope owns on this machine: a directory of its own, and ports that nobody else is given.
//!
//! It knows neither scopes nor peers; a scope has one, and tells it of its end.

use std::path::{Path, PathBuf};

use crate::error::Error;

mod directory;
mod name;
mod ports;

use directory::Directory;
pub(crate) use directory::Left;
use ports::Ports;

/// What [`Left`] and errors call it.
const PRIV_DIR: &str = "priv_dir";
const FREE_PORT: &str = "free_port";

/// The directory and the ports of one scope. Both come into being when they are first asked for.
#[derive(Debug)]
pub(crate) struct Place {
    directory: Directory,
    ports: Ports,
}

impl Place {
    /// The place of the test or the group `whose`, or of this program.
    pub(crate) fn new(whose: Option<&str>) -> Self {
        Self { directory: Directory::new(whose), ports: Ports::default() }
    }

    /// The directory, which is made now if it is not there yet.
    pub(crate) fn priv_dir(&self) -> Result<PathBuf, Error> {
        self.directory.make()
    }

    /// The directory, if it has been made, by this process or by a peer.
    pub(crate) fn directory(&self) -> Option<PathBuf> {
        self.directory.made()
    }

    /// The directory is to be the one that an origin gave this process as a node, and that the origin removes.
    pub(crate) fn give(&self, given: &Path) {
        self.directory.give(given);
    }

    /// The directory that the peer `name` will have, which it makes itself when it needs it.
    pub(crate) fn planned_for(&self, name: &str) -> Option<PathBuf> {
        self.directory.plan().map(|directory| directory.join(name::of_peer(name)))
    }

    /// The same, made now.
    pub(crate) fn made_for(&self, name: &str) -> Result<PathBuf, Error> {
        self.directory.make_below(&name::of_peer(name))
    }

    /// A port that is this place's until [`give_back`](Self::give_back).
    pub(crate) fn free_port(&self) -> Result<u16, Error> {
        self.ports.lease()
    }

    /// Gives all ports back, when all peers have ended; there are none any more.
    pub(crate) fn give_back(&self) {
        self.ports.give_back();
    }

    /// Whatever happens from now on, the directory is kept.
    pub(crate) fn keep(&self) {
        self.directory.keep();
    }

    /// The end of the directory: it is removed, or kept for who looks for the reason of a failure.
    pub(crate) fn end(&self, keep: bool) -> Left {
        self.directory.end(keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_made_again_has_another_directory_and_other_ports() {
        let (first, second) = (Place::new(Some("suite::retried")), Place::new(Some("suite::retried")));
        assert_ne!(first.priv_dir().unwrap(), second.priv_dir().unwrap());
        // Also when the first one has given everything back.
        let (directory, port) = (first.priv_dir().unwrap(), first.free_port().unwrap());
        first.give_back();
        assert!(matches!(first.end(false), Left::Nothing));
        let third = Place::new(Some("suite::retried"));
        assert_ne!(third.priv_dir().unwrap(), directory);
        assert_ne!(third.free_port().unwrap(), port);
        for place in [second, third] {
            place.end(false);
        }
    }
}
