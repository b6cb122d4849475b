//! Rounds: each with hooks of its own, until the condition is met.

use std::sync::atomic::{AtomicUsize, Ordering};

use peer::prelude::*;

use crate::trace;

#[peer_group(sequence, repeat = 3)]
mod thrice {
    use super::*;

    #[init_per_group]
    async fn init_per_group() {
        trace("thrice: init");
    }

    #[end_per_group]
    async fn end_per_group() {
        trace("thrice: end");
    }

    #[peer_test]
    async fn a() {
        trace("thrice: a");
    }
}

#[peer_group(repeat = 0)]
mod never {
    use super::*;

    #[peer_test]
    async fn a() {
        trace("never: a, which must not run");
    }
}

macro_rules! until {
    ($name:ident, $until:ident, $fails:expr) => {
        #[peer_group(sequence, $until = 5)]
        mod $name {
            use super::*;

            static ROUND: AtomicUsize = AtomicUsize::new(0);

            #[init_per_group]
            async fn init_per_group() {
                let round = ROUND.fetch_add(1, Ordering::Relaxed) + 1;
                trace(&format!("{}: round {round}", stringify!($name)));
            }

            #[peer_test]
            async fn a() {
                let fails: fn(usize) -> bool = $fails;
                assert!(!fails(ROUND.load(Ordering::Relaxed)), "no quorum");
            }
        }
    };
}

until!(any_fail, repeat_until_any_fail, |round| round == 3);
until!(any_ok, repeat_until_any_ok, |round| round < 3);
until!(all_fail, repeat_until_all_fail, |round| round == 2);
until!(all_ok, repeat_until_all_ok, |round| round < 4);

#[peer_test(repeat = 4)]
async fn one_test() {
    trace("one_test");
}

#[peer_test(repeat_until_any_fail = 9)]
async fn one_test_until_it_fails() {
    static ROUND: AtomicUsize = AtomicUsize::new(0);
    assert!(ROUND.fetch_add(1, Ordering::Relaxed) < 2, "no quorum");
}

#[peer_group(sequence, shuffle = 42)]
mod own_seed {
    use super::*;

    #[peer_test]
    async fn a() {
        trace("own_seed: a");
    }

    #[peer_test]
    async fn b() {
        trace("own_seed: b");
    }

    #[peer_test]
    async fn c() {
        trace("own_seed: c");
    }

    #[peer_test]
    async fn d() {
        trace("own_seed: d");
    }
}

#[peer_group(sequence, shuffle)]
mod by_chance {
    use super::*;

    #[peer_test]
    async fn a() {
        trace("by_chance: a");
    }

    #[peer_test]
    async fn b() {
        trace("by_chance: b");
    }

    #[peer_test]
    async fn c() {
        trace("by_chance: c");
    }

    #[peer_test]
    async fn d() {
        trace("by_chance: d");
    }

    #[peer_group(sequence)]
    mod as_one {
        use super::*;

        #[peer_test]
        async fn e() {
            trace("by_chance: e");
        }

        #[peer_test]
        async fn f() {
            trace("by_chance: f");
        }
    }
}
