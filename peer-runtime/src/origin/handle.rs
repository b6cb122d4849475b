//! What a peer is from its first start to its last end: how it is started, and which process it is now.

use parking_lot::RwLock;
use std::any::Any;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use super::peer::Peer;
use super::shared::PeerShared;
use crate::error::Error;
use crate::launch;
use crate::options::StartOptions;
use crate::owner::Owner;
use crate::process::SpawnRequest;

/// An owner that knows its peers, so that its end can be theirs.
pub(crate) trait Adopter: Owner {
    /// Says that a start is under way, until the result is dropped.
    fn starting(&self) -> Box<dyn Any + Send>;

    /// The directory that the peer `name` is to have, which is made by whoever needs it; none when the scope has ended.
    fn planned_dir(&self, name: &str) -> Option<PathBuf>;

    /// The same, made now.
    fn make_dir(&self, name: &str) -> Result<PathBuf, Error>;

    /// Takes `peer`, if it does not have it already; the error is why it takes none any more.
    fn adopt(&self, peer: &Peer, linked: bool) -> Result<(), Error>;
}

/// All that it takes to start a peer, and to start it again.
#[derive(Clone)]
pub(super) struct LaunchSpec {
    pub(super) name: Arc<str>,
    /// With that name.
    pub(super) options: Arc<StartOptions>,
    pub(super) request: Arc<SpawnRequest>,
    /// That of the origin at the first start.
    directory: Option<Arc<Path>>,
    pub(super) command_line: Arc<[OsString]>,
    pub(super) owner: Arc<dyn Adopter>,
    pub(super) linked: bool,
}

impl LaunchSpec {
    pub(super) fn new(
        name: String,
        mut options: StartOptions,
        request: SpawnRequest,
        owner: Arc<dyn Adopter>,
        linked: bool,
    ) -> Self {
        options.name = Some(name.clone());
        let command_line = launch::command_line(&request).into();
        // Without one there is nothing that another start could be the same as.
        let directory = std::env::current_dir().ok().map(Into::into);
        Self {
            name: name.into(),
            options: Arc::new(options),
            request: Arc::new(request),
            directory,
            command_line,
            owner,
            linked,
        }
    }

    /// The same again, in the same directory, wherever the origin is by now.
    pub(super) fn request_again(&self) -> SpawnRequest {
        let mut request = SpawnRequest::clone(&self.request);
        if request.current_dir.is_none() {
            request.current_dir = self.directory.as_deref().map(Path::to_owned);
        }
        request
    }
}

/// What all clones of a [`Peer`] share.
pub(crate) struct Handle {
    pub(super) launch_spec: LaunchSpec,
    current: RwLock<Arc<PeerShared>>,
    restarting: AtomicBool,
}

impl Handle {
    fn current(&self) -> Arc<PeerShared> {
        Arc::clone(&self.current.read())
    }

    /// From now on the peer is another process.
    pub(super) fn replace(&self, shared: Arc<PeerShared>) {
        *self.current.write() = shared;
    }
}

impl Peer {
    pub(super) fn new(launch_spec: LaunchSpec, shared: Arc<PeerShared>) -> Self {
        Self {
            handle: Arc::new(Handle { launch_spec, current: RwLock::new(shared), restarting: AtomicBool::new(false) }),
        }
    }

    pub(crate) fn weak(&self) -> Weak<Handle> {
        Arc::downgrade(&self.handle)
    }

    /// The peer again, as long as anybody has it.
    pub(crate) fn of(handle: &Weak<Handle>) -> Option<Self> {
        Some(Self { handle: handle.upgrade()? })
    }

    /// Whether both are one peer.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.handle, &other.handle)
    }

    /// The peer as it is now, which a restart makes another one: who does several things to it asks once.
    pub(crate) fn shared(&self) -> Arc<PeerShared> {
        self.handle.current()
    }

    /// Hands it to its owner, whose end either finds it, or has been before, which is the error.
    pub(super) fn adopt(&self) -> Result<(), Error> {
        self.handle.launch_spec.owner.adopt(self, self.handle.launch_spec.linked)
    }
}

/// One restart of a peer: while there is one there is no other.
pub(super) struct Restarting(Peer);

impl Restarting {
    pub(super) fn new(peer: &Peer) -> Option<Self> {
        (!peer.handle.restarting.swap(true, Ordering::AcqRel)).then(|| Self(peer.clone()))
    }
}

impl Drop for Restarting {
    fn drop(&mut self) {
        self.0.handle.restarting.store(false, Ordering::Release);
    }
}
