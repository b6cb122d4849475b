//! What an origin and its keeper say to each other: frames over a socket that carries descriptors, too.

use serde::{Deserialize, Serialize};

/// The argument that makes a process a keeper.
pub(crate) const KEEPER: &str = "--peer-keeper=1";
/// What a frame of this conversation may hold at most: more than the arguments and the environment that
/// the kernel takes for one process.
pub(crate) const LIMIT: usize = 64 << 20;
/// The descriptors that come with every [`ToKeeper::Spawn`]: its directory, and its three standard ones.
pub(crate) const DESCRIPTORS: usize = 4;

/// A mark that all descendants of a peer bear, whatever they do to their parents, sessions and environments.
pub(crate) type Mark = u64;

/// From the origin.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToKeeper {
    /// The first one: whose keeper it is, and with which process above it that one is to end.
    Keep { origin: u32, with: Option<u32> },
    /// Answered with `Spawned`; then follow `Exited` and `Gone`, whatever happens.
    Spawn(Spawn),
    /// SIGKILL for the process and its group; whatever is left of them is ended when it has ended.
    Kill { mark: Mark },
    /// SIGTERM for the process alone.
    Terminate { mark: Mark },
    /// Stops the process and everything below it; answered with `Paused`.
    Pause { mark: Mark, turn: u32 },
    /// Continues what was paused; answered with `Paused`.
    Resume { mark: Mark, turn: u32 },
    /// The origin was interrupted, and ends in order: what is above it may have ended by the same interrupt.
    Interrupted,
}

/// A process to spawn.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Spawn {
    pub(crate) mark: Mark,
    /// The socket that holds the name of a peer, from before it is spawned until everything of it is gone.
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) program: Vec<u8>,
    /// From the zeroth on.
    pub(crate) args: Vec<Vec<u8>>,
    /// Each `NAME=value`.
    pub(crate) env: Vec<Vec<u8>>,
    /// Whether it was asked for the directory: then it is an error if it cannot be entered.
    pub(crate) directory_matters: bool,
}

/// From the keeper.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FromKeeper {
    Spawned {
        mark: Mark,
        outcome: Result<u32, Refused>,
    },
    /// The process has ended.
    Exited {
        mark: Mark,
        exit: Exit,
    },
    /// So has everything that it had started. The last word on it.
    Gone {
        mark: Mark,
        left: Vec<Left>,
    },
    /// It cannot be a keeper, for a reason that the kernel gave. Its last word.
    Unable {
        why: String,
    },
    /// An error number, if something could not be stopped or continued.
    Paused {
        mark: Mark,
        turn: u32,
        errno: Option<i32>,
    },
}

/// Why there is no process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) step: Step,
    pub(crate) errno: i32,
}

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    Name,
    Fork,
    Directory,
    Execute,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Exit {
    Status(i32),
    Signal(i32),
}

/// A process that outlived the peer that it came from, and had to be ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Left {
    pub(crate) pid: u32,
    pub(crate) command: String,
    /// It stayed in the process group of the peer.
    pub(crate) in_group: bool,
    /// Those above it, nearest first, up to the one that the peer left behind.
    pub(crate) above: Vec<(u32, String)>,
    /// It could not be ended.
    pub(crate) alive: bool,
}
