//! Time traps: the test's, else the innermost group's, else 60 s.

use peer::prelude::*;

use crate::trace;

#[remote]
fn block() {
    loop {
        std::thread::park();
    }
}

#[peer_group(timetrap = "700ms")]
mod of_the_group {
    use super::*;

    async fn end_per_group() {
        trace("of_the_group: end_per_group");
    }

    #[peer_test]
    async fn awaits() {
        std::future::pending().await
    }

    #[peer_test(timetrap = "off")]
    async fn has_time() -> peer::Result {
        // Longer than the group's.
        let never = std::future::pending::<()>();
        assert!(tokio::time::timeout(std::time::Duration::from_secs(1), never).await.is_err());
        Ok(())
    }

    #[peer_group]
    mod nested {
        use super::*;

        #[peer_test]
        async fn awaits_too() {
            std::future::pending().await
        }
    }
}

#[peer_test(nodes = 1, timetrap = "2s")]
async fn in_a_call(nodes: Nodes) -> peer::Result {
    Ok(nodes[0].call(block, ()).timeout(peer::UNLIMITED).await?)
}
