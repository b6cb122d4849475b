//! The directory of a scope, and its ports.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::{Scope, root, scope, tell_leak};
use crate::error::{Error, Kind};
use crate::node;
use crate::place::{Left, Place};
use crate::sys;

/// The directory of the current scope, for files of the test: nobody but its user can look into it. Common Test's `priv_dir`.
///
/// It is made by the first call, and the same on all threads of the scope. It is in `tmp` of cargo's target directory
/// where the executable is below one, otherwise in this machine's directory for temporary files (`TMPDIR`, or `/tmp`), and is
/// called `<executable>-<test>-<ospid>-<n>`, with `-` for `::`, so that no two tests, runs or attempts share one.
///
/// It is removed when the test passes, after the end of its linked peers; one that is not linked goes on without it. It is kept when the test fails, and the report says
/// where it is; with `PEER_KEEP_DIRS=1` in the environment it is always kept. The directory of a program is removed when its main
/// returns or it calls [`exit`](std::process::exit), and kept when something kills it.
///
/// In a node it is `<name of the node>` in the directory of the scope that started the node: it is there again after a
/// [`restart`](crate::Peer::restart), and goes, or is kept for a failed test, with all the others. A node on another machine,
/// or of another user, cannot have that one; it makes one of its own there, which is removed by nobody.
///
/// # Errors
/// It is a `Result` since a full disk is no bug of the test: with `?` the report names the directory and the line. The
/// directory cannot be made; `is_noscope` on a thread that belongs to no test, after the end of the scope, and in a node that has not
/// entered.
///
/// ```
/// # fn main() -> peer::Result {
/// let directory = peer::priv_dir()?;
/// std::fs::write(directory.join("config"), "port = 0\n")?;
/// assert_eq!(peer::priv_dir()?, directory);
/// # Ok(()) }
/// ```
pub fn priv_dir() -> Result<PathBuf, Error> {
    current("priv_dir")?.priv_dir()
}

/// A port on which nobody listens, on lease: until the current scope ends, nobody else is given it, in whatever process
/// or node of this machine.
///
/// For a server that does not take port 0, or has to have the same one again: the port is not bound, so that a
/// node can listen on it, and again after a [`restart`](crate::Peer::restart). It was free for TCP and UDP, at every address of this
/// machine, loopback included, and it is none of those that the kernel gives to outgoing connections
/// (`ip_local_port_range`) unless all are. A lease ends with its process, however that ends. A node has its own leases, which end with the
/// node: what is to outlive a restart is leased in the origin. OTP has no such function.
///
/// Who takes a port without asking here may take this one, too: a lease binds those who use this crate. A server that can
/// listen on port 0 and tell what it got has no need of it.
///
/// # Errors
/// All ports are in use, or there is no descriptor left for the lease; `is_noscope` as for [`priv_dir`].
///
/// ```
/// # fn main() -> peer::Result {
/// let port = peer::free_port()?;
/// let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
/// drop(listener);
/// assert_ne!(peer::free_port()?, port); // it is still ours
/// # Ok(()) }
/// ```
pub fn free_port() -> Result<u16, Error> {
    current("free_port")?.free_port()
}

fn current(operation: &str) -> Result<Scope, Error> {
    let scope = scope().ok_or_else(|| {
        let what = "there is no scope on this thread, which belongs to no `#[peer_test]`";
        let hint = "make the test a `#[peer_test]`; on a thread of your own `enter()` the `peer::scope()` of the test";
        Error::new(Kind::NoScope, operation, what).hint(hint)
    })?;
    scope.check(operation)?;
    Ok(scope)
}

/// The process whose directory that of the program is.
static PROGRAM: OnceLock<u32> = OnceLock::new();

impl Scope {
    /// What it owns on this machine.
    pub(super) fn place(&self) -> &Place {
        // Who owns the program's scope is nobody: it ends with the process.
        if self.0.listener.is_none() {
            if let Some(given) = node::directory() {
                self.0.place.give(given);
            }
            PROGRAM.get_or_init(|| {
                sys::at_exit(end_of_program);
                std::process::id()
            });
        }
        &self.0.place
    }

    fn priv_dir(&self) -> Result<PathBuf, Error> {
        self.place().priv_dir()
    }

    fn free_port(&self) -> Result<u16, Error> {
        self.0.place.free_port()
    }

    /// Its directory, if it has been made.
    pub(crate) fn directory(&self) -> Option<PathBuf> {
        self.0.place.directory()
    }

    /// The end of its directory, after that of its peers: removed if it `passed`. Where it is if it was kept for a failure;
    /// one that was kept for another reason is told here.
    pub(crate) fn clear(&self, passed: bool) -> Option<PathBuf> {
        match self.0.place.end(!passed) {
            Left::Nothing => None,
            Left::Kept(path) if passed => {
                tell_leak(&self.0.name, &format!("directory: {}", path.display()));
                None
            }
            Left::Kept(path) => Some(path),
            Left::NotRemoved(path, error) => {
                tell_leak(&self.0.name, &format!("the directory `{}` cannot be removed: {error}", path.display()));
                None
            }
        }
    }
}

/// Removes what the program has made, and its peers in it.
extern "C" fn end_of_program() {
    // A child that was forked has no part in it.
    if PROGRAM.get() == Some(&std::process::id()) {
        // What is kept was told.
        let _ = root().clear(true);
    }
}
