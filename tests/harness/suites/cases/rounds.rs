//! Tests and groups with several rounds, as stock libtest runs them. Each says which round it is.

use std::sync::atomic::{AtomicU32, Ordering};

use peer::prelude::*;

/// The number of this round, the first one being 1.
fn round(rounds: &AtomicU32) -> u32 {
    let round = rounds.fetch_add(1, Ordering::SeqCst) + 1;
    eprintln!("this is round {round}");
    round
}

#[peer_test(repeat_until_any_fail = 5)]
#[ignore = "run by tests/harness/results.rs: fails in its third round"]
async fn until_any_fail() {
    static ROUNDS: AtomicU32 = AtomicU32::new(0);
    assert!(round(&ROUNDS) < 3, "that is enough");
}

#[peer_test(repeat_until_any_ok = 5)]
#[ignore = "run by tests/harness/results.rs: fails in its first round"]
async fn until_any_ok() {
    static ROUNDS: AtomicU32 = AtomicU32::new(0);
    assert!(round(&ROUNDS) > 1, "too early");
}

#[peer_test(repeat_until_all_ok = 5)]
#[ignore = "run by tests/harness/results.rs: passes at once"]
async fn until_all_ok() {
    static ROUNDS: AtomicU32 = AtomicU32::new(0);
    round(&ROUNDS);
}

#[peer_test(repeat = 3)]
#[ignore = "run by tests/harness/results.rs: fails in its second round"]
async fn fails_once() {
    static ROUNDS: AtomicU32 = AtomicU32::new(0);
    assert_ne!(round(&ROUNDS), 2, "the second one");
}

#[peer_test(repeat = 3)]
#[ignore = "run by tests/harness/results.rs: skips its second round"]
async fn skips_once() {
    static ROUNDS: AtomicU32 = AtomicU32::new(0);
    if round(&ROUNDS) == 2 {
        peer::skip("not twice");
    }
}

#[peer_test(repeat = 3)]
#[should_panic(expected = "as it should")]
#[ignore = "run by tests/harness/results.rs: panics in each round"]
async fn panics_each_time() {
    static ROUNDS: AtomicU32 = AtomicU32::new(0);
    panic!("as it should, in round {}", round(&ROUNDS));
}

#[peer_test(repeat = 3)]
#[should_panic(expected = "as it should")]
#[ignore = "run by tests/harness/results.rs: does not panic in its second round"]
async fn panics_but_once() {
    static ROUNDS: AtomicU32 = AtomicU32::new(0);
    assert_eq!(round(&ROUNDS), 2, "as it should");
}

#[peer_test(repeat = 3)]
#[should_panic(expected = "as it should")]
#[ignore = "run by tests/harness/results.rs: panics with something else in its first round"]
async fn panics_otherwise_once() {
    static ROUNDS: AtomicU32 = AtomicU32::new(0);
    assert_ne!(round(&ROUNDS), 1, "another panic");
    panic!("as it should");
}

#[peer_group(repeat = 2)]
mod repeated {
    use super::*;

    #[peer_test]
    #[ignore = "run by tests/harness/results.rs: stock libtest refuses it"]
    async fn belongs_to_a_round() {}

    #[peer_test]
    #[should_panic]
    #[ignore = "run by tests/harness/results.rs: stock libtest refuses it"]
    async fn panics() {
        panic!("as it should");
    }
}

#[peer_group(shuffle)]
mod shuffled {
    use super::*;

    #[peer_test]
    #[ignore = "run by tests/harness/results.rs: in the order of libtest"]
    async fn is_run() {}
}

#[peer_test(retries = 1)]
#[ignore = "run by tests/harness/results.rs: fails, and then skips"]
async fn skips_behind_a_failure() {
    static ATTEMPTS: AtomicU32 = AtomicU32::new(0);
    assert_ne!(round(&ATTEMPTS), 1, "the first one");
    peer::skip("not twice");
}
