//! From a request to a process.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::name;
use crate::sys::{self, SignalFd, SpawnPlan};
use crate::wire::keeper::{DESCRIPTORS, Spawn, SpawnFailure, Step};

/// The `PATH` of a process without one, as in the C library.
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";

pub(super) fn hold_name(spawn: &Spawn) -> Result<Option<UnixListener>, SpawnFailure> {
    let held = spawn.name.as_deref().map(name::hold).transpose();
    held.map_err(|error| SpawnFailure { step: Step::Name, errno: errno(&error) })
}

pub(super) fn spawn(
    signals: &SignalFd,
    nice: i32,
    spawn: &Spawn,
    descriptors: &[OwnedFd; DESCRIPTORS],
) -> Result<u32, SpawnFailure> {
    let [directory, input, output, error] = descriptors;
    let programs = strings(programs(spawn))?;
    let args = strings(spawn.args.iter().cloned())?;
    let env = strings(spawn.env.iter().cloned())?;
    let plan = SpawnPlan {
        programs: &programs,
        args: &args,
        env: &env,
        directory: directory.as_fd(),
        directory_matters: spawn.directory_matters,
        standard: [input.as_fd(), output.as_fd(), error.as_fd()],
        tag: spawn.tag,
        nice,
    };
    sys::spawn(signals, &plan).map_err(|(step, error)| SpawnFailure { step, errno: errno(&error) })
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or_default()
}

fn strings(bytes: impl IntoIterator<Item = Vec<u8>>) -> Result<Vec<CString>, SpawnFailure> {
    let strings: Result<Vec<_>, _> = bytes.into_iter().map(CString::new).collect();
    // The options refuse such strings.
    let invalid = rustix::io::Errno::INVAL.raw_os_error();
    strings.map_err(|_| SpawnFailure { step: Step::Execute, errno: invalid })
}

/// The files that the program's name may mean, in the order of its own `PATH`.
fn programs(spawn: &Spawn) -> Vec<Vec<u8>> {
    let program = &spawn.program;
    if program.contains(&b'/') || program.is_empty() {
        return vec![program.clone()];
    }
    let path = spawn.env.iter().find_map(|variable| variable.strip_prefix(b"PATH=")).unwrap_or(DEFAULT_PATH);
    let name = std::ffi::OsStr::from_bytes(program);
    let directories = path.split(|byte| *byte == b':').map(std::ffi::OsStr::from_bytes).map(Path::new);
    directories.map(|directory| directory.join(name).into_os_string().into_encoded_bytes()).collect()
}
