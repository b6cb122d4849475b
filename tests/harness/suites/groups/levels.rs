//! Two levels of hooks around a test: which of them run when one of them does not pass.

use peer::prelude::*;

use crate::trace;

/// Two groups with all hooks, one in the other; around a test in the inner one each says that it runs, and then acts.
macro_rules! levels {
    ($name:ident, $test:expr $(, $hook:ident: $act:expr)*) => {
        #[peer_group(sequence, timetrap = "1s")]
        mod $name {
            use super::*;

            async fn act(what: &str) {
                trace(&format!("{}: {what}", stringify!($name)));
                $(if what.split(',').next() == Some(stringify!($hook)) {
                    return $act.await;
                })*
            }

            #[init_per_testcase]
            async fn init_per_testcase() {
                act("outer_init").await;
            }

            #[end_per_testcase]
            async fn end_per_testcase(status: peer::TestStatus) {
                act(&format!("outer_end, {status}")).await;
            }

            #[peer_group(sequence)]
            mod inner {
                use super::*;

                #[init_per_testcase]
                async fn init_per_testcase() {
                    act("inner_init").await;
                }

                #[end_per_testcase]
                async fn end_per_testcase(status: peer::TestStatus) {
                    act(&format!("inner_end, {status}")).await;
                }

                #[peer_test]
                async fn test() {
                    act("test").await;
                    $test.await;
                }
            }
        }
    };
}

async fn passes() {}

async fn fails() {
    panic!("no quorum");
}

async fn skips() {
    peer::skip("not here");
}

async fn hangs() {
    std::future::pending().await
}

levels!(all_pass, passes());
levels!(outer_init_fails, passes(), outer_init: fails());
levels!(outer_init_skips, passes(), outer_init: skips());
levels!(outer_init_hangs, passes(), outer_init: hangs());
levels!(inner_init_fails, passes(), inner_init: fails());
levels!(inner_init_skips, passes(), inner_init: skips());
levels!(inner_init_hangs, passes(), inner_init: hangs());
levels!(inner_end_fails, passes(), inner_end: fails());
levels!(outer_end_fails, passes(), outer_end: fails());
levels!(both_ends_fail, passes(), inner_end: fails(), outer_end: fails());
levels!(an_end_hangs, passes(), inner_end: hangs());
levels!(an_end_skips, passes(), inner_end: skips());
levels!(test_fails_and_an_end, fails(), inner_end: fails());
levels!(test_skips_and_an_end_fails, skips(), inner_end: fails());
levels!(test_hangs, hangs());
