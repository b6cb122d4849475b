//! Inits that do not let anything below them run.

use std::sync::atomic::{AtomicU32, Ordering};

use peer::prelude::*;

use crate::trace;

/// What the init started that failed.
static NODE: AtomicU32 = AtomicU32::new(0);

#[peer_group(sequence, repeat = 3)]
mod fails {
    use super::*;

    #[init_per_group]
    async fn init_per_group() -> peer::Result {
        trace("fails: init_per_group");
        let node = ct_peer!().await?;
        NODE.store(node.os_pid(), Ordering::Relaxed);
        let port: u16 = "no port".parse()?;
        trace(&format!("{port}"));
        Ok(())
    }

    #[end_per_group]
    async fn end_per_group() {
        trace("fails: end_per_group, which must not run");
    }

    #[init_per_testcase]
    async fn init_per_testcase() {
        trace("fails: init_per_testcase, which must not run");
    }

    #[peer_test]
    async fn is_skipped() {
        trace("fails: is_skipped, which must not run");
    }

    #[peer_group]
    mod nested {
        use super::*;

        #[init_per_group]
        async fn init_per_group() {
            trace("fails: the nested init_per_group, which must not run");
        }

        #[peer_test]
        async fn is_skipped_too() {
            trace("fails: is_skipped_too, which must not run");
        }
    }
}

#[peer_group]
mod skips {
    use super::*;

    #[init_per_group]
    async fn init_per_group() {
        peer::skip("no such hardware here");
    }

    #[end_per_group]
    async fn end_per_group() {
        trace("skips: end_per_group, which must not run");
    }

    #[peer_test]
    async fn is_skipped() {}
}

#[peer_group(timetrap = "500ms")]
mod hangs {
    use super::*;

    #[init_per_group]
    async fn init_per_group() {
        std::future::pending().await
    }

    #[end_per_group]
    async fn end_per_group() {
        trace("hangs: end_per_group, which must not run");
    }

    #[peer_test]
    async fn is_skipped() {}
}

#[peer_group(sequence)]
mod fails_for_one {
    use super::*;

    #[init_per_testcase]
    async fn init_per_testcase() {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        assert!(count != 1, "the second one is not welcome");
    }

    #[end_per_testcase]
    async fn end_per_testcase(status: peer::TestStatus) {
        trace(&format!("fails_for_one: end_per_testcase {status}"));
    }

    #[peer_test]
    async fn first() {
        let node = NODE.load(Ordering::Relaxed);
        assert!(node > 0 && !std::path::Path::new(&format!("/proc/{node}")).exists(), "its scope has ended it");
    }

    #[peer_test]
    async fn second() {
        trace("fails_for_one: second, which must not run");
    }

    #[peer_test]
    async fn third() {}
}
