//! A sequence goes on until one fails.

use peer::prelude::*;

use crate::trace;

#[peer_group(sequence)]
mod breaks {
    use super::*;

    #[end_per_group]
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

        #[init_per_group]
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
mod is_broken_by_hooks_of_a_group {
    use super::*;

    #[peer_group]
    mod that_skips {
        use super::*;

        #[init_per_group]
        async fn init_per_group() {
            peer::skip("not today");
        }

        #[peer_test]
        async fn is_skipped() {}
    }

    #[peer_group]
    mod whose_end_skips {
        use super::*;

        #[end_per_group]
        async fn end_per_group() {
            peer::skip("nothing to clean up");
        }

        #[peer_test]
        async fn passes() {}
    }

    #[peer_group]
    mod whose_end_fails {
        use super::*;

        #[end_per_group]
        async fn end_per_group() {
            panic!("the disk is not clean");
        }

        #[peer_test]
        async fn passes() {}
    }

    #[peer_test]
    async fn is_skipped() {
        trace("is_broken_by_hooks_of_a_group: is_skipped, which must not run");
    }
}

#[peer_group(sequence)]
mod is_broken_by_an_init_of_a_group {
    use super::*;

    #[peer_group]
    mod that_fails {
        use super::*;

        #[init_per_group]
        async fn init_per_group() {
            panic!("no quorum");
        }

        #[peer_test]
        async fn is_skipped() {}
    }

    #[peer_test]
    async fn is_skipped_too() {
        trace("is_broken_by_an_init_of_a_group: is_skipped_too, which must not run");
    }
}

/// What passes on a retry breaks nothing, and a single round does.
#[peer_group(sequence)]
mod is_broken_by_a_round {
    use super::*;

    #[peer_test(retries = 1)]
    async fn is_flaky() {
        static ATTEMPT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        assert!(ATTEMPT.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0, "no quorum yet");
    }

    #[peer_test(repeat = 2)]
    async fn fails_in_one_round() {
        static ROUND: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        assert!(ROUND.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0, "no quorum in this round");
    }

    #[peer_test]
    async fn is_skipped() {
        trace("is_broken_by_a_round: is_skipped, which must not run");
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
