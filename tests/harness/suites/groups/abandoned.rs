//! What blocks a thread for good: hooks, what they returned, and what they and tests left running.

use peer::prelude::*;

fn park() -> ! {
    loop {
        std::thread::park();
    }
}

#[peer_group(timetrap = "300ms")]
mod by_an_init {
    use super::*;

    #[init_per_group]
    async fn init_per_group() {
        park()
    }

    #[peer_test]
    async fn is_skipped() {}
}

#[peer_group(timetrap = "300ms")]
mod by_an_end {
    use super::*;

    #[end_per_group]
    async fn end_per_group() {
        park()
    }

    #[peer_test]
    async fn passes() {}
}

#[peer_group(timetrap = "300ms")]
mod by_an_end_of_a_test {
    use super::*;

    #[end_per_testcase]
    async fn end_per_testcase() {
        park()
    }

    #[peer_test]
    async fn passes() {}
}

struct Blocks;

impl Drop for Blocks {
    fn drop(&mut self) {
        park();
    }
}

#[peer_group(timetrap = "300ms")]
mod by_what_was_returned {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> Blocks {
        Blocks
    }

    #[peer_test]
    async fn passes() {}
}

#[peer_group]
mod by_what_a_hook_left {
    use super::*;

    #[init_per_group]
    async fn init_per_group() {
        drop(tokio::task::spawn_blocking(|| park()));
    }

    #[peer_test]
    async fn passes() {}
}

#[peer_test]
async fn by_what_a_test_left() {
    drop(tokio::task::spawn_blocking(|| park()));
}
