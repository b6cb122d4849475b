//! What to spawn, and why it cannot be.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::name;
use crate::options::EnvValue;
use crate::wire::keeper::{Spawn, SpawnFailure, Step};
use crate::wire::process_tag::ProcessTag;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Two pipes: frames on the first, the console on the second.
    FramesAndConsole,
    /// One pipe for both, so that the order of their output is kept.
    Console,
    /// The origin's own.
    Inherited,
}

#[derive(Clone, Debug)]
pub(crate) struct SpawnRequest {
    pub(crate) program: PathBuf,
    pub(crate) arg0: Option<OsString>,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(OsString, EnvValue)>,
    pub(crate) current_dir: Option<PathBuf>,
    pub(crate) output: Output,
}

impl SpawnRequest {
    /// The message to the keeper, with the current environment of this process.
    pub(super) fn to_wire(&self, tag: ProcessTag, name: Option<&str>) -> Spawn {
        let bytes = |word: &OsStr| word.as_bytes().to_vec();
        let program = self.program.as_os_str();
        let args = std::iter::once(self.arg0.as_deref().unwrap_or(program)).chain(self.args.iter().map(|arg| &**arg));
        let own = std::env::vars_os().filter(|(name, _)| !self.env.iter().any(|(changed, _)| changed == name));
        let mut env: Vec<Vec<u8>> =
            own.map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat()).collect();
        // The last one of a name counts.
        let mut set: HashMap<_, _> = HashMap::new();
        for (name, value) in &self.env {
            set.insert(name, value);
        }
        for (name, value) in set {
            if let EnvValue::Set(value) = value {
                env.push([name.as_bytes(), b"=", value.as_bytes()].concat());
            }
        }
        Spawn {
            tag,
            name: name.map(name::socket_name),
            program: bytes(program),
            args: args.map(bytes).collect(),
            env,
            directory_matters: self.current_dir.is_some(),
        }
    }
}

/// The error of the kernel, and of which step.
pub(super) fn spawn_error(SpawnFailure { step, errno }: SpawnFailure) -> io::Error {
    let error = io::Error::from_raw_os_error(errno);
    match step {
        Step::Name | Step::Fork | Step::Execute => error,
        Step::Directory => not_entered(&error),
    }
}

pub(super) fn not_entered(error: &io::Error) -> io::Error {
    // `execve` never fails with this kind.
    io::Error::new(io::ErrorKind::NotADirectory, format!("its directory cannot be entered: {error}"))
}
