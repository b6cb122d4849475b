//! What a test has of its own on this machine: a directory, ports, and directories for its peers.

mod attempts;
mod directories;
mod peers;
mod ports;
mod programs;

use std::path::{Path, PathBuf};
use std::process::Command;

use peer::prelude::*;

use crate::support::*;

/// Asks for all directories to be kept.
const KEEP: &str = "PEER_KEEP_DIRS";

#[remote]
fn priv_dir() -> PathBuf {
    peer::priv_dir().unwrap()
}

#[remote]
fn folder() -> PathBuf {
    std::env::current_dir().unwrap()
}

/// A command that is not asked to keep directories.
fn plainly(mut driven: Command) -> Command {
    driven.env_remove(KEEP);
    driven
}

/// What a run told as `name=value`, one a line.
fn told(ran: &Ran, name: &str) -> Vec<String> {
    let values = ran.stdout.lines().filter_map(|line| line.split_once(name)?.1.strip_prefix('='));
    values.map(str::to_owned).collect()
}

/// The only one of these.
#[track_caller]
fn told_once(ran: &Ran, name: &str) -> String {
    match &told(ran, name)[..] {
        [value] => value.clone(),
        values => panic!("{values:?} in {}", ran.text()),
    }
}

/// Permissions, without the kind of file.
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o7777
}

#[test]
fn there_is_nothing_where_there_is_no_scope() {
    for error in [peer::priv_dir().unwrap_err(), peer::free_port().unwrap_err()] {
        assert!(error.is_noscope());
        says(error, &["there is no scope on this thread", "make the test a `#[peer_test]`", "`enter()`"]);
    }
}
