//! Every hook, in two groups, one in the other.

use peer::prelude::*;

use crate::trace;

#[peer_test]
async fn before_the_group() {
    trace("before_the_group");
}

#[peer_group(sequence)]
mod outer {
    use super::*;

    async fn init_per_group() {
        trace("outer: init_per_group");
    }

    async fn end_per_group() {
        trace("outer: end_per_group");
    }

    async fn init_per_testcase() {
        trace("outer: init_per_testcase");
    }

    async fn end_per_testcase(status: peer::TestStatus) {
        trace(&format!("outer: end_per_testcase {status}"));
    }

    #[peer_test]
    async fn first() {
        trace("outer: first");
    }

    #[peer_group(sequence)]
    mod inner {
        use super::*;

        async fn init_per_group() {
            trace("inner: init_per_group");
        }

        async fn end_per_group() {
            trace("inner: end_per_group");
        }

        async fn init_per_testcase() {
            trace("inner: init_per_testcase");
        }

        async fn end_per_testcase(status: &peer::TestStatus) {
            trace(&format!("inner: end_per_testcase {status}"));
        }

        #[peer_test]
        async fn nested() {
            trace("inner: nested");
        }
    }

    #[peer_test]
    async fn last() {
        trace("outer: last");
    }
}
