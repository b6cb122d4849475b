//! Inits that end a repetition, at each level: failing, skipping, trapped.

use peer::prelude::*;

use crate::trace;

macro_rules! group {
    ($name:ident, $act:expr) => {
        #[peer_group(sequence, repeat = 3, timetrap = "500ms")]
        mod $name {
            use super::*;

            #[init_per_group]
            async fn init_per_group() {
                trace(&format!("{}: init_per_group", stringify!($name)));
                $act.await;
            }

            #[end_per_group]
            async fn end_per_group() {
                trace(&format!("{}: end_per_group, which must not run", stringify!($name)));
            }

            #[peer_test]
            async fn test() {
                trace(&format!("{}: test, which must not run", stringify!($name)));
            }
        }
    };
}

macro_rules! case {
    ($name:ident, $act:expr) => {
        #[peer_group(sequence)]
        mod $name {
            use super::*;

            #[init_per_testcase]
            async fn init_per_testcase() {
                trace(&format!("{}: init_per_testcase", stringify!($name)));
                $act.await;
            }

            #[end_per_testcase]
            async fn end_per_testcase() {
                trace(&format!("{}: end_per_testcase, which must not run", stringify!($name)));
            }

            #[peer_test(repeat = 3, retries = 2, timetrap = "500ms")]
            async fn test() {
                trace(&format!("{}: test, which must not run", stringify!($name)));
            }

            #[peer_test]
            async fn is_skipped_too() {
                trace(&format!("{}: is_skipped_too, which must not run", stringify!($name)));
            }
        }
    };
}

async fn fails() {
    panic!("no quorum");
}

async fn skips() {
    peer::skip("not here");
}

async fn hangs() {
    std::future::pending().await
}

group!(a_group_that_fails, fails());
group!(a_group_that_skips, skips());
group!(a_group_that_hangs, hangs());
case!(a_case_that_fails, fails());
case!(a_case_that_skips, skips());

#[peer_group(sequence)]
mod a_case_that_hangs {
    use super::*;

    #[init_per_testcase]
    async fn init_per_testcase() {
        trace("a_case_that_hangs: init_per_testcase");
        hangs().await;
    }

    #[end_per_testcase]
    async fn end_per_testcase() {
        trace("a_case_that_hangs: end_per_testcase, which must not run");
    }

    #[peer_test(repeat = 3, timetrap = "500ms")]
    async fn test() {
        trace("a_case_that_hangs: test, which must not run");
    }
}

/// A skip of the test itself ends no repetition.
#[peer_test(repeat = 2)]
async fn skips_itself() {
    trace("skips_itself");
    skips().await;
}

#[peer_group(sequence, repeat = 2)]
mod a_group_whose_end_fails {
    use super::*;

    #[init_per_group]
    async fn init_per_group() {
        trace("a_group_whose_end_fails: init_per_group");
    }

    #[end_per_group]
    async fn end_per_group() -> Result<(), String> {
        trace("a_group_whose_end_fails: end_per_group");
        Err("the disk is not clean".to_owned())
    }

    #[peer_test]
    async fn passes() {}
}
