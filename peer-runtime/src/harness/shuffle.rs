//! Orders by chance, the same ones for the same seed.

use std::hash::{DefaultHasher, Hash, Hasher};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

/// Puts the items of one round of the group `name` into an order that follows from the seed.
pub(super) fn shuffle<T>(items: &mut [T], seed: u64, name: &str, round: u32) {
    let mut hasher = DefaultHasher::new();
    (seed, name, round).hash(&mut hasher);
    items.shuffle(&mut StdRng::seed_from_u64(hasher.finish()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(seed: u64, name: &str, round: u32) -> Vec<u8> {
        let mut items: Vec<u8> = (0..20).collect();
        shuffle(&mut items, seed, name, round);
        items
    }

    #[test]
    fn an_order_follows_from_seed_group_and_round() {
        assert_eq!(order(1, "quick", 1), order(1, "quick", 1));
        let others = [order(2, "quick", 1), order(1, "slow", 1), order(1, "quick", 2)];
        assert!(others.iter().all(|other| *other != order(1, "quick", 1)));
    }
}
