//! How many slots of the budget of nodes things take.

use super::tree::{Branch, Item};
use crate::harness::declare::Test;
use crate::slots;

/// How many slots a test takes.
pub(crate) fn weight(test: &Test) -> u32 {
    if test.exclusive { slots::ALONE } else { test.weight.unwrap_or(test.nodes).max(1) }
}

/// How many slots are reserved together for a group of this `weight` and all that runs below it at once.
pub(crate) fn reservation(weight: u32, branch: &Branch, runs_ignored: bool) -> u32 {
    weight.saturating_add(below(branch, runs_ignored))
}

/// How many slots the tests of a group use at most at once, with those of nested groups, which run in turn.
fn below(branch: &Branch, runs_ignored: bool) -> u32 {
    let (mut side_by_side, mut most) = (0u32, 0);
    for item in &branch.items {
        let one = match item {
            Item::Test(test) if test.ignore.is_some() && !runs_ignored => 0,
            Item::Test(test) => {
                side_by_side = side_by_side.saturating_add(weight(test));
                weight(test)
            }
            Item::Group(inner) => {
                reservation(inner.group.and_then(|group| group.weight).unwrap_or(0), inner, runs_ignored)
            }
        };
        most = most.max(one);
    }
    if branch.is_sequence() { most } else { most.max(side_by_side) }
}
