//! What inits return goes with the group or the test: in a runtime, and whoever cannot be dropped fails for it.

use std::time::Duration;

use peer::prelude::*;

use crate::trace;

/// Cleans up in a task, which needs a runtime.
struct Spawns(&'static str);

impl Drop for Spawns {
    fn drop(&mut self) {
        drop(tokio::spawn(std::future::ready(())));
        trace(&format!("{}: dropped", self.0));
    }
}

struct Panics;

impl Drop for Panics {
    fn drop(&mut self) {
        panic!("still in use");
    }
}

struct Blocks;

impl Drop for Blocks {
    fn drop(&mut self) {
        let (say, hear) = std::sync::mpsc::channel::<()>();
        // Nobody says anything.
        let _ = hear.recv_timeout(Duration::from_secs(3600));
        drop(say);
    }
}

#[peer_group(sequence)]
mod in_a_runtime {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> Spawns {
        Spawns("group")
    }

    #[end_per_group]
    async fn end_per_group(_: &Spawns) {
        trace("end_per_group");
    }

    #[init_per_testcase]
    async fn init_per_testcase() -> Spawns {
        Spawns("test")
    }

    #[end_per_testcase]
    async fn end_per_testcase(_: &Spawns) {
        trace("end_per_testcase");
    }

    #[peer_test]
    async fn passes(given: &Spawns) {
        trace(given.0);
    }
}

#[peer_group(sequence)]
mod of_a_group {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> Panics {
        Panics
    }

    #[peer_test]
    async fn passes(_given: &Panics) {}
}

#[peer_group(sequence)]
mod of_a_test {
    use super::*;

    #[init_per_testcase]
    async fn init_per_testcase() -> Panics {
        Panics
    }

    #[peer_test]
    async fn passes_first(_given: &Panics) {}
}

#[peer_group(sequence, timetrap = "500ms")]
mod that_blocks {
    use super::*;

    #[init_per_testcase]
    async fn init_per_testcase() -> Blocks {
        Blocks
    }

    #[peer_test]
    async fn passes_first(_given: &Blocks) {}
}

#[peer_test(retries = 1)]
async fn panics_with_what_panics() {
    std::panic::panic_any(Panics);
}

#[peer_test]
async fn panics_with_what_blocks() {
    std::panic::panic_any(Blocks);
}

#[peer_group(sequence)]
mod of_an_end {
    use super::*;

    #[end_per_group]
    async fn end_per_group() {
        std::panic::panic_any(Panics);
    }

    #[peer_test]
    async fn passes() {}
}

#[peer_group(sequence, timetrap = "500ms")]
mod behind_a_hang {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> Spawns {
        Spawns("behind an end that hangs")
    }

    #[end_per_group]
    async fn end_per_group(_: &Spawns) {
        std::future::pending().await
    }

    #[peer_test]
    async fn passes() {}
}

#[peer_group(sequence)]
mod behind_a_crash {
    use super::*;

    #[remote]
    fn crash() {
        std::process::abort();
    }

    #[init_per_group]
    async fn init_per_group() -> peer::Result<(Peer, Spawns)> {
        Ok((ct_peer!({ peer_down: PeerDown::Crash }).await?, Spawns("behind an end with a crash")))
    }

    #[end_per_group]
    async fn end_per_group(given: &(Peer, Spawns)) -> peer::Result {
        given.0.cast(crash, ());
        // busy: it goes on for a while, and what it comes to is nobody's any more
        std::thread::sleep(Duration::from_millis(300));
        panic!("from the end itself");
    }

    #[peer_test]
    async fn passes() {}
}

#[peer_test]
async fn goes_on() {
    trace("goes_on");
}
