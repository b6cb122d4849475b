//! The hook before main: turns a process that was started as a node, or as a keeper, into one.

use std::sync::Arc;

#[cfg(feature = "test")]
use crate::harness;
use crate::keeper;
use crate::launch::{MAIN, SELF};
use crate::node;
use crate::process;
#[cfg(feature = "test")]
use crate::registry;
use crate::scope;
use crate::sys;
use crate::wire::keeper::KEEPER;

sys::before_main!(before_main);

/// Runs in every process that links this crate, so it does next to nothing in all others.
fn before_main(start: &sys::Start) {
    let args: Vec<_> = std::env::args_os().collect();
    if args.len() == 2 && args[1] == KEEPER {
        keeper::serve(start);
    }
    let is_test = is_test_executable();
    let Some(at) = args.iter().position(|arg| arg == SELF || arg == MAIN) else {
        if is_test {
            scope::has_no_root();
            process::run_by(std::os::unix::process::parent_id());
        }
        return;
    };
    start.hide(at);
    let prepared = node::prepare(args[at + 1..].to_vec(), Arc::new(scope::root().clone()));
    // The main of a test executable would run the tests again, in every node.
    if args[at] == SELF || is_test {
        start.run_later_constructors();
        node::serve_here(prepared);
    }
    node::keep(prepared);
}

/// Whether this executable has tests; if it has, the functions that run them in nodes can be called.
#[cfg(feature = "test")]
fn is_test_executable() -> bool {
    let is_test = harness::is_test_executable();
    if is_test {
        registry::add(&harness::FUNCTIONS);
    }
    is_test
}

#[cfg(not(feature = "test"))]
fn is_test_executable() -> bool {
    false
}
