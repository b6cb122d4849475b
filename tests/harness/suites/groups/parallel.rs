//! Tests side by side; what is listed after a nested group waits for it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use peer::prelude::*;
use tokio::sync::{Barrier, watch};

use crate::trace;

#[peer_group]
mod meet {
    use super::*;

    static BOTH: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(2));

    #[peer_test]
    async fn one() {
        BOTH.wait().await;
    }

    #[peer_test]
    async fn the_other_one() {
        BOTH.wait().await;
    }
}

#[peer_group(parallel)]
mod around_a_group {
    use super::*;

    static NESTED_RUNS: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));

    /// Goes on while the nested group runs, which begins beside it.
    #[peer_test]
    async fn before() {
        NESTED_RUNS.subscribe().wait_for(|runs| *runs).await.unwrap();
    }

    #[peer_group(sequence)]
    mod nested {
        use super::*;

        #[end_per_group]
        async fn end_per_group() {
            trace("around_a_group: nested end_per_group");
        }

        #[peer_test]
        async fn runs_beside_what_was_before() {
            NESTED_RUNS.send_replace(true);
        }
    }

    #[peer_test]
    async fn after() {
        trace("around_a_group: after");
    }
}

/// Says how many run at once, until it is dropped.
struct Running(&'static AtomicUsize);

impl Running {
    fn one(counter: &'static AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(counter)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Long enough for everything that may run beside it.
async fn take_a_while() {
    let never = std::future::pending::<()>();
    assert!(tokio::time::timeout(std::time::Duration::from_millis(300), never).await.is_err());
}

#[peer_group(repeat = 2)]
mod around_its_tests {
    use super::*;

    static RUNNING: AtomicUsize = AtomicUsize::new(0);

    #[init_per_group]
    async fn init_per_group() {
        let _running = Running::one(&RUNNING);
        take_a_while().await;
        assert_eq!(RUNNING.load(Ordering::SeqCst), 1);
    }

    #[end_per_group]
    async fn end_per_group() {
        let _running = Running::one(&RUNNING);
        take_a_while().await;
        assert_eq!(RUNNING.load(Ordering::SeqCst), 1);
    }

    #[peer_test]
    async fn one() {
        let _running = Running::one(&RUNNING);
        take_a_while().await;
    }

    #[peer_test]
    async fn the_other_one() {
        let _running = Running::one(&RUNNING);
        take_a_while().await;
    }
}

#[peer_group]
mod around_one_that_is_exclusive {
    use super::*;

    static RUNNING: AtomicUsize = AtomicUsize::new(0);

    #[peer_test]
    async fn before() {
        let _running = Running::one(&RUNNING);
        take_a_while().await;
    }

    #[peer_test(exclusive)]
    async fn is_alone() {
        let _running = Running::one(&RUNNING);
        take_a_while().await;
        assert_eq!(RUNNING.load(Ordering::SeqCst), 1);
    }

    #[peer_test]
    async fn after() {
        let _running = Running::one(&RUNNING);
        take_a_while().await;
    }
}
