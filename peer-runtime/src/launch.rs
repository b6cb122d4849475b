//! From options to a command line: this executable, another one, or one behind a prefix.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::error::Error;
use crate::name;
use crate::options::{Connection, StartOptions};
use crate::process::{Output, Request};

/// The argument that says who is a node: a node of this build's protocol that has no main.
pub(crate) const SELF: &str = "--peer-node=1:self";
/// The same for one whose main goes on beside it.
pub(crate) const MAIN: &str = "--peer-node=1:main";

/// What to spawn for `options`; the error is what `post_process_args` spoiled.
pub(crate) fn request(options: &StartOptions) -> Result<Request, Error> {
    let (program, arg0, leading, marker) = match &options.exec {
        // The file that runs, wherever its path leads by now: a rebuild cannot mix versions.
        None => (PathBuf::from("/proc/self/exe"), Some(name::own_path().into_os_string()), &[] as &[_], SELF),
        Some(exec) => (exec.program.clone(), None, &exec.args[..], MAIN),
    };
    let mut args: Vec<OsString> = leading.to_vec();
    args.push(marker.into());
    args.extend(options.args.iter().cloned());
    if let Some(post_process) = &options.post_process_args {
        args = post_process(args);
        // Behind a prefix it may stand within another argument; without one, main would run in place of the node.
        if options.exec.is_none() && !args.iter().any(|arg| arg == SELF) {
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
        Connection::StandardIo => Output::FramesAndConsole,
        _ if options.relays_console() => Output::Console,
        _ => Output::Inherited,
    };
    Ok(Request { program, arg0, args, env: options.env.clone(), output })
}

/// The command line for a reader: what `ps` shows of the peer.
pub(crate) fn command_line(request: &Request) -> Vec<OsString> {
    let program = request.arg0.clone().unwrap_or_else(|| request.program.clone().into_os_string());
    std::iter::once(program).chain(request.args.iter().cloned()).collect()
}
