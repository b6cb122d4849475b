//! Programs that are no nodes: ready or not, their console, their input, their end; and two real servers.

mod directory;
mod ends;
mod options;
mod ready;
mod talk;

use std::time::Duration;

use peer::prelude::*;

use crate::support::*;

/// `sh -c script sh arguments`, as a program that is no node.
fn shell<const N: usize>(script: &str, arguments: [&str; N]) -> StartOptions {
    StartOptions::new().program(("sh", ["-c", script, "sh"])).args(arguments).name(peer::random_name("program"))
}

/// What no test waits for.
fn patient(options: StartOptions) -> StartOptions {
    options.wait_boot(WaitBoot::For(peer::UNLIMITED))
}

/// Soon enough for a test that wants to see it happen.
const SOON: Duration = Duration::from_millis(300);

/// Where a program is.
fn which(program: &str) -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file()).unwrap()
}
