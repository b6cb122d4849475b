//! The directory of a program, which goes with it.

use std::sync::{Arc, OnceLock};

use crate::node;
use crate::resources::Resources;
use crate::sys;

/// The process that has the directory, and its resources.
static PROGRAM: OnceLock<(u32, Arc<Resources>)> = OnceLock::new();

/// Before each use of the resources of this program: in a node its origin chose the directory, and removes it.
pub(super) fn prepare(resources: &Arc<Resources>) {
    if let Some(given) = node::directory() {
        resources.give(given);
    }
    PROGRAM.get_or_init(|| {
        sys::at_exit(remove);
        (std::process::id(), Arc::clone(resources))
    });
}

extern "C" fn remove() {
    if let Some((pid, resources)) = PROGRAM.get()
        // A forked child must not remove it.
        && *pid == std::process::id()
    {
        // A program that cannot remove its directory leaves it in a place for temporary files.
        let _ = resources.end(false);
    }
}
