//! Tests side by side; what is listed after a nested group waits for it.

use std::sync::LazyLock;

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
