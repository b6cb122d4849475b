//! What a scope owns on this machine: a directory and ports.

mod directory;
mod directory_name;
mod ports;

use directory::Directory;
use ports::Ports;

/// The directory and the ports of one scope, made at their first use.
#[derive(Debug)]
pub(crate) struct Resources {
    pub(crate) directory: Directory,
    pub(crate) ports: Ports,
}

impl Resources {
    /// Of the test or the group `owner`, or of this program.
    pub(crate) fn new(owner: Option<&str>) -> Self {
        Self { directory: Directory::new(owner), ports: Ports::default() }
    }
}
