//! Every condition of a repetition: met in no round, since there is none, in the first one, in the second one, and never.

use std::sync::atomic::{AtomicUsize, Ordering};

use peer::prelude::*;

use crate::trace;

/// A group with a test and a nested group as its children, each of which fails in the rounds that are told for it.
macro_rules! until {
    ($name:ident, $until:ident = $rounds:literal, $test:pat, $nested:pat) => {
        #[peer_group($until = $rounds)]
        mod $name {
            use super::*;

            static ROUND: AtomicUsize = AtomicUsize::new(0);

            #[init_per_group]
            async fn init_per_group() {
                let round = ROUND.fetch_add(1, Ordering::Relaxed) + 1;
                trace(&format!("{}: {} in round {round}", stringify!($until), stringify!($name)));
            }

            #[peer_test]
            async fn test() {
                assert!(!matches!(ROUND.load(Ordering::Relaxed), $test), "no quorum");
            }

            #[peer_group]
            mod nested {
                use super::*;

                #[peer_test]
                async fn test() {
                    assert!(!matches!(ROUND.load(Ordering::Relaxed), $nested), "no quorum");
                }
            }
        }
    };
}

mod any_fail {
    use super::*;

    until!(never_runs, repeat_until_any_fail = 0, _, _);
    until!(one_round, repeat_until_any_fail = 3, 0, 1);
    until!(two_rounds, repeat_until_any_fail = 3, 2, 0);
    until!(all_rounds, repeat_until_any_fail = 2, 0, 0);
}

mod any_ok {
    use super::*;

    until!(never_runs, repeat_until_any_ok = 0, _, _);
    until!(one_round, repeat_until_any_ok = 3, 1, 0);
    until!(two_rounds, repeat_until_any_ok = 3, 1 | 2, 1);
    until!(all_rounds, repeat_until_any_ok = 2, _, _);
}

mod all_fail {
    use super::*;

    until!(never_runs, repeat_until_all_fail = 0, _, _);
    until!(one_round, repeat_until_all_fail = 3, 1, 1);
    until!(two_rounds, repeat_until_all_fail = 3, 2, _);
    until!(all_rounds, repeat_until_all_fail = 2, _, 0);
}

mod all_ok {
    use super::*;

    until!(never_runs, repeat_until_all_ok = 0, _, _);
    until!(one_round, repeat_until_all_ok = 3, 0, 0);
    until!(two_rounds, repeat_until_all_ok = 3, 0, 1);
    until!(all_rounds, repeat_until_all_ok = 2, 0, _);
}

/// The rules for a test by itself.
#[peer_test(repeat = 0)]
async fn never_runs() {
    trace("never_runs, which must not run");
}

#[peer_test(repeat_until_any_ok = 3)]
async fn until_it_passes() {
    static ROUND: AtomicUsize = AtomicUsize::new(0);
    assert!(ROUND.fetch_add(1, Ordering::Relaxed) == 1, "no quorum yet");
}

#[peer_test(repeat_until_all_fail = 2)]
async fn until_it_fails() {}
