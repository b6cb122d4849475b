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

    #[init_per_group]
    async fn init_per_group() {
        trace("outer: init_per_group");
    }

    #[end_per_group]
    async fn end_per_group() {
        trace("outer: end_per_group");
    }

    #[init_per_testcase]
    async fn init_per_testcase() {
        trace("outer: init_per_testcase");
    }

    #[end_per_testcase]
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

        #[init_per_group]
        async fn init_per_group() {
            trace("inner: init_per_group");
        }

        #[end_per_group]
        async fn end_per_group() {
            trace("inner: end_per_group");
        }

        #[init_per_testcase]
        async fn init_per_testcase() {
            trace("inner: init_per_testcase");
        }

        #[end_per_testcase]
        async fn end_per_testcase(status: peer::TestStatus) {
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

/// What a macro writes is all at one place, and in the order in which it is written there.
macro_rules! written {
    ($($name:ident)*) => {
        #[peer_group(sequence)]
        mod by_a_macro {
            use super::*;

            #[peer_test]
            async fn z() {
                trace("by_a_macro: z");
            }

            #[peer_group]
            mod nested {
                use super::*;

                #[peer_test]
                async fn test() {
                    trace("by_a_macro: nested");
                }
            }

            #[peer_test]
            async fn a() {
                trace("by_a_macro: a");
            }
        }

        #[peer_group(sequence)]
        mod with_names {
            use super::*;

            $(#[peer_test]
            async fn $name() {
                trace(concat!("with_names: ", stringify!($name)));
            })*
        }
    };
}

written!(second first third);
