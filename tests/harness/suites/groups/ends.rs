//! Ends that fail: of a group a failure of its own, of a test case that of the test.

use peer::prelude::*;

use crate::trace;

#[peer_group]
mod of_a_group {
    use super::*;

    #[end_per_group]
    async fn end_per_group() {
        panic!("the disk is not clean");
    }

    #[peer_test]
    async fn keeps_its_verdict() {}
}

#[peer_group(sequence)]
mod of_a_case {
    use super::*;

    #[end_per_testcase]
    async fn end_per_testcase(status: peer::TestStatus) -> Result<(), String> {
        trace(&format!("of_a_case: {status}"));
        Err("the disk is not clean".to_owned())
    }

    #[peer_test]
    async fn passes_and_fails() {}
}

#[peer_group(sequence)]
mod with_peers_alive {
    use super::*;

    #[remote]
    fn alive() -> bool {
        true
    }

    struct Last(std::sync::Mutex<Option<Peer>>);

    #[init_per_testcase]
    async fn init_per_testcase() -> Last {
        Last(std::sync::Mutex::new(None))
    }

    #[end_per_testcase]
    async fn end_per_testcase(last: &Last, status: peer::TestStatus) -> peer::Result {
        let node = last.0.lock().unwrap().take().unwrap();
        trace(&format!("with_peers_alive: {status}: {}", node.call(alive, ()).await?));
        Ok(())
    }

    #[peer_test(nodes = 1)]
    async fn passes(nodes: Nodes, last: &Last) {
        *last.0.lock().unwrap() = Some(nodes[0].clone());
    }

    #[peer_test(nodes = 1)]
    async fn fails(nodes: Nodes, last: &Last) {
        *last.0.lock().unwrap() = Some(nodes[0].clone());
        panic!("no quorum");
    }
}

#[peer_group(sequence)]
mod after_a_timetrap {
    use super::*;

    #[remote]
    fn alive() -> bool {
        true
    }

    struct Last(std::sync::Mutex<Option<Peer>>);

    #[init_per_testcase]
    async fn init_per_testcase() -> Last {
        Last(std::sync::Mutex::new(None))
    }

    #[end_per_testcase]
    async fn end_per_testcase(last: &Last, status: peer::TestStatus) -> peer::Result {
        let node = last.0.lock().unwrap().take().unwrap();
        trace(&format!("after_a_timetrap: {status}: {}", node.call(alive, ()).await?));
        Ok(())
    }

    struct Slow;

    impl Drop for Slow {
        fn drop(&mut self) {
            // busy: what a test has may take its time to let go of something
            std::thread::sleep(std::time::Duration::from_millis(300));
            trace("after_a_timetrap: the test has let go");
        }
    }

    #[peer_test(nodes = 1, timetrap = "2s")]
    async fn hangs(nodes: Nodes, last: &Last) {
        let _slow = Slow;
        *last.0.lock().unwrap() = Some(nodes[0].clone());
        std::future::pending().await
    }
}
