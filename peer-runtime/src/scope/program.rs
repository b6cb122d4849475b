//! The directory of a program, which goes with it.

use std::sync::{Arc, OnceLock};

use super::console::Console;
use crate::node;
use crate::resources::Resources;
use crate::sys;

/// The process that has the directory, its resources and its console.
static PROGRAM: OnceLock<(u32, Arc<Resources>, Arc<Console>)> = OnceLock::new();

/// Before each use of the resources of this program: in a node its origin chose the directory, and removes it.
pub(super) fn prepare(resources: &Arc<Resources>, console: &Arc<Console>) {
    if let Some(given) = node::directory() {
        resources.directory.give(given);
    }
    PROGRAM.get_or_init(|| {
        sys::at_exit(remove);
        (std::process::id(), Arc::clone(resources), Arc::clone(console))
    });
}

extern "C" fn remove() {
    let Some((pid, resources, console)) = PROGRAM.get() else { return };
    // A forked child must not remove it.
    if *pid == std::process::id() {
        match resources.directory.end(false) {
            Ok(None) => {}
            Ok(Some(path)) => console.note("", &format!("directory: {}", path.display())),
            Err(error) => console.note("", &error.to_string()),
        }
    }
}
