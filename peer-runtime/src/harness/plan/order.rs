//! Random orders that a seed repeats, in every release of this crate.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// Shuffles the items of one round of the group `name`; seed, name and round decide the order.
pub(crate) fn shuffled<T>(items: &mut [T], seed: u64, name: &str, round: u32) {
    let mut random = ChaCha8Rng::seed_from_u64(fnv1a(seed, name, round));
    // `rand` may change how it shuffles, so this is spelled out: Fisher-Yates.
    for last in (1..items.len()).rev() {
        let at = random.next_u64() % (last as u64 + 1);
        items.swap(last, at as usize);
    }
}

/// A hash that stays the same, unlike the standard library's.
fn fnv1a(seed: u64, name: &str, round: u32) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(name.bytes()).chain(round.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(seed: u64, name: &str, round: u32) -> Vec<u8> {
        let mut items: Vec<u8> = (0..10).collect();
        shuffled(&mut items, seed, name, round);
        items
    }

    #[test]
    fn an_order_follows_from_seed_group_and_round() {
        let others = [order(2, "quick", 1), order(1, "slow", 1), order(1, "quick", 2)];
        assert!(others.iter().all(|other| *other != order(1, "quick", 1)));
    }

    /// The promise of `PEER_SEED`: if this fails, seeds that users noted no longer repeat their orders.
    #[test]
    fn a_seed_repeats_its_order_in_every_release() {
        assert_eq!(order(1, "quick", 1), [0u8, 8, 1, 3, 2, 6, 9, 5, 4, 7]);
    }
}
