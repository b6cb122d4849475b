//! The hook before main: turns a process that was started as a node into one.

use std::sync::Arc;

use crate::harness;
use crate::launch::{MAIN, SELF};
use crate::node;
use crate::scope;
use crate::sys;

sys::before_main!(before_main);

/// Runs in every process that links this crate, so it does next to nothing in all others.
fn before_main(start: &sys::Start) {
    let args: Vec<_> = std::env::args_os().collect();
    let Some(at) = args.iter().position(|arg| arg == SELF || arg == MAIN) else {
        if harness::is_test_executable() {
            scope::has_no_root();
        }
        return;
    };
    start.hide(at);
    let prepared = node::prepare(args[at + 1..].to_vec(), Arc::new(scope::root().clone()));
    // The main of a test executable would run the tests again, in every node.
    if args[at] == SELF || harness::is_test_executable() {
        start.run_later_constructors();
        node::serve_here(prepared);
    }
    node::keep(prepared);
}
