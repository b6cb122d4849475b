//! Nodes that cannot boot, which is not the test's fault: there are no descriptors left. Only `retries` try again.
//!
//! Names are short, so that those of nodes are not cut.

use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};

use peer::prelude::*;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::trace;

/// More than anything here needs at once, slots included, and few enough to be taken.
const DESCRIPTORS: u64 = 1024;

/// All descriptors that this process may have, until it is dropped.
struct Full(#[expect(dead_code, reason = "held")] Vec<File>);

fn take_all() -> Full {
    let limit = Rlimit { current: Some(DESCRIPTORS), ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, limit).unwrap();
    Full(std::iter::from_fn(|| File::open("/dev/null").ok()).collect())
}

#[peer_group(sequence)]
mod boots {
    use super::*;

    static ATTEMPT: AtomicUsize = AtomicUsize::new(0);

    /// What an init gives is dropped with its test.
    #[init_per_testcase]
    async fn init_per_testcase() -> Option<Full> {
        let attempt = ATTEMPT.fetch_add(1, Ordering::Relaxed) + 1;
        trace(&format!("boots: attempt {attempt}"));
        (attempt != 2).then(take_all)
    }

    #[peer_test(nodes = 2, exclusive, retries = 1)]
    async fn boots_later(nodes: Nodes) {
        trace(&format!("boots: {} of them", nodes.len()));
    }

    #[peer_test(nodes = 1, exclusive, retries = 1)]
    async fn does_not_boot(nodes: Nodes) {
        trace(&format!("boots: {nodes:?}, which must not run"));
    }

    #[peer_test]
    async fn is_skipped() {
        trace("boots: is_skipped, which must not run");
    }
}

/// Boots by hand, of which the test returns the error as it is.
#[peer_group]
mod by_hand {
    use super::*;

    #[peer_test(exclusive)]
    async fn no_room() -> peer::Result {
        let _full = take_all();
        let node = ct_peer!().await?;
        trace(&format!("by_hand: {node:?}, which must not boot"));
        Ok(())
    }

    #[peer_test(exclusive, retries = 1)]
    async fn room_later() -> Result<(), peer::Error> {
        static ATTEMPT: AtomicUsize = AtomicUsize::new(0);
        let full = (ATTEMPT.fetch_add(1, Ordering::Relaxed) == 0).then(take_all);
        let _node = ct_peer!().await?;
        assert!(full.is_none());
        Ok(())
    }

    #[peer_test(exclusive)]
    async fn too_slow() -> peer::Result {
        trace("by_hand: too_slow");
        let wait_boot = WaitBoot::For(std::time::Duration::from_millis(300));
        ct_peer!({ exec: ("sh", ["-c", "exec sleep 1000"]), wait_boot: wait_boot }).await?;
        Ok(())
    }

    #[peer_test(exclusive)]
    async fn unwraps_it() {
        let _full = take_all();
        ct_peer!().await.unwrap();
    }

    #[peer_test]
    async fn no_program() -> peer::Result {
        ct_peer!({ exec: "/no/such/program" }).await?;
        Ok(())
    }

    #[peer_test]
    async fn exits() -> peer::Result {
        ct_peer!({ exec: ("sh", ["-c", "echo no disk; exit 3"]) }).await?;
        Ok(())
    }

    #[peer_test]
    async fn bad_option() -> peer::Result {
        ct_peer!({ name: "no name" }).await?;
        Ok(())
    }
}

/// No retries try an init again.
#[peer_group(sequence)]
mod of_an_init {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result<Peer> {
        trace("of_an_init: init_per_group");
        let _full = take_all();
        Ok(ct_peer!().await?)
    }

    #[end_per_group]
    async fn end_per_group() {
        trace("of_an_init: end_per_group, which must not run");
    }

    #[peer_test]
    async fn is_skipped() {}
}
