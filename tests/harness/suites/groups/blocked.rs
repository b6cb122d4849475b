//! A test that blocks its thread: it is given up, and the others go on.

use peer::prelude::*;

use crate::trace;

#[peer_group(sequence)]
mod its_thread {
    use super::*;

    #[end_per_testcase]
    async fn end_per_testcase(status: peer::TestStatus) {
        trace(&format!("its_thread: end_per_testcase {status}"));
    }

    #[end_per_group]
    async fn end_per_group() {
        trace("its_thread: end_per_group");
    }

    #[peer_test(nodes = 1, timetrap = "2s")]
    async fn is_blocked(nodes: Nodes) {
        trace(&format!("its_thread: {} node", nodes.len()));
        // What it holds is nothing that the others wait for.
        let _held = std::io::stdout().lock();
        loop {
            std::thread::park();
        }
    }

    #[peer_test]
    async fn is_skipped() {
        trace("its_thread: is_skipped, which must not run");
    }
}

#[peer_test]
async fn goes_on() {
    trace("goes_on");
}
