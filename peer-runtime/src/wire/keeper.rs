//! The messages between an origin and its keeper: frames over a socket that carries descriptors, too.

use serde::{Deserialize, Serialize};

use super::process_tag::ProcessTag;

/// The argument that makes a process a keeper.
pub(crate) const KEEPER: &str = "--peer-keeper=1";
/// The frame limit: more than the arguments and the environment that the kernel takes for one process.
pub(crate) const LIMIT: usize = 64 << 20;
/// Descriptors that come with every [`ToKeeper::Spawn`]: its directory, and its three standard ones.
pub(crate) const DESCRIPTORS: usize = 4;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToKeeper {
    /// The first message: the origin's pid, and the runner above it that it must not outlive.
    Keep { origin: u32, runner: Option<u32> },
    /// Answered with `Spawned`, and after a success with `Exited` and `Gone`.
    Spawn(Spawn),
    /// SIGKILL for the process and its group. The keeper ends its descendants once it has ended.
    Kill { tag: ProcessTag },
    /// SIGTERM for the process alone.
    Terminate { tag: ProcessTag },
    /// Stops the process and all its descendants; answered with `Paused`.
    Pause { tag: ProcessTag, turn: u32 },
    /// Continues what was paused; answered with `Paused`.
    Resume { tag: ProcessTag, turn: u32 },
    /// The origin received an interrupt and ends in order. The same interrupt may have ended the runner above it.
    Interrupted,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Spawn {
    pub(crate) tag: ProcessTag,
    /// The socket that holds the name of a peer, until the peer and all its descendants are gone.
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) program: Vec<u8>,
    /// From the zeroth on.
    pub(crate) args: Vec<Vec<u8>>,
    /// Each `NAME=value`.
    pub(crate) env: Vec<Vec<u8>>,
    /// The user chose the directory, so it is an error if the process cannot enter it.
    pub(crate) directory_matters: bool,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FromKeeper {
    /// The answer to `Spawn`, with the pid.
    Spawned { tag: ProcessTag, outcome: Result<u32, SpawnFailure> },
    /// The process itself has ended.
    Exited { tag: ProcessTag, exit: Exit },
    /// All its descendants have ended, too. The last message about it.
    Gone { tag: ProcessTag, leaked: Vec<LeakedProcess> },
    /// It cannot be a keeper, for a reason that the kernel gave. Its last message.
    Unable { why: String },
    /// With an error number if a process could not be stopped or continued.
    Paused { tag: ProcessTag, turn: u32, errno: Option<i32> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpawnFailure {
    pub(crate) step: Step,
    pub(crate) errno: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    Name,
    Fork,
    Directory,
    Execute,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Exit {
    Status(i32),
    Signal(i32),
}

/// A process that outlived the peer that it descends from, so that the keeper killed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeakedProcess {
    pub(crate) pid: u32,
    pub(crate) command: String,
    /// It stayed in the process group of the peer.
    pub(crate) in_group: bool,
    /// Pids and command lines of its ancestors, nearest first, as far as they outlived the peer.
    pub(crate) ancestors: Vec<(u32, String)>,
    /// It survived SIGKILL.
    pub(crate) alive: bool,
}
