//! Panics: told with the test that they belong to, if that fails, and said at once where they belong to none.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

use peer::prelude::*;

use crate::trace;

#[inline(never)]
fn ask_for_a_quorum() {
    panic!("no quorum\nof three");
}

#[peer_test]
#[should_panic(expected = "no quorum")]
async fn is_to_panic() {
    ask_for_a_quorum();
}

#[peer_test]
#[should_panic(expected = "no quorum")]
async fn panics_otherwise() {
    panic!("something else");
}

#[peer_test]
async fn catches_it() {
    catch_unwind(ask_for_a_quorum).unwrap_err();
}

#[peer_test(flavor = "multi_thread", worker_threads = 1)]
async fn fails_for_a_task() {
    let ended = tokio::spawn(async { ask_for_a_quorum() }).await;
    assert!(ended.is_ok(), "the task ended badly");
}

#[peer_test]
async fn fails_for_a_blocking_task() -> peer::Result {
    let ended = tokio::task::spawn_blocking(ask_for_a_quorum).await;
    Ok(ended.map_err(|_| "the task ended badly")?)
}

#[peer_test]
async fn fails_by_itself() {
    ask_for_a_quorum();
}

/// It belongs to no test, and is said at once.
#[peer_test]
async fn on_a_thread_of_its_own() {
    let thread = std::thread::Builder::new().name("elsewhere".to_owned());
    thread.spawn(|| panic!("on another thread")).unwrap().join().unwrap_err();
}

#[peer_test]
async fn on_a_thread_that_has_entered() {
    let scope = peer::scope().unwrap();
    let enter = move || {
        let _entered = scope.enter();
        panic!("on a thread that belongs to the test");
    };
    std::thread::spawn(enter).join().unwrap_err();
}

#[peer_test(exclusive)]
async fn has_a_hook_of_its_own() {
    let before = take_hook();
    set_hook(Box::new(|info| trace(&format!("a hook of its own: {}", info.payload_as_str().unwrap()))));
    let panicked = catch_unwind(AssertUnwindSafe(|| panic!("no quorum here")));
    set_hook(before);
    assert!(panicked.is_err());
}

#[peer_test(exclusive)]
async fn fails_under_a_hook_of_its_own() {
    set_hook(Box::new(|info| trace(&format!("a hook of its own: {}", info.payload_as_str().unwrap()))));
    panic!("no quorum there");
}

#[peer_test]
#[ignore = "run by tests/harness/groups.rs: it has much to say"]
async fn fails_after_many() {
    (0..300).for_each(|_| drop(catch_unwind(ask_for_a_quorum)));
    panic!("no quorum at last");
}
