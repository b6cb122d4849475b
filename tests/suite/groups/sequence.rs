//! A sequence goes on until one fails.

use peer::prelude::*;

use crate::trace;

#[peer_group(sequence)]
mod breaks {
    use super::*;

    async fn end_per_group() {
        trace("breaks: end_per_group");
    }

    #[peer_test]
    async fn first() {}

    #[peer_test]
    async fn skipping_breaks_nothing() {
        peer::skip("not today");
    }

    #[peer_test]
    async fn breaks_it() {
        panic!("no quorum");
    }

    #[peer_test]
    async fn is_skipped() {
        trace("breaks: is_skipped, which must not run");
    }

    #[peer_group]
    mod nested {
        use super::*;

        async fn init_per_group() {
            trace("breaks: the nested init_per_group, which must not run");
        }

        #[peer_test]
        async fn is_skipped_too() {}
    }
}

#[peer_group(sequence)]
mod is_broken_by_a_group {
    use super::*;

    #[peer_group]
    mod nested {
        use super::*;

        #[peer_test]
        async fn fails() {
            panic!("no quorum");
        }

        #[peer_test]
        async fn is_beside_it() {}
    }

    #[peer_test]
    async fn is_skipped() {
        trace("is_broken_by_a_group: is_skipped, which must not run");
    }
}

#[peer_group(sequence)]
mod is_broken_by_a_timetrap {
    use super::*;

    #[peer_test(timetrap = "500ms")]
    async fn hangs() {
        std::future::pending().await
    }

    #[peer_test]
    async fn is_skipped() {
        trace("is_broken_by_a_timetrap: is_skipped, which must not run");
    }
}
