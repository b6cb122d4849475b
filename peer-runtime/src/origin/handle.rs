//! A peer from its first start to its last end: how it is started, and which process it is now.

use std::any::Any;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use super::shared::PeerShared;
use crate::error::Error;
use crate::launch;
use crate::options::StartOptions;
use crate::owner::Owner;
use crate::process::SpawnRequest;

/// An owner that keeps its peers, so that its end can be theirs.
pub(crate) trait Adopter: Owner {
    /// Reports that a start is under way, until the result is dropped.
    fn starting(&self) -> Box<dyn Any + Send>;

    /// The directory of the peer `name`, which is not made yet; none when the scope has ended.
    fn planned_dir(&self, name: &str) -> Option<PathBuf>;

    fn make_dir(&self, name: &str) -> Result<PathBuf, Error>;

    /// Keeps `peer`, once; fails if the scope has ended.
    fn adopt(&self, peer: &Arc<Handle>, linked: bool) -> Result<(), Error>;
}

/// What it takes to start a peer, and to start it again.
#[derive(Clone)]
pub(super) struct LaunchSpec {
    pub(super) name: Arc<str>,
    /// With that name.
    pub(super) options: Arc<StartOptions>,
    pub(super) request: Arc<SpawnRequest>,
    /// The origin's directory at the first start.
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
        // Without a directory a restart has none to return to.
        let directory = std::env::current_dir().ok().map(Into::into);
        let (options, request) = (Arc::new(options), Arc::new(request));
        Self { name: name.into(), options, request, directory, command_line, owner, linked }
    }

    /// The request of a restart: in the same directory, wherever the origin is by now.
    pub(super) fn request_again(&self) -> SpawnRequest {
        let mut request = SpawnRequest::clone(&self.request);
        if request.current_dir.is_none() {
            request.current_dir = self.directory.as_deref().map(Path::to_owned);
        }
        request
    }
}

/// What all clones of a [`Peer`](crate::Peer) share.
pub(crate) struct Handle {
    pub(super) launch_spec: LaunchSpec,
    current: RwLock<Arc<PeerShared>>,
    restarting: AtomicBool,
}

impl Handle {
    pub(super) fn new(launch_spec: LaunchSpec, shared: Arc<PeerShared>) -> Arc<Self> {
        Arc::new(Self { launch_spec, current: RwLock::new(shared), restarting: AtomicBool::new(false) })
    }

    pub(super) fn current(&self) -> Arc<PeerShared> {
        Arc::clone(&self.current.read())
    }

    pub(super) fn replace(&self, shared: Arc<PeerShared>) {
        *self.current.write() = shared;
    }

    pub(super) fn adopt(self: &Arc<Self>) -> Result<(), Error> {
        self.launch_spec.owner.adopt(self, self.launch_spec.linked)
    }
}

/// The one restart of a peer that is under way.
pub(super) struct Restarting(Arc<Handle>);

impl Restarting {
    /// None while there is another one.
    pub(super) fn new(handle: &Arc<Handle>) -> Option<Self> {
        (!handle.restarting.swap(true, Ordering::AcqRel)).then(|| Self(Arc::clone(handle)))
    }
}

impl Drop for Restarting {
    fn drop(&mut self) {
        self.0.restarting.store(false, Ordering::Release);
    }
}
