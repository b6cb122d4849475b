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

    #[end_per_group]
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

/// Two thirds of the limit.
async fn take_a_while() {
    let never = std::future::pending::<()>();
    assert!(tokio::time::timeout(std::time::Duration::from_secs(2), never).await.is_err());
}

#[peer_group(sequence, timetrap = "3s")]
mod one_clock {
    use super::*;

    #[init_per_group]
    async fn init_per_group() {
        take_a_while().await;
    }

    #[init_per_testcase]
    async fn init_per_testcase() {
        take_a_while().await;
    }

    /// Has a clock of its own.
    #[end_per_testcase]
    async fn end_per_testcase(status: peer::TestStatus) {
        take_a_while().await;
        trace(&format!("one_clock: {status}"));
    }

    /// Has no more time than is left after its init.
    #[peer_test]
    async fn is_for_init_and_test() {
        take_a_while().await;
    }
}

#[peer_group(timetrap = "off")]
mod no_trap {
    use super::*;

    #[peer_test(timetrap = "400ms")]
    async fn of_the_test_counts_all_the_same() {
        std::future::pending().await
    }
}
