//! How one attempt of a test or a hook ended.

use std::path::PathBuf;
use std::time::Duration;

use super::fault::Fault;
use crate::origin::Snapshot;
use crate::scope::Line;

/// How one attempt of a test or a hook ended, and what there was then.
#[derive(Default)]
pub(crate) struct AttemptOutcome {
    /// Why it did not pass; of a test with `#[should_panic]` also the panic by which it passed.
    pub(crate) fault: Option<Fault>,
    /// Of a test with the hooks before it, without those behind it.
    pub(crate) took: Duration,
    pub(crate) peers: Peers,
    /// What the peers printed and what panicked meanwhile, unless it was shown at once.
    pub(crate) output: Vec<Line>,
    /// What `peer::comment` added.
    pub(crate) comments: Vec<String>,
    /// The directory, if there was one and it is kept.
    pub(crate) directory: Option<PathBuf>,
    /// The threads that were abandoned.
    pub(crate) blocked: Vec<Blocked>,
    /// Faults of what cleaned up behind an attempt that had already failed: hook and fault.
    pub(crate) later: Vec<(String, Fault)>,
    /// `peer::skip` was called in a task or on a thread, where it has no effect, with this reason.
    pub(crate) lost_skip: Option<String>,
}

/// The peers as they were when the attempt ended.
#[derive(Clone, Default)]
pub(crate) struct Peers {
    pub(crate) own: Vec<Snapshot>,
    /// At which barriers the test itself waited, and for how long.
    pub(crate) barriers: Vec<String>,
    /// Those of the groups around it.
    pub(crate) of_groups: Vec<Snapshot>,
}

/// A thread that still blocked some time after its scope had ended, and was abandoned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blocked {
    /// The hook that it ran; none if it ran the body itself.
    pub(crate) hook: Option<String>,
    /// How long it was waited for.
    pub(crate) after: Duration,
}
