//! From options to a command line: this executable, another one, one behind a prefix, or a program that is no node.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::name;
use crate::options::{Connection, Exec, StartOptions};
use crate::process::{Output, SpawnRequest};

/// The argument that makes a process a node without main.
pub(crate) const SELF: &str = "--peer-node=1:self";
/// The argument that makes it a node beside its main.
pub(crate) const MAIN: &str = "--peer-node=1:main";

/// What to spawn for `options`; the error is what `post_process_args` spoiled.
pub(crate) fn request(options: &StartOptions) -> Result<SpawnRequest, Error> {
    let (program, arg0, leading, marker) = match (&options.exec, &options.program) {
        // The file that runs, wherever its path leads by now: a rebuild cannot mix versions.
        (None, None) => {
            (PathBuf::from("/proc/self/exe"), Some(name::own_path().into_os_string()), &[] as &[_], Some(SELF))
        }
        (Some(exec), _) => (program_of(exec, options), None, &exec.args[..], Some(MAIN)),
        (None, Some(program)) => (program_of(program, options), None, &program.args[..], None),
    };
    let mut args: Vec<OsString> = leading.to_vec();
    args.extend(marker.map(OsString::from));
    args.extend(options.args.iter().cloned());
    if let Some(post_process) = &options.post_process_args {
        args = post_process(args);
        // Behind a prefix it may stand within another argument; without one, main would run in place of the node.
        if marker == Some(SELF) && !args.iter().any(|arg| arg == SELF) {
            let fault = format!("the argument `{SELF}`, which makes the process a node, is missing");
            return Err(Error::option("post_process_args", format!("it gave {args:?}"), fault));
        }
        if let Some(arg) = args.iter().find(|arg| arg.as_bytes().contains(&0)) {
            return Err(Error::option(
                "post_process_args",
                format!("it gave {arg:?}"),
                "a NUL byte ends a C string early",
            ));
        }
    }
    let output = match options.connection {
        _ if options.program.is_some() => Output::Console,
        Connection::StandardIo => Output::FramesAndConsole,
        _ if options.relays_console() => Output::Console,
        _ => Output::Inherited,
    };
    Ok(SpawnRequest { program, arg0, args, env: options.env.clone(), current_dir: options.current_dir.clone(), output })
}

/// What to spawn for a command that is run beside the peer of `options`, as if the peer ran it.
pub(crate) fn beside(command: &Exec, options: &StartOptions) -> SpawnRequest {
    SpawnRequest {
        program: program_of(command, options),
        arg0: None,
        args: command.args.clone(),
        env: options.env.clone(),
        current_dir: options.current_dir.clone(),
        output: Output::Console,
    }
}

/// The program, where its path is the origin's and not that of the peer's directory.
fn program_of(exec: &Exec, options: &StartOptions) -> PathBuf {
    // A name alone is looked for in `PATH`.
    let is_path = exec.program.parent().is_some_and(|parent| parent != Path::new(""));
    if options.current_dir.is_some() && is_path {
        // An error can only say that the origin has no directory any more: executing it says so, too.
        std::path::absolute(&exec.program).unwrap_or_else(|_| exec.program.clone())
    } else {
        exec.program.clone()
    }
}

/// The command line for a reader: what `ps` shows of the peer.
pub(crate) fn command_line(request: &SpawnRequest) -> Vec<OsString> {
    let program = request.arg0.clone().unwrap_or_else(|| request.program.clone().into_os_string());
    std::iter::once(program).chain(request.args.iter().cloned()).collect()
}
